"""Hostile MIDI files, made here: each is refused in one line or read, and none costs more than 2 s or 200 MB."""

from __future__ import annotations

import functools
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from seqgen.domains.music.formats.guard import scan
from seqgen.domains.music.formats.midi import read_midi
from seqgen.errors import DataError, UsageError

MOST = 200_000
TICKS = 4_000_000
RAISE = r"raise .*--max-events \(in Python max_events=\)"


def number(value: int) -> bytes:
    out = [value & 127]
    while value := value >> 7:
        out.append(value & 127 | 128)
    return bytes(reversed(out))


def file(*tracks: bytes, division: int = 480, form: int = 1, declared: int | None = None) -> bytes:
    header = struct.pack(">4sIHHH", b"MThd", 6, form, len(tracks) if declared is None else declared, division)
    return header + b"".join(b"MTrk" + struct.pack(">I", len(track)) + track for track in tracks)


def on(wait: int, pitch: int = 60) -> bytes:
    return number(wait) + bytes([0x90, pitch, 64])


def off(wait: int, pitch: int = 60) -> bytes:
    return number(wait) + bytes([0x80, pitch, 64])


def meta(wait: int, kind: int, body: bytes) -> bytes:
    return number(wait) + bytes([0xFF, kind]) + number(len(body)) + body


END = meta(0, 0x2F, b"")
NOTE = on(0) + off(480) + END


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", r"it is empty; get a whole copy"),
        (b"\x89PNG\r\n\x1a\n", r"it begins with 89 50 4e 47, not with MThd, so it is no MIDI file"),
        (b"MThd\0\0\0\6\0", r"its header is cut short at byte 9"),
        (b"MThd\0\0\0\2\0\0\0\1\0\x60", r"its header is cut short"),
        (b"MThd\xff\xff\xff\xff\0\0\0\1\0\x60", r"its header is cut short"),
        (file(NOTE, division=0), r"divides a quarter note into 0 ticks at byte 12"),
        (file(NOTE, division=0xE300), r"29 frames a second of 0 ticks at byte 12"),
        (file(NOTE, division=0x8001), r"128 frames a second of 1 ticks at byte 12"),
        (file(NOTE, form=3), r"format 3 at byte 8; there is 0, 1 and 2"),
        (file(NOTE, NOTE, form=2), r"2 independent pieces \(format 2\); export each to a file of its own"),
        (file(), r"declares no tracks at byte 10"),
        (file(NOTE, declared=65_535), r"declares 65535 tracks and ends at byte 35 after 1; it is cut short"),
        (file(NOTE)[:-1], r"a chunk at byte 14 says 13 bytes, 12 are left; it is damaged or cut short"),
        (file(NOTE).replace(b"\0\0\0\x0d", b"\xff\xff\xff\xff"), r"says 4294967295 bytes, 13 are left"),
        (file(meta(0, 0x51, b"\0\0\0") + NOTE), r"a tempo of 0 microseconds a quarter note at byte 22 of track 1"),
        (file(meta(0, 0x51, b"\1") + NOTE), r"a tempo of 1 microseconds"),
        (file(meta(0, 0x58, b"\4\xff\x18\x08") + NOTE), r"a meter of bytes 04 ff at byte 22 of track 1"),
        (file(meta(0, 0x58, b"\0\2\x18\x08") + NOTE), r"a meter of bytes 00 02"),
        (file(meta(0, 0x58, b"\4") + NOTE), r"a meter of bytes 04"),
        (file(b"\0\x90\x3c\x80"), r"a data byte 0x80, above 0x7f, at byte 22 of track 1"),
        (file(b"\0\x3c\x40"), r"a data byte 0x3c without a message at byte 22"),
        (file(END, b"\0\x90\x3c"), r"a message cut short at byte 34 of track 2"),
        (file(b"\0\xf2\x3c"), r"a message cut short at byte 25 of track 1"),
        (file(b"\0\xf4"), r"an undefined message 0xf4 at byte 22"),
        (file(b"\0\xf0\xff\xff\xff\x7f\0"), r"a system message of 268435455 bytes, longer than its track, at byte 22"),
        (file(b"\0\xff\x01\xff\xff\xff\x7f"), r"a meta event of 268435455 bytes, longer than its track, at byte 22"),
        (file(b"\0\xff"), r"a meta event without a kind at byte 22"),
        (file(b"\0\xff\x01\xff"), r"a number cut short at byte 25 of track 1"),
        (file(b"\xff" * 1_000_000), r"a number of more than 4 bytes at byte 22 of track 1"),
        (file(b"\0\xff\x01" + b"\xff" * 1_000_000), r"a number of more than 4 bytes at byte 25"),
        (file(b"\0"), r"a time without an event at byte 22"),
        (
            file(on(TICKS + 1)),
            r"reaches tick 4000001 at byte 22 of track 1, at most 4000000 are read; .*raise --max-ev",
        ),
        (file(on(0x0FFFFFFF) * 40), r"reaches tick 268435455 at byte 22"),
        (file(on(0) * MOST + on(0)), rf"more than {MOST} events, counted up to byte \d+; .*{RAISE}"),
        (file(NOTE).replace(b"MTrk", b"XXXX") + b"XXXX\0\0\0\0" * MOST, rf"more than {MOST} events.*{RAISE}"),
        (
            file(b"".join(meta(1, 0x51, b"\1\1\1") for _ in range(25_001))),
            rf"more than 25000 changes of tempo, meter and key .*{RAISE}",
        ),
        (file(b"".join(meta(1, 0x58, b"\3\2\1\1") for _ in range(25_001))), rf"more than 25000 changes .*{RAISE}"),
        (file(meta(0, 1, bytes(64 * MOST))), rf"it has more than 12800000 bytes; .*{RAISE}"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_it_is_refused_in_one_line(raw: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        scan(raw)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    "extra",
    [
        meta(0, 0x59, b"\x78\0"),
        meta(0, 0x59, b"\0"),
        meta(0, 0x00, b"\1"),
        meta(0, 0x20, b""),
        meta(0, 0x54, b"\xff"),
        meta(0, 0x05, b"\xff\xfe\n"),
        meta(0, 0x7F, bytes(2_000_000)),
        b"\0\xf0" + number(2_000_000) + b"\xff" * 2_000_000,
        b"\0\xf7\0" + b"\0\xf8" + b"\0\xf1\1" + b"\0\xf3\xff",
        b"\0\xe0\1\2" + b"\0\xa0\1\2" + b"\0\xd0\1" + b"\0\xb0\7\1",
        meta(0, 0x51, b"\xff\xff\xff"),
    ],
    ids=["key", "short-key", "number", "channel", "smpte", "lyrics", "vendor", "sysex", "system", "channel-", "slow"],
)
def test_what_makes_no_note_does_no_harm(tmp_path: Path, extra: bytes) -> None:
    path = tmp_path / "a.mid"
    path.write_bytes(file(extra + on(0) + extra + off(480) + END))
    assert [note.pitch for note in read_midi(path).notes] == [60]


def test_foreign_chunks_and_what_follows_the_tracks_are_left_out() -> None:
    foreign = b"XFIH\0\0\0\3abc"
    raw = file(NOTE)
    assert scan(raw[:14] + foreign + raw[14:] + foreign + b"junk") == scan(raw)
    assert scan(file(NOTE + b"\xff\xff\xff")) == scan(raw)  # after the end of the track
    assert scan(raw.replace(b"\0\0\0\6", b"\0\0\0\7").replace(b"MTrk", b"\0MTrk")) == scan(raw)  # a longer header


def test_running_status_survives_what_is_between() -> None:
    raw = file(on(0) + meta(1, 1, b"text") + b"\1\x3e\x40" + b"\1\xf0\1\xf7" + b"\1\x3f\x40" + END)
    assert [event[2] for event in scan(raw).tracks[0]] == [60, 62, 63]


def test_the_limits_grow_with_max_events() -> None:
    raw = file(on(0) * 20 + END)
    with pytest.raises(DataError, match=r"more than 10 events"):
        scan(raw, max_events=10)
    assert len(scan(raw, max_events=22).tracks[0]) == 20
    assert scan(file(on(TICKS)), max_events=2).ends == [TICKS]  # a smaller number forbids events and nothing else
    with pytest.raises(DataError, match=r"at most 4000020 are read; .*raise --max-events"):
        scan(file(on(TICKS + 21)), max_events=MOST + 1)
    with pytest.raises(DataError, match=r"at most 9999990 are read; export it with fewer ticks a quarter note$"):
        scan(file(on(10_000_000)), max_events=10**9)
    scan(file(on(9_999_990)), max_events=10**6)
    with pytest.raises(UsageError, match="a piece cannot have 0 events at most; give 1 or more"):
        scan(raw, max_events=0)


# Costs

HALF = MOST // 2
TEMPOS = b"".join(meta(159, 0x51, struct.pack(">I", 500_000 + i % 2)[1:]) for i in range(MOST // 8 - 1))
METERS = b"".join(meta(159, 0x58, bytes([1 + i % 9, 2, 24, 8])) for i in range(MOST // 8 - 1))

# Each as bad as the limits allow. `bytes * number` and not a loop, so that making them costs nothing.
WORST: dict[str, Callable[[], bytes]] = {
    "200k one-tick notes, never ended": lambda: file(on(1) * (MOST - 2)),
    "200k notes ended at once, at the last tick": lambda: file(on(1) * (MOST - 3) + off(TICKS - MOST)),
    "chords": lambda: file((b"".join(on(0, pitch) for pitch in range(100)) + off(1, 0)) * (MOST // 101 - 1)),
    "the last tick": lambda: file(on(TICKS)),
    "tempos": lambda: file(TEMPOS + on(0) * (MOST // 8 * 7 - 2)),
    "meters": lambda: file(METERS + on(20)),
    "controls": lambda: file(b"\1\xb0\x40\x7f\1\xb0\x40\0" * (HALF - 3) + on(0) + off(TICKS - MOST)),
    "pedalled notes": lambda: file(b"\0\xb0\x40\x7f" + (on(20) + off(20)) * (HALF - 3)),
    "bends": lambda: file(b"\1\xe0\x40\x40" * (MOST - 3)),
    "tracks": lambda: file(*[on(0) + off(1)] * 65_535),
    "programs": lambda: file(b"".join(b"\0\xc0" + bytes([i % 128]) + on(9) + off(9) for i in range(MOST // 3 - 1))),
    "a sysex as large as the file": lambda: file(b"\0\xf0" + number(12_700_000) + bytes(12_700_000)),
    "lyrics": lambda: file(meta(0, 5, bytes(57)) * (MOST - 2)),
    "all of these": lambda: file(
        TEMPOS, b"\0\xb0\x40\x7f" + on(22) * (MOST // 8 * 7 - 20), on(TICKS) + meta(0, 1, bytes(8_000_000))
    ),
}

QUICK = ("200k one-tick notes, never ended", "all of these")  # the others in the slow run

# Not the largest size that getrusage tells: a process inherits that of the one it was started by.
COST = """
import re, sys, time
from pathlib import Path
import pretty_midi
from seqgen.domains.music.formats.midi import read_midi
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
before = time.process_time(), peak()
score = read_midi(sys.argv[1])
print(time.process_time() - before[0], peak() - before[1])
"""


def cost(path: Path) -> tuple[float, float]:
    """Seconds of the processor and MB that reading a file costs a fresh process which has pretty_midi loaded."""
    out = subprocess.run([sys.executable, "-c", COST, str(path)], capture_output=True, text=True, check=True).stdout
    seconds, size = map(float, out.split())
    return seconds, size / 1024


@functools.cache
def slowness() -> float:
    """How much slower than 10 million additions a second this machine is at present: neighbours take their share."""
    code = (
        "import time\nt, x = time.process_time(), 0\nfor i in range(2_000_000): x += i\nprint(time.process_time() - t)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return max(float(out) / 0.2, 1.0)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the size of a process from /proc")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in WORST]
)
def test_no_file_costs_more_than_2_s_or_200_mb(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.mid"
    path.write_bytes(WORST[name]())
    for _ in range(3):  # neighbours may come and go between this reading and that of `slowness`
        seconds, size = cost(path)
        if seconds < 2 * slowness():
            break
    print(f"{name}: {seconds:.2f} s, {size:.0f} MB, machine slowed {slowness():.1f} times")
    assert seconds < 2 * slowness()
    assert size < 200
