"""Composing with a model of beats: so many bars, in a meter, a key and a tempo, to chords, from nothing or on from a piece."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

from seqgen import sampling
from seqgen.errors import UsageError
from seqgen.heads import Options
from seqgen.models.model import Model
from seqgen.nn.context import Params
from seqgen.sampling.rules import Rules

from .barlines import Barlines
from .beats import BAR, END, KEY, METER, SPEED, Beats
from .changes import Changes, key_of_chords
from .composition import Composition
from .length import Length
from .score import Meter, Score
from .signs import Key
from .ticks import KEYS, METERS, QUARTER, TEMPOS, nearest_tempo

CHUNK = 64


class Wishes(NamedTuple):
    """What is said of the new bars; None where the model, or a primer, is to say it."""

    meter: Meter | None = None
    key: Key | None = None
    tempo: float | None = None
    chords: str | None = None

    def check(self) -> None:
        """Raises UsageError for a meter whose bars the grid has not, a key that is none, and a tempo out of range."""
        if self.key is not None and self.key[1:] not in KEYS:
            raise UsageError(f"{self.key} is no key; give -7 to 7 fifths, and major or minor")
        if self.meter is not None and self.meter[1:] not in METERS:
            raise UsageError(f"a meter of {self.meter[1]}/{self.meter[2]} is not known; bars have 16 quarters at most")
        if self.tempo is not None and not TEMPOS[0] <= self.tempo <= TEMPOS[-1]:
            raise UsageError(f"a tempo of {self.tempo:g} cannot be; give {TEMPOS[0]} to {TEMPOS[-1]} quarters a minute")

    def symbols(self, codec: Beats, away: int | None) -> list[int]:
        """What stands behind the first bar line. A piece from nothing that has a key, a tempo or chords has a meter, 4/4, and one
        that has chords has a key, from the tonic of which on it is learned.

        away: how much higher a primer is learned than it sounds, semitones; None for a piece from nothing.
        """
        meter, key = self.meter, self.key
        if away is None and meter is None and (self.key or self.tempo or self.chords):
            meter = Meter(0.0, 4, 4)
        if away is None and key is None and self.chords and codec.tonic:
            key = key_of_chords(self.chords)
        key = key and key.transposed(away or 0)
        return [
            *([] if meter is None else [METER + METERS.index(meter[1:])]),
            *([] if key is None else [KEY + KEYS.index(key[1:])]),
            *([] if self.tempo is None else [SPEED + nearest_tempo(self.tempo)]),
        ]

    def rules(self, codec: Beats, bars: int) -> Rules:
        """The grammar of so many bars, 0 for no end, and the chords. Raises UsageError for a chord that is none."""
        grammar = Barlines(np.int32(bars))
        return (grammar,) if self.chords is None else (grammar, Changes.of(self.chords, codec.tonic))


def compose(
    codec: Beats,
    model: Model,
    params: Params,
    primers: Sequence[Score | None],
    length: Length,
    wishes: Wishes,
    options: Options,
    seed: int,
) -> list[Composition]:
    """One piece a primer, see `MusicModel.compose`."""
    wishes.check()
    opened: dict[int, NDArray[np.int32]] = {}  # of each primer, which may be asked for many times
    for primer in primers:
        if id(primer) not in opened:
            begun = np.array([BAR]) if primer is None else codec.opening(primer)
            said = wishes.symbols(codec, None if primer is None else codec.away(begun))
            opened[id(primer)] = np.array([*begun, *said], np.int32)
    prompts = [opened[id(primer)] for primer in primers]
    begins = [0.0 if primer is None else codec.reached(prompt) for primer, prompt in zip(primers, prompts, strict=True)]
    made: list[NDArray[np.int32]] = [np.zeros(0, np.int32) for _ in primers]

    def enough(row: int) -> bool:
        if length.seconds is None:
            return length.reached(made[row])
        return codec.reached(np.concatenate([prompts[row], made[row]])) - begins[row] >= length.seconds

    for pieces in sampling.stream(
        model,
        params,
        jax.random.key(seed),
        prompts,
        length=length.most,
        options=options,
        chunk=CHUNK,
        rules=wishes.rules(codec, length.bars or 0),
    ):
        made = [np.concatenate([steps, piece]) for steps, piece in zip(made, pieces, strict=True)]
        if all(map(enough, range(len(made)))):
            break
    return [
        _composed(codec, primer, prompt, length.cut(steps), begin, length, wishes.key is not None)._replace(
            whole=enough(row)
        )
        for row, (primer, prompt, steps, begin) in enumerate(zip(primers, prompts, made, begins, strict=True))
    ]


def _composed(
    codec: Beats,
    primer: Score | None,
    prompt: NDArray[np.int32],
    steps: NDArray[np.int32],
    begin: float,
    length: Length,
    keyed: bool,
) -> Composition:
    whole = np.concatenate([prompt, steps[steps != END]])
    end = begin + length.seconds if length.seconds is not None else codec.reached(np.append(whole, np.int32(BAR)))
    score = codec.decode(whole).until(end)
    if primer is None:
        return Composition(score, len(score.notes), 0, score.seconds)
    new = score.since(begin)
    if not keyed:  # it goes on in the primer's key, whether that was named or found
        new = dataclasses.replace(new, keys=[key for key in new.keys if key.time > 0])
    # As fast as the primer ends, which the grid of tempos knows only nearly.
    if primer.tempos and score.tempos and nearest_tempo(primer.tempos[-1].bpm) == nearest_tempo(new.tempos[0].bpm):
        new = new.stretched(new.tempos[0].bpm / primer.tempos[-1].bpm)
    parts = sorted({note.part for note in primer.notes})
    named = [*parts, *range(max(parts, default=-1) + 1, max(parts, default=-1) + 17)]
    gap = max(primer.time_at(codec.ticks(prompt) / QUARTER) - primer.seconds, 0.0)
    notes = [note._replace(part=named[note.part]) for note in new.notes]
    joined = primer.then(dataclasses.replace(new, notes=notes, names=()), gap)
    return Composition(joined, len(notes), 0, joined.seconds - primer.seconds)
