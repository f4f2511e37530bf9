"""`seqgen translate ...` and `seqgen pronounce ...`: the verbs of pairs. Only the standard library is imported before one runs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from seqgen.errors import UsageError
from seqgen.shell import draw_verb, train_verb
from seqgen.shell.commands import Commands

if TYPE_CHECKING:
    from seqgen.domain import Domain

    from .api import PairModel
    from .pair import Pair
    from .writing import Written

STRANGE = 0.2  # the share of a source that a model does not know, from which on it is said
LINES = 512  # of a file, written side by side


class Kind(NamedTuple):
    """One of the domains on the command line; model: the one that ships."""

    name: str
    model: str
    what: str
    example: str
    reads: str = "TEXT"


TRANSLATE = Kind(
    "translate", "english-french", "a sentence, or a text of several", 'seqgen translate write "He sleeps."'
)
PRONOUNCE = Kind("pronounce", "english-phonemes", "a word", "seqgen pronounce write hello")


def add(parser: argparse.ArgumentParser, kind: Kind) -> None:
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    train = verbs.add_parser("train", help="learn from a file of pairs or a data set")
    train_verb.add_options(train, data="a file with a pair a line, source TAB target, or a data set's name")
    train.add_argument("--encoding", help="of the files, such as cp1252 (utf-8)")
    train.add_argument("--target", metavar="FILE", help="the targets, a line each, where DATA holds the sources alone")
    if kind is TRANSLATE:
        add_units(train)
    train.set_defaults(run=partial(train_kind, kind))

    write = verbs.add_parser("write", help=f"write the target of {kind.what}", epilog=f"example: {kind.example}")
    write.add_argument("texts", nargs="*", metavar="TEXT", help=f"{kind.what}; several are written one a line")
    write.add_argument("--file", metavar="FILE", help="a text file to read instead, - for standard input")
    add_search(write, kind)
    if kind is TRANSLATE:
        write.add_argument(
            "--copy", action="store_true", help="numbers, and names that the model has not seen, stay as they are"
        )
    write.add_argument("--align", type=Path, metavar="FILE", help="also a picture, SVG, of what was looked at")
    write.set_defaults(run=partial(_write, kind))

    score = verbs.add_parser("score", help="how well pairs are written: nats, chrF, exact and, with sacrebleu, BLEU")
    score.add_argument("file", metavar="FILE", help="a file of pairs, or a data set's name: its test part")
    score.add_argument("--target", default="", metavar="FILE", help="the targets, where FILE holds the sources alone")
    score.add_argument("--encoding", default="utf-8", help="of the files (utf-8)")
    add_scoring(score, kind)
    score.set_defaults(run=partial(_score, kind))

    inspect = verbs.add_parser("inspect", help="what is in a file of pairs, and which lines would not be used")
    inspect.add_argument("file", metavar="FILE", help="a file of pairs")
    inspect.add_argument("--target", default="", metavar="FILE", help="the targets, where FILE holds the sources alone")
    inspect.add_argument("--encoding", default="utf-8", help="of the files (utf-8)")
    inspect.set_defaults(run=_inspect)


def add_units(train: argparse.ArgumentParser) -> None:
    train.add_argument("--level", choices=("subwords", "letters"), help="what texts are cut into (subwords)")
    train.add_argument("--vocabulary", type=int, metavar="N", help="subwords of either side (4000)")


def add_search(write: argparse.ArgumentParser, kind: Kind) -> None:
    draw_verb.add_model(write, kind.model)
    write.add_argument(
        "--beam", type=int, default=5, metavar="N", help="targets followed side by side, 1 is greedy (5)"
    )
    write.add_argument(
        "-n", "--number", type=int, default=1, metavar="N", help="the N likeliest of each, with ln p (1)"
    )
    write.add_argument(
        "--penalty", type=float, default=0.8, help="how much longer ones are favoured, 0 not at all (0.8)"
    )
    write.add_argument("--json", action="store_true", help="a line of JSON a source, with log-probabilities")


def add_scoring(score: argparse.ArgumentParser, kind: Kind) -> None:
    score.add_argument("--beam", type=int, default=5, metavar="N", help="as for write (5)")
    score.add_argument("--most", type=int, default=1000, metavar="N", help="sources that are written (1000)")
    draw_verb.add_model(score, kind.model)


def domain_of(kind: Kind) -> Domain[Pair]:
    from . import presets

    return presets.DOMAINS[kind.name]


def train_kind(kind: Kind, args: argparse.Namespace) -> int:
    from . import api

    domain = domain_of(kind)
    own = [name for name in ("encoding", "target", "level", "vocabulary", "side", "vary") if hasattr(args, name)]
    begin, again = partial(api.train, domain=domain), partial(api.resume, domain=domain)
    outcome = train_verb.run_train(args, begin, again, *own)
    return train_verb.tell(outcome, kind.name, domain.unit, f"write {kind.reads}")


def _write(kind: Kind, args: argparse.Namespace) -> int:
    from seqgen.files.reading import read_text
    from seqgen.machine.cache import use_compile_cache

    from . import api
    from .sentences import pieces

    if bool(args.texts) == (args.file is not None):
        raise UsageError("say what to read: TEXT, or --file; one of them")
    use_compile_cache()
    model = api.load(args.model, domain_of(kind))
    lines = args.texts if args.texts else read_text(args.file).split("\n")
    if args.file is not None and lines and not lines[-1]:
        lines.pop()
    if kind is PRONOUNCE:
        lines = [line.lower() for line in lines]
    strange = max((model.codec.unknown(line) for line in lines if line.strip()), default=0.0)
    if strange >= STRANGE:
        print(
            f"seqgen: the model does not know {strange:.0%} of the characters of a line; is it in its language?",
            file=sys.stderr,
        )
    if args.align is not None:
        first = next((piece.text for line in lines for piece in pieces(line) if not piece.between), "")
        model.align(first).save(args.align)
        print(f"seqgen: wrote {args.align}", file=sys.stderr)
    for begin in range(0, len(lines), LINES):
        _write_lines(model, lines[begin : begin + LINES], args)
    return 0


def _write_lines(model: Any, lines: list[str], args: argparse.Namespace) -> None:
    from .sentences import pieces

    how = {"n": args.number, "beam": args.beam, "penalty": args.penalty, "copy": getattr(args, "copy", False)}
    cut = [pieces(line) for line in lines]
    wanted = [piece.text for line in cut for piece in line if not piece.between]
    made = iter(model.write_n(wanted, **how) if wanted else [])
    for line in cut:
        found = [None if piece.between else next(made) for piece in line]
        if args.json or args.number > 1:
            for piece, best in zip(line, found, strict=True):
                if best is not None:
                    tell_best(piece.text, best, args)
        else:
            print(
                "".join(piece.text if best is None else best[0].text for piece, best in zip(line, found, strict=True))
            )


def tell_best(source: str, best: list[Written], args: argparse.Namespace) -> None:
    """The n likeliest targets of a source, as JSON where that is asked for."""
    if args.json:
        told = [{"text": one.text, "log_prob": round(one.log_prob, 4)} for one in best]
        print(json.dumps({"source": source, "targets": told}, ensure_ascii=False))
        return
    for one in best:
        print(f"{one.log_prob:9.3f}  {one.text}")


def _score(kind: Kind, args: argparse.Namespace) -> int:
    from .files import read_pairs

    return score_kind(kind, args, lambda model: read_pairs(args.file, args.target, args.encoding)[0])


def score_kind(kind: Kind, args: argparse.Namespace, read: Callable[[PairModel], Sequence[Pair]]) -> int:
    """Scores a model on pairs that `read` gives, or on the test part of a data set."""
    from seqgen.machine.cache import use_compile_cache

    from . import api
    from .scores import scored

    use_compile_cache()
    model = api.load(args.model, domain_of(kind))
    if Path(args.file).exists() or args.file == "-":
        pairs = read(model)
    else:
        from seqgen import registry

        pairs = list(registry.load_dataset(args.file, kind.name).test)
    for measured in scored(model, pairs, kind.name, beam=args.beam, most=args.most):
        print(measured.text)
    return 0


def _inspect(args: argparse.Namespace) -> int:
    from .files import read_pairs

    pairs, unused = read_pairs(args.file, args.target, args.encoding)
    sources = [pair.source for pair in pairs if isinstance(pair.source, str)]
    lengths = [sorted(map(len, texts)) for texts in (sources, [pair.target for pair in pairs])]
    print(f"{len(pairs):,} pairs, {len({*sources}):,} different sources, {len(unused):,} lines not used")
    for name, own in zip(("source", "target"), lengths, strict=True):
        print(f"{name}: {own[0]} to {own[-1]} characters, half of them at most {own[len(own) // 2]}")
    for line in unused[:10]:
        print(line)
    if len(unused) > 10:
        print(f"and {len(unused) - 10:,} more")
    return 0


COMMANDS = Commands(
    "one language into another: train on pairs of sentences, write, score, inspect", partial(add, kind=TRANSLATE)
)
PRONOUNCE_COMMANDS = Commands(
    "spelling to phonemes: train on a dictionary, write, score, inspect", partial(add, kind=PRONOUNCE)
)
