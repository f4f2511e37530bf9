"""Written music on its way to sound: bars in the order they are played, ties joined, quarter notes turned into seconds."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import accumulate, pairwise
from operator import attrgetter, itemgetter
from typing import NamedTuple, TypeVar

from seqgen.errors import DataError

from ..keys import mode_of
from ..score import Meter, Note, Score, Tempo
from ..signs import Chord, Key
from .dynamics import holding
from .repeats import Marks, play_order

SAME = 1e-3  # quarter notes: times that differ by less are one
WIDEST = 64  # units of a bar that has a meter because of its length
Place = tuple[int, float]  # a bar, and quarter notes from its beginning
Value = TypeVar("Value")


def upbeat(quarters: float) -> tuple[int, int] | None:
    """The meter of a bar of so many quarter notes, such as (3, 8) for 1.5; None where there is none."""
    whole = Fraction(quarters / 4).limit_denominator(64)
    written = abs(4 * whole - quarters) < 1e-6 and whole.denominator & (whole.denominator - 1) == 0
    return (whole.numerator, whole.denominator) if written and whole > 0 else None


class Written(NamedTuple):
    """A note as written: times in quarter notes from the start of its bar, program and pitch as they sound.

    velocity: 0 for that of its part's dynamics.
    """

    bar: int
    offset: float
    quarters: float
    pitch: int
    program: int
    voice: tuple[int, float, str]  # part, voice; the number first, so that voices sort
    stops: bool
    starts: bool
    velocity: int = 0


class Sheet:
    """What a reader finds, by the place where it is written."""

    def __init__(self, name: str, max_events: int) -> None:
        self.name = name
        self.max_events = max_events
        self.notes: list[Written] = []
        self.lengths: list[float] = []  # of bars, in quarter notes
        self.asked: list[float] = []  # what their meter asks for
        self.marks: list[Marks] = []
        self.tempos: dict[Place, float] = {}
        self.meters: dict[Place, tuple[int, int]] = {}
        self.keys: dict[Place, tuple[int, str]] = {}  # fifths and mode, "" where none is said
        self.chords: dict[Place, str] = {}
        self.dynamics: defaultdict[int, dict[Place, int]] = defaultdict(dict)  # by part
        self.names: list[str] = []  # of parts

    def bar(self, number: int) -> None:
        """Bar `number` is there; it may be known from another part."""
        while number >= len(self.lengths):
            self.lengths.append(0.0)
            self.asked.append(0.0)
            self.marks.append(Marks())

    def score(self) -> Score:
        """Everything is known: from bars to seconds. Raises DataError where there is nothing, or too much."""
        if not self.notes:
            raise DataError(f"{self.name} has no notes")
        lengths = [length or asked for length, asked in zip(self.lengths, self.asked, strict=True)]
        order = play_order(self.marks)
        starts = [0.0, *accumulate(lengths[bar] for bar in order)]
        played = list(zip(order, starts[:-1], strict=True))
        shown = _shown(played, self.tempos)
        if not shown or shown[0][0] > 0:
            shown.insert(0, (0.0, 120.0))
        beats = list(dict(shown).items())  # of two at one moment, as where a part is played again, the later is meant
        times = accumulate((after - before) * 60 / bpm for (before, bpm), (after, _) in pairwise(beats))
        tempos = [Tempo(time, bpm) for time, (_, bpm) in zip([0.0, *times], beats, strict=True)]
        sounds = self._struck(played)
        voices = sorted({note.voice for *_, note in sounds})  # that strike a note, from the top
        try:
            clock = Score((), tempos)
            notes = list(self._notes(sounds, voices, clock))
            keys = [Key(clock.time_at(beat), *key) for beat, key in _shown(played, self.keys, again=False)]
            return Score(
                notes,
                tempos,
                [Meter(clock.time_at(beat), *meter) for beat, meter in self._meters(played, lengths)],
                list(with_modes(keys, notes)),
                [Chord(clock.time_at(beat), chord) for beat, chord in _shown(played, self.chords)],
                [self.names[part] for part, *_ in voices] if self.names else (),
            )
        except DataError as error:  # longer than a day
            raise DataError(f"{self.name}: {error}") from None

    def _meters(self, played: list[tuple[int, float]], lengths: list[float]) -> Iterator[tuple[float, tuple[int, int]]]:
        """A bar that is shorter or longer than its meter, such as an upbeat, has one of its own."""
        inside: defaultdict[int, list[tuple[float, tuple[int, int]]]] = defaultdict(list)
        for (bar, offset), meter in sorted(self.meters.items()):
            inside[bar].append((offset, meter))
        force: list[tuple[int, int]] = []  # at the end of every bar, as they are written
        for bar in range(len(lengths)):
            force.append(inside[bar][-1][1] if inside[bar] else force[-1] if force else (4, 4))
        shown: tuple[int, int] | None = None
        for number, (bar, start) in enumerate(played):
            begins = [meter for offset, meter in inside[bar] if offset == 0]
            meter = begins[0] if begins else force[bar - 1] if bar else (4, 4)
            within = [(offset, each) for offset, each in inside[bar] if offset > 0]
            own = upbeat(lengths[bar])
            odd = abs(lengths[bar] - 4 * meter[0] / meter[1]) > SAME and self.meters and number + 1 < len(played)
            if odd and not within and own and own[0] <= WIDEST:
                meter = own
            for offset, each in [(0.0, meter), *within]:
                if each != shown:
                    yield start + offset, each
                shown = each

    def _struck(self, played: list[tuple[int, float]]) -> list[tuple[float, float, Written]]:
        """What sounds: onset and end in quarter notes, and the note that begins it."""
        by_bar: defaultdict[int, list[Written]] = defaultdict(list)
        for note in self.notes:
            by_bar[note.bar].append(note)
        if sum(len(by_bar[bar]) for bar, _ in played) > self.max_events:
            raise DataError(
                f"it plays more than {self.max_events:,} notes; split it, or raise the number with --max-events"
            )
        # Within a bar one voice is written after the other, and a tie may go on in one that stands before.
        struck = [(max(start + note.offset, 0.0), note) for bar, start in played for note in by_bar[bar]]
        struck.sort(key=itemgetter(0))
        ends: list[float] = []  # in quarter notes, of the notes that begin a sound
        begins: list[tuple[float, Written]] = []
        tied: dict[tuple[object, int], int] = {}
        for onset, note in struck:
            before = self._tie(tied, ends, note, onset) if note.stops else None
            if before is None:
                before = len(ends)
                ends.append(0.0)
                begins.append((onset, note))
            ends[before] = onset + note.quarters
            if note.starts:
                tied[note.voice, note.pitch] = tied[note.voice[0], note.pitch] = before
        sounds = [(onset, end, note) for (onset, note), end in zip(begins, ends, strict=True)]
        return list(one_at_a_time(sounds, attrgetter("voice", "program", "pitch")))

    def _notes(
        self, sounds: list[tuple[float, float, Written]], voices: list[tuple[int, float, str]], clock: Score
    ) -> Iterator[Note]:
        parts = {voice: part for part, voice in enumerate(voices)}
        said = {part: holding(self.dynamics[part]) for part, *_ in voices}
        for onset, end, note in sounds:
            time = clock.time_at(onset)
            velocity = note.velocity or said[note.voice[0]]((note.bar, note.offset + SAME))
            yield Note(time, note.pitch, clock.time_at(end) - time, velocity, note.program, parts[note.voice])

    @staticmethod
    def _tie(tied: dict[tuple[object, int], int], ends: list[float], note: Written, onset: float) -> int | None:
        """The sound that goes on with this note: of its voice, else of its part."""
        for key in ((note.voice, note.pitch), (note.voice[0], note.pitch)):
            before = tied.get(key)
            if before is not None and abs(ends[before] - onset) < SAME:
                for each in ((note.voice, note.pitch), (note.voice[0], note.pitch)):
                    if tied.get(each) == before:
                        del tied[each]
                return before
        return None


def one_at_a_time(
    sounds: Iterable[tuple[float, float, Value]], key: Callable[[Value], Hashable]
) -> Iterator[tuple[float, float, Value]]:
    """A key that is struck while it sounds, by a grace note say, ends first; of two at one moment the longer is left.

    sounds: onset, end and what it is, of which `key` tells the key that is struck.
    """
    kept: defaultdict[Hashable, list[tuple[float, float, Value]]] = defaultdict(list)
    for onset, end, note in sorted(sounds, key=itemgetter(0)):
        same = kept[key(note)]
        if not same:
            same.append((onset, end, note))
            continue
        before, until, first = same[-1]
        if onset - before < SAME:
            same[-1] = before, max(until, end), first
        else:
            same[-1] = before, min(until, onset), first
            same.append((onset, end, note))
    for same in kept.values():
        yield from same


def with_modes(keys: list[Key], notes: list[Note]) -> Iterator[Key]:
    """Most programs write a signature without its mode: then the notes under it say."""
    for key, until in zip(keys, [*(key.time for key in keys[1:]), math.inf], strict=False):
        under = (note for note in notes if key.time <= note.onset < until)
        yield key if key.mode else key._replace(mode=mode_of(under, key.fifths))


def _shown(
    played: list[tuple[int, float]], marks: Mapping[Place, Value], again: bool = True
) -> list[tuple[float, Value]]:
    """Marks where they are played, and where bars are played out of order, what holds there.

    again: also where the same holds already.
    """
    places = sorted(marks)
    found: list[tuple[float, Value]] = []
    following = 0
    for bar, start in played:
        first = bisect_right(places, (bar, -math.inf))
        if bar != following and first and found and found[-1][1] != marks[places[first - 1]]:
            found.append((start, marks[places[first - 1]]))
        following = bar + 1
        for place in places[first : bisect_right(places, (bar, math.inf))]:
            if again or not found or found[-1][1] != marks[place]:
                found.append((start + place[1], marks[place]))
    return found
