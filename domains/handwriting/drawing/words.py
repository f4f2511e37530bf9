"""Which strokes of a line of ink belong to which of its words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..ink import Floats, Ink
from ..wrap import predicted

_STRAY = 0.15  # of a gap's width, x-heights, it loses for each x-height that it is away from where the text has it


def words_of(ink: Ink) -> list[tuple[str, list[int]]]:
    """The words of the ink's text, each with the numbers of its strokes, in order of writing; every stroke is in one.

    Words are parted at the widest gaps that lie about where the text has its spaces: as many as there are, a stroke or
    more between them. Ink with fewer strokes than words, or without a text, is one word.

    >>> line = Ink([[[0, 0], [1, 0]], [[1.2, 0], [2, 0]], [[3, 0], [5, 0]], [[0.5, -1]]], text="in a")
    >>> words_of(line)
    [('in', [0, 1, 3]), ('a', [2])]
    """
    texts = (ink.text or "").split()
    if not 1 < len(texts) <= len(ink.strokes):
        return [(" ".join(texts), list(range(len(ink.strokes))))]
    left, right = (np.array([side(stroke[:, 0]) for stroke in ink.strokes]) for side in (np.min, np.max))
    order = np.argsort(left + right, kind="stable")
    # Before each stroke but the first, by their middles: how wide the gap is, and where. Below 0 where strokes overlap.
    ends = np.maximum.accumulate(right[order])[:-1]
    begins = np.minimum.accumulate(left[order][::-1])[::-1][1:]
    unit = ink.x_height()
    ahead = np.cumsum([predicted(text + " ") for text in texts])
    share = (ahead[:-1] - predicted(" ") / 2) / (ahead[-1] - predicted(" "))
    meant = left.min() + share * (right.max() - left.min())
    worth = (begins - ends)[None] - _STRAY * np.abs((begins + ends)[None] / 2 - meant[:, None])
    cuts = _best(worth / unit)
    groups = np.split(order, cuts + 1)
    return [(text, sorted(group.tolist())) for text, group in zip(texts, groups, strict=True)]


def _best(worth: Floats) -> NDArray[np.int64]:
    """A column for each row of `worth` [R, C], each later than the one before, of the greatest sum. R <= C."""
    rows, columns = worth.shape
    total = np.full(columns, -np.inf)
    came = np.zeros((rows, columns), np.int64)
    for row in range(rows):
        if row == 0:
            total = worth[0].copy()
            continue
        running = np.concatenate([[-np.inf], total[:-1]])
        best = np.maximum.accumulate(running)
        first = np.where(running >= best, np.arange(columns) - 1, -1)
        came[row] = np.maximum.accumulate(first)
        total = best + worth[row]
    at = int(np.argmax(total))
    found = [at]
    for row in range(rows - 1, 0, -1):
        at = int(came[row, at])
        found.append(at)
    return np.array(found[::-1])
