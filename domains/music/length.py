"""How long a new piece shall be: in seconds, bars or events, for streams of every encoding."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from seqgen.errors import UsageError

from .beats import END, Beats
from .grid import COUNTED, PER_BEAT, REST, Grid
from .performance import RATE, VELOCITY, WAIT, Performance
from .rolls import Roll
from .score import Meter

SECONDS = 30.0
LONGEST = 3600.0
BUSIEST = 200  # events a second, more than any piece has: a model that forgets to wait is cut short here
MOST_BARS = 1000
BUSY_BAR = 1000  # symbols of beats, as many as a bar of a full orchestra has
SAID = 2 + COUNTED  # symbols of a grid that are said of the whole piece, and no voice or beat, at most


class Length(NamedTuple):
    """most: events to draw at most. where: of a stream, how many of its events belong to the piece, or None: not yet.

    seconds: where a last note or wait is to be cut off, or None. sixteenths: of four voices, where they say the length; bars:
    of beats.
    """

    most: int
    where: Callable[[np.ndarray], int | None]
    seconds: float | None = None
    sixteenths: int | None = None
    bars: int | None = None

    @classmethod
    def of(
        cls,
        codec: Grid | Performance | Beats | Roll,
        meter: Meter,
        seconds: float | None,
        bars: int | None,
        events: int | None,
    ) -> Length:
        """One of the three, 30 s if none is given. Raises UsageError for two of them, or out of range.

        meter: what a bar is.
        """
        if sum(given is not None for given in (seconds, bars, events)) > 1:
            raise UsageError("seconds, bars and events each say how long the piece shall be: give one of them")
        if events is not None:
            _check(events, "events", LONGEST * BUSIEST)
            return cls(events, lambda steps: events if len(steps) >= events else None)
        if bars is not None:
            if isinstance(codec, Performance):
                raise UsageError("this model counts seconds, not bars: give seconds instead")
            _check(bars, "bars", MOST_BARS)
            if isinstance(codec, Beats):
                return cls(BUSY_BAR * bars, _ended, bars=bars)
            return cls.steps16(codec, round(bars * PER_BEAT * meter.quarters))
        seconds = SECONDS if seconds is None else seconds
        _check(seconds, "seconds", LONGEST)
        if isinstance(codec, Grid | Roll):
            return cls.steps16(codec, round(seconds / codec.step_seconds))
        if isinstance(codec, Beats):  # how far it has come, its tempos say
            return cls(math.ceil(seconds * BUSIEST), lambda steps: None, seconds)
        ticks = math.ceil(seconds * RATE)
        return cls(math.ceil(seconds * BUSIEST), lambda steps: _after(_ticks(steps), ticks), seconds)

    @classmethod
    def steps16(cls, codec: Grid | Roll, count: int) -> Length:
        """So many sixteenths, one at least: of four voices, or of a roll, which has one step in each."""
        count = max(1, count)
        if isinstance(codec, Roll):
            return cls(count, lambda steps: count if len(steps) >= count else None)
        return cls(5 * count + SAID, lambda steps: _after(_voiced(steps), 4 * count), None, count)

    def reached(self, steps: np.ndarray) -> bool:
        """Whether a stream is long enough."""
        return self.where(steps) is not None

    def cut(self, steps: np.ndarray) -> np.ndarray:
        """A stream up to the length wanted, all of it where it is shorter."""
        return steps[: self.where(steps)]


def _check(amount: float, unit: str, most: float) -> None:
    if not 0 < amount <= most:
        raise UsageError(f"a piece of {amount} {unit} cannot be; give more than 0, at most {most:,.0f}")


def _after(amounts: np.ndarray, wanted: int) -> int | None:
    """How many events it takes until their amounts, added up, reach what is wanted."""
    reached = np.flatnonzero(np.cumsum(amounts) >= wanted)
    return int(reached[0]) + 1 if len(reached) else None


def _ended(steps: np.ndarray) -> int | None:
    return int(np.flatnonzero(steps == END)[0]) + 1 if END in steps else None


def _voiced(steps: np.ndarray) -> np.ndarray:
    return (steps <= REST).astype(np.int64)


def _ticks(steps: np.ndarray) -> np.ndarray:
    return np.where((steps >= WAIT) & (steps < VELOCITY), steps - (WAIT - 1), 0).astype(np.int64)
