"""MIDI files as scores."""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

from seqgen.errors import DataError

from ..score import DRUMS, LONGEST, Meter, Note, Score, Tempo
from ..signs import MODES, Key
from .guard import MAX_EVENTS, Events, most_bytes, scan
from .limits import read_bytes

if TYPE_CHECKING:
    import pretty_midi

DRUM_CHANNEL = 9  # counted from 0
PEDAL_DOWN = 64  # and above, of control 64
# pretty_midi and mido share no class of their own; the reader promises DataError, whatever a later release checks.
_REFUSALS = (ArithmeticError, AttributeError, EOFError, LookupError, OSError, TypeError, ValueError)


def read_midi(path: str | os.PathLike[str], max_events: int = MAX_EVENTS) -> Score:
    """A MIDI file as a score. Every note-on is a note; tempos and meters are those of all tracks together.

    - Parts are counted from 0: by track, then by channel and program in order of their first notes. Channel 10 is
      DRUMS; other notes have the program that their channel had in their track when they were struck.
    - A note-off ends every note of its pitch, channel and track, but those of its own tick only if they are alone:
      these last one tick. A note that is never ended lasts as long as its track.
    - The sustain pedal holds the notes of its channel, in whatever track it is, until it goes up or the same pitch is
      struck again in that track. Drums ignore it.
    - Key signatures are kept, and the names of tracks that hold one part.

    Raises DataError, in one line, for a file that is missing, no MIDI file, damaged or cut short, lasts over a day, or
    goes beyond `max_events` or the limits that follow from it (see `guard.scan`). A file within the default limit
    costs less than 2 s and 200 MB.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Score([Note(0.0, 60, 0.5)]).save(f"{folder}/c.mid")
    ...     read_midi(f"{folder}/c.mid").notes[0].pitch
    60
    """
    name = os.fspath(path)
    raw = read_bytes(path, most_bytes(max_events))
    try:
        return _score(scan(raw, max_events))
    except DataError as error:
        raise DataError(f"cannot use {name} as MIDI: {error}") from None


class _Sound:
    """A note in ticks, while it may still be cut."""

    __slots__ = ("begin", "end", "part", "pitch", "program", "velocity")

    def __init__(self, begin: int, pitch: int, velocity: int, program: int, part: int) -> None:
        self.begin = begin
        self.end = begin + 1
        self.pitch = pitch
        self.velocity = velocity
        self.program = program
        self.part = part

    def until(self, tick: int) -> None:
        self.end = max(self.begin + 1, tick)


def _score(events: Events) -> Score:
    sounds, parts = _sounds(events)
    last = max((sound.end for sound in sounds), default=0)
    clock = ticks_clock(events.division, events.tempos, events.meters, last)
    seconds = clock.tick_to_time
    if seconds(last) > LONGEST:
        raise DataError(f"it lasts {seconds(last) / 3600:.0f} hours, at most {LONGEST / 3600:.0f} are read; cut it")
    times, tempos = clock.get_tempo_changes()
    meters = [Meter(float(m.time), m.numerator, m.denominator) for m in clock.time_signature_changes]
    notes = []
    while sounds:  # one by one, so that a large file is never held twice
        sound = sounds.pop()
        onset = float(seconds(sound.begin))
        notes.append(
            Note(onset, sound.pitch, float(seconds(sound.end)) - onset, sound.velocity, sound.program, sound.part)
        )
    return Score(
        notes,
        [Tempo(float(time), float(bpm)) for time, bpm in zip(times, tempos, strict=True)],
        meters if meters and meters[0].time == 0 else [Meter(0.0, 4, 4), *meters],
        [
            Key(float(seconds(tick)), fifths, MODES[minor])
            for tick, (fifths, minor) in events.keys.items()
            if tick <= last
        ],
        names=_names(events, parts),
    )


def _names(events: Events, parts: Mapping[tuple[int, int, int], int]) -> list[str]:
    """What the tracks of parts are called, unless it is after their instruments, or a track has several parts."""
    tracks = [track for track, _, _ in parts]  # in the order of parts
    names = [
        "" if tracks.count(track) > 1 or re.fullmatch(rf"{re.escape(instrument_name(program))}( \d+)?", name) else name
        for track, _, program in parts
        for name in [events.names[track]]
    ]
    return names if any(names) else []


def instrument_name(program: int) -> str:
    """What General MIDI calls a program."""
    import pretty_midi

    return "Drums" if program == DRUMS else str(pretty_midi.program_to_instrument_name(int(program)))


def _sounds(events: Events) -> tuple[list[_Sound], dict[tuple[int, int, int], int]]:
    """The notes, and the numbers of parts by track, channel and program."""
    pedals = _pedals(events)
    last = max(events.ends)
    sounds: list[_Sound] = []
    parts: dict[tuple[int, int, int], int] = {}
    for number, (track, end) in enumerate(zip(events.tracks, events.ends, strict=True)):
        programs = [0] * 16
        struck: dict[tuple[int, int], list[_Sound]] = {}  # by channel and pitch: not ended yet
        ringing: dict[tuple[int, int], list[_Sound]] = {}  # ended, and held by the pedal
        for tick, status, first, second in track:
            kind, channel = status >> 4, status & 15
            key = channel, first
            if kind == 0xC:
                programs[channel] = first
            elif kind == 0x9 and second:
                for sound in ringing.pop(key, ()):
                    sound.until(min(sound.end, tick))
                program = DRUMS if channel == DRUM_CHANNEL else programs[channel]
                part = parts.setdefault((number, channel, program), len(parts))
                sounds.append(_Sound(tick, first, second, program, part))
                struck.setdefault(key, []).append(sounds[-1])
            elif kind in (0x8, 0x9) and key in struck:
                open_ = struck.pop(key)
                if open_[0].begin < tick == open_[-1].begin:  # off and on of a repeated note, the wrong way round
                    struck[key] = [sound for sound in open_ if sound.begin == tick]
                    open_ = [sound for sound in open_ if sound.begin < tick]
                up = pedals[channel].up(tick, last) if channel in pedals else tick
                for sound in open_:
                    sound.until(up)
                if up > tick:
                    ringing[key] = open_
        for open_ in struck.values():
            for sound in open_:
                sound.until(end)
    return sounds, parts


class _Pedal:
    """When the pedal of a channel moves, and when it is up next."""

    def __init__(self) -> None:
        self.ticks: list[int] = []
        self.downs: list[bool] = []
        self.ups: list[int] = []

    def up(self, tick: int, last: int) -> int:
        """The tick a note rings to that is ended at `tick`; the pedal may stay down up to the `last`."""
        if not self.ups:
            following = last
            for moved, down in zip(reversed(self.ticks), reversed(self.downs), strict=True):
                following = following if down else moved
                self.ups.append(following)
            self.ups.reverse()
        place = bisect_right(self.ticks, tick) - 1
        return max(tick, self.ups[place]) if place >= 0 and self.downs[place] else tick


def _pedals(events: Events) -> Mapping[int, _Pedal]:
    pedals: defaultdict[int, _Pedal] = defaultdict(_Pedal)
    moves = [(e[0], e[1] & 15, e[3]) for track in events.tracks for e in track if e[1] >> 4 == 0xB]
    for tick, channel, value in sorted(moves, key=lambda move: move[0]):
        if channel != DRUM_CHANNEL:
            pedals[channel].ticks.append(tick)
            pedals[channel].downs.append(value >= PEDAL_DOWN)
    return dict(pedals)


def ticks_clock(
    division: int, tempos: Mapping[int, int], meters: Mapping[int, tuple[int, int]], last: int
) -> pretty_midi.PrettyMIDI:
    """pretty_midi on a track of nothing but tempos and meters: what becomes of ticks is its part.

    It and mido would read the notes too, at ten times the time and memory, with the tempos of the first track only,
    the pedal of the instrument's own track only, and without the notes that never end or last no tick.
    """
    import mido  # here, and not above: 0.2 s
    import pretty_midi

    changes = [(tick, "set_tempo", {"tempo": tempo}) for tick, tempo in tempos.items()]
    changes += [(tick, "time_signature", {"numerator": n, "denominator": d}) for tick, (n, d) in meters.items()]
    changes.append((last, "end_of_track", {}))
    track, before = mido.MidiTrack(), 0
    for tick, kind, values in sorted(changes, key=lambda change: change[0]):
        track.append(mido.MetaMessage(kind, time=tick - before, **values))
        before = tick
    try:
        return pretty_midi.PrettyMIDI(mido_object=mido.MidiFile(ticks_per_beat=division, tracks=[track]))
    except _REFUSALS as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"pretty_midi refuses its tempos and meters ({reason}); export it again") from None
