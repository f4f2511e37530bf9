"""`seqgen music report`. Only the standard library is imported before it runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from seqgen.shell import draw_verb
from seqgen.shell.commands import example

from .. import TEMPERATURE


def add_report(verb: argparse.ArgumentParser, model: str) -> None:
    """A model to a table, and a page."""
    example(verb, "seqgen music report --model runs/mine --count 40 --html report.html")
    draw_verb.add_model(verb, model)
    verb.add_argument("--beside", metavar="DATA", help="a file, folder or data set (what the model learned from)")
    verb.add_argument("--count", type=int, default=20, metavar="N", help="how many pieces are sampled (20)")
    verb.add_argument("--bars", type=int, default=16, help="how long each is (16)")
    verb.add_argument("--temperature", type=float, default=TEMPERATURE, help=f"of the samples ({TEMPERATURE:g})")
    verb.add_argument("--seed", type=int, default=0, help="of the samples (0)")
    verb.add_argument("--html", type=Path, metavar="FILE", help="table and picture, one file")
    verb.set_defaults(run=_report)


def _report(args: argparse.Namespace) -> int:
    from seqgen.files.storage import write_output
    from seqgen.machine.cache import use_compile_cache

    from .. import api
    from .report import page, table

    use_compile_cache()
    made = api.load(args.model).report(
        args.beside, count=args.count, bars=args.bars, temperature=args.temperature, seed=args.seed
    )
    print(table(made))
    if args.html:
        write_output(args.html, page(made).encode())
        print(f"seqgen: {args.html}")
    return 0
