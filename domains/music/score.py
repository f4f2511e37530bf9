"""A piece of music as notes in seconds: what every reader of the domain returns and every writer takes."""

from __future__ import annotations

import math
import os
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from operator import add
from typing import Any, NamedTuple, TypeVar

from seqgen.errors import DataError, UsageError
from seqgen.files.storage import by_ending

from .signs import Chord, Key

DRUMS = 128  # the program of the drum kit: a note's pitch names the drum
FASTEST = 60_000.0  # quarter notes a minute: a thousandth of a second each
LONGEST = 24 * 3600.0  # seconds of one piece
SHOWN = 60.0  # seconds of it that a notebook plays


class Note(NamedTuple):
    """One note.

    onset, duration: seconds. pitch: MIDI 0-127, 60 is middle C. velocity: 1-127, how hard.
    program: General MIDI 0-127, counted from 0; or DRUMS. part: which voice, hand or track it belongs to.

    >>> Note(onset=1.0, pitch=60, duration=0.5).end
    1.5
    """

    onset: float
    pitch: int
    duration: float
    velocity: int = 80
    program: int = 0
    part: int = 0

    @property
    def end(self) -> float:
        """When it stops sounding, seconds."""
        return self.onset + self.duration


class Tempo(NamedTuple):
    """From `time` (seconds) on there are `bpm` quarter notes a minute.

    >>> Score([Note(0.0, 60, 1.0)], tempos=[Tempo(0.0, 90)]).time_at(beat=3)
    2.0
    """

    time: float
    bpm: float


class Meter(NamedTuple):
    """From `time` (seconds) on, where a bar begins, a bar is `numerator` notes of 1/`denominator`.

    >>> Meter(0.0, 6, 8).quarters
    3.0
    """

    time: float
    numerator: int
    denominator: int

    @property
    def quarters(self) -> float:
        """Quarter notes a bar."""
        return 4 * self.numerator / self.denominator


@dataclass(frozen=True)
class Score:
    """Notes, kept in order of onset, then pitch; with the tempo and meter they were written in.

    keys, chords: key signatures and chord symbols, where a file has some. names: of parts, by their numbers.

    Raises DataError for a note that no instrument could play: a pitch beyond 0-127, a length below 0, a time that is
    no number.

    >>> scale = Score([Note(0.5 * i, pitch, 0.5) for i, pitch in enumerate((60, 62, 64))])
    >>> scale.seconds, scale.transposed(12).notes[0].pitch, scale.beat_at(1.0)
    (1.5, 72, 2.0)
    """

    notes: Sequence[Note]
    tempos: Sequence[Tempo] = (Tempo(0.0, 120.0),)
    meters: Sequence[Meter] = (Meter(0.0, 4, 4),)
    keys: Sequence[Key] = ()
    chords: Sequence[Chord] = ()
    names: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("notes", "tempos", "meters", "keys", "chords"):
            object.__setattr__(self, name, tuple(sorted(getattr(self, name))))
        object.__setattr__(self, "names", tuple(self.names))
        if self.notes and not _playable(self.notes):
            wrong = next(note for note in self.notes if not _playable([note]))
            raise DataError(f"{wrong} cannot be played: pitch 0-127, velocity 1-127, times from 0 s to a day")
        for tempo in self.tempos:
            if not (0 <= tempo.time <= LONGEST and 0 < tempo.bpm <= FASTEST):
                raise DataError(f"{tempo} is no tempo; give quarter notes a minute, above 0, at most {FASTEST:,.0f}")
        for meter in self.meters:
            if not (0 <= meter.time <= LONGEST and meter.numerator >= 1 and meter.denominator >= 1):
                raise DataError(f"{meter} is no meter; give a whole number over 1, 2, 4, 8, ...")

    @cached_property
    def seconds(self) -> float:
        """When the last note ends."""
        return max((note.end for note in self.notes), default=0.0)

    def beat_at(self, time: float) -> float:
        """Quarter notes from the beginning to `time`."""
        turn = max(bisect_right(self._turns[0], time) - 1, 0)
        return self._turns[1][turn] + (time - self._turns[0][turn]) * self._turns[2][turn] / 60

    def time_at(self, beat: float) -> float:
        """Seconds from the beginning to `beat`, in quarter notes."""
        turn = max(bisect_right(self._turns[1], beat) - 1, 0)
        return self._turns[0][turn] + (beat - self._turns[1][turn]) * 60 / self._turns[2][turn]

    @cached_property
    def _turns(self) -> tuple[list[float], list[float], list[float]]:
        """Where the tempo changes, in seconds and in quarter notes, and the tempo from there on."""
        tempos = self.tempos if self.tempos and self.tempos[0].time == 0 else (Tempo(0.0, 120.0), *self.tempos)
        beats = [0.0]
        for before, after in pairwise(tempos):
            beats.append(beats[-1] + (after.time - before.time) * before.bpm / 60)
        return [tempo.time for tempo in tempos], beats, [tempo.bpm for tempo in tempos]

    def transposed(self, semitones: int) -> Score:
        """Higher by `semitones`, drums as they are. Raises UsageError where a note would leave 0-127."""
        pitches = [note.pitch for note in self.notes if note.program != DRUMS]
        if pitches and (min(pitches) + semitones < 0 or max(pitches) + semitones > 127):
            raise UsageError(
                f"{semitones:+d} semitones would move pitches {min(pitches)}-{max(pitches)} beyond 0-127; move by less"
            )
        moved = [
            Note(onset, pitch if program == DRUMS else pitch + semitones, duration, velocity, program, part)
            for onset, pitch, duration, velocity, program, part in self.notes
        ]
        keys = [key.transposed(semitones) for key in self.keys]
        chords = [chord.transposed(semitones) for chord in self.chords]
        return Score(moved, self.tempos, self.meters, keys, chords, self.names)

    def stretched(self, factor: float) -> Score:
        """`factor` times as long: all times grow, tempos fall. Raises UsageError for a factor not above 0."""
        if not 0 < factor < math.inf:
            raise UsageError(f"a piece cannot be stretched by {factor}; give a factor above 0, 1 leaves it as it is")
        return Score(
            [Note(onset * factor, pitch, duration * factor, *rest) for onset, pitch, duration, *rest in self.notes],
            [Tempo(tempo.time * factor, tempo.bpm / factor) for tempo in self.tempos],
            _moved(self.meters, lambda time: time * factor),
            _moved(self.keys, lambda time: time * factor),
            _moved(self.chords, lambda time: time * factor),
            self.names,
        )

    def then(self, other: Score, gap: float = 0.0) -> Score:
        """This piece, then the other: its time 0 is `gap` seconds after the end of this one, and so is its tempo; parts keep
        their names."""
        end = self.seconds + gap

        def late(time: float) -> float:
            return time + end

        return Score(
            [*self.notes, *(note._replace(onset=note.onset + end) for note in other.notes)],
            [*self.tempos, *_moved(other.tempos, late)],
            [*self.meters, *_moved(other.meters, late)],
            [*self.keys, *_moved(other.keys, late)],
            [*self.chords, *_moved(other.chords, late)],
            self.names or other.names,
        )

    def since(self, seconds: float) -> Score:
        """What begins at `seconds` or later, which becomes time 0."""
        return Score(
            [note._replace(onset=note.onset - seconds) for note in self.notes if note.onset >= seconds],
            _since(self.tempos, seconds),
            _since(self.meters, seconds),
            _since(self.keys, seconds),
            _since(self.chords, seconds),
            self.names,
        )

    def until(self, seconds: float) -> Score:
        """The piece up to `seconds`; notes that still sound then end there."""
        return Score(
            [n._replace(duration=min(n.duration, seconds - n.onset)) for n in self.notes if n.onset < seconds],
            _until(self.tempos, seconds),
            _until(self.meters, seconds),
            _until(self.keys, seconds),
            _until(self.chords, seconds),
            self.names,
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes it, by the ending of the name: as .mid, .midi, .musicxml, .xml or .abc to be read again, its sound as .wav,
        its piano roll as .svg or .png.

        Raises UsageError for another ending and for a place that cannot be written.
        """
        from .formats.abc_writing import write_abc
        from .formats.midi_writing import write_midi
        from .formats.musicxml_writing import write_musicxml
        from .showing.roll import write_roll
        from .showing.sound import write_wav

        writers: dict[str, Callable[[Score, Any], None]] = {
            ".mid": write_midi,
            ".midi": write_midi,
            ".musicxml": write_musicxml,
            ".xml": write_musicxml,
            ".abc": write_abc,
            ".wav": write_wav,
            ".svg": write_roll,
            ".png": write_roll,
        }
        by_ending(path, writers, "a score")(self, path)

    def render(self, path: str | os.PathLike[str]) -> None:
        """Writes a WAV file of its sound."""
        from .showing.sound import write_wav

        write_wav(self, path)

    def plot(self, path: str | os.PathLike[str]) -> None:
        """Writes its piano roll, by the ending of the name as SVG or PNG."""
        from .showing.roll import write_roll

        write_roll(self, path)

    def _repr_svg_(self) -> str:
        from .showing.roll import roll_svg

        return roll_svg(self)

    def _repr_html_(self) -> str:
        """In a notebook: its piano roll, and a player of its first minute (a minute of sound is 14 MB of page)."""
        from base64 import b64encode

        from .showing.sound import wav

        sound = b64encode(wav(self.until(SHOWN))).decode()
        player = f'<audio controls src="data:audio/wav;base64,{sound}"></audio>'
        return f"<figure>{self._repr_svg_()}<figcaption>{player}</figcaption></figure>"


def _playable(notes: Sequence[Note]) -> bool:
    onsets, pitches, durations, velocities, programs, _ = zip(*notes, strict=True)  # columns: a tenth of the time
    return (
        math.isfinite(sum(onsets) + sum(durations))  # nothing compares with NaN
        and min(onsets) >= 0
        and min(durations) >= 0
        and max(map(add, onsets, durations)) <= LONGEST
        and 0 <= min(pitches) <= max(pitches) <= 127
        and 1 <= min(velocities) <= max(velocities) <= 127
        and 0 <= min(programs) <= max(programs) <= DRUMS
    )


Turn = TypeVar("Turn", Tempo, Meter, Key, Chord)


def _moved(turns: Sequence[Turn], move: Callable[[float], float]) -> list[Turn]:
    return [turn._replace(time=move(turn.time)) for turn in turns]


def _since(turns: Sequence[Turn], seconds: float) -> list[Turn]:
    """Those that come after `seconds`, and the one that holds then; they count from there."""
    passed = sum(turn.time <= seconds for turn in turns)
    return _moved(turns[max(passed - 1, 0) :], lambda time: max(time - seconds, 0.0))


def _until(turns: Sequence[Turn], seconds: float) -> list[Turn]:
    return [turn for turn in turns if turn.time < seconds or turn.time == 0]
