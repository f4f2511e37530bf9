"""`seqgen text compress` and `decompress`. Only the standard library is imported before a verb runs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from seqgen.errors import DataError, UsageError
from seqgen.shell import draw_verb
from seqgen.shell.commands import example


def add_compress(compress: argparse.ArgumentParser, model: str) -> None:
    """A file to one that a model has made short."""
    example(compress, "seqgen text compress play.txt -o play.txt.sgz")
    _add(compress, model, "where to (FILE.sgz)")
    compress.add_argument("--adapt", action="store_true", help="learn from the file as it goes: smaller, and slower")
    compress.set_defaults(run=_compress)


def add_decompress(decompress: argparse.ArgumentParser, model: str) -> None:
    """And back."""
    example(decompress, "seqgen text decompress play.txt.sgz -o again.txt")
    _add(decompress, model, "where to (FILE without .sgz)")
    decompress.set_defaults(run=_decompress)


def _add(verb: argparse.ArgumentParser, model: str, out: str) -> None:
    verb.add_argument("file", type=Path, metavar="FILE")
    verb.add_argument("-o", "--out", type=Path, metavar="FILE", help=out)
    draw_verb.add_model(verb, model)


def _compress(args: argparse.Namespace) -> int:
    return _through(args, args.out or args.file.with_name(args.file.name + ".sgz"), "compress")


def _decompress(args: argparse.Namespace) -> int:
    if args.out is None and args.file.suffix != ".sgz":
        raise UsageError(f"{args.file} does not end in .sgz; say with --out where to")
    return _through(args, args.out or args.file.with_suffix(""), "decompress")


def _through(args: argparse.Namespace, out: Path, verb: str) -> int:
    from seqgen.files.storage import write_output
    from seqgen.machine.cache import use_compile_cache

    from .. import api

    use_compile_cache()
    if out.exists():
        raise UsageError(f"{out} is there already; name another file with --out, or remove it")
    try:
        data = args.file.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {args.file}: {error.strerror}") from None
    model = api.load(args.model)
    try:
        made = model.compress(data, adapt=args.adapt) if verb == "compress" else model.decompress(data)
    except DataError as error:
        raise DataError(f"{args.file}: {error}") from None
    write_output(out, made)
    bits = f", {8 * len(made) / len(data):.3f} bits a byte" if verb == "compress" and data else ""
    print(f"seqgen: {out}: {len(made):,} bytes of {len(data):,}{bits}", file=sys.stderr)
    return 0
