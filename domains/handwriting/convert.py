"""`seqgen handwriting convert`: ink from one format to another; and how a plotter's pen is moved, for every verb that writes."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from seqgen.errors import UsageError
from seqgen.shell.commands import example

if TYPE_CHECKING:
    from .formats.gcode import Plotter


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="files of ink, or folders of them")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="NAME.json, .inkml, .dat, .xopp, .npz, .svg, .gcode ..."
    )
    parser.add_argument("--x-height", type=float, default=4.0, metavar="MM", help="of letters like x, on a page (4)")
    parser.add_argument("--pen", type=float, default=0.3, metavar="MM", help="width of the line, on a page (0.3)")
    add_plotter(parser)
    example(parser, "seqgen handwriting convert note.json --out note.gcode")
    parser.set_defaults(run=_convert)


def add_plotter(parser: argparse.ArgumentParser) -> None:
    r"""Options of G-code, of which `plotter` makes a value; they are left out where they are not given."""
    parser.add_argument("--pen-up", metavar="GCODE", help=r"what lifts a plotter's pen (M5\nG4 P0.2)")
    parser.add_argument("--pen-down", metavar="GCODE", help=r"what puts it down (M3 S90\nG4 P0.2)")
    parser.add_argument("--feed", type=float, metavar="MM", help="how fast it writes, mm a minute (1500)")


def plotter(args: argparse.Namespace) -> Plotter:
    from .formats.gcode import Plotter

    given = {"up": args.pen_up, "down": args.pen_down, "feed": args.feed}
    return Plotter(**{name: value for name, value in given.items() if value is not None})


def _convert(args: argparse.Namespace) -> int:
    from .drawing.page import Page
    from .files import read_ink
    from .saving import kind_of, lost, save

    out, page, pen = args.out, Page(x_height=args.x_height, pen=args.pen), plotter(args)
    kind_of(out)
    if any(path.resolve() == out.resolve() for path in args.files):
        raise UsageError(f"{out} is one of the files to convert; give --out another name")
    inks = [ink for path in args.files for ink in read_ink(path)]
    save(inks, out, page, pen)
    if gone := lost(inks, out):
        print(f"seqgen: {out.name} keeps no {' and no '.join(gone)}", file=sys.stderr)
    print(f"seqgen: wrote {out}: {len(inks):,} lines, {sum(ink.points for ink in inks):,} points")
    return 0
