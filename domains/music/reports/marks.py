"""What a harmony teacher would mark in pieces for four voices, as counts that add up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..grid import PER_BEAT, REST, TIED, Grid, key_number, to_grid
from ..keys import key_of
from ..score import Score
from ..signs import Key

CHORDS = (  # triads and seventh chords, semitones above their roots; the fifth of a seventh chord may be missing
    *((0,), (0, 3), (0, 4), (0, 4, 7), (0, 3, 7), (0, 3, 6), (0, 4, 8)),
    *((0, 4, 7, 10), (0, 4, 10), (0, 3, 7, 10), (0, 3, 10), (0, 4, 7, 11), (0, 4, 11), (0, 3, 6, 10), (0, 3, 6, 9)),
)
KINDS = {frozenset((root + tone) % 12 for tone in chord) for chord in CHORDS for root in range(12)}
EDGE = 1e-6  # seconds: what begins on a bar line begins behind it, however times were added up
BEYOND = 6  # semitones outside a range, from which on a voice is wild
FIGURE = 6  # moves of a soprano that are a figure


class Marks(NamedTuple):
    """Counts of pieces. steps: sixteenths. changes: of chords. outside: pieces with a wild voice. beats: those that were
    looked at. ends: last chords that are a triad in root position; tonics: of these, on the tonic. figures: all of a
    soprano's; repeated: those that it sang before.

    >>> (Marks(pieces=1, steps=16) + Marks(pieces=1, steps=32)).steps
    48
    """

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
    ends: int = 0
    tonics: int = 0
    figures: int = 0
    repeated: int = 0

    def __add__(self, other: Marks) -> Marks:  # type: ignore[override]
        return Marks(*(one + two for one, two in zip(self, other, strict=True)))


def marks(score: Score, ranges: Sequence[tuple[int, int]]) -> Marks:
    """Of one piece for four voices. Raises DataError for another.

    ranges: lowest and highest pitch of each voice, the highest voice first.

    A chord changes where any voice sings another pitch than in the sixteenth before. Two voices that then move the same way
    and are a fifth (an octave, a unison) apart before and after, or octaves more, are a parallel.
    """
    grid = to_grid(score)
    voices = pitches(grid.cells)
    before, after = voices[:-1], voices[1:]
    sung = [voice[voice >= 0].tolist() for voice in voices.T]
    wild = any(
        voice and (min(voice) < low - BEYOND or max(voice) > high + BEYOND)
        for voice, (low, high) in zip(sung, ranges, strict=True)
    )
    on_beats = [frozenset((row[row >= 0] % 12).tolist()) for row in voices[sorted({*grid.bars, *grid.beats})]]
    triad = _root_position(voices[-1])
    figures = [
        tuple(moves[at : at + FIGURE]) for moves in [_moves(grid.cells[:, 0])] for at in range(len(moves) - FIGURE)
    ]
    return Marks(
        pieces=1,
        steps=len(voices),
        changes=int((before != after).any(axis=1).sum()),
        fifths=parallels(voices, 7),
        octaves=parallels(voices, 0),
        leaps=sum(abs(two - one) > 12 for voice in sung for one, two in pairwise(voice)),
        crossed=int(((voices >= 0).all(axis=1) & (np.diff(voices, axis=1) > 0).any(axis=1)).sum()),
        outside=int(wild),
        beats=len(on_beats),
        chords=sum(beat in KINDS for beat in on_beats),
        ends=int(triad),
        tonics=int(triad and int(voices[-1, 3]) % 12 == key_number(key_of(score)) % 12),
        figures=len(figures),
        repeated=len(figures) - len(set(figures)),
    )


def pitches(cells: NDArray[np.int32]) -> NDArray[np.int32]:
    """What each voice sings in each sixteenth, -1 where it rests, int `[steps, 4]`."""
    return np.where(cells == REST, -1, cells % TIED).astype(np.int32)


def parallels(voices: NDArray[np.int32], interval: int) -> int:
    """How often two voices move the same way and stay `interval` apart, modulo an octave."""
    before, after = voices[:-1], voices[1:]
    way, known, found = np.sign(after - before), (before >= 0) & (after >= 0), 0
    for upper, lower in combinations(range(4), 2):
        apart = [(part[:, upper] - part[:, lower]) % 12 == interval for part in (before, after)]
        moved = (way[:, upper] == way[:, lower]) & (way[:, upper] != 0) & known[:, upper] & known[:, lower]
        found += int((moved & apart[0] & apart[1]).sum())
    return found


def _moves(voice: NDArray[np.int32]) -> list[int]:
    """The intervals between a voice's notes, repeated ones included."""
    return [int(move) for move in np.diff(voice[voice < TIED])]


def ends_on_tonic(score: Score) -> bool:
    """Whether the last chord is the tonic triad of the key that the piece names, in root position."""
    chord = pitches(to_grid(score).cells)[-1]
    return bool(score.keys) and _root_position(chord) and int(chord[3]) % 12 == key_number(score.keys[-1]) % 12


def _root_position(chord: NDArray[np.int32]) -> bool:
    """A major or minor triad, or its root and third, above its root."""
    above = frozenset(((chord - chord[3]) % 12).tolist())
    return bool((chord >= 0).all()) and above in ({0, 3, 7}, {0, 4, 7}, {0, 3}, {0, 4})


def total(scores: Iterable[Score], ranges: Sequence[tuple[int, int]]) -> Marks:
    """Of many pieces."""
    whole = Marks()
    for score in scores:
        whole += marks(score, ranges)
    return whole


def rates(whole: Marks) -> dict[str, float]:
    """Figures by name.

    >>> rates(Marks(pieces=2, changes=200, fifths=3))["parallel fifths / 100 chord changes"]
    1.5
    """

    def share(part: int, of: int, scale: float = 100) -> float:
        return scale * part / max(of, 1)

    return {
        "parallel fifths / 100 chord changes": share(whole.fifths, whole.changes),
        "parallel octaves / 100 chord changes": share(whole.octaves, whole.changes),
        "leaps over an octave / 16 bars": share(whole.leaps, whole.steps, 64 * PER_BEAT),
        "sixteenths with crossed voices, %": share(whole.crossed, whole.steps),
        f"pieces with a voice over {BEYOND} semitones outside its range, %": share(whole.outside, whole.pieces),
        "beats that are a triad or a seventh chord, %": share(whole.chords, whole.beats),
        "last chord a triad in root position, %": share(whole.ends, whole.pieces),
        "last chord the tonic's, in root position, %": share(whole.tonics, whole.pieces),
        f"soprano figures of {FIGURE} moves that come back, %": share(whole.repeated, whole.figures),
    }


def close(one: Key, other: Key) -> bool:
    """The same key, its relative, its dominant or its subdominant.

    >>> close(Key(0.0, 0), Key(0.0, 0, "minor")), close(Key(0.0, 0), Key(0.0, 2))
    (True, False)
    """
    return one.fifths == other.fifths or (one.mode == other.mode and (one.fifths - other.fifths) % 12 in (1, 11))


def bars_of(score: Score, first: int, last: int) -> Score | None:
    """Bars `first` up to, not with, `last`, counted from 0 from the first bar line; an upbeat is with bar 0. None: too short."""
    lines = [*to_grid(score).bars]
    if last > len(lines) or (last == len(lines) and score.beat_at(score.seconds) * PER_BEAT < lines[-1]):
        return None
    ends = [*lines[1:], len(to_grid(score).cells)]
    begin = 0.0 if first == 0 else score.time_at(lines[first] / PER_BEAT) - EDGE
    return score.until(score.time_at(ends[last - 1] / PER_BEAT) - EDGE).since(begin)


def kept(before: Sequence[Score], after: Sequence[Score]) -> tuple[float, float]:
    """Shares of pieces whose key stays the same, and stays the same or a close one, by their notes; both in percent."""
    pairs = [(key_of(one), key_of(two)) for one, two in zip(before, after, strict=True)]
    same = sum(one[1:] == two[1:] for one, two in pairs)
    return 100 * same / max(len(pairs), 1), 100 * sum(close(*pair) for pair in pairs) / max(len(pairs), 1)


def ranges_of(codec: Grid, pieces: Sequence[Score]) -> Sequence[tuple[int, int]]:
    """The ranges that a model knows, or those of the pieces."""
    if codec.ranges:
        return codec.ranges
    found = np.concatenate([pitches(to_grid(piece).cells) for piece in pieces])
    return [(int(voice[voice >= 0].min()), int(voice.max())) for voice in found.T]
