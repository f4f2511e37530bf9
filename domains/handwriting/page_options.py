"""What the command line can ask of a page, for every verb that draws one. Only the standard library is imported at once."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seqgen.errors import UsageError

if TYPE_CHECKING:
    from .drawing.page import Page

OUT = (
    "NAME.svg, .png, .pdf, .json, .inkml, .gcode ...; several pages are NAME-1.svg ..., or one PDF "
    "(writing.svg; on paper .pdf)"
)


def add(page: argparse._ArgumentGroup) -> None:
    page.add_argument("--x-height", type=float, default=4.0, metavar="MM", help="height of letters like x (4)")
    page.add_argument("--pen", type=float, default=0.3, metavar="MM", help="width of the line (0.3)")
    page.add_argument("--nib", default="constant", help="constant, or speed: wider where the pen was slow (constant)")
    page.add_argument("--color", default="black", help="of the ink: a name such as navy, or #rrggbb (black)")
    page.add_argument("--background", default="white", help="of the page: the same, or none (white)")
    page.add_argument(
        "--paper",
        default="fit",
        help="a4, letter, a5, postcard, envelope or 210x99, in mm; fit is as large as the writing (fit)",
    )
    page.add_argument(
        "--margin", metavar="MM", help="on all sides, or TOP,RIGHT,BOTTOM,LEFT (5; on paper what is usual for it)"
    )
    page.add_argument("--align", default="left", help="left, justified, centred or ragged, as people do (left)")
    page.add_argument(
        "--line-pitch", type=float, metavar="MM", help="from line to line (what lines need; on paper 3 x-heights)"
    )
    page.add_argument("--slant", type=float, default=0.0, metavar="DEGREES", help="leans letters to the right (0)")
    page.add_argument(
        "--drift", type=float, default=0.0, metavar="DEGREES", help="lines rise and fall by that at most (0)"
    )
    page.add_argument("--rules", default="none", help="none, ruled or squared (none)")


def page_of(args: argparse.Namespace) -> Page:
    """What was asked for. Raises UsageError for what no page can be."""
    from .drawing.page import Page

    names = ("x_height", "pen", "color", "paper", "align", "line_pitch", "slant", "drift", "rules", "nib")
    background = None if args.background == "none" else args.background
    looks = {name: getattr(args, name) for name in names}
    return Page(background=background, margin=_margin(args.margin), **looks)


def _margin(given: str | None) -> float | tuple[float, ...] | None:
    if given is None:
        return None
    try:
        sides = tuple(map(float, given.split(",")))
    except ValueError:
        sides = ()
    if len(sides) not in (1, 4):
        raise UsageError(f"--margin is {given!r:.40}; give mm, one number or four: TOP,RIGHT,BOTTOM,LEFT")
    return sides if len(sides) == 4 else sides[0]


def width(text: str, asked: int, page: Page) -> int:
    """Characters to be written in one go; on paper no word is cut, as long as a line can be."""
    from .wrap import WIDEST

    return asked if page.size is None else max([asked, *(min(len(word), WIDEST) for word in text.split())])


def check_room(lines: Sequence[str], page: Page, out: Path) -> None:
    """Refuses, before anything is written, what no picture has room for."""
    from .drawing.layout import foreseen
    from .drawing.png import check_pixels
    from .saving import kind_of

    if kind_of(out).on_page:
        wide, high = foreseen(lines, page)
        if out.suffix.lower() == ".png":
            check_pixels(wide, high)
