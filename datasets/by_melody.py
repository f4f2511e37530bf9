"""Splits pieces so that variants of one melody never stand on both sides."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable

from seqgen.domain import Splits
from seqgen.domains.music.score import Score

SIXTEENTHS = 48  # three bars of 4/4


def incipit(score: Score) -> bytes:
    """How part 0, the soprano, begins: its pitch in each of the first 48 sixteenths, relative to the first one.

    Settings of one melody in other keys, tempos or voices below have the same. A rest, and what is after the end, is a
    sign of its own.
    """
    voice = [note for note in score.notes if note.part == 0]
    onsets = [note.onset for note in voice]
    signs = []
    for sixteenth in range(SIXTEENTHS):
        time = score.time_at((sixteenth + 0.5) / 4)  # in its middle: no edge to round
        note = voice[bisect_right(onsets, time) - 1] if onsets and onsets[0] <= time else None
        signs.append("-" if note is None or note.end <= time else str(note.pitch - voice[0].pitch))
    return " ".join(signs).encode()


def split_by_melody(scores: Iterable[Score]) -> Splits[Score]:
    """About 80 % to train on, 10 % to validate, 10 % to test, by a hash of the incipit: the same for ever."""
    train: list[Score] = []
    valid: list[Score] = []
    test: list[Score] = []
    parts = [*[train] * 8, valid, test]
    for score in scores:
        parts[int.from_bytes(hashlib.sha256(incipit(score)).digest()[:8]) % 10].append(score)
    return Splits(train, valid, test)
