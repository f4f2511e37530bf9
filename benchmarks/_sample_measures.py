"""What can go wrong with a composed piece, as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from seqgen.domains.music import DRUMS, Score


def longest_silence(score: Score) -> float:
    """Seconds without a note, the beginning included."""
    sounding, silence = 0.0, 0.0
    for note in score.notes:
        silence = max(silence, note.onset - sounding)
        sounding = max(sounding, note.end)
    return silence


def longest_note(score: Score) -> float:
    return max((note.duration for note in score.notes), default=0.0)


def same_bars(score: Score) -> int:
    """How many bars in a row are the same, at the most."""
    starts = [score.time_at(beat) for beat in np.arange(0, score.beat_at(score.seconds), score.meters[0].quarters)]
    bars = [
        [(round(n.onset - start, 2), n.pitch, round(n.duration, 2)) for n in score.notes if start <= n.onset < end]
        for start, end in pairwise([*starts, score.seconds])
    ]
    return max((len(list(run)) for _, run in groupby(bars)), default=0)


def pitch_classes(scores: Sequence[Score]) -> NDArray[np.float64]:
    """Which share of sounding time each of the twelve pitch classes has, relative to each piece's most frequent bass.

    Pieces are in all keys: without the shift every histogram would come out flat.
    """
    total = np.zeros(12)
    for score in scores:
        notes = [note for note in score.notes if note.program != DRUMS]
        histogram = np.zeros(12)
        for note in notes:
            histogram[note.pitch % 12] += note.duration
        lowest = min(
            {note.part for note in notes}, key=lambda part: np.mean([n.pitch for n in notes if n.part == part])
        )
        bass = np.zeros(12)
        for note in notes:
            bass[note.pitch % 12] += note.duration * (note.part == lowest)
        total += np.roll(histogram, -int(bass.argmax()))
    shares: NDArray[np.float64] = total / total.sum()
    return shares


def overlap(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Of two histograms: 1 where they are the same, 0 where they share nothing."""
    return float(np.minimum(one, other).sum())
