"""Words of ink as lines: they flow from one to the next, and lines begin and run as they are asked to."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from seqgen.errors import UsageError

from ..ink import Floats, Ink
from .nib import pressures
from .page import Page
from .words import words_of

_SPACE, _LEAST, _WIDEST = 1.0, 0.4, 2.5  # x-heights between words: where none was written; at least; at most
_RAGGED = 1.5  # x-heights, the farthest that a line begins from the margin


class Word(NamedTuple):
    """Strokes [N, 2] in mm from the page's upper left corner; widths [N] of each in mm, or none: the pen's."""

    text: str
    strokes: list[Floats]
    widths: list[Floats]


class Row(NamedTuple):
    """A line, mm: words from x = 0 on, standing on y = 0; without words a blank one. last: of its paragraph."""

    words: list[Word]
    text: str
    last: bool

    @property
    def right(self) -> float:
        return side(self.words, 0, 1) if self.words else 0.0


def rows_of(paragraphs: Sequence[Sequence[Ink]], page: Page, scale: float, unit: float) -> list[Row]:
    """All lines, blank ones among them but for the first and last; a list of inks among `paragraphs` is one.

    scale: mm for a unit of the ink; unit: mm of an x-height. On paper words go on in the next line where one is full,
    elsewhere lines are as they were written. Raises UsageError for a word that paper has no room for.
    """
    written = [[(ink, _words(ink, page, scale)) for ink in lines if ink.strokes] for lines in paragraphs]
    if page.size is None:
        lines = [part or [(Ink(()), list[Word]())] for part in written]
        rows = [Row(words, ink.text or "", ink is part[-1][0]) for part in lines for ink, words in part]
        room = max(row.right for row in rows)
    else:
        room = page.size[0] - page.margins[1] - page.margins[3]
        pairs = [pair for part in written for _, words in part for pair in itertools.pairwise(words)]
        spaces = [side([after], 0, 0) - side([before], 0, 1) for before, after in pairs]
        space = statistics.median(spaces) if spaces else _SPACE * unit
        full = room - _RAGGED * unit if page.align == "ragged" else room
        rows = [row for part in written for row in _flow([words for _, words in part], space, unit, full)]
    filled = [number for number, row in enumerate(rows) if row.words]
    return _aligned(rows[filled[0] : filled[-1] + 1], page, unit, room)


def _flow(lines: list[list[Word]], space: float, unit: float, room: float) -> list[Row]:
    """The lines of a paragraph, as long as there is room; `space` mm where one went on in another line of ink."""
    rows, here, at = list[Row](), list[Word](), 0.0
    for words in lines:
        before = -space
        for word in words:
            begin, end = side([word], 0, 0), side([word], 0, 1)
            if end - begin > room * (1 + 1e-9):
                raise too_wide(word.text, end - begin, room)
            at += min(max(begin - before, _LEAST * unit), _WIDEST * unit)
            before = end
            if here and at + end - begin > room:
                rows.append(_flowed(here, False))
                here = []
            at = at if here else 0.0
            here.append(moved(word, at - begin, 0.0))
            at += end - begin
    return [*rows, _flowed(here, True)]


def _flowed(words: list[Word], last: bool) -> Row:
    return Row(words, " ".join(word.text for word in words if word.text), last)


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
    begin = side(words, 0, 0)
    return [moved(word, -begin, 0.0) for word in words]


def _aligned(rows: list[Row], page: Page, unit: float, room: float) -> list[Row]:
    """Each line where it begins, its spaces widened, and turned, as asked for."""
    chance = np.random.default_rng(len(rows))  # the same lines, the same page
    made = []
    for row in rows:
        start, turn = chance.uniform(0, 1), chance.uniform(-1, 1)
        free = max(room - row.right, 0.0)
        words, gaps = row.words, len(row.words) - 1
        if page.align == "justified" and not row.last and 0 < free <= gaps * _WIDEST * unit:
            words = [moved(word, free * number / gaps, 0.0) for number, word in enumerate(words)]
        shift = {"centred": free / 2, "ragged": min(start * _RAGGED * unit, free)}.get(page.align, 0.0)
        slope = math.tan(math.radians(page.drift * turn))
        made.append(row._replace(words=[_turned(moved(word, shift, 0.0), slope, room / 2) for word in words]))
    return made


def _turned(word: Word, slope: float, middle: float) -> Word:
    if not slope:
        return word
    shear = np.array([[1.0, slope], [0.0, 1.0]])
    return word._replace(strokes=[(stroke - (middle, 0)) @ shear + (middle, 0) for stroke in word.strokes])


def moved(word: Word, dx: float, dy: float) -> Word:
    return word._replace(strokes=[stroke + np.array([dx, dy]) for stroke in word.strokes])


def side(words: list[Word], axis: int, far: int) -> float:
    """The least (`far` 0) or greatest (1) x (`axis` 0) or y (1) of words."""
    return float((min, max)[far]((np.min, np.max)[far](stroke[:, axis]) for word in words for stroke in word.strokes))


def too_wide(text: str, width: float, room: float, about: str = "") -> UsageError:
    what = f"the word {text[:40]!r}" if text else "a line of ink without a text"
    return UsageError(
        f"{what} is {about}{width:.0f} mm wide, and the paper has room for {room:.0f}; give a smaller x-height, smaller "
        "margins or a larger paper"
    )
