"""What is wished of a piece, as nats that its symbols gain or lose: an ending on the tonic, chords to follow.

The model is not asked whether it agrees; particles that were on the way to what is wished outlive the others.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqgen.errors import UsageError

from ..grid import PER_BEAT, REST, TIED
from ..signs import Key
from ..symbols import KINDS, NO_CHORD, TONES, chord_named
from .given import Stream

LAST = 8.0  # nats that a last chord loses for each note that is not of it
THIRD = 3.0  # and for an inner voice that could be the missing third and is another note of it
ON_BEAT, BETWEEN, ROOT = (
    3.0,
    1.5,
    1.0,
)  # of a chord: a strange note where a beat begins, elsewhere, a bass that is no root
BASS = 3
INNER = 1, 2


class Tones(NamedTuple):
    """A chord: the pitch class of its bass, and those of its notes.

    >>> Tones.of("D7/F#")
    Tones(bass=6, classes=frozenset({0, 9, 2, 6}))
    """

    bass: int
    classes: frozenset[int]

    @classmethod
    def of(cls, symbol: str) -> Tones:
        """A chord by its symbol, such as "G", "F#m", "Bb7" or "C/E". Raises UsageError for another."""
        number, bass = chord_named(symbol)
        if number == NO_CHORD:
            raise UsageError(f"{symbol} is no chord to follow; name one for each bar")
        root, kind = divmod(number, len(KINDS))
        bass = root if bass is None else bass
        return cls(bass, frozenset({(root + tone) % 12 for tone in TONES[KINDS[kind]]} | {bass}))

    def higher(self, semitones: int) -> Tones:
        """Transposed."""
        return Tones((self.bass + semitones) % 12, frozenset((tone + semitones) % 12 for tone in self.classes))


def by_bars(chords: str) -> list[list[str]]:
    """The symbols of each bar: "G D Em C", a bar each, or "G D | Em | C", bars by lines. Raises UsageError.

    >>> by_bars("G D | Em")
    [['G', 'D'], ['Em']]
    """
    bars = [bar.split() for bar in chords.split("|")] if "|" in chords else [[name] for name in chords.split()]
    bars = [bar for bar in bars if bar]
    if not bars:
        raise UsageError("no chord is named; give some, such as 'G D Em C', a bar each")
    return bars


def parsed(chords: str) -> list[list[Tones]]:
    """The chords of each bar, by their notes. Raises UsageError."""
    return [[Tones.of(name) for name in bar] for bar in by_bars(chords)]


def triad(key: Key) -> tuple[int, ...]:
    """The pitch classes of a key's tonic chord, root, third and fifth."""
    minor = key.mode == "minor"
    tonic = (7 * key.fifths + 9 * minor) % 12
    return tonic, (tonic + 4 - minor) % 12, (tonic + 7) % 12


def ending(stream: Stream, chord: Sequence[int], begin: int, given: Container[int] = ()) -> Stream:
    """With a last chord, root, third and fifth, that shall sound from step `begin` on, its root in the bass.

    given: the pitch classes that are sung there in any case; if none is the third, the lower inner voice that is free seeks it.
    """
    bias = stream.bias.copy()
    size = bias.shape[1]
    root, third, _ = chord
    free = np.flatnonzero((stream.places >= begin) & (stream.steps < 0))
    seeks = max({*stream.voices[free].tolist()}.intersection(INNER), default=None) if third not in given else None
    for at in free:
        bias[at] -= LAST * _strange(size, (root,) if stream.voices[at] == BASS else chord)
        if stream.voices[at] == seeks:
            bias[at] -= THIRD * _strange(size, (third,))
    return stream._replace(bias=bias)


def following(stream: Stream, bars: Sequence[Sequence[Tones]]) -> Stream:
    """With chords to follow, those of a bar in equal parts of it, from the first again after the last."""
    bias = stream.bias.copy()
    size = bias.shape[1]
    begins = stream.bars or [0]
    ends = pairwise([*begins, max(int(stream.places.max()) + 1, begins[-1] + 1)])
    for number, (begin, end) in enumerate(ends):
        chords = bars[number % len(bars)]
        for at in np.flatnonzero((stream.places >= begin) & (stream.places < end) & (stream.steps < 0)):
            within = (int(stream.places[at]) - begin) * len(chords) / max(end - begin, PER_BEAT)
            chord = chords[min(int(within), len(chords) - 1)]
            bias[at] -= (ON_BEAT if stream.beats[at] else BETWEEN) * _strange(size, tuple(chord.classes))
            if stream.voices[at] == BASS:
                bias[at] -= ROOT * _strange(size, (chord.bass,))
    return stream._replace(bias=bias)


def _strange(size: int, classes: Sequence[int]) -> NDArray[np.bool_]:
    """The symbols that sing another pitch class, or none."""
    symbols = np.arange(size)
    strange: NDArray[np.bool_] = (symbols <= REST) & (~np.isin(symbols % TIED % 12, classes) | (symbols == REST))
    return strange
