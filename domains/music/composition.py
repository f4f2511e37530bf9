"""What a model made: a piece, and what of it is new."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from .score import Score


class Composition(NamedTuple):
    """What was made. score: primer and all; made: how many of its notes are new; closed: how many of these were still
    sounding where it ends, and were ended there; new: how many of its seconds are new."""

    score: Score
    made: int
    closed: int
    new: float = 0.0

    @property
    def longest_hold(self) -> float:
        """Seconds for which nothing new is struck, at most, in what is new."""
        begin = self.score.seconds - self.new
        struck = sorted({begin, *(note.onset for note in self.score.notes if note.onset >= begin), self.score.seconds})
        return max((after - before for before, after in pairwise(struck)), default=0.0)
