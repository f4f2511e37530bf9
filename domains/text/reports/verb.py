"""`seqgen text report`. Only the standard library is imported before it runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from seqgen.shell import draw_verb
from seqgen.shell.commands import example


def add_report(verb: argparse.ArgumentParser, model: str) -> None:
    """A model and a file to a table, and a page."""
    example(verb, "seqgen text report held-out.txt --model runs/poem --html report.html")
    verb.add_argument("file", metavar="FILE", help="a text file that the model did not learn from, or -")
    draw_verb.add_model(verb, model)
    verb.add_argument("--encoding", default="utf-8", help="of the file, such as cp1252 (utf-8)")
    verb.add_argument(
        "--html", type=Path, metavar="FILE", help="table, picture and the text shaded by surprise, one file"
    )
    verb.add_argument(
        "--words", metavar="FILE", help="a list of words that count as known besides those it learned from"
    )
    verb.add_argument("--static", action="store_true", help="leave out dynamic evaluation, which takes longest")
    verb.set_defaults(run=_report)


def _report(args: argparse.Namespace) -> int:
    from seqgen.files.reading import read_text
    from seqgen.files.storage import write_output
    from seqgen.machine.cache import use_compile_cache

    from .. import api
    from .page import page
    from .report import table

    use_compile_cache()
    words = read_text(args.words) if args.words else ""
    text = read_text(args.file, args.encoding)
    made = api.load(args.model).report(text, adapt=not args.static, words=words)
    print(table(made))
    if args.html:
        write_output(args.html, page(made).encode())
        print(f"seqgen: {args.html}")
    return 0
