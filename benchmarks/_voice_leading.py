"""What a harmony teacher would mark in a chorale, as numbers: of cells on the grid, soprano to bass."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqgen.domains.music import Score, key_of
from seqgen.domains.music.grid import PER_BEAT, REST, Steps16, to_grid

CHORDS = (  # triads and seventh chords, semitones above their roots; the fifth of a seventh chord may be missing
    *((0,), (0, 3), (0, 4), (0, 4, 7), (0, 3, 7), (0, 3, 6), (0, 4, 8)),
    *((0, 4, 7, 10), (0, 4, 10), (0, 3, 7, 10), (0, 3, 10), (0, 4, 7, 11), (0, 4, 11), (0, 3, 6, 10), (0, 3, 6, 9)),
)
KINDS = {frozenset((root + tone) % 12 for tone in chord) for chord in CHORDS for root in range(12)}
TRIADS = {frozenset((root + tone) % 12 for tone in chord) for chord in ((0, 4, 7), (0, 3, 7)) for root in range(12)}
RANGES = ((60, 81), (52, 74), (46, 69), (36, 66))  # of Bach's chorales


class Marks(NamedTuple):
    """Counts of pieces, which add up: see `figures` for the rates made of them."""

    pieces: int = 0
    steps: int = 0
    changes: int = 0
    fifths: int = 0
    octaves: int = 0
    leaps: int = 0
    crossed: int = 0
    outside: int = 0
    beats: int = 0
    chords: int = 0
    ends: int = 0  # with a triad in root position
    tonics: int = 0  # of these, on the tonic

    def plus(self, other: Marks) -> Marks:
        return Marks(*(one + two for one, two in zip(self, other, strict=True)))


def pitches(grid: Steps16) -> NDArray[np.int32]:
    """What each voice sings in each sixteenth, -1 where it rests, int `[steps, 4]`."""
    cells = grid.cells
    return np.where(cells == REST, -1, cells % 128).astype(np.int32)


def marks(score: Score) -> Marks:
    """Of one piece for four voices.

    A chord change is a step at which any voice sings another pitch than before. A pair of voices that both move then, and
    was a fifth (an octave, a unison) apart and is so again, is a parallel.
    """
    grid = to_grid(score)
    voices = pitches(grid)
    before, after = voices[:-1], voices[1:]
    changes = int((before != after).any(axis=1).sum())
    apart = {7: 0, 0: 0}
    for upper, lower in combinations(range(4), 2):
        pair = [upper, lower]
        moved = (before[:, pair] != after[:, pair]).all(axis=1) & (voices[:-1][:, pair] >= 0).all(axis=1)
        moved &= (after[:, pair] >= 0).all(axis=1)
        moved &= np.sign(after - before)[:, upper] == np.sign(after - before)[:, lower]
        for interval in apart:
            same = [(part[:, upper] - part[:, lower]) % 12 == interval for part in (before, after)]
            apart[interval] += int((moved & same[0] & same[1]).sum())
    sung = [[pitch for pitch in voice.tolist() if pitch >= 0] for voice in voices.T]
    leaps = sum(abs(two - one) > 12 for voice in sung for one, two in pairwise(voice))
    sounding = (voices >= 0).all(axis=1)
    crossed = int((sounding & (np.diff(voices, axis=1) > 0).any(axis=1)).sum())
    outside = any(
        min(voice) < low - 6 or max(voice) > high + 6 for voice, (low, high) in zip(sung, RANGES, strict=True) if voice
    )
    on_beats = [{p % 12 for p in voices[step].tolist() if p >= 0} for step in sorted({*grid.bars, *grid.beats})]
    last = voices[-1]
    triad = bool((last >= 0).all()) and _root_position(last)
    tonic = triad and int(last[3]) % 12 == tonic_of(score)
    return Marks(
        1,
        len(voices),
        changes,
        apart[7],
        apart[0],
        leaps,
        crossed,
        int(outside),
        len(on_beats),
        sum(frozenset(beat) in KINDS for beat in on_beats),
        int(triad),
        int(tonic),
    )


def tonic_of(score: Score) -> int:
    key = key_of(score)
    return (7 * key.fifths + (9 if key.mode == "minor" else 0)) % 12


def _root_position(chord: NDArray[np.int32]) -> bool:
    classes = frozenset(int(pitch) % 12 for pitch in chord)
    return any(
        classes == triad or (len(classes) == 2 and classes < triad and (int(chord[3]) + 7) % 12 not in classes)
        for triad in TRIADS
        if {(int(chord[3]) + 7) % 12, int(chord[3]) % 12} <= triad
    )


def total(scores: Sequence[Score]) -> Marks:
    """Of many pieces."""
    whole = Marks()
    for score in scores:
        whole = whole.plus(marks(score))
    return whole


def figures(whole: Marks) -> dict[str, float]:
    """Rates by name."""
    return {
        "parallel fifths / 100 chord changes": 100 * whole.fifths / max(whole.changes, 1),
        "parallel octaves / 100 chord changes": 100 * whole.octaves / max(whole.changes, 1),
        "leaps over an octave / 16 bars": whole.leaps * 64 * PER_BEAT / max(whole.steps, 1),
        "steps with crossed voices, %": 100 * whole.crossed / max(whole.steps, 1),
        "pieces with a voice over 6 semitones outside its range, %": 100 * whole.outside / max(whole.pieces, 1),
        "beats that are a triad or seventh chord, %": 100 * whole.chords / max(whole.beats, 1),
        "last chord a triad in root position, %": 100 * whole.ends / max(whole.pieces, 1),
        "last chord on the tonic, %": 100 * whole.tonics / max(whole.pieces, 1),
    }
