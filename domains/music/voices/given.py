"""What is given of four voices, as the model of the grid reads them: which symbols are known, and which are to be drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqgen.errors import DataError, UsageError, pick

from ..grid import BAR, ORDER, PER_BEAT, REST, TIED, Grid, to_grid
from ..score import DRUMS, Meter, Note, Score
from .leading import RANGES

NAMES = {"soprano": 0, "alto": 1, "tenor": 2, "bass": 3}
BREATH = PER_BEAT  # steps: a rest of up to a beat is a breath, which the model does not see
OFF_GRID, MANY = 0.2, 0.25  # of a step; of all notes
FURTHEST = 36  # semitones that a tune is moved into its voice's range


class Stream(NamedTuple):
    """The symbols of a piece, int32 `[T]`, -1 where one is to be drawn.

    bias: nats `[T, size]` that are added to what the model says, -inf for what the grammar does not allow; of those that are
    to be drawn. voices: whose turn it is, int `[T]`, counted from the top, -1 for a marker. places: the step that it belongs
    to, int `[T]`. beats: bool `[T]`, the symbols of the four voices where a beat begins.
    """

    steps: NDArray[np.int32]
    bias: NDArray[np.float32]
    voices: NDArray[np.int_]
    places: NDArray[np.int_]
    beats: NDArray[np.bool_]

    @property
    def bars(self) -> list[int]:
        """The steps that bars begin with."""
        return [int(self.places[at]) for at in np.flatnonzero(self.steps == BAR)]


def numbers(names: str | Sequence[str]) -> tuple[int, ...]:
    """Voices by name, such as "alto" or "alto,tenor", counted from the top. Raises UnknownName, UsageError for none."""
    listed = names.split(",") if isinstance(names, str) else list(names)
    found = sorted({pick("voice", name.strip().lower(), NAMES) for name in listed})
    if not found:
        raise UsageError(f"no voice is named; give one or more of {', '.join(NAMES)}")
    return tuple(found)


def kept(score: Score, voices: Sequence[int]) -> dict[int, list[Note]]:
    """The notes of the voices that are kept. Raises DataError where a piece does not say which these are.

    Of four parts, or as many as are kept, each is a voice, the highest the soprano. Else one can be kept: the soprano is
    the highest part of several, the bass the lowest, and any voice the only part.
    """
    if not score.notes:
        raise DataError("the piece has no notes; give a tune")
    parts: dict[int, list[Note]] = {}
    for note in score.notes:
        if note.program == DRUMS:
            raise DataError("the piece has drums; leave them out, voices sing")
        parts.setdefault(note.part, []).append(note)
    ranked = sorted(parts.values(), key=lambda notes: -sum(note.pitch for note in notes) / len(notes))
    if len(ranked) == 4:
        found = {voice: ranked[voice] for voice in voices}
    elif len(ranked) == len(voices):
        found = dict(zip(voices, ranked, strict=True))
    elif voices in ((0,), (3,)):
        found = {voices[0]: ranked[-1 if voices[0] else 0]}
    else:
        wanted = " and ".join(name for name, number in NAMES.items() if number in voices)
        raise DataError(
            f"the piece has {len(ranked)} part{'s' * (len(ranked) != 1)}, and which is the {wanted} it does not say; give "
            f"{len(voices)} or 4 parts"
        )
    for voice, notes in found.items():
        _check_tune(score, notes, list(NAMES)[voice])
    return found


def _check_tune(score: Score, notes: Sequence[Note], name: str) -> None:
    """Raises DataError for a voice with chords, and for one that the grid would not know again."""
    for before, after in pairwise(notes):
        if PER_BEAT * (score.beat_at(min(before.end, after.end)) - score.beat_at(after.onset)) > 0.5:
            raise DataError(
                f"the {name} sings two notes at once, at {after.onset:.1f} s; give a tune of one note at a time, in a part "
                "of its own"
            )
    places = [PER_BEAT * score.beat_at(note.onset) for note in notes]
    off = [note for note, place in zip(notes, places, strict=True) if abs(place - round(place)) > OFF_GRID]
    if len(off) > MANY * len(notes):
        raise DataError(
            f"{len(off)} of {len(notes)} notes of the {name} begin between sixteenths, the first at {off[0].onset:.1f} s; "
            "quantise the tune, in the tempo that it is played in"
        )


def cells(score: Score, notes: Sequence[Note], length: int) -> NDArray[np.int32]:
    """What a voice sings in each sixteenth, int32 `[length]`, as the grid spells it; its breaths are sung through.

    Of two notes that begin in one sixteenth the longer one is seen: a grace note gives way.
    """
    spans: dict[int, tuple[int, int]] = {}
    for note in notes:
        start, end = (round(PER_BEAT * score.beat_at(time)) for time in (note.onset, note.end))
        if start < length and end - start >= spans.get(start, (0, 0))[0] - start:
            spans[start] = max(end, start + 1), note.pitch
    row = np.full(length, REST, np.int32)
    for (start, (end, pitch)), after in zip(sorted(spans.items()), [*sorted(spans)[1:], length], strict=True):
        through = after if after - end <= BREATH else end
        row[start : min(max(end, through), after)] = pitch + TIED
        row[start] = pitch
    return row


def moved(found: Mapping[int, Sequence[Note]]) -> int:
    """Semitones that bring voices into their ranges: none if they are, else whole octaves if these do."""

    def beyond(shift: int) -> int:
        return sum(
            max(RANGES[voice][0] - note.pitch - shift, 0) + max(note.pitch + shift - RANGES[voice][1], 0)
            for voice, notes in found.items()
            for note in notes
        )

    shifts = range(-FURTHEST, FURTHEST + 1)
    return min(shifts, key=lambda shift: (beyond(shift), shift % 12 != 0, abs(shift)))


def stream(codec: Grid, score: Score, rows: NDArray[np.int32], free: NDArray[np.bool_]) -> Stream:
    """The symbols of a piece whose voices sing `rows`, int32 `[steps, 4]`, those to be drawn where `free`, bool.

    score: says tempo, meters and keys.
    """
    frame = codec.encode(_frame(score, rows, free)).steps.astype(np.int32)
    voiced = frame <= REST
    frame[voiced] = np.where(free, -1, rows)[:, ORDER].reshape(-1)
    drawn = voiced & (frame < 0)
    count = np.cumsum(voiced) - voiced  # of voices that have sung
    turn = count % 4
    may = codec.cycle(Meter(0.0, 4, 4))[1:5]  # the first bar's line, then its first step
    bias = np.where(may[turn] | ~drawn[:, None], 0.0, -np.inf).astype(np.float32)
    begun = np.concatenate([[False], ~voiced[:-1]])  # the first voice after a marker
    beats = voiced & (np.convolve(begun, np.ones(4))[: len(begun)] > 0)
    return Stream(frame, bias, np.where(voiced, np.array(ORDER)[turn], -1), count // 4, beats)


def _frame(score: Score, rows: NDArray[np.int32], free: NDArray[np.bool_]) -> Score:
    """A piece of the same bars, whose free voices sing the tune, each in its range: so it is in the tune's key."""
    notes = []
    lead = int(free.sum(axis=0).argmin())
    for voice in range(4):
        low = RANGES[voice][0]
        pitches = rows[:, voice if not free[:, voice].all() else lead] % TIED
        for step, pitch in enumerate(pitches.tolist()):
            start, end = (score.time_at(at / PER_BEAT) for at in (step, step + 1))
            notes.append(Note(start, low + (pitch - low) % 12, end - start, part=voice))
    return Score(notes, score.tempos, score.meters, score.keys)


def bar_steps(score: Score, bars: tuple[int, int]) -> tuple[int, int]:
    """The steps of bars, the first and the last of them counted from 1; what comes before the first is bar 0.

    Raises UsageError for bars that the piece does not have.
    """
    grid = to_grid(score)
    length = len(grid.cells)
    starts = [*([0] if grid.bars[:1] != (0,) else []), *grid.bars, length]
    first = 0 if grid.bars[:1] != (0,) else 1
    last = first + len(starts) - 2
    if not first <= bars[0] <= bars[1] <= last:
        raise UsageError(
            f"bars {bars[0]}-{bars[1]} cannot be; the piece has bars {first} to {last}, give two of them, the first first"
        )
    return starts[bars[0] - first], starts[bars[1] - first + 1]
