"""Stamps of time as pens and tablets give them, wrong ones among them, and what they must have been."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

from ..ink import Floats

_RIGHT = 0.9  # of the stamps of a line: with more wrong ones, its times mean nothing


def mended(times: Sequence[Floats]) -> list[Floats] | None:
    """Stamps that never decrease: wrong ones, and repeated ones, move evenly between their right neighbours.

    Right is the longest part of them that never decreases. None where that is below nine in ten, or where all stamps
    are the same: such a clock did not run.

    >>> import numpy as np
    >>> [stroke.tolist() for stroke in mended([np.array([0.0, 1, 9, 3, 4, 5, 6]), np.array([7.0, 8, 8, 10])])]
    [[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0, 10.0]]
    """
    stamps = np.concatenate([*times, np.zeros(0)])
    if not np.all(np.abs(stamps) < 1e100):  # nor NaN; and there is room to subtract
        return None
    if np.any(np.diff(stamps) <= 0):
        right = _longest_rising(stamps.tolist())
        if len(right) < _RIGHT * len(stamps):
            return None
        knots = right[np.concatenate([[True], np.diff(stamps[right]) > 0])]
        if len(knots) < 2:
            return None
        usual = float(np.median(np.diff(stamps[knots]) / np.diff(knots)))
        # Before the first knot and after the last, time goes on as fast as it usually does.
        first, last = stamps[knots[0]] - usual * knots[0], stamps[knots[-1]] + usual * (len(stamps) - 1 - knots[-1])
        places = np.concatenate([[-0.5], knots, [len(stamps) - 0.5]])
        values = np.concatenate([[first - usual / 2], stamps[knots], [last + usual / 2]])
        stamps = np.maximum.accumulate(np.interp(np.arange(len(stamps)), places, values))
    return np.split(stamps, np.cumsum([len(stroke) for stroke in times])[:-1])


def _longest_rising(stamps: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The indices of a longest part that never decreases (patience sorting)."""
    tails: list[float] = []  # the least last stamp of a part of each length
    ends: list[int] = []  # where it is
    before = [-1] * len(stamps)
    for index, stamp in enumerate(stamps):
        length = bisect_right(tails, stamp)
        before[index] = ends[length - 1] if length else -1
        tails[length : length + 1] = [stamp]
        ends[length : length + 1] = [index]
    part = []
    index = ends[-1] if ends else -1
    while index >= 0:
        part.append(index)
        index = before[index]
    return np.array(part[::-1], np.int64)
