"""Where ink lies on paper: scale, margins, lines one below the other, page after page; the same for every picture."""

from __future__ import annotations

import math
import os
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seqgen.errors import UsageError

from ..ink import Floats, Ink
from ..wrap import predicted
from .flow import Row, Word, moved, rows_of, side, too_wide
from .page import LARGEST, Page

Lines = Ink | Iterable[Ink | Sequence[Ink]]  # a line, or several; those of a list among them are one paragraph

_FITTING = 2_000.0  # mm: where nobody gave a scale, ink with an outlier is made to fit here
_SPACING = 2.5  # x-heights from line to line, at least
_USUAL = 3.5  # x-heights from line to line, as most texts need them
_ON_PAPER = 3.0  # the same, on paper
_ABOVE, _BELOW = 2.0, 1.0  # x-heights that lines on paper have room for above and below the one they stand on
_GAP = 0.4  # x-heights between the lowest point of a line and the highest of the next, at least
_THIN = 0.8  # x-heights of a character in the narrowest hand: what says beforehand that a word is too wide


class Line(NamedTuple):
    """A text and its words, and where they stand: from `left` to `right`, `base` below the page's top; all mm."""

    text: str
    left: float
    right: float
    base: float
    words: list[Word]


class Layout(NamedTuple):
    """A page of `width` x `height` mm; x_height of its letters; rules: [2, 2], begin and end of each."""

    width: float
    height: float
    x_height: float
    lines: list[Line]
    rules: list[Floats]

    @property
    def strokes(self) -> list[Floats]:
        return [stroke for line in self.lines for word in line.words for stroke in word.strokes]

    @property
    def widths(self) -> list[Floats]:
        return [width for line in self.lines for word in line.words for width in word.widths]


def lay_out(inks: Lines, page: Page) -> Layout:
    """The one page that the ink needs. Raises UsageError as `sheets`, and where it needs more."""
    pages = sheets(inks, page)
    if len(pages) > 1:
        raise UsageError(f"this ink needs {len(pages)} pages of {page.paper}; write it to files, or as one PDF")
    return pages[0]


def sheets(inks: Lines, page: Page) -> list[Layout]:
    """Places lines one below the other, their baselines equally far apart; ink without strokes between others is a
    blank line. On paper, words flow: no line leaves it, no word is cut.

    Where the page is as large as the writing, lines come closer where it would be longer than 20 m.
    Raises UsageError where that is not enough, and for a word or a line that paper has no room for.
    """
    paragraphs = [[ink] if isinstance(ink, Ink) else list(ink) for ink in ([inks] if isinstance(inks, Ink) else inks)]
    written = [ink for lines in paragraphs for ink in lines if ink.strokes]
    top, right, bottom, left = page.margins
    if not written:
        width, height = page.size or (left + right, top + bottom)
        return [Layout(width, height, page.x_height, [], [])]
    x_height = statistics.median(ink.x_height() for ink in written)
    boxes = [ink.bounds for ink in written]
    extent = max(max(box[2] - box[0], box[3] - box[1]) for box in boxes)
    scale = page.scale or min(page.x_height / x_height, _FITTING / extent if extent else math.inf, 1e12)
    unit = x_height * scale
    rows = rows_of(paragraphs, page, scale, unit)
    return _paged(rows, page, unit) if page.size else [_fitting(rows, page, unit)]


def _fitting(rows: list[Row], page: Page, unit: float) -> Layout:
    top, right, bottom, left = page.margins
    numbers = [number for number, row in enumerate(rows) if row.words]
    above = [-side(rows[number].words, 1, 0) for number in numbers]
    below = [side(rows[number].words, 1, 1) for number in numbers]
    needed = [under + over for under, over in zip(below, above[1:], strict=False)]
    pitch = page.line_pitch or max(_SPACING * unit, max(needed, default=0.0) + _GAP * unit)
    if len(rows) > 1 and page.line_pitch is None:
        free = (LARGEST - top - bottom - max(above) - max(below)) / (len(rows) - 1)
        pitch = max(_SPACING * unit, min(pitch, free))
    # With a pitch that was asked for, lines may overlap: whichever reaches highest and lowest.
    over = max(high - pitch * number for high, number in zip(above, numbers, strict=True))
    under = max(low + pitch * number for low, number in zip(below, numbers, strict=True))
    width, height = max(row.right for row in rows if row.words) + left + right, over + under + top + bottom
    if not max(width, height) <= LARGEST * (1 + 1e-9):
        raise _too_large("this ink needs", width, height)
    return _sheet(width, height, rows, top + over, pitch, page, unit)


def _paged(rows: list[Row], page: Page, unit: float) -> list[Layout]:
    assert page.size is not None
    (width, height), (top, _, bottom, _) = page.size, page.margins
    full = [row.words for row in rows if row.words]
    above = max(_ABOVE * unit, max(-side(words, 1, 0) for words in full))
    below = max(_BELOW * unit, max(side(words, 1, 1) for words in full))
    free = height - top - bottom - above - below
    if free < -1e-9:
        raise UsageError(
            f"a line is {above + below:.0f} mm high, and the paper has room for {height - top - bottom:.0f}; give a "
            "smaller x-height or smaller margins"
        )
    pitch = page.line_pitch or _ON_PAPER * unit
    most = int(max(free, 0.0) / pitch + 1e-9) + 1
    made = []
    while rows:
        made.append(_sheet(width, height, rows[:most], top + above, pitch, page, unit))
        rows = rows[most:]
        while rows and not rows[0].words:  # no page begins with a blank line
            rows = rows[1:]
    return made


def _sheet(width: float, height: float, rows: list[Row], first: float, pitch: float, page: Page, unit: float) -> Layout:
    left = page.margins[3]
    lines = []
    for number, row in enumerate(rows):
        if row.words:
            base = first + number * pitch
            words = [moved(word, left, base) for word in row.words]
            lines.append(Line(row.text, side(words, 0, 0), side(words, 0, 1), base, words))
    rules: list[Floats] = []
    if page.rules != "none":
        step = pitch if page.rules == "ruled" else pitch / 2
        heights = np.arange(first if page.rules == "ruled" else first % step, height, step)
        rules += [np.array([[0.0, y], [width, y]]) for y in heights]
        if page.rules == "squared":
            rules += [np.array([[x, 0.0], [x, height]]) for x in np.arange(left % step, width, step)]
    return Layout(width, height, unit, lines, rules)


def numbered(path: str | os.PathLike[str], pages: int) -> list[Path]:
    """Where pages are written: to `path` if it is one, else NAME-1, NAME-2, ... with its ending.

    >>> [path.name for path in numbered("letter.svg", 2)]
    ['letter-1.svg', 'letter-2.svg']
    """
    path = Path(path)
    return [path] if pages == 1 else [path.with_name(f"{path.stem}-{n + 1}{path.suffix}") for n in range(pages)]


def foreseen(lines: Sequence[str], page: Page) -> tuple[float, float]:
    """About how wide and high, in mm, a page of these lines will be: what can be said before they are written.

    Raises UsageError where it would be larger than 20 m, or a word wider than the paper.

    >>> foreseen(["Dear Ann,"] * 10, Page())
    (46.0, 150.0)
    """
    top, right, bottom, left = page.margins
    if page.size:
        longest = max((word for line in lines for word in line.split()), key=predicted, default="")
        width, room = _THIN * predicted(longest) * page.x_height, page.size[0] - left - right
        if width > room:
            raise too_wide(longest, width, room, "about ")
        return page.size
    width = max(map(len, lines), default=0) * page.x_height + left + right
    height = len(lines) * (page.line_pitch or _USUAL * page.x_height) + top + bottom
    if max(width, height) > LARGEST:
        raise _too_large(f"{len(lines):,} lines need about", width, height)
    return width, height


def _too_large(what: str, width: float, height: float) -> UsageError:
    size = f"{width / 1000:.3g} x {height / 1000:.3g} m"
    return UsageError(
        f"{what} a page of {size}, above {LARGEST / 1000:.0f} m; draw fewer lines or smaller, or pages: paper a4"
    )
