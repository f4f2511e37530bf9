"""MIDI files as scores and back."""

from __future__ import annotations

import io
import math
import os
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

from seqgen.errors import DataError, UsageError
from seqgen.files.storage import write_output

from ..score import DRUMS, LONGEST, Meter, Note, Score, Tempo
from .guard import DEFAULT_TEMPO, MAX_EVENTS, TICKS, Events, most_bytes, scan
from .limits import read_bytes

if TYPE_CHECKING:
    import pretty_midi

DRUM_CHANNEL = 9  # counted from 0
PEDAL_DOWN = 64  # and above, of control 64
TICK = 0.001  # seconds: a time that is written moves by half of it at most
LONGEST_QUARTER = 0xFFFFFF  # microseconds, 3.6 quarter notes a minute: a tempo has three bytes
MOST_TICKS = TICKS * MAX_EVENTS  # of a piece that can be read again
COARSEST = 12  # ticks a quarter note: a piece of a day still has 23 at 120 a minute
MOST_PARTS = 0x7FFE
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

    Raises DataError, in one line, for a file that is missing, no MIDI file, damaged or cut short, lasts over a day, or
    goes beyond `max_events` or the limits that follow from it (see `guard.scan`). A file within the default limit
    costs less than 2 s and 200 MB.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_midi(Score([Note(0.0, 60, 0.5)]), f"{folder}/c.mid")
    ...     read_midi(f"{folder}/c.mid").notes[0].pitch
    60
    """
    name = os.fspath(path)
    raw = read_bytes(path, most_bytes(max_events))
    try:
        return _score(scan(raw, max_events))
    except DataError as error:
        raise DataError(f"cannot use {name} as MIDI: {error}") from None


def write_midi(score: Score, path: str | os.PathLike[str]) -> None:
    """Writes a score as a MIDI file of format 1, whole or not at all: a track for every part and program.

    Times move by at most 0.5 ms (in pieces of over an hour by more), and what is written can be read again: the same
    notes, if every part has one program and no pitch twice at once. A pitch that is struck again ends there; a note
    shorter than 1 ms lasts a tick. Tempos are rounded to whole microseconds a quarter note, at most 16.8 seconds.
    Raises UsageError for a place that cannot be written, and for a score that no MIDI file can hold.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_midi(Score([Note(0.0, 60, 0.5), Note(0.5, 64, 0.5)]), f"{folder}/third.mid")
    ...     read_midi(f"{folder}/third.mid").seconds
    1.0
    """
    write_output(path, _bytes(score))


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
    sounds = _sounds(events)
    last = max((sound.end for sound in sounds), default=0)
    clock = _clock(events.division, events.tempos, events.meters, last)
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
    )


def _sounds(events: Events) -> list[_Sound]:
    pedals = _pedals(events)
    last = max(events.ends)
    sounds: list[_Sound] = []
    parts: dict[tuple[int, int, int], int] = {}  # by track, channel and program
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
    return sounds


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


def _clock(
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


def _bytes(score: Score) -> bytes:
    import pretty_midi

    clock = _written_clock(score)
    parts: defaultdict[tuple[int, int], list[Note]] = defaultdict(list)
    for note in score.notes:
        parts[note.part, note.program].append(note)
    if len(parts) > MOST_PARTS:
        raise UsageError(f"the score has {len(parts)} parts; a MIDI file holds {MOST_PARTS}, write fewer")
    shortest = 1.1 * max(scale for _, scale in clock._tick_scales)  # rounded to a tick or two, never to none
    for (_, program), notes in sorted(parts.items()):
        drums = program == DRUMS
        name = "Drums" if drums else pretty_midi.program_to_instrument_name(program)
        instrument = pretty_midi.Instrument(0 if drums else int(program), drums, name)
        following: dict[int, float] = {}
        for note in reversed(notes):
            onset, again = float(note.onset), following.get(note.pitch, math.inf)
            end = max(min(float(note.end), again if again > onset else math.inf), onset + shortest)
            instrument.notes.append(pretty_midi.Note(int(note.velocity), int(note.pitch), onset, end))
            following[note.pitch] = onset
        instrument.notes.reverse()
        clock.instruments.append(instrument)
    raw = io.BytesIO()
    clock.write(raw)
    return raw.getvalue()


def _written_clock(score: Score) -> pretty_midi.PrettyMIDI:
    """Tempos and meters to write, with ticks of at most 1 ms at the slowest tempo while the piece is not too long.

    Ticks divide a quarter note by a multiple of 120, so that sixteenths, triplets and their halves fall on ticks
    however slow the tempo is.
    """
    import pretty_midi

    turns = [(t.time, min(max(round(6e7 / t.bpm), 1), LONGEST_QUARTER)) for t in score.tempos]
    if not turns or turns[0][0] > 0:
        turns.insert(0, (0.0, DEFAULT_TEMPO))
    ends = [time for time, _ in turns[1:]] + [max(score.seconds, turns[-1][0])]
    quarters = sum((end - time) * 1e6 / tempo for (time, tempo), end in zip(turns, ends, strict=True))
    fine = 120 * math.ceil(max(max(tempo for _, tempo in turns) / 1e6 / TICK, 480) / 120)
    division = min(fine, int(MOST_TICKS / max(quarters, 1)))
    if division < COARSEST:
        raise UsageError(f"the score has {quarters:.0f} quarter notes, too many for MIDI; write it in slower tempos")

    ticks: dict[int, int] = {}
    tick, now, tempo = 0, 0.0, turns[0][1]
    for time, following in turns:
        passed = max(round((time - now) * 1e6 / tempo * division), 0)
        tick, now = tick + passed, now + passed * tempo / 1e6 / division
        ticks[tick] = tempo = following
    clock = _clock(division, ticks, {}, tick)
    # pretty_midi cuts off what follows the point of a tempo in microseconds, and 500000 may have become 499999.9999.
    clock._tick_scales = [(tick, scale * (1 + 1e-12)) for tick, scale in clock._tick_scales]
    for time, over, under in score.meters:
        if not 1 <= over <= 255 or under not in (1, 2, 4, 8, 16, 32, 64, 128):
            raise UsageError(f"MIDI has no meter {over}/{under}; write one of up to 255 over 1, 2, 4, ... 128")
        clock.time_signature_changes.append(pretty_midi.TimeSignature(int(over), int(under), float(time)))
    return clock
