"""Playing as a stream of events, note on, note off, wait: how MIDI files of any kind are learned.

The events of Performance RNN (Simon & Oore 2017): 128 note-ons, 128 note-offs, waits of 10 ms to 1 s, 32 velocities;
and, so that instruments and drums stay apart, 129 programs. A velocity or a program holds until the next one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqgen.domain import Example
from seqgen.errors import ModelError
from seqgen.spec import Discrete, Steps

from .score import DRUMS, LONGEST, Note, Score

ON, OFF, WAIT, VELOCITY, PROGRAM = 0, 128, 256, 356, 388  # where each kind of event begins
SIZE = PROGRAM + DRUMS + 1
RATE = 100  # ticks a second
LONGEST_WAIT = VELOCITY - WAIT  # ticks
START_VELOCITY = 80


class Decoded(NamedTuple):
    """A piece, and how many of its notes no event had ended: they were closed where the events end."""

    score: Score
    closed: int


@dataclass(frozen=True)
class Performance:
    """Pieces of any kind, in steps of 10 ms.

    Kept: onset, end, pitch and program of every note to 10 ms, velocity to 4 of 127. Lost: tempo and meter (time is
    in seconds), the part of a note (one a program is left), and where a note is struck again while it sounds, its end.

    >>> Performance().encode(Score([Note(0.5, 60, 0.25, velocity=82)])).steps.tolist()
    [305, 376, 60, 280, 188]
    """

    @property
    def spec(self) -> Discrete:
        """One event of `SIZE`."""
        return Discrete(SIZE)

    def canonical(self, item: Score) -> Score:
        """What is left of a piece on the grid of 10 ms and 32 velocities."""
        notes = list(_ticks(item))
        part = {program: index for index, program in enumerate(sorted({note[2] for note in notes}))}
        return Score(
            [
                Note(start / RATE, pitch, (end - start) / RATE, _velocity(level), program, part[program])
                for start, end, program, pitch, level in notes
            ]
        )

    def encode(self, item: Score) -> Example:
        """Events as int32 `[T]`."""
        moments = []
        for start, end, program, pitch, level in _ticks(item):
            moments.append((start, 1, program, pitch, level))
            moments.append((end, 0, program, pitch, 0))  # before what begins at the same moment
        events: list[int] = []
        now, program_now, level_now = 0, 0, _level(START_VELOCITY)
        for tick, on, program, pitch, level in sorted(moments):
            waits, rest = divmod(tick - now, LONGEST_WAIT)
            events += [WAIT + LONGEST_WAIT - 1] * waits
            if rest:
                events.append(WAIT + rest - 1)
            now = tick
            if program != program_now:
                events.append(PROGRAM + program)
                program_now = program
            if on and level != level_now:
                events.append(VELOCITY + level)
                level_now = level
            events.append((ON if on else OFF) + pitch)
        return Example(np.array(events, np.int32))

    def decode(self, steps: Steps) -> Score:
        """The piece of any integers: no note is left hanging, what means nothing is passed over."""
        return self.decode_and_count(steps).score

    def decode_and_count(self, steps: Steps) -> Decoded:
        """The same, with the number of notes that had to be closed."""
        notes: list[Note] = []
        sounding: dict[tuple[int, int], tuple[int, int]] = {}  # (program, pitch) -> (tick of its onset, level)
        now, program, level = 0, 0, _level(START_VELOCITY)

        def end(key: tuple[int, int]) -> None:
            start, level = sounding.pop(key)
            length = max(now - start, 1)
            notes.append(Note(start / RATE, key[1], length / RATE, _velocity(level), key[0]))

        for event in np.asarray(steps).reshape(-1).tolist():
            if ON <= event < OFF:
                if (program, int(event)) in sounding and sounding[program, int(event)][0] < now:
                    end((program, int(event)))
                sounding[program, int(event)] = (now, level)
            elif OFF <= event < WAIT:
                if (program, int(event) - OFF) in sounding:
                    end((program, int(event) - OFF))
            elif WAIT <= event < VELOCITY:
                now = min(now + int(event) - WAIT + 1, int(LONGEST - 1) * RATE)
            elif VELOCITY <= event < PROGRAM:
                level = int(event) - VELOCITY
            elif PROGRAM <= event < SIZE:
                program = int(event) - PROGRAM
        closed = len(sounding)
        for key in list(sounding):
            end(key)
        part = {program: index for index, program in enumerate(sorted({note.program for note in notes}))}
        return Decoded(Score([note._replace(part=part[note.program]) for note in notes]), closed)

    def held(self, steps: Steps) -> NDArray[np.int32]:
        """The events that set the program and the velocity that hold after `steps`: what goes on begins with them."""
        steps = np.asarray(steps, np.int32)
        kinds = ((VELOCITY, PROGRAM), (PROGRAM, SIZE))
        return np.concatenate([steps[(steps >= low) & (steps < high)][-1:] for low, high in kinds])

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values, read back by `from_dict`."""
        return {"kind": "performance"}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Performance:
        """The codec that wrote `data` with `to_dict`. Raises ModelError for anything else."""
        if dict(data) != {"kind": "performance"}:
            raise ModelError(f"a performance codec's settings are kind 'performance' alone, not {dict(data)!r:.80}")
        return cls()


def _ticks(score: Score) -> Iterator[tuple[int, int, int, int, int]]:
    """Notes as (start, end, program, pitch, level) in ticks; a key that is struck while it sounds ends first."""

    def key(note: Note) -> tuple[int, int]:
        return note.program, note.pitch

    for (program, pitch), same in groupby(sorted(score.notes, key=key), key):
        spans: dict[int, tuple[int, int]] = {}
        for note in same:
            start = round(note.onset * RATE)
            end = max(start + 1, round(note.end * RATE))
            # Of two at one moment the longer and the louder counts.
            spans[start] = max(spans.get(start, (0, 0)), (end, _level(note.velocity)))
        for (start, (end, level)), after in zip(spans.items(), [*list(spans)[1:], None], strict=True):
            yield start, end if after is None else min(end, after), program, pitch, level


def _level(velocity: int) -> int:
    return (velocity - 1) // 4


def _velocity(level: int) -> int:
    return 4 * level + 2
