"""A piece in ticks, twelve to a quarter note: sixteenths and triplets of any meter, bars and what is said at them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from .score import Meter, Note, Score, Tempo
from .signs import Chord, Key, spelled
from .symbols import chord_symbols, symbol_of

QUARTER = 12  # ticks
LONGEST_BAR = 16 * QUARTER
METERS = tuple(
    (over, under) for under, most in ((1, 4), (2, 8), (4, 16), (8, 24), (16, 24)) for over in range(1, most + 1)
)
FOUR_FOUR = METERS.index((4, 4))
TEMPOS = (
    20,
    24,
    28,
    *range(32, 60, 2),
    *range(60, 132, 2),
    *range(132, 200, 4),
    *range(200, 320, 10),
)  # quarters a minute
TEMPO = TEMPOS.index(120)
MOST_PARTS = 16
LEVELS = 32  # of velocity
START_LEVEL = 19  # velocity 78
KEYS = tuple((fifths, mode) for mode in ("major", "minor") for fifths in range(-7, 8))
NEAR = 0.2  # of a tick: what lies further from one was not written on this grid
MOST_TICKS = 1 << 22


class TickNote(NamedTuple):
    """A note in ticks, in the order in which notes are written. part: below 16. level: of 32 velocities."""

    tick: int
    part: int
    program: int
    pitch: int
    length: int
    level: int


class Ticked(NamedTuple):
    """A piece in ticks. bars: where they begin, the first at or before 0, and each one's place in `METERS`; tempos, keys: places in
    `TEMPOS` and `KEYS`, from a tick on; chords: symbols."""

    notes: tuple[TickNote, ...]
    bars: tuple[tuple[int, int], ...]
    tempos: tuple[tuple[int, int], ...] = ((0, TEMPO),)
    keys: tuple[tuple[int, int], ...] = ()
    chords: tuple[tuple[int, str], ...] = ()


def bar_ticks(meter: int) -> int:
    """How long a bar of a meter is.

    >>> bar_ticks(METERS.index((6, 8)))
    36
    """
    over, under = METERS[meter]
    return 4 * QUARTER * over // under


def ticked(score: Score) -> Ticked:
    """The piece on the grid: times to the nearest tick, each length one or more, tempos to 2 in 100, velocities to 4 of 127.

    Of notes of one part that are struck at the same pitch and tick the longest is left; parts from the sixteenth on are
    one; a meter whose bars have more than 16 quarters, or fit no tick, is 4/4.
    """
    order = {part: min(place, MOST_PARTS - 1) for place, part in enumerate(sorted({note.part for note in score.notes}))}
    found: dict[tuple[int, int, int, int], TickNote] = {}
    for note in score.notes:
        tick = _tick(score, note.onset)
        made = TickNote(
            tick,
            order[note.part],
            note.program,
            note.pitch,
            max(_tick(score, note.end) - tick, 1),
            (note.velocity - 1) // 4,
        )
        found[made[:4]] = max(made, found.get(made[:4], made))
    notes = tuple(sorted(found.values()))
    last = max((note.tick for note in notes), default=0)
    return Ticked(
        notes,
        _bars(score, last),
        _turns([(_tick(score, tempo.time), nearest_tempo(tempo.bpm)) for tempo in score.tempos], last, TEMPO),
        _turns([(_tick(score, key.time), KEYS.index(_signature(key))) for key in score.keys], last),
        _turns([(_tick(score, chord.time), _usual(chord.symbol)) for chord in score.chords], last),
    )


def scored(piece: Ticked) -> Score:
    """The piece in seconds."""
    time = times(piece.tempos)
    notes = [
        Note(time(n.tick), n.pitch, time(n.tick + n.length) - time(n.tick), 4 * n.level + 2, n.program, n.part)
        for n in piece.notes
    ]
    meters: list[tuple[int, int]] = []
    for number, (tick, meter) in enumerate(piece.bars):
        before = piece.bars[number - 1] if number else None
        cut = before is not None and tick - before[0] != bar_ticks(before[1])
        if tick >= 0 and (not meters or cut or meters[-1][1] != meter):
            meters.append((tick, meter))
    return Score(
        notes,
        [Tempo(time(tick), float(TEMPOS[tempo])) for tick, tempo in piece.tempos],
        [Meter(time(tick), *METERS[meter]) for tick, meter in meters],
        [Key(time(tick), *KEYS[key]) for tick, key in piece.keys],
        [Chord(time(tick), symbol) for tick, symbol in piece.chords],
    )


def times(tempos: Sequence[tuple[int, int]]) -> Callable[[int], float]:
    """What gives the seconds of a tick, in these tempos, of which the first holds from tick 0."""
    starts, seconds = [0], [0.0]
    speeds: list[float] = [60 / QUARTER / TEMPOS[tempos[0][1]]]
    for tick, tempo in tempos[1:]:
        seconds.append(seconds[-1] + (tick - starts[-1]) * speeds[-1])
        starts.append(tick)
        speeds.append(60 / QUARTER / TEMPOS[tempo])

    def time(tick: int) -> float:
        turn = max(bisect_right(starts, tick) - 1, 0)
        return seconds[turn] + (tick - starts[turn]) * speeds[turn]

    return time


def near_ticks(scores: Sequence[Score]) -> float:
    """The share of notes that begin on a tick, as those of written music do; played ones begin anywhere."""
    off = [QUARTER * score.beat_at(note.onset) for score in scores for note in score.notes]
    return sum(abs(tick - round(tick)) <= NEAR for tick in off) / max(len(off), 1)


def _tick(score: Score, time: float) -> int:
    return min(round(QUARTER * score.beat_at(time)), MOST_TICKS)


def nearest_tempo(bpm: float) -> int:
    """The place in `TEMPOS` of the nearest one."""
    return min(range(len(TEMPOS)), key=lambda place: abs(TEMPOS[place] / bpm - 1))


def _signature(key: Key) -> tuple[int, str]:
    return min(max(key.fifths, -7), 7), "minor" if key.mode == "minor" else "major"


def _usual(symbol: str) -> str:
    """A chord symbol as its numbers spell it."""
    root, bass = chord_symbols(symbol)
    return symbol_of(root) + ("" if bass is None else "/" + spelled((7 * bass + 5) % 12 - 5))


def _turns(found: Sequence[tuple[int, object]], last: int, first: object = None) -> tuple:  # type: ignore[type-arg]
    """What holds from a tick on, told once where it changes; none behind the last note. first: what holds at the beginning."""
    told: list[tuple[int, object]] = [] if first is None else [(0, first)]
    for tick, what in found:
        if tick > last and told:
            break
        if told and (told[-1][0] == tick):
            told.pop()
        if not told or told[-1][1] != what:
            told.append((tick, what))
    return tuple(told)


def _bars(score: Score, last: int) -> tuple[tuple[int, int], ...]:
    """Bars up to the last note. An upbeat is the end of a bar that began before the piece; a single bar that is shorter than
    those around it, as sheet music has where repeats begin, is one of these cut short."""
    turns = [(_tick(score, meter.time), _known(meter)) for meter in score.meters] or [(0, FOUR_FOUR)]
    turns = [turn for turn, after in pairwise([*turns, (-1, 0)]) if turn[0] != after[0]]
    first, meter = turns[0]
    if first > bar_ticks(meter):
        turns = [(0, FOUR_FOUR), *turns]
    elif first:
        turns = [(first - bar_ticks(meter), meter), *turns]
    bars: list[tuple[int, int]] = []
    for number, ((start, meter), (stop, after)) in enumerate(pairwise([*turns, (last + 1, -1)])):
        before = turns[number - 1][1] if number else after
        single = stop - start == bar_ticks(meter) or (after < 0 and last < start + bar_ticks(meter))
        back = after < 0 or any(later == before for _, later in turns[number + 1 :])
        if before >= 0 and single and back and bar_ticks(meter) < bar_ticks(before):
            meter = before
            turns[number] = start, meter
            start = start if number else stop - bar_ticks(meter)
        bars += [(tick, meter) for tick in range(start, min(stop, last + 1), bar_ticks(meter))]
    return tuple(bars or [(0, meter)])


def _known(meter: Meter) -> int:
    return METERS.index(meter[1:]) if meter[1:] in METERS else FOUR_FOUR
