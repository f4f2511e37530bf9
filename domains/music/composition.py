"""What a model made: a piece, and what of it is new."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from .score import Meter, Score


class Composition(NamedTuple):
    """What was made. score: primer and all; made: how many of its notes are new; closed: how many of these were still
    sounding where it ends, and were ended there; new: how many of its seconds are new; whole: whether it is as long as was
    asked for."""

    score: Score
    made: int
    closed: int
    new: float = 0.0
    whole: bool = True

    @property
    def longest_hold(self) -> float:
        """Seconds for which nothing new is struck, at most, in what is new."""
        begin = self.score.seconds - self.new
        struck = sorted({begin, *(note.onset for note in self.score.notes if note.onset >= begin), self.score.seconds})
        return max((after - before for before, after in pairwise(struck)), default=0.0)


def said(steps: np.ndarray, prompt: np.ndarray) -> np.ndarray:
    """What was made, and the key that a piece from nothing was told."""
    return np.concatenate([prompt, steps]) if len(prompt) == 2 else steps


def in_meter(score: Score, meter: Meter, phase: int) -> Score:
    """The grammar lets no bar be of another meter; the grid alone would count a bar of 2/2 in quarters. A piece that
    ends in the bar which its primer began (`phase`) has no bar line for a meter."""
    bars = [bar for bar in score.meters[:1] if bar.time or not phase]
    return dataclasses.replace(score, meters=[meter._replace(time=bar.time) for bar in bars])
