"""Four voices on a grid of sixteenths as one stream of symbols: how chorales are learned.

A grid step is one symbol a voice, in the order soprano, bass, alto, tenor: the outer voices fix the harmony that the
inner ones fill (the order of Peracha 2019, arXiv:1911.11775). A marker before a step says that a bar or a beat begins.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqgen.domain import Example
from seqgen.errors import DataError, ModelError
from seqgen.spec import Discrete, Steps

from .keys import TRUST, key_of
from .score import DRUMS, Meter, Note, Score, Tempo
from .signs import MODES, Key

if TYPE_CHECKING:
    from .voices.told import Partly

TIED, REST, BEAT, BAR = 128, 256, 257, 258  # 0-127: a note begins; 128-255: it goes on
SIZE = 259
# Of grids that know the ranges of their voices: where a piece ends, its key and meter, beats still to come.
END, KEYS, METERS, LEFT = 259, 260, 284, 293
OVER = ((4, 4), (3, 4), (2, 4), (2, 2), (3, 2), (6, 8), (9, 8), (12, 8))  # and METERS + 8: any other
COUNTED = 16  # the last beats, which say how many are to come
ORDER = (0, 3, 1, 2)  # voices counted from the top
PER_BEAT = 4
COMPOUND = (3, 6)  # steps of a beat that falls into three
STEPS_MOST = 1 << 20
VELOCITY, CHOIR = 80, 52
VOICES = ("Soprano", "Alto", "Tenor", "Bass")


class Steps16(NamedTuple):
    """What the grid keeps of a piece. cells: a symbol a voice, int `[steps, 4]`; bars, beats: the steps at which they
    begin, those of bars are no beats."""

    cells: NDArray[np.int32]
    bars: tuple[int, ...]
    beats: tuple[int, ...]


@dataclass(frozen=True)
class Grid:
    """Pieces for four voices, each a part of its own with one note at a time.

    Kept: what each voice sings to the sixteenth, repeated notes included, where bars begin, and whether their beats are
    quarters or, as in 6/8, dotted ones. Lost: tempo (one for all, `bpm`), loudness, instruments, what lies between
    sixteenths, whether a bar of four quarters is written 4/4 or 2/2.

    >>> voices = [Note(0.15 * step, 72 - 7 * part + step, 0.15, part=part) for part in range(4) for step in range(2)]
    >>> Grid().encode(Score(voices, tempos=[Tempo(0, 100)])).steps.tolist()
    [258, 72, 51, 65, 58, 73, 52, 66, 59]

    ranges: the lowest and the highest pitch of soprano, alto, tenor and bass. With them a piece begins with its key and
    its meter, its last beats say how many are to come, and it has an end; () for none of it.

    >>> grid = Grid(ranges=((60, 81), (53, 74), (48, 69), (36, 64)))
    >>> grid.encode(Score(voices, tempos=[Tempo(0, 100)])).steps.tolist()
    [266, 284, 258, 293, 72, 51, 65, 58, 73, 52, 66, 59, 259]

    given: whether every step comes with what is given of the voices, see `voices.told`; of a `Partly` that is something.
    """

    bpm: float = 100.0
    ranges: tuple[tuple[int, int], ...] = ()
    given: bool = False

    @property
    def spec(self) -> Discrete:
        """One symbol: a note begins, goes on, a rest, a beat, a bar; with ranges also what is said of the piece."""
        return Discrete(LEFT + COUNTED if self.ranges else SIZE)

    @property
    def step_seconds(self) -> float:
        """How long a sixteenth lasts."""
        return 60 / self.bpm / PER_BEAT

    def canonical(self, item: Score) -> Score:
        """What is left of a piece on the grid. Raises DataError unless it has four voices."""
        return self._score(to_grid(item), whole_key(item) if self.ranges else None)

    def encode(self, item: Score | Partly) -> Example:
        """Symbols as int32 `[T]`. Raises DataError unless the piece has four voices."""
        from .voices.told import Partly, controls  # here: it knows the symbols of the grid

        partly = item if isinstance(item, Partly) else Partly(item)
        steps = self._symbols(partly.score)
        return Example(steps, controls=controls(steps, partly.of(steps)) if self.given else None)

    def _symbols(self, item: Score) -> NDArray[np.int32]:
        grid = to_grid(item)
        if not self.ranges:
            return _stream(grid)
        last = sorted({*grid.bars, *grid.beats})[: -COUNTED - 1 : -1]
        left = {beat: LEFT + back for back, beat in enumerate(last)}
        head = self.head(whole_key(item), item.meters[0] if item.meters else Meter(0.0, 4, 4))
        return np.concatenate([head, _stream(grid, left), np.array([END], np.int32)])

    def opening(self, item: Score | None, key: Key | None, meter: Meter) -> NDArray[np.int32]:
        """What a piece that goes on after `item` begins with, int32 `[T]`: as `encode` has it, but that it does not end.

        key, meter: what a piece from nothing says of itself; without a key it is empty. An `item` is in its own meter, and
        in its own key unless another is given.
        """
        if item is None:
            return np.zeros(0, np.int32) if key is None or not self.ranges else self.head(key, meter)
        steps = _stream(to_grid(item))
        if not self.ranges:
            return steps
        return np.concatenate([self.head(key or key_of(item), item.meters[0] if item.meters else meter), steps])

    def head(self, key: Key, meter: Meter) -> NDArray[np.int32]:
        """The symbols that a piece begins with, where voices have ranges: its key and its meter."""
        over = OVER.index(meter[1:]) if meter[1:] in OVER else len(OVER)
        return np.array([KEYS + key_number(key), METERS + over], np.int32)

    def decode(self, steps: Steps) -> Score:
        """The piece of any integers: four symbols of voices are a step, whatever stands between them."""
        steps = np.asarray(steps).reshape(-1)
        key = None
        if self.ranges:
            ends, named = np.flatnonzero(steps == END), steps[(steps >= KEYS) & (steps < METERS)]
            steps = steps[: ends[0]] if len(ends) else steps
            key = numbered_key(int(named[0]) - KEYS) if len(named) else None
        voiced = (steps >= 0) & (steps <= REST)
        count = int(voiced.sum()) // 4
        cells = np.empty((count, 4), np.int32)
        cells[:, ORDER] = steps[voiced][: 4 * count].reshape(-1, 4)
        # A bar or a beat begins with the next whole step.
        first, beats = (
            tuple(sorted({int(step) for step in -(-np.cumsum(voiced)[steps == marker] // 4) if step < count}))
            for marker in (BAR, BEAT)
        )
        return self._score(Steps16(cells, first, beats), key)

    def cycle(self, meter: Meter) -> NDArray[np.bool_]:
        """Which symbols may come where in a bar, bool `[P, size]`: markers where they belong, voices elsewhere.

        Left alone a model miscounts now and then, and from there on every voice sings another's part.
        """
        rows = []
        for step in range(_bar_steps(meter)):
            if step % _beat_steps(meter) == 0:
                rows.append(self._only(BEAT if step else BAR))
            rows += self._sung()
        return np.array(rows)

    def phase(self, steps: Steps, meter: Meter) -> int:
        """Where in that cycle the symbol after `steps` stands."""
        steps = np.asarray(steps)
        bars = np.flatnonzero(steps == BAR)
        return (len(steps) - int(bars[-1])) % len(self.cycle(meter)) if len(bars) else 0

    def plan(self, meter: Meter, phase: int, count: int, *, begins: bool, ends: bool) -> NDArray[np.bool_]:
        """Which symbols may come where in `count` more steps, and their end, bool `[P, size]`.

        phase: where in the cycle they begin. begins: with a key, any, and the meter. ends: the last beats say how many are to
        come, as in what was learned from, so that a piece knows where it has to end.
        """
        cycle, steps, beats = self.cycle(meter), 0.0, []
        rows: list[NDArray[np.bool_]] = []
        at = phase
        while steps < count:
            if not cycle[at, REST]:
                beats.append(len(rows))
            rows.append(cycle[at])
            steps, at = steps + cycle[at, REST] / 4, (at + 1) % len(cycle)
        for back, place in enumerate(beats[: -COUNTED - 1 : -1] if ends else ()):
            rows.insert(place + 1, self._only(LEFT + back))
        symbols = np.arange(self.spec.size)
        head = [(symbols >= KEYS) & (symbols < METERS), self._only(int(self.head(Key(0.0, 0), meter)[1]))]
        return np.array([*(head if begins else ()), *rows, self._only(END)])

    def _only(self, symbol: int) -> NDArray[np.bool_]:
        row: NDArray[np.bool_] = np.arange(self.spec.size) == symbol
        return row

    def _sung(self) -> list[NDArray[np.bool_]]:
        """What each voice may sing, in their order."""
        symbols = np.arange(self.spec.size)
        if not self.ranges:
            return [symbols <= REST] * 4
        pitches = symbols % TIED
        inside = [(pitches >= low) & (pitches <= high) for low, high in (self.ranges[part] for part in ORDER)]
        return [(symbols == REST) | (symbols < REST) & voice for voice in inside]

    def _score(self, grid: Steps16, key: Key | None = None) -> Score:
        seconds, notes = self.step_seconds, []
        for part, voice in enumerate(grid.cells.T.tolist()):
            start, pitch = 0, -1
            for step, symbol in enumerate([*voice, REST]):
                if symbol - TIED == pitch and pitch >= 0:
                    continue
                if pitch >= 0:
                    notes.append(Note(start * seconds, pitch, (step - start) * seconds, VELOCITY, CHOIR, part))
                start, pitch = step, -1 if symbol == REST else symbol % TIED
        keys = () if key is None else (key,)
        return Score(notes, (Tempo(0.0, self.bpm),), tuple(self._meters(grid)), keys, names=VOICES)

    def _meters(self, grid: Steps16) -> list[Meter]:
        meters: list[Meter] = []
        over = 4, 4  # of a last bar, which may be cut short: as before
        for bar, end in pairwise([*(grid.bars or (0,)), 0]):
            after = bisect_right(grid.beats, bar)
            beat = grid.beats[after] - bar if after < len(grid.beats) and (not end or grid.beats[after] < end) else 0
            if end:
                over = _over(end - bar, beat)
            elif not meters and beat in COMPOUND:
                over = _over(2 * beat, beat)
            if not meters or meters[-1][1:] != over:
                meters.append(Meter(bar * self.step_seconds, *over))
        return meters

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values, read back by `from_dict`."""
        ranges = (
            {"ranges": [list(voice) for voice in self.ranges]} if self.ranges else {}
        )  # older versions read the rest
        return {"kind": "grid", "bpm": self.bpm, **ranges, **({"given": True} if self.given else {})}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Grid:
        """The codec that wrote `data` with `to_dict`. Raises ModelError for anything else."""
        match {"ranges": [], "given": False, **data}:
            case {"kind": "grid", "bpm": float(bpm), "ranges": [*ranges], "given": bool(given), **rest} if (
                not rest and 10 <= bpm <= 1000 and len(ranges) in (0, 4) and all(map(_is_range, ranges))
            ):
                return cls(bpm, tuple((low, high) for low, high in ranges), given)
        raise ModelError(f"a grid codec's settings are kind 'grid' and 'bpm' from 10 to 1000, not {dict(data)!r:.80}")


def _is_range(voice: Any) -> bool:
    match voice:
        case [int(low), int(high)]:
            return 0 <= low <= high <= 127
    return False


def _stream(grid: Steps16, left: Mapping[int, int] = MappingProxyType({})) -> NDArray[np.int32]:
    """The symbols of steps, with what stands before them, int32 `[T]`; left: a symbol more before some."""
    markers = np.full((len(grid.cells), 2), -1)
    markers[list(grid.beats), 0] = BEAT
    markers[list(grid.bars), 0] = BAR
    for step, symbol in left.items():
        markers[step, 1] = symbol
    stream = np.concatenate([markers, grid.cells[:, ORDER]], axis=1).reshape(-1)
    return stream[stream >= 0].astype(np.int32)


def key_number(key: Key) -> int:
    """Keys by their tonic: 0 to 11 are C, C sharp, ... B major, 12 to 23 the minor ones.

    >>> key_number(Key(0.0, 1)), key_number(Key(0.0, 0, "minor"))
    (7, 21)
    """
    minor = key.mode == "minor"
    return (7 * key.fifths + 9 * minor) % 12 + 12 * minor


def numbered_key(number: int) -> Key:
    """The key of a number of `key_number`, spelt with six sharps at most, five flats.

    >>> numbered_key(21)
    Key(time=0.0, fifths=0, mode='minor')
    """
    minor, tonic = divmod(number, 12)
    return Key(0.0, (7 * (tonic + 3 * minor) + 5) % 12 - 5, MODES[minor])


def whole_key(score: Score) -> Key:
    """The key of a piece for four voices that is all there: by its notes, the last of the bass being its tonic as a rule."""
    bass = max(voices(score)[3])
    return key_of(score, bass.pitch % 12, TRUST)


def to_grid(score: Score) -> Steps16:
    """A piece on the grid, each time moved to the nearest sixteenth. Raises DataError unless it has four voices."""
    spans = [[(sixteenth(score, n.onset), sixteenth(score, n.end), n.pitch) for n in voice] for voice in voices(score)]
    length = max(max(end, start + 1) for voice in spans for start, end, _ in voice)
    if length > STEPS_MOST:
        raise DataError(f"the piece is {length:,} sixteenths long; {STEPS_MOST:,} is the most the grid takes")
    cells = np.full((length, 4), REST, np.int32)
    for part, voice in enumerate(spans):
        following = [start for start, _, _ in voice[1:]] + [length]
        for (start, end, pitch), after in zip(voice, following, strict=True):
            if start == after:
                seconds = score.time_at(start / PER_BEAT)
                raise DataError(
                    f"voice {part + 1} sings two notes at once, at {seconds:.1f} s; the grid has one a voice"
                )
            cells[start : min(max(end, start + 1), after), part] = pitch + TIED
            cells[start, part] = pitch
    return Steps16(cells, *_bars(score, length))


def fits(score: Score) -> bool:
    """Whether the grid takes the piece and loses nothing that can be heard: onsets lie within a fifth of a step."""
    try:
        to_grid(score)
    except DataError:
        return False
    off = [PER_BEAT * score.beat_at(note.onset) for note in score.notes]
    return all(abs(step - round(step)) <= 0.2 for step in off)


def sixteenth(score: Score, time: float) -> int:
    """The step of the grid that is nearest to `time`, in seconds.

    >>> sixteenth(Score([], tempos=[Tempo(0.0, 120.0)]), 0.26)
    2
    """
    return round(PER_BEAT * score.beat_at(time))


def voices(score: Score) -> list[list[Note]]:
    """The four parts, highest first. Raises DataError for a piece that has another number of them, or drums."""
    parts: dict[int, list[Note]] = {}
    for note in score.notes:
        if note.program == DRUMS:
            raise DataError("the piece has drums; the grid is for four voices that sing")
        parts.setdefault(note.part, []).append(note)
    if len(parts) != 4:
        raise DataError(
            f"the piece has {len(parts)} part{'s' * (len(parts) != 1)}; the grid is for four voices, a part each"
        )
    return sorted(parts.values(), key=lambda notes: -sum(note.pitch for note in notes) / len(notes))


def _bars(score: Score, length: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The steps at which bars begin, and other beats: counted from their bar, in an upbeat back from the first bar."""
    meters = score.meters or (Meter(0.0, 4, 4),)
    starts = [min(sixteenth(score, meter.time), length) for meter in meters]
    bars: set[int] = set()
    beats = set(range(starts[0] % _beat_steps(meters[0]), starts[0], _beat_steps(meters[0])))
    for meter, start, stop in zip(meters, starts, [*starts[1:], length], strict=True):
        for bar in range(start, stop, _bar_steps(meter)):
            bars.add(bar)
            beats.update(range(bar, min(bar + _bar_steps(meter), stop), _beat_steps(meter)))
    return tuple(sorted(bars)), tuple(sorted(beats - bars))


def _bar_steps(meter: Meter) -> int:
    return max(1, round(PER_BEAT * meter.quarters))


def _beat_steps(meter: Meter) -> int:
    """A quarter, or three of the written units in compound meters (6/8, 9/8, 12/8, 3/8): a jig is no waltz."""
    compound = meter.numerator % 3 == 0 and meter.denominator in (8, 16)
    return 3 * 4 * PER_BEAT // meter.denominator if compound else PER_BEAT


def _over(length: int, beat: int) -> tuple[int, int]:
    """The meter of a bar of so many steps, the first beat in it after so many, or 0: none."""
    unit = PER_BEAT if length % PER_BEAT == 0 else 2 if length % 2 == 0 else 1
    if beat in COMPOUND and length % beat == 0:
        unit = beat // 3
    return length // unit, 4 * PER_BEAT // unit
