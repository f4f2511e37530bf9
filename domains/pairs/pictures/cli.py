"""`seqgen caption ...`: the verbs of captions. Only the standard library is imported before one runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from seqgen.shell import train_verb
from seqgen.shell.commands import Commands

from ..cli import Kind, add_scoring, add_search, add_units, domain_of, score_kind, tell_best, train_kind

if TYPE_CHECKING:
    from ..api import PairModel
    from ..pair import Pair
    from .files import Use

FOLDER = "a folder with NAME.txt beside each NAME.png (.jpg, .gif, .webp), or a list .jsonl of image and text"
CAPTION = Kind("caption", "shapes", "a picture", "picture.png --model runs/seen --explain looked.png", "PICTURE")
LINES = 64  # pictures that are read and written side by side


def add(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(metavar="VERB", required=True)

    def verb(name: str, help: str, example: str) -> argparse.ArgumentParser:
        return verbs.add_parser(name, help=help, epilog=f"example: seqgen caption {name} {example}")

    train = verb("train", "learn from pictures with captions, or a data set", "my_pictures --minutes 30")
    train_verb.add_options(train, data=f"{FOLDER}; or a data set's name")
    add_units(train)
    train.add_argument("--side", type=int, metavar="N", help="pixels, wide and high, that are seen of a picture (64)")
    train.add_argument(
        "--vary",
        action="store_true",
        default=None,
        help="move, turn, size, light or outline pictures otherwise in every epoch: for where few stand for many",
    )
    train.set_defaults(run=partial(train_kind, CAPTION))

    write = verb("write", "write the caption of a picture", CAPTION.example)
    write.add_argument("pictures", nargs="+", metavar="PICTURE", help="PNG, JPEG, GIF or WebP; several are a line each")
    add_search(write, CAPTION)
    write.add_argument(
        "--explain",
        type=Path,
        metavar="FILE",
        help="also a picture, PNG, of where the first was looked at word by word",
    )
    write.set_defaults(run=_write)

    score = verb(
        "score",
        "how well captions are written: nats, exact, chrF and, with sacrebleu, BLEU",
        "held_out --model runs/seen",
    )
    score.add_argument("file", metavar="FOLDER", help=f"{FOLDER}; or a data set's name: its test part")
    add_scoring(score, CAPTION)
    score.set_defaults(run=_score)

    inspect = verb("inspect", "what is in a folder of pictures, and which would not be used, and why", "my_pictures")
    inspect.add_argument("file", metavar="FOLDER", help=FOLDER)
    inspect.set_defaults(run=_inspect)


def _write(args: argparse.Namespace) -> int:
    from seqgen.machine.cache import use_compile_cache

    from .. import api
    from .reading import read_picture

    use_compile_cache()
    model = api.load(args.model, domain_of(CAPTION))
    how = {"n": args.number, "beam": args.beam, "penalty": args.penalty}
    for begin in range(0, len(args.pictures), LINES):
        names = args.pictures[begin : begin + LINES]
        pictures = [read_picture(name) for name in names]
        made = model.write_n(pictures, **how)
        for name, best in zip(names, made, strict=True):
            if args.json or args.number > 1:
                tell_best(name, best, args)
            else:
                print(best[0].text if len(args.pictures) == 1 else f"{name}: {best[0].text}")
        if begin == 0 and args.explain is not None:
            from .explaining import explain

            explain(model, pictures[0], made[0][0].text, args.explain)
            print(f"seqgen: wrote {args.explain}", file=sys.stderr)
    return 0


def _score(args: argparse.Namespace) -> int:
    def read(model: PairModel) -> Sequence[Pair]:
        from .files import read_captions

        found, uses = read_captions(args.file, model.codec.source.to_dict()["side"])
        _tell(uses, 10)
        return found

    return score_kind(CAPTION, args, read)


def _inspect(args: argparse.Namespace) -> int:
    from .files import read_captions
    from .pixels import SIDE

    pairs, uses = read_captions(args.file, SIDE)
    lengths = sorted(len(pair.target) for pair in pairs)
    words = {word for pair in pairs for word in pair.target.split()}
    print(f"{sum(use.used for use in uses):,} of {len(uses):,} pictures are used, with {len(pairs):,} captions")
    print(
        f"captions: {lengths[0]} to {lengths[-1]} characters, half of them at most {lengths[len(lengths) // 2]}; "
        f"{len(words):,} different words"
    )
    _tell(uses, len(uses))
    return 0


def _tell(uses: list[Use], most: int) -> None:
    unused = [use for use in uses if not use.used]
    for use in unused[:most]:
        print(f"not used: {use.name}: {use.reason}", file=sys.stderr)
    if len(unused) > most:
        print(f"and {len(unused) - most:,} more", file=sys.stderr)


COMMANDS = Commands("pictures into words: train on pictures with captions, write, score, inspect", add)
