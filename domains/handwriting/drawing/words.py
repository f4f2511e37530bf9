"""Which strokes of a line of ink belong to which of its words."""

from __future__ import annotations

import numpy as np

from ..ink import Ink
from ..wrap import predicted

_AMISS = 0.3  # of a gap's width, x-heights, what each x-height costs by which a word is wider or narrower than foreseen
_WIDEST = 2.0  # x-heights, beyond which a gap is no more likely to be between words


def words_of(ink: Ink) -> list[tuple[str, list[int]]]:
    """The words of the ink's text, each with the numbers of its strokes, in order of writing; every stroke is in one.

    Words are parted where gaps are wide and words are as wide as their texts foretell, the best way of all: dynamic
    programming over strokes from left to right. Each has a stroke or more, so that ink of fewer strokes than words is
    one word, as is ink without a text.

    >>> line = Ink([[[0, 0], [1, 0]], [[1.2, 0], [2, 0]], [[3, 0], [5, 0]], [[0.5, -1]]], text="in a")
    >>> words_of(line)
    [('in', [0, 1, 3]), ('a', [2])]
    """
    texts, count = (ink.text or "").split(), len(ink.strokes)
    if not 1 < len(texts) <= count:
        return [(" ".join(texts), list(range(count)))]
    left, right = (
        np.array([side(stroke[:, 0]) for stroke in ink.strokes]) / ink.x_height() for side in (np.min, np.max)
    )
    order = np.argsort(left + right, kind="stable")
    begins = np.minimum.accumulate(left[order][::-1])[::-1]  # of a word that begins with this stroke
    ends = np.maximum.accumulate(right[order])
    gaps = np.append(np.minimum(begins[1:] - ends[:-1], _WIDEST), 0.0)  # behind each; below 0 where strokes overlap
    widths = ends - begins[:, None]  # of a word from this stroke (row) to that (column)
    widths[np.tril_indices(count, -1)] = np.nan
    foretold = np.array([predicted(text) for text in texts])
    foretold *= (ends[-1] - begins[0]) / (foretold.sum() + predicted(" ") * (len(texts) - 1))
    best = np.where(np.arange(count) == 0, 0.0, -np.inf)  # of all ways to write the words before from this stroke on
    came = []
    for width in foretold:
        ways = np.nan_to_num(best[:, None] + gaps - _AMISS * np.abs(widths - width), nan=-np.inf)
        came.append(ways.argmax(axis=0))
        best = np.append(-np.inf, ways.max(axis=0)[:-1])
    cuts, last = [], count - 1
    for begin in reversed(came):
        cuts.append(int(begin[last]))
        last = cuts[-1] - 1
    groups = np.split(order, cuts[-2::-1])
    return [(text, sorted(group.tolist())) for text, group in zip(texts, groups, strict=True)]
