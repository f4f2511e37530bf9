"""The bytes of a MIDI file from anywhere: taken apart in bounded time and memory, or refused in one line."""

from __future__ import annotations

from typing import NamedTuple, NoReturn, TypeAlias

from seqgen.errors import DataError, UsageError

MAX_EVENTS = 200_000
BYTES = 64  # of a file, for every event it may have: room for names, lyrics and sysex
CHANGES = 8  # events a tempo or meter: one costs as much as eight notes
TICKS = 20  # of a piece, for every event it may have: over an hour at 480 a quarter and 120 bpm
MOST_TICKS = 9_999_990  # pretty_midi takes no more

DEFAULT_TEMPO = 500_000  # microseconds a quarter note, where a file says nothing
_RATES = {
    24: (24, 1_000_000),
    25: (25, 1_000_000),
    29: (30, 1_001_000),
    30: (30, 1_000_000),
}  # SMPTE: frames in microseconds
_DATA_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1, 0xF6: 0, 0xF8: 0, 0xF9: 0, 0xFA: 0, 0xFB: 0, 0xFC: 0, 0xFD: 0, 0xFE: 0}

# Tick, status, first and second data byte of a note on or off, a program change, or control change 64, the pedal.
# No NamedTuple: there are many, and a plain tuple is made in half the time.
Event: TypeAlias = tuple[int, int, int, int]

_MORE = "cut the piece, or raise the number with --max-events (in Python max_events=)"


class Events(NamedTuple):
    """What of a MIDI file makes music; all else in it (lyrics, sysex, bends) is checked and left out.

    division: ticks a quarter note.
    tempos: microseconds a quarter note, by the tick they begin at, from all tracks.
    meters: numerator and denominator, by the tick they begin at, from all tracks.
    tracks: the events of each track, in the order of the file.
    ends: the tick each track ends at.
    keys: sharps, or flats below 0, and whether minor, by the tick they begin at, from all tracks.
    names: of tracks, "" where one has none.
    """

    division: int
    tempos: dict[int, int]
    meters: dict[int, tuple[int, int]]
    tracks: list[list[Event]]
    ends: list[int]
    keys: dict[int, tuple[int, int]]
    names: list[str]


def scan(data: bytes, max_events: int = MAX_EVENTS) -> Events:
    """Takes a MIDI file apart. Work and memory are bounded by `max_events`, whatever the bytes say.

    The other limits grow with it above the default: 64 bytes and 20 ticks for every event, a change of tempo or meter
    for every eighth. A chunk counts as an event. Where a file counts time in SMPTE frames, its tempos mean nothing and
    a "quarter note" is a second.
    Raises DataError, in one line with the place, for a file that is no MIDI file, is damaged or cut short, or exceeds
    a limit. A file in a RIFF wrapper (.rmi) is taken out of it; places count from where it begins.

    Source: Standard MIDI Files 1.0 (RP-001) and RIFF-based MIDI (RP-029), MIDI Manufacturers Association.

    >>> header, end = b"MThd" + bytes([0, 0, 0, 6, 0, 0, 0, 1, 0, 96]), bytes([0, 255, 47, 0])
    >>> scan(header + b"MTrk" + bytes([0, 0, 0, 8, 0, 0x90, 60, 80]) + end).tracks
    [[(0, 144, 60, 80)]]
    """
    if max_events < 1:
        raise UsageError(f"a piece cannot have {max_events} events at most; give 1 or more")
    if len(data) > most_bytes(max_events):
        raise DataError(f"it has more than {most_bytes(max_events)} bytes; {_MORE}")
    data = _unwrapped(data)
    division, tracks, tempos = _header(data)
    return _Scanner(data, max_events, division, tracks, tempos).run(8 + int.from_bytes(data[4:8]))


def most_bytes(max_events: int) -> int:
    """The size of the largest file that is taken apart."""
    return BYTES * max(max_events, MAX_EVENTS)


def _unwrapped(data: bytes) -> bytes:
    """What is in the chunk "data" of an .rmi, a RIFF file of the form RMID; any other bytes as they are."""
    if data[:4] != b"RIFF" or data[8:12] != b"RMID":
        return data
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at : at + 4] == b"data":
            return data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    raise DataError("it is a RIFF file without a chunk of MIDI data; get a whole copy")


def _header(data: bytes) -> tuple[int, int, dict[int, int]]:
    """Ticks a quarter note, the number of tracks, and the tempo of a file without one."""
    whole = "get a whole copy, or export it again as MIDI"
    if not data:
        raise DataError(f"it is empty; {whole}")
    if data[:4] != b"MThd":
        raise DataError(f"it begins with {data[:4].hex(' ')}, not with MThd, so it is no MIDI file; name one")
    if len(data) < 14 or not 6 <= int.from_bytes(data[4:8]) <= len(data) - 8:
        raise DataError(f"its header is cut short at byte {len(data)}; {whole}")
    form, tracks, division = (int.from_bytes(data[at : at + 2]) for at in (8, 10, 12))
    if form > 2:
        raise DataError(f"its header names format {form} at byte 8; there is 0, 1 and 2; {whole}")
    if form == 2 and tracks > 1:
        raise DataError(f"it holds {tracks} independent pieces (format 2); export each to a file of its own")
    if not tracks:
        raise DataError(f"its header declares no tracks at byte 10; {whole}")
    if division < 0x8000:
        if not division:
            raise DataError(f"its header divides a quarter note into 0 ticks at byte 12; {whole}")
        return division, tracks, {}
    rate, ticks = 256 - (division >> 8), division & 0xFF
    if rate not in _RATES or not ticks:
        raise DataError(f"its header counts {rate} frames a second of {ticks} ticks at byte 12; {whole}")
    frames, time = _RATES[rate]
    return frames * ticks, tracks, {0: time}


def _text(body: bytes) -> str:
    """A name of a track, as UTF-8 or, as older programs write it, Latin-1; control characters are left out."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = body.decode("latin-1")
    return " ".join("".join(sign for sign in text if sign.isprintable()).split())


class _Scanner:
    """The place in a file, and what was found up to there."""

    def __init__(self, data: bytes, max_events: int, division: int, tracks: int, tempos: dict[int, int]) -> None:
        self.data = data
        self.max_events = max_events
        self.max_ticks = min(TICKS * max(max_events, MAX_EVENTS), MOST_TICKS)
        self.max_changes = max(max_events, MAX_EVENTS) // CHANGES
        self.declared = tracks
        self.count = 0
        self.in_frames = bool(tempos)
        self.events = Events(division, tempos, {}, [], [], {}, [])

    def run(self, at: int) -> Events:
        data, tracks = self.data, self.events.tracks
        while len(tracks) < self.declared:
            if at + 8 > len(data):
                raise DataError(
                    f"it declares {self.declared} tracks and ends at byte {len(data)} after {len(tracks)}; "
                    "it is cut short: get a whole copy"
                )
            begin, end = at + 8, at + 8 + int.from_bytes(data[at + 4 : at + 8])
            if end > len(data):
                raise DataError(
                    f"a chunk at byte {at} says {end - begin} bytes, {len(data) - begin} are left; "
                    "it is damaged or cut short: get a whole copy"
                )
            self.count += 1
            if self.count > self.max_events:
                self.too_many(at)
            if data[at : at + 4] == b"MTrk":
                self.track(begin, end)
            at = end
        return self.events  # what follows the declared tracks is no music

    def track(self, at: int, end: int) -> None:
        data, found, count = self.data, list[Event](), self.count
        most, max_ticks = self.max_events, self.max_ticks
        self.events.tracks.append(found)
        self.events.names.append("")
        tick = status = 0
        while at < end:
            count += 1
            if count > most:
                self.too_many(at)
            here = at
            wait = data[at]
            at += 1
            if wait > 127:
                wait, at = self.number(here, end)
            tick += wait
            if tick > max_ticks:
                self.too_long(tick, here)
            if at >= end:
                self.damaged("a time without an event", here)
            first = data[at]
            if first > 127:
                at += 1
                if first >= 0xF0:
                    if first == 0xFF:
                        if at >= end:
                            self.damaged("a meta event without a kind", here)
                        kind = data[at]
                        length, at = self.number(at + 1, end)
                        if at + length > end:
                            self.damaged(f"a meta event of {length} bytes, longer than its track,", here)
                        if kind == 0x2F:
                            break
                        self.meta(tick, kind, data[at : at + length], here)
                        at += length
                    elif first in (0xF0, 0xF7):
                        length, at = self.number(at, end)
                        if at + length > end:
                            self.damaged(f"a system message of {length} bytes, longer than its track,", here)
                        at += length
                    elif first in _DATA_BYTES:
                        at += _DATA_BYTES[first]
                    else:
                        self.damaged(f"an undefined message {first:#04x}", here)
                    continue
                status = first
            elif not status:
                self.damaged(f"a data byte {first:#04x} without a message", here)
            short = 0xC0 <= status < 0xE0  # one data byte
            after = at + 1 if short else at + 2
            if after > end:
                self.damaged("a message cut short", here)
            one = data[at]
            two = 0 if short else data[at + 1]
            if one > 127 or two > 127:
                self.damaged(f"a data byte {max(one, two):#04x}, above 0x7f,", here)
            at = after
            if status < 0xA0 or (status < 0xD0 and (status >= 0xC0 or (status >= 0xB0 and one == 64))):
                found.append((tick, status, one, two))
        if at > end:
            self.damaged("a message cut short", end)
        self.count = count
        self.events.ends.append(tick)

    def number(self, at: int, end: int) -> tuple[int, int]:
        """A variable-length quantity, at most 4 bytes of 7 bits each; and the place after it."""
        value = 0
        for place in range(at, min(at + 4, end)):
            value = value << 7 | self.data[place] & 0x7F
            if self.data[place] < 0x80:
                return value, place + 1
        self.damaged("a number cut short" if end < at + 4 else "a number of more than 4 bytes", at)

    def meta(self, tick: int, kind: int, body: bytes, at: int) -> None:
        if kind == 0x51:
            tempo = int.from_bytes(body[:3])
            if len(body) < 3 or not tempo:
                self.damaged(f"a tempo of {tempo} microseconds a quarter note", at)
            if not self.in_frames:
                self.events.tempos[tick] = tempo
        elif kind == 0x58:
            if len(body) < 2 or not body[0] or body[1] > 7:
                self.damaged(f"a meter of bytes {body[:2].hex(' ')}", at)
            self.events.meters[tick] = body[0], 2 ** body[1]
        elif kind == 0x59 and len(body) > 1 and body[1] < 2 and (body[0] + 7) % 256 < 15:
            self.events.keys[tick] = (body[0] + 7) % 256 - 7, body[1]
        elif kind == 0x03 and not self.events.names[-1]:
            self.events.names[-1] = _text(body[:80])
        if len(self.events.tempos) + len(self.events.meters) + len(self.events.keys) > self.max_changes:
            raise DataError(
                f"more than {self.max_changes} changes of tempo, meter and key up to byte {at} of track "
                f"{self.number_of_track}; {_MORE}"
            )

    @property
    def number_of_track(self) -> int:
        return len(self.events.tracks)

    def damaged(self, what: str, at: int) -> NoReturn:
        raise DataError(f"{what} at byte {at} of track {self.number_of_track}; it is damaged: get a whole copy")

    def too_many(self, at: int) -> NoReturn:
        raise DataError(f"more than {self.max_events} events, counted up to byte {at}; {_MORE}")

    def too_long(self, tick: int, at: int) -> NoReturn:
        more = ", or raise --max-events (in Python max_events=)" if self.max_ticks < MOST_TICKS else ""
        raise DataError(
            f"it reaches tick {tick} at byte {at} of track {self.number_of_track}, at most {self.max_ticks} are read; "
            f"export it with fewer ticks a quarter note{more}"
        )
