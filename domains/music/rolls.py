"""Any music as a piano roll: which of 88 keys sound in every sixteenth, and which are struck."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqgen.domain import Example
from seqgen.errors import DataError, ModelError
from seqgen.spec import Binary, Steps

from .grid import PER_BEAT, VELOCITY, sixteenth
from .score import DRUMS, Note, Score, Tempo

LOWEST, KEYS = 21, 88  # a piano's keys, from A0 on
STEPS_MOST = 1 << 18


@dataclass(frozen=True)
class Roll:
    """Pieces on a grid of sixteenths, chords of any keys in each: what `seqgen.Nade` learns, a whole chord being one step.

    Kept: which keys are down in every sixteenth, and which of them are struck in it. Lost: tempo (one for all, `bpm`),
    meter, loudness, drums, which part or instrument plays, what is shorter than a sixteenth and keys that no piano has.

    >>> steps = Roll().encode(Score([Note(0.0, 60, 0.3), Note(0.15, 64, 0.15)], tempos=[Tempo(0, 100)])).steps
    >>> [np.flatnonzero(step).tolist() for step in steps]  # C is struck, it sounds on and E is struck
    [[39, 127], [39, 43, 131]]
    """

    bpm: float = 100.0

    @property
    def spec(self) -> Binary:
        """A key sounds, 88 times; a key is struck, 88 times."""
        return Binary(2 * KEYS)

    @property
    def step_seconds(self) -> float:
        """How long a sixteenth lasts."""
        return 60 / self.bpm / PER_BEAT

    def canonical(self, item: Score) -> Score:
        """What is left of a piece on the grid. Raises DataError where that is nothing."""
        return self.decode(self.encode(item).steps)

    def encode(self, item: Score) -> Example:
        """Steps as float32 `[T, 176]`. Raises DataError for a piece without a note for these keys."""
        notes = [note for note in item.notes if note.program != DRUMS and LOWEST <= note.pitch < LOWEST + KEYS]
        if not notes:
            raise DataError("the piece has no notes for the keys of a piano, A0 to C8")
        spans = [
            (step := sixteenth(item, n.onset), max(sixteenth(item, n.end), step + 1), n.pitch - LOWEST) for n in notes
        ]
        length = max(end for _, end, _ in spans)
        if length > STEPS_MOST:
            raise DataError(f"the piece is {length:,} sixteenths long; {STEPS_MOST:,} is the most a roll takes")
        steps = np.zeros((length, 2 * KEYS), np.float32)
        for start, end, key in spans:
            steps[start:end, key] = 1
            steps[start, KEYS + key] = 1
        return Example(steps)

    def decode(self, steps: Steps) -> Score:
        """The piece of any yes and no values: a key that sounds anew is struck, one that is struck without sounding is not."""
        down = np.asarray(steps, np.float32).reshape(-1, 2, KEYS) > 0.5
        before = np.concatenate([np.zeros((1, KEYS), bool), down[:, 0]])[: len(down)]
        struck = down[:, 0] & (down[:, 1] | ~before)
        after = np.concatenate([down[1:, 0] & ~struck[1:], np.zeros((1, KEYS), bool)])[: len(down)]
        seconds, notes = self.step_seconds, []
        for key in np.flatnonzero(struck.any(axis=0)).tolist():
            starts = np.flatnonzero(struck[:, key])
            ends = np.flatnonzero(down[:, 0, key] & ~after[:, key]) + 1
            notes += [
                Note(start * seconds, key + LOWEST, (end - start) * seconds, VELOCITY)
                for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
            ]
        return Score(notes, (Tempo(0.0, self.bpm),))

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values, read back by `from_dict`."""
        return {"kind": "roll", "bpm": self.bpm}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Roll:
        """The codec that wrote `data` with `to_dict`. Raises ModelError for anything else."""
        match dict(data):
            case {"kind": "roll", "bpm": float(bpm), **rest} if not rest and 10 <= bpm <= 1000:
                return cls(bpm)
        raise ModelError(f"a roll codec's settings are kind 'roll' and 'bpm' from 10 to 1000, not {dict(data)!r:.80}")
