"""Which key a piece is in, from its notes alone."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from .score import DRUMS, Note, Score
from .signs import MODES, Key

# How well each degree fits a key, from its tonic up by semitones (Krumhansl & Kessler 1982).
_PROFILES = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}

TRUST = 0.3  # of a correlation: tunes end on their tonic, 96 in 100 chorales do


def key_of(score: Score, tonic: int | None = None, trust: float = 0.0) -> Key:
    """The key whose profile correlates best with how long each pitch class sounds; C major where nothing does.

    tonic: the pitch class that is expected; `trust`: by how much less another key's correlation counts.
    Source: Krumhansl, Cognitive Foundations of Musical Pitch (1990), chapter 4.

    >>> from seqgen.domains.music import Note
    >>> key_of(Score([Note(0.5 * i, pitch, 0.5) for i, pitch in enumerate((67, 71, 74, 66, 67))]))
    Key(time=0.0, fifths=1, mode='major')
    """
    sounding = _sounding(score.notes)
    if not sounding.std():
        return Key(0.0, 0)
    fits = {(mode, root): _fit(sounding, mode, root) + trust * (root == tonic) for mode in MODES for root in range(12)}
    mode, root = max(fits, key=fits.__getitem__)
    fifths = (7 * (root if mode == "major" else root + 3) + 5) % 12 - 5
    return Key(0.0, fifths, mode)


def mode_of(notes: Iterable[Note], fifths: int) -> str:
    """The mode of what is written under a signature that says none, as `key_of` has it; major where nothing fits better.

    >>> mode_of([Note(0.5 * i, pitch, 0.5) for i, pitch in enumerate((69, 72, 76, 69, 68, 69))], 0)
    'minor'
    """
    sounding, major = _sounding(notes), 7 * fifths % 12
    if not sounding.std():
        return "major"
    return max(MODES, key=lambda mode: _fit(sounding, mode, major - 3 * (mode == "minor")))


def _sounding(notes: Iterable[Note]) -> NDArray[np.float64]:
    """How long each pitch class sounds, `[12]`."""
    sounding = np.zeros(12)
    for note in notes:
        if note.program != DRUMS:
            sounding[note.pitch % 12] += note.duration
    return sounding


def _fit(sounding: NDArray[np.float64], mode: str, root: int) -> float:
    return float(np.corrcoef(sounding, np.roll(_PROFILES[mode], root))[0, 1])
