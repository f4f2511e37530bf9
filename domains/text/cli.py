"""`seqgen text ...`: the verbs of text. Only the standard library is imported before a verb runs."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from seqgen.errors import UsageError
from seqgen.shell import draw_verb, train_verb
from seqgen.shell.commands import Commands, Demo, example

from . import MIN_P, MODEL, TEMPERATURE
from .compression.verbs import add_compress, add_decompress
from .limits.options import add_limits, limits_of, unescaped
from .reports.verb import add_report


def add(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    _add_train(verbs.add_parser("train", help="learn from a file, a folder, standard input or a data set"))
    _add_prepare(verbs.add_parser("prepare", help="texts larger than memory: files that train reads as it goes"))
    _add_verify(verbs.add_parser("verify", help="whether every byte of what prepare made is as it was written"))
    _add_sample(verbs.add_parser("sample", help="write new text, shown as it comes"))
    _add_classify(
        verbs.add_parser("classify", help="which label is likeliest for each document, and how often it is right")
    )
    _add_score(verbs.add_parser("score", help="how likely a text is: nats and bits per character, perplexity"))
    add_report(verbs.add_parser("report", help="what a model makes of a text, beside what counting makes of it"), MODEL)
    add_compress(verbs.add_parser("compress", help="a file in as few bytes as a model expects it, exactly"), MODEL)
    add_decompress(verbs.add_parser("decompress", help="the file again"), MODEL)


def _add_train(train: argparse.ArgumentParser) -> None:
    train_verb.add_options(train, data="a text file, a folder of them or one that prepare made, - or a data set's name")
    train.add_argument("--encoding", help="of the files, such as cp1252 (utf-8)")
    _add_division(train)
    train.add_argument("--labels", metavar="WHAT", help="what documents are labelled by: folder, or a field of records")
    example(
        train,
        "seqgen text train poem.txt --minutes 2 --out runs/poem",
        "seqgen text train recipes.jsonl --field directions",
    )
    train.set_defaults(run=_train)


def _add_division(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--level", help="what the text is spelt in: bytes, characters, words or subwords (characters)")
    verb.add_argument(
        "--documents",
        metavar="HOW",
        help="what begins anew and ends by itself: file, line, paragraph, page, chapter or regex:PATTERN, what stands "
        "between two",
    )
    verb.add_argument("--field", metavar="NAME", help="learn this field of the records of JSON lines or CSV")
    verb.add_argument(
        "--hold-out", metavar="HOW", help="for validation: whole documents, drawn (documents), or the end of all (end)"
    )


def _add_prepare(prepare: argparse.ArgumentParser) -> None:
    prepare.add_argument("data", nargs="+", metavar="DATA", help="text files, folders of them, or - alone")
    prepare.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where to; the same command goes on")
    prepare.add_argument("--workers", type=int, help="processes (one a core)")
    prepare.add_argument("--encoding", default="utf-8", help="of the files, such as cp1252 (utf-8)")
    prepare.add_argument("--bytes", action="store_true", help="the same as --level bytes: half the disk")
    _add_division(prepare)
    example(prepare, "seqgen text prepare books/ --out corpus")
    prepare.set_defaults(run=_prepare)


def _add_verify(verify: argparse.ArgumentParser) -> None:
    verify.add_argument("folder", type=Path, metavar="FOLDER", help="a folder that prepare made")
    example(verify, "seqgen text verify corpus")
    verify.set_defaults(run=_verify)


def _add_sample(sample: argparse.ArgumentParser) -> None:
    example(
        sample,
        'seqgen text sample --prompt "JULIET:" --length "80 words"',
        r"seqgen text sample --prompt 'ROMEO:\n' --match '[A-Z][^.]*\.' --max-repeat 30 -n 3",
    )
    draw_verb.add_model(sample, MODEL)
    told = r"\n, \t and \\ are a line end, a tab and a backslash"
    sample.add_argument(
        "--prompt", default="", help=f"text to go on from, in any script; {told}; - reads standard input"
    )
    sample.add_argument("--no-prompt", action="store_true", help="write what is new without the prompt")
    sample.add_argument("-n", "--number", type=int, default=1, metavar="N", help="so many texts, each another one (1)")
    sample.add_argument(
        "--json", action="store_true", help="a line of JSON a text: prompt, text, seed, number, log_probs (nats)"
    )
    sample.add_argument("--out", type=Path, metavar="FILE", help="write into a file, not to the terminal")
    sample.add_argument("--length", default="500", help="new characters, or words as in '80 words' (500)")
    draw_verb.add_options(sample, steps="characters", temperature=TEMPERATURE, min_p=MIN_P)
    sample.add_argument("--label", metavar="LABEL", help="whose or which kind, or several mixed: poe:0.7,austen:0.3")
    sample.add_argument("--stop", action="append", default=[], metavar="TEXT", help="end before this text; may repeat")
    add_limits(sample)
    sample.add_argument(
        "--adapt", metavar="FILE", help="learn from this text a little before writing, or - for the prompt"
    )
    draw_verb.add_seed(sample, "writes the same text")
    sample.set_defaults(run=_sample)


def _add_score(score: argparse.ArgumentParser) -> None:
    example(score, "seqgen text score play.txt --adapt")
    score.add_argument("file", metavar="FILE", help="a text file, or - for standard input")
    draw_verb.add_model(score, MODEL)
    score.add_argument("--encoding", default="utf-8", help="of the file, such as cp1252 (utf-8)")
    score.add_argument("--adapt", action="store_true", help="learn from the file while reading it (dynamic evaluation)")
    score.set_defaults(run=_score)


_DIVISION = ("level", "documents", "field", "hold_out")


def _add_classify(classify: argparse.ArgumentParser) -> None:
    classify.add_argument("data", metavar="DATA", help="a file or a folder, divided as the model's texts were")
    classify.add_argument("--model", required=True, metavar="MODEL", help="one that was trained with --labels")
    classify.add_argument("--held-out", action="store_true", help="only the documents that training on DATA holds out")
    classify.add_argument("--encoding", default="utf-8", help="of the files, such as cp1252 (utf-8)")
    example(classify, "seqgen text classify letters/ --model runs/authors")
    classify.set_defaults(run=_classify)


def _train(args: argparse.Namespace) -> int:
    from . import api

    outcome = train_verb.run_train(args, api.train, api.resume, "encoding", "labels", *_DIVISION)
    code = train_verb.tell(outcome, "text", outcome.unit)
    if code == 0:
        sample = api.load(outcome.folder).sample(length=300, temperature=0.8, seed=args.seed or 0)
        print(_clean(sys.stdout)(sample))
    return code


def _prepare(args: argparse.Namespace) -> int:
    from .corpus import prepare
    from .files import tell_skipped

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = cores if args.workers is None else args.workers
    given = {name: getattr(args, name) for name in _DIVISION if getattr(args, name) is not None}
    made = prepare(args.data, args.out, workers=workers, encoding=args.encoding, as_bytes=args.bytes, **given)
    tell_skipped(made.skipped)
    print(
        f"seqgen: {made.manifest.tokens:,} symbols ({made.manifest.dtype}) in {len(made.manifest.shards)} files; "
        f"learn from them with: seqgen text train {shlex.quote(str(made.folder))}"
    )
    return 0


def _verify(args: argparse.Namespace) -> int:
    from seqgen.batching.shards import verify

    print(f"seqgen: {args.folder} is as it was written: {verify(args.folder).tokens:,} symbols")
    return 0


def _sample(args: argparse.Namespace) -> int:
    from seqgen.files.reading import read_text
    from seqgen.machine.cache import use_compile_cache

    from . import api

    use_compile_cache()
    if args.number < 1:
        raise UsageError(f"{args.number} texts were asked for; give 1 or more")
    model, seed = api.load(args.model), draw_verb.pick_seed(args.seed)
    prompt = model.codec.canonical(read_text("-") if args.prompt == "-" else unescaped(args.prompt))
    if args.adapt is not None:
        model = model.adapted(prompt if args.adapt == "-" else read_text(args.adapt))
    settings = draw_verb.options_of(args) | limits_of(args) | {"length": args.length, "seed": seed, "label": args.label}
    settings["stop"] = [unescaped(text) for text in args.stop]
    if args.best_of == 1:
        pieces = model.stream([prompt] * args.number, **settings)
    else:
        whole = model.samples([prompt] * args.number, best_of=args.best_of, **settings)
        pieces = iter([[text.removeprefix(prompt) for text in whole]])
    draw_verb.tell_seed(args.seed, seed)
    shown = "" if args.no_prompt else prompt
    with contextlib.ExitStack() as stack:
        out = stack.enter_context(args.out.open("w", encoding="utf-8")) if args.out else sys.stdout
        clean = _clean(out)
        if args.number == 1 and not args.json:  # as it comes
            print(clean(shown), end="", flush=True, file=out)
            text = ""
            for (piece,) in pieces:
                print(clean(piece), end="", flush=True, file=out)
                text += piece
            print(file=out)
            _tell_loop(text)
            return 0
        texts = ["".join(row) for row in zip(*pieces, strict=True)]
        for number, text in enumerate(texts):
            row = {"prompt": prompt, "text": shown + text, "seed": seed, "number": number}
            if args.json:
                label = None if args.label not in model.codec.labels else args.label
                likely = model.log_probs(text, after=prompt, label=label)
                row["log_probs"] = [round(float(one), 4) for one in likely]
            between = "\n" if number and not args.json else ""
            print(between + clean(json.dumps(row, ensure_ascii=False) if args.json else shown + text), file=out)
    return 0


def _clean(out: TextIO | None) -> Callable[[str], str]:
    """Whoever wrote what a model learned from could else send a terminal commands."""
    return without_controls if out is not None and out.isatty() else str


def _tell_loop(text: str) -> None:
    if re.search(r"(.{10,200}?)\1\1.{0,200}\Z", text[-1000:], re.DOTALL):
        print(
            "seqgen: it writes the same again and again: --max-repeat 20 lets nothing over 20 characters come twice, a "
            "higher --temperature makes it rarer",
            file=sys.stderr,
        )


def without_controls(text: str) -> str:
    r"""The text with U+FFFD for every control character but line ends and tabs.

    >>> without_controls("a\x1b[2Jb\n")
    'a\ufffd[2Jb\n'
    """
    return re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f]", "\ufffd", text)


def _score(args: argparse.Namespace) -> int:
    from seqgen.machine.cache import use_compile_cache

    from . import api
    from .files import read_texts

    use_compile_cache()
    model = api.load(args.model)
    score = model.score(read_texts(args.file, args.encoding, model.codec.division).texts, adapt=args.adapt)
    print(
        f"{score.nats_per_char:.4f} nats/char  {score.bits_per_char:.4f} bits/char  "
        f"perplexity {score.perplexity:.3f}  ({score.characters:,} characters, {'adapting' if args.adapt else 'static'}, one pass, state carried)"
    )
    return 0


def _classify(args: argparse.Namespace) -> int:
    from seqgen.machine.cache import use_compile_cache

    from . import api
    from .division import Document, text_of
    from .files import hold_out_of, read_texts

    use_compile_cache()
    model = api.load(args.model)
    found = read_texts(args.data, args.encoding, model.codec.division)
    items = hold_out_of(found.texts, "documents", found.names).valid if args.held_out else found.texts
    right, known = 0, 0
    for item in items:
        label, share = next(iter(model.classify(text_of(item)).items()))
        own = item.label if isinstance(item, Document) else ""
        right, known = right + (own == label), known + (own in model.codec.labels)
        beginning = " ".join(without_controls(text_of(item)[:60]).split())
        print(f"{without_controls(label)}\t{share:.3f}\t{beginning}")
    if known:
        print(f"seqgen: {right:,} of {known:,} documents of known labels are told right ({right / known:.1%})")
    return 0


def demo(folder: Path, seed: int) -> list[Path]:
    """A page of text by the shipped model, on the terminal and in text.txt."""
    from . import api

    path = folder / "text.txt"
    parts = []
    for (piece,) in api.load().stream([""], length=1500, temperature=0.8, seed=seed):
        parts.append(piece)
        print(piece, end="", flush=True)
    print()
    path.write_text("".join(parts) + "\n", encoding="utf-8")
    return [path]


DEMO = Demo(
    demo,
    "A page in the manner of Shakespeare, by a network that read his plays and writes one character after the other.",
    'seqgen text sample --prompt "JULIET:"',
)
COMMANDS = Commands("characters: learn a text, write more of it, score it", add, DEMO)
