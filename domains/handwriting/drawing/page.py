"""Where ink lies on paper: scale, margins, lines one below the other; the same for every kind of picture."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from seqgen.errors import UsageError

from ..ink import Floats, Ink

LARGEST = 20_000.0  # mm, of a page
_FITTING = 2_000.0  # mm: where nobody gave a scale, ink with an outlier is made to fit here
_SPACING = 2.5  # x-heights from line to line, at least
_USUAL = 3.5  # x-heights from line to line, as most texts need them
_GAP = 0.4  # x-heights between the lowest point of a line and the highest of the next, at least

COLORS = {
    "black": "#000000",
    "blue": "#0000ff",
    "brown": "#a52a2a",
    "darkblue": "#00008b",
    "gray": "#808080",
    "green": "#008000",
    "navy": "#000080",
    "orange": "#ffa500",
    "purple": "#800080",
    "red": "#ff0000",
    "white": "#ffffff",
    "yellow": "#ffff00",
}


@dataclass(frozen=True)
class Page:
    """How ink is drawn; all lengths are mm.

    x_height: of letters like x, estimated over all lines where it is not known. scale: mm for a unit of the ink, instead of x_height.
    pen: width of the line. color, background: names of `COLORS` or #rrggbb; background None is transparent.
    margin: around all ink.

    Raises UsageError for a length that is none and a color that is neither.

    >>> Page(color="navy").color
    '#000080'
    """

    x_height: float = 4.0
    scale: float | None = None
    pen: float = 0.3
    color: str = "black"
    background: str | None = "white"
    margin: float = 5.0

    def __post_init__(self) -> None:
        lengths = {"x_height": self.x_height, "scale": self.scale, "pen": self.pen, "margin": self.margin}
        for name, length in lengths.items():
            if length is not None and not (0 < length <= LARGEST or (name == "margin" and length == 0)):
                raise UsageError(f"the {name} of a page is {length}; give mm above 0, at most {LARGEST:,.0f}")
        object.__setattr__(self, "color", _hex(self.color))
        if self.background is not None:
            object.__setattr__(self, "background", _hex(self.background))


class Layout(NamedTuple):
    """A page of `width` x `height` mm; strokes: [N, 2] in mm from its upper left corner."""

    width: float
    height: float
    strokes: list[Floats]


def lay_out(inks: Sequence[Ink], page: Page) -> Layout:
    """Places lines one below the other, from the left margin, their baselines equally far apart; ink without strokes
    between others is a blank line. They come closer where the page would be longer than 20 m.

    Raises UsageError where that needs more than 20 m.
    """
    rows = [row for row, ink in enumerate(inks) if ink.strokes]
    inks = [inks[row] for row in rows]
    if not inks:
        return Layout(2 * page.margin, 2 * page.margin, [])
    boxes = [ink.bounds for ink in inks]
    x_height = statistics.median(ink.x_height() for ink in inks)
    extent = max(max(right - left, bottom - top) for left, top, right, bottom in boxes)
    scale = page.scale or min(page.x_height / x_height, _FITTING / extent if extent else math.inf, 1e12)
    bases = [min(max(ink.baseline(), top), bottom) for ink, (_, top, _, bottom) in zip(inks, boxes, strict=True)]
    above = [(base - box[1]) * scale for base, box in zip(bases, boxes, strict=True)]
    below = [(box[3] - base) * scale for base, box in zip(bases, boxes, strict=True)]
    needed = [under + over for under, over in zip(below, above[1:], strict=False)]
    distance = max(_SPACING * x_height * scale, max(needed, default=0.0) + _GAP * x_height * scale)
    width = max((right - left) * scale for left, _, right, _ in boxes) + 2 * page.margin
    if count := rows[-1] - rows[0]:
        room = (LARGEST - 2 * page.margin - above[0] - below[-1]) / count
        distance = max(_SPACING * x_height * scale, min(distance, room))
    height = above[0] + distance * (rows[-1] - rows[0]) + below[-1] + 2 * page.margin
    if not max(width, height) <= LARGEST * (1 + 1e-9):
        raise _too_large("this ink needs", width, height)
    strokes = []
    for row, ink, (left, top, _, _), over in zip(rows, inks, boxes, above, strict=True):
        corner = page.margin, page.margin + above[0] + distance * (row - rows[0]) - over
        strokes += [(stroke - (left, top)) * scale + corner for stroke in ink.strokes]
    return Layout(width, height, strokes)


def foreseen(lines: Sequence[str], page: Page) -> tuple[float, float]:
    """About how wide and high, in mm, a page of these lines will be: what can be said before they are written.

    Raises UsageError where it would be larger than 20 m.

    >>> foreseen(["Dear Ann,"] * 10, Page())
    (46.0, 150.0)
    """
    width = max(map(len, lines), default=0) * page.x_height + 2 * page.margin
    height = len(lines) * _USUAL * page.x_height + 2 * page.margin
    if max(width, height) > LARGEST:
        raise _too_large(f"{len(lines):,} lines need about", width, height)
    return width, height


def _too_large(what: str, width: float, height: float) -> UsageError:
    size = f"{width / 1000:.3g} x {height / 1000:.3g} m"
    return UsageError(f"{what} a page of {size}, above {LARGEST / 1000:.0f} m; draw fewer lines or smaller")


def several(inks: Ink | Iterable[Ink]) -> list[Ink]:
    return [inks] if isinstance(inks, Ink) else list(inks)


def _hex(color: str) -> str:
    name = COLORS.get(color, color) if isinstance(color, str) else ""
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", name):
        raise UsageError(f"{color!r:.40} is no color; give #rrggbb or one of {', '.join(COLORS)}")
    return name.lower()
