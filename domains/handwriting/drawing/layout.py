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
from .nib import pressures
from .page import LARGEST, Page
from .words import words_of

Lines = Ink | Iterable[Ink | Sequence[Ink]]  # a line, or several; those of a list among them are one paragraph

_FITTING = 2_000.0  # mm: where nobody gave a scale, ink with an outlier is made to fit here
_SPACING = 2.5  # x-heights from line to line, at least
_USUAL = 3.5  # x-heights from line to line, as most texts need them
_ON_PAPER = 3.0  # the same, on paper
_ABOVE, _BELOW = 2.0, 1.0  # x-heights that lines on paper have room for above and below the one they stand on
_GAP = 0.4  # x-heights between the lowest point of a line and the highest of the next, at least
_SPACE, _LEAST, _WIDEST = 1.0, 0.4, 2.5  # x-heights between words: usually; at least; and at most, if justified
_THIN = 0.8  # x-heights of a character in the narrowest hand: what says beforehand that a word is too wide
_RAGGED = 1.5  # x-heights, the farthest that a line begins from the margin


class Word(NamedTuple):
    """Strokes [N, 2] in mm from the page's upper left corner; widths [N] of each in mm, or none: the pen's."""

    text: str
    strokes: list[Floats]
    widths: list[Floats]


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


class _Row(NamedTuple):
    """A line before it has its place: words from x = 0 on, about y = 0; last: of its paragraph."""

    words: list[Word]
    text: str
    last: bool

    @property
    def right(self) -> float:
        return _side(self.words, 0, 1) if self.words else 0.0


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
    room = page.size[0] - left - right if page.size else math.inf
    rows = [row for lines in paragraphs for row in _rows(lines, page, scale, unit, room)]
    while not rows[0].words:
        rows.pop(0)
    while not rows[-1].words:
        rows.pop()
    rows = _aligned(rows, page, unit, room if page.size else max(row.right for row in rows))
    return _paged(rows, page, unit) if page.size else [_fitting(rows, page, unit)]


def _rows(lines: list[Ink], page: Page, scale: float, unit: float, room: float) -> list[_Row]:
    """The lines of a paragraph; one without words for a blank one."""
    if not any(ink.strokes for ink in lines):
        return [_Row([], "", True) for _ in lines]
    lines = [ink for ink in lines if ink.strokes]
    boxes = [_words(ink, page, scale) for ink in lines]
    if room == math.inf:
        return [_Row(words, ink.text or "", ink is lines[-1]) for ink, words in zip(lines, boxes, strict=True)]
    rows: list[_Row] = []
    at, here = 0.0, list[Word]()
    for words in boxes:
        before = -_SPACE * unit
        for word in words:
            begin, end = _side([word], 0, 0), _side([word], 0, 1)
            if end - begin > room * (1 + 1e-9):
                raise _too_wide(word.text, end - begin, room)
            space = max(begin - before, _LEAST * unit)
            before = end
            if here and at + space + end - begin > room:
                rows.append(_flowed(here, False))
                here = []
            at = at + space if here else 0.0
            here.append(_moved(word, at - begin, 0.0))
            at += end - begin
    return [*rows, _flowed(here, True)]


def _flowed(words: list[Word], last: bool) -> _Row:
    return _Row(words, " ".join(word.text for word in words if word.text), last)


def _words(ink: Ink, page: Page, scale: float) -> list[Word]:
    """The words of a line in mm, from x = 0 on, standing on y = 0, leant as asked for."""
    left, top, _, bottom = ink.bounds
    base = min(max(ink.baseline(), top), bottom)
    lean = scale * np.array([[1.0, 0.0], [-math.tan(math.radians(page.slant)), 1.0]])
    strokes = [(stroke - (left, base)) @ lean for stroke in ink.strokes]
    widths = [page.pen * width for width in pressures(ink)] if page.nib == "speed" else []
    words = [
        Word(text, [strokes[i] for i in chosen], [widths[i] for i in chosen if widths])
        for text, chosen in words_of(ink)
    ]
    begin = _side(words, 0, 0)
    return [_moved(word, -begin, 0.0) for word in words]


def _aligned(rows: list[_Row], page: Page, unit: float, room: float) -> list[_Row]:
    """Each line where it begins, its spaces widened, and turned, as asked for."""
    chance = np.random.default_rng(len(rows))  # the same lines, the same page
    made = []
    for row in rows:
        start, turn = chance.uniform(0, 1), chance.uniform(-1, 1)
        free = max(room - row.right, 0.0)
        words, gaps = row.words, len(row.words) - 1
        if page.align == "justified" and not row.last and 0 < free <= gaps * _WIDEST * unit:
            words = [_moved(word, free * number / gaps, 0.0) for number, word in enumerate(words)]
        shift = {"centred": free / 2, "ragged": min(start * _RAGGED * unit, free)}.get(page.align, 0.0)
        slope = math.tan(math.radians(page.drift * turn))
        made.append(row._replace(words=[_turned(_moved(word, shift, 0.0), slope, room / 2) for word in words]))
    return made


def _fitting(rows: list[_Row], page: Page, unit: float) -> Layout:
    top, right, bottom, left = page.margins
    numbers = [number for number, row in enumerate(rows) if row.words]
    above = [-_side(rows[number].words, 1, 0) for number in numbers]
    below = [_side(rows[number].words, 1, 1) for number in numbers]
    needed = [under + over for under, over in zip(below, above[1:], strict=False)]
    pitch = page.line_pitch or max(_SPACING * unit, max(needed, default=0.0) + _GAP * unit)
    if len(rows) > 1 and page.line_pitch is None:
        free = (LARGEST - top - bottom - above[0] - below[-1]) / (len(rows) - 1)
        pitch = max(_SPACING * unit, min(pitch, free))
    # With a pitch that was asked for, lines may overlap: whichever reaches highest and lowest.
    over = max(high - pitch * number for high, number in zip(above, numbers, strict=True))
    under = max(low + pitch * number for low, number in zip(below, numbers, strict=True))
    width, height = max(row.right for row in rows if row.words) + left + right, over + under + top + bottom
    if not max(width, height) <= LARGEST * (1 + 1e-9):
        raise _too_large("this ink needs", width, height)
    return _sheet(width, height, rows, top + over, pitch, page, unit)


def _paged(rows: list[_Row], page: Page, unit: float) -> list[Layout]:
    assert page.size is not None
    (width, height), (top, _, bottom, _) = page.size, page.margins
    full = [row.words for row in rows if row.words]
    above = max(_ABOVE * unit, max(-_side(words, 1, 0) for words in full))
    below = max(_BELOW * unit, max(_side(words, 1, 1) for words in full))
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


def _sheet(
    width: float, height: float, rows: list[_Row], first: float, pitch: float, page: Page, unit: float
) -> Layout:
    left = page.margins[3]
    lines = []
    for number, row in enumerate(rows):
        if row.words:
            base = first + number * pitch
            words = [_moved(word, left, base) for word in row.words]
            lines.append(Line(row.text, _side(words, 0, 0), _side(words, 0, 1), base, words))
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
            raise _too_wide(longest, width, room, "about ")
        return page.size
    width = max(map(len, lines), default=0) * page.x_height + left + right
    height = len(lines) * (page.line_pitch or _USUAL * page.x_height) + top + bottom
    if max(width, height) > LARGEST:
        raise _too_large(f"{len(lines):,} lines need about", width, height)
    return width, height


def _too_large(what: str, width: float, height: float) -> UsageError:
    size = f"{width / 1000:.3g} x {height / 1000:.3g} m"
    return UsageError(f"{what} a page of {size}, above {LARGEST / 1000:.0f} m; draw fewer lines or smaller")


def _too_wide(text: str, width: float, room: float, about: str = "") -> UsageError:
    what = f"the word {text[:40]!r}" if text else "a line of ink without a text"
    return UsageError(
        f"{what} is {about}{width:.0f} mm wide, and the paper has room for {room:.0f}; give a smaller x-height, smaller "
        "margins or a larger paper"
    )


def _moved(word: Word, dx: float, dy: float) -> Word:
    return word._replace(strokes=[stroke + np.array([dx, dy]) for stroke in word.strokes])


def _turned(word: Word, slope: float, middle: float) -> Word:
    if not slope:
        return word
    shear = np.array([[1.0, slope], [0.0, 1.0]])
    return word._replace(strokes=[(stroke - (middle, 0)) @ shear + (middle, 0) for stroke in word.strokes])


def _side(words: list[Word], axis: int, far: int) -> float:
    """The least (`far` 0) or greatest (1) x (`axis` 0) or y (1) of words."""
    return float((min, max)[far]((np.min, np.max)[far](stroke[:, axis]) for word in words for stroke in word.strokes))
