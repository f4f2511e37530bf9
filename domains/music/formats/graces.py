"""Grace notes of sheet music: how long they sound, and when."""

from __future__ import annotations

import math
from collections.abc import Iterable

GRACE = 0.125  # quarter notes


def ahead(count: int, before: Iterable[float]) -> list[float]:
    """How long before the beat each of `count` grace notes sounds, in quarter notes: the first of these is taken from what
    sounds before, the last is as long as each of them lasts.

    before: the lengths of the notes that sound before; at most half of the shortest is taken.

    >>> ahead(2, [1.0]), ahead(2, [0.25])
    ([0.25, 0.125], [0.125, 0.0625])
    """
    each = min(GRACE, min(before, default=math.inf) / 2 / count)
    return [place * each for place in range(count, 0, -1)]
