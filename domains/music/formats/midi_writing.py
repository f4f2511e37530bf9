"""Scores as MIDI files."""

from __future__ import annotations

import io
import math
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from seqgen.errors import UsageError
from seqgen.files.storage import write_output

from ..score import DRUMS, Note, Score
from ..signs import spelled
from .guard import DEFAULT_TEMPO, MAX_EVENTS, TICKS
from .midi import DRUM_CHANNEL, instrument_name, ticks_clock

if TYPE_CHECKING:
    import mido
    import pretty_midi

TICK = 0.001  # seconds: a time that is written moves by half of it at most
LONGEST_QUARTER = 0xFFFFFF  # microseconds, 3.6 quarter notes a minute: a tempo has three bytes
MOST_TICKS = TICKS * MAX_EVENTS  # of a piece that can be read again
COARSEST = 12  # ticks a quarter note: a piece of a day still has 23 at 120 a minute
MOST_PARTS = 0x7FFE
CHANNELS = [channel for channel in range(16) if channel != DRUM_CHANNEL]


def write_midi(score: Score, path: str | os.PathLike[str]) -> None:
    """Writes a score as a MIDI file of format 1, whole or not at all: a track for every part and program.

    Times move by at most 0.5 ms (in pieces of over an hour by more), and what is written can be read again: the same
    notes, if every part has one program and no pitch twice at once. A pitch that is struck again ends there; a note
    shorter than 1 ms lasts a tick. Tempos are rounded to whole microseconds a quarter note, at most 16.8 seconds.
    Where one note ends and another begins, the end comes first. Tracks have the names of their parts, else of their
    instruments, numbered where several would be called the same; key signatures are written.
    Raises UsageError for a place that cannot be written, and for a score that no MIDI file can hold.

    >>> import tempfile
    >>> from seqgen.domains.music import read_midi
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_midi(Score([Note(0.0, 60, 0.5), Note(0.5, 64, 0.5)]), f"{folder}/third.mid")
    ...     read_midi(f"{folder}/third.mid").seconds
    1.0
    """
    write_output(path, _bytes(score))


def _bytes(score: Score) -> bytes:
    import mido

    clock = _written_clock(score)
    parts: defaultdict[tuple[int, int], list[Note]] = defaultdict(list)
    for note in score.notes:
        parts[note.part, note.program].append(note)
    if len(parts) > MOST_PARTS:
        raise UsageError(f"the score has {len(parts)} parts; a MIDI file holds {MOST_PARTS}, write fewer")
    shortest = 1.1 * max(scale for _, scale in clock._tick_scales)  # rounded to a tick or two, never to none
    names = part_names(score, parts)
    file = _timed(score, clock)
    for number, ((part, program), notes) in enumerate(sorted(parts.items())):
        channel = DRUM_CHANNEL if program == DRUMS else CHANNELS[number % len(CHANNELS)]
        events = [(0, 0, mido.Message("program_change", program=int(program) % DRUMS, channel=channel))]
        following: dict[int, float] = {}
        for note in reversed(notes):
            onset, again = float(note.onset), following.get(note.pitch, math.inf)
            end = max(min(float(note.end), again if again > onset else math.inf), onset + shortest)
            key = {"channel": channel, "note": int(note.pitch)}
            begin = clock.time_to_tick(onset)
            events.append((begin, 2, mido.Message("note_on", velocity=int(note.velocity), **key)))
            events.append((max(clock.time_to_tick(end), begin + 1), 1, mido.Message("note_on", velocity=0, **key)))
            following[note.pitch] = onset
        events.sort(key=lambda event: (*event[:2], event[2].bytes()))
        track = mido.MidiTrack([mido.MetaMessage("track_name", name=names[part, program])])
        before = 0
        for tick, _, message in events:
            track.append(message.copy(time=tick - before))
            before = tick
        track.append(mido.MetaMessage("end_of_track", time=1))
        file.tracks.append(track)
    raw = io.BytesIO()
    file.save(file=raw)
    return raw.getvalue()


def part_names(score: Score, parts: Iterable[tuple[int, int]]) -> Mapping[tuple[int, int], str]:
    """What each part and program is called: its name in the score, else its instrument, numbered where they repeat."""
    plain = {
        (part, program): (score.names[part] if part < len(score.names) else "") or instrument_name(program)
        for part, program in sorted(parts)
    }
    often, seen = Counter(plain.values()), Counter[str]()
    names = {}
    for key, name in plain.items():
        seen[name] += 1
        names[key] = f"{name} {seen[name]}" if often[name] > 1 else name
    return names


def _timed(score: Score, clock: pretty_midi.PrettyMIDI) -> mido.MidiFile:
    """A file with the track of tempos, meters and keys alone."""
    import mido

    raw = io.BytesIO()
    clock.write(raw)
    raw.seek(0)
    file = mido.MidiFile(file=raw, charset="utf-8")
    (track,) = file.tracks
    events, tick = [], 0
    for message in track:
        tick += message.time
        events.append((tick, message.type == "end_of_track", message))
    for key in score.keys:
        name = spelled(key.fifths) if key.mode == "major" else f"{spelled(key.fifths + 3)}m"
        message = mido.MetaMessage("key_signature", key=name)
        events.append((clock.time_to_tick(float(key.time)), False, message))
    track.clear()
    before, last = 0, max(tick for tick, *_ in events)
    for tick, end, message in sorted(events, key=lambda event: (event[1], event[0])):
        at = last if end else tick
        track.append(message.copy(time=at - before))
        before = at
    return file


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
    clock = ticks_clock(division, ticks, {}, tick)
    # pretty_midi cuts off what follows the point of a tempo in microseconds, and 500000 may have become 499999.9999.
    clock._tick_scales = [(tick, scale * (1 + 1e-12)) for tick, scale in clock._tick_scales]
    for time, over, under in score.meters:
        if not 1 <= over <= 255 or under not in (1, 2, 4, 8, 16, 32, 64, 128):
            raise UsageError(f"MIDI has no meter {over}/{under}; write one of up to 255 over 1, 2, 4, ... 128")
        clock.time_signature_changes.append(pretty_midi.TimeSignature(int(over), int(under), float(time)))
    return clock
