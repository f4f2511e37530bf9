"""Strokes of a page of notes to its lines of writing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqgen.errors import DataError

from ..ink import Floats

MOST = 10_000  # strokes of a page: a full one has 3,000

_SMALL = 0.3  # of the usual height of a stroke: dots and dashes, which say little about where a line is
_NEAR = 0.95  # usual heights between the middle of a stroke and that of what its line had last
_COLUMN = 16.0  # usual heights: a wider gap in a line is one between columns
_LAST = 4  # strokes of a line that say where it is now: lines climb and fall
_ABOVE = 2.5  # usual heights between a dot and the middle of its letter, at most
_BESIDE = 0.1  # how much less a dot is drawn to what is above or below it than to what is beside it
_AROUND = 60  # strokes before and after a dot in which its letter is looked for


def lines_of_strokes(strokes: Sequence[Floats], name: str) -> list[list[int]]:
    """Which strokes are a line, in the order of writing; lines from top to bottom, columns from left to right.

    A stroke belongs to the line that it overlaps: the middle of its ink is less than a usual height above or below
    where the line runs there. Dots and dashes belong to the nearest line. A line is cut in two where it has a gap
    of sixteen heights. y is down, in any unit. Raises DataError for more than 10,000 strokes.

    >>> words = [np.array([[x, y], [x + 1, y + 2.0]]) for y in (0, 5) for x in range(0, 9, 3)]
    >>> dot = np.array([[0.5, 4.5]])
    >>> lines_of_strokes([*words, dot], "notes")
    [[0, 1, 2], [3, 4, 5, 6]]
    """
    if not strokes:
        return []
    if len(strokes) > MOST:
        raise DataError(f"{name} has a page of {len(strokes):,} strokes, more than {MOST:,}; cut it into several")
    boxes = np.array([[*stroke.min(axis=0), *stroke.max(axis=0)] for stroke in strokes])
    heights = boxes[:, 3] - boxes[:, 1]
    tall = heights >= _SMALL * np.quantile(heights, 0.9)
    usual = float(np.quantile(heights[tall], 0.75)) or float(np.max(boxes[:, 2] - boxes[:, 0])) or 1.0
    middles = np.array([_middle(stroke) for stroke in strokes])
    centres = (boxes[:, 0] + boxes[:, 2]) / 2
    lines: list[list[int]] = []
    first, last = np.zeros((2, 0)), np.zeros((2, 0))  # where each line began, and was written last: x and y
    for index in np.flatnonzero(tall).tolist():
        here = centres[index], middles[index]
        along = np.clip((here[0] - first[0]) / np.where(last[0] > first[0], last[0] - first[0], 1.0), 0.0, 1.0)
        apart = np.abs(first[1] + along * (last[1] - first[1]) - here[1])
        if len(lines) and apart.min() < _NEAR * usual:
            nearest = int(apart.argmin())
            line = lines[nearest]
            line.append(index)
            last[:, nearest] = here[0], middles[line[-_LAST:]].mean()
            if len(line) <= _LAST:
                first[:, nearest] = first[0, nearest], last[1, nearest]
        else:
            lines.append([index])
            first, last = np.column_stack([first, here]), np.column_stack([last, here])
    big = np.flatnonzero(tall)
    of = np.empty(len(strokes), np.int64)  # the line of each stroke
    for number, line in enumerate(lines):
        of[line] = number
    for index in np.flatnonzero(~tall).tolist():
        at = int(np.searchsorted(big, index))
        around = big[max(at - 1, 0) : at + 1]  # written just before it and just after it
        near = np.abs(middles[around] - middles[index]) < _ABOVE * usual
        if not near.any():
            around = big[max(at - _AROUND, 0) : at + _AROUND]
        beside = np.maximum(np.maximum(boxes[around, 0] - boxes[index, 2], boxes[index, 0] - boxes[around, 2]), 0)
        far = np.abs(middles[around] - middles[index]) + _BESIDE * beside
        of[index] = of[around[int(far.argmin())]]
    lines = [np.flatnonzero(of == number).tolist() for number in range(len(lines))]
    order = np.argsort([middles[line].mean() for line in lines], kind="stable").tolist()
    return [column for number in order for column in _columns(lines[number], boxes, usual)]


def _middle(stroke: Floats) -> float:
    """The height of half of its ink."""
    if len(stroke) == 1:
        return float(stroke[0, 1])
    lengths = np.hypot(*np.diff(stroke, axis=0).T)
    middles = (stroke[1:, 1] + stroke[:-1, 1]) / 2
    return float(np.average(middles, weights=lengths) if lengths.sum() > 0 else middles.mean())


def _columns(line: list[int], boxes: Floats, usual: float) -> list[list[int]]:
    by_left = np.array(line)[np.argsort(boxes[line, 0], kind="stable")]
    reach = np.maximum.accumulate(boxes[by_left, 2])
    cuts = np.flatnonzero(boxes[by_left[1:], 0] - reach[:-1] > _COLUMN * usual) + 1
    return [sorted(part.tolist()) for part in np.split(by_left, cuts)]
