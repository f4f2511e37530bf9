"""`seqgen handwriting read`: what lines of ink say. Only the standard library is imported before it runs."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from seqgen.errors import UsageError
from seqgen.shell import draw_verb
from seqgen.shell.commands import example

from .. import READER

if TYPE_CHECKING:
    from ..ink import Ink
    from .reader import Transcript


def add(read: argparse.ArgumentParser) -> None:
    """The options of the verb."""
    read.add_argument("files", nargs="+", metavar="FILE", help="files of ink, or folders of them")
    draw_verb.add_model(read, READER)
    read.add_argument("--beam", type=int, default=16, metavar="N", help="texts that are followed side by side (16)")
    read.add_argument("--language", metavar="MODEL", help="a model of text that knows what is likely to be written")
    how = read.add_mutually_exclusive_group()
    how.add_argument("--times", action="store_true", help="where each character stands: its points, and its seconds")
    how.add_argument("--json", action="store_true", help="all that is known, one JSON object a line of ink")
    example(read, "seqgen handwriting read note.json --language shakespeare")
    read.set_defaults(run=_read)


def _read(args: argparse.Namespace) -> int:
    if args.beam < 1:
        raise UsageError(f"--beam is {args.beam}; give 1 or more")
    from seqgen.files.report import printable, tell_use
    from seqgen.machine.cache import use_compile_cache

    from ..files import in_x_heights, read_inks
    from .language import load_language
    from .rates import cer, wer
    from .reader import load_reader

    use_compile_cache()
    reader = load_reader(args.model)
    language = None if args.language is None else load_language(args.language, reader.codec.alphabet)
    found = read_inks(args.files, reader.check)
    tell_use(found.rows, "lines", "handwriting", found.unread)
    read, written = [], []
    for name, ink in zip(found.names, in_x_heights(found.inks), strict=True):
        made = reader.read(ink, beam=args.beam, language=language)
        rates = ""
        if ink.text:
            read.append(made.text)
            written.append(ink.text)
            rates = f"CER {cer(read[-1:], written[-1:]):.3f}  WER {wer(read[-1:], written[-1:]):.3f}"
        if args.json:
            print(json.dumps(_told(name, ink, made), ensure_ascii=False))
            continue
        print(printable(made.text))
        if args.times:
            print("\n".join(_places(made)))
        if rates:
            print(f"seqgen: {rates}  {printable(name)}: {printable(ink.text or '')}", file=sys.stderr)
    if len(read) > 1:
        rates = f"CER {cer(read, written):.4f}  WER {wer(read, written):.4f}"
        print(f"seqgen: {rates}  all {len(read)} lines whose text is known", file=sys.stderr)
    return 0 if found.inks else 1


def _told(name: str, ink: Ink, made: Transcript) -> dict[str, Any]:
    characters = [character._asdict() for character in made.characters]
    told = {"name": name, **made._asdict(), "characters": characters}
    return {**told, "written": ink.text} if ink.text else told


def _places(made: Transcript) -> list[str]:
    return [
        f"  {one.character!r}  points {one.first} to {one.last}"
        + ("" if one.seconds is None else "  {:.2f} to {:.2f} s".format(*one.seconds))
        for one in made.characters
    ]
