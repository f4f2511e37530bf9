"""Damaged MIDI files by the thousand: a score or a DataError of one line, soon and in little memory."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from seqgen.domains.music.formats.midi import read_midi
from seqgen.domains.music.formats.midi_writing import write_midi
from seqgen.domains.music.score import DRUMS, Meter, Note, Score, Tempo
from seqgen.errors import DataError

CHUNKS = (
    b"MTrk\0\0\0\4\0\xff\x2f\0",
    b"MThd\0\0\0\6\0\1\0\1\0\x60",
    b"XFIH\0\0\0\2ab",
    b"RIFF\0\0\0\0",
    b"MTrk\xff\xff\xff\xff",
)
EVENTS = (
    *(
        b"\0\x90\x3c\x40",
        b"\0\x80\x3c\x40",
        b"\0\xb0\x40\x7f",
        b"\0\xb0\x40\0",
        b"\0\xc0\x7f",
        b"\0\xe0\0\0",
        b"\0\x99\x24\1",
    ),
    *(
        b"\0\xff\x51\3\0\0\1",
        b"\0\xff\x51\3\0\0\0",
        b"\0\xff\x58\4\0\xff\0\0",
        b"\0\xff\x58\4\7\3\0\0",
        b"\0\xff\x59\2\x78\0",
    ),
    *(
        b"\0\xf0\5abcd\xf7",
        b"\0\xf7\0",
        b"\0\xf4",
        b"\0\xff\x2f\0",
        b"\0\xff\1\x87\xff\xff\x7f",
        b"\x81\xff\xff\x7f",
        b"\xff" * 9,
    ),
    *(b"\xff\xff\x7f\x90\x3c\x40", b"\x81\x80\0\x90\x3c\x40", b"\x3c\x40", b"\0\x90\x3c\x40\0\x80\x3c\x40" * 50),
)


def seeds(folder: Path) -> list[bytes]:
    """What our own writer makes, and the smaller files of the measurement data where they are."""
    scale = [Note(0.25 * i, 60 + i, 0.25) for i in range(12)]
    beat = [Note(0.5 * i, 36, 0.1, 100, DRUMS, 1) for i in range(8)]
    scores = [
        Score(scale),
        Score([*scale, *beat], [Tempo(0.0, 90.0), Tempo(1.0, 150.0)], [Meter(0.0, 3, 4), Meter(1.5, 5, 8)]),
        Score([Note(0.1 * i, 50 + i, 2.0, program=i, part=i) for i in range(20)]),
    ]
    for number, score in enumerate(scores):
        write_midi(score, folder / f"{number}.mid")
    paths = sorted(folder.glob("*.mid"))
    if "SEQGEN_DATA" in os.environ:
        data = Path(os.environ["SEQGEN_DATA"])
        paths += sorted(path for name in ("midi_edge", "groove") for path in data.glob(f"{name}/**/*.mid"))
    return [raw for path in paths if 0 < len(raw := path.read_bytes()) < 8000]


def damaged(raw: bytes, chance: random.Random) -> bytes:
    """One to three injuries; mostly with chunk lengths made right again, so that they are read further."""
    data = bytearray(raw)
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(data) + 1)
        match chance.randrange(8):
            case 0:
                del data[place:]
            case 1 if place < len(data):
                data[place] ^= 1 << chance.randrange(8)
            case 2 if place < len(data):
                data[place] = chance.choice((0, 1, 0x7F, 0x80, 0xF0, 0xFF, chance.randrange(256)))
            case 3 if len(data) > 13:
                data[chance.randrange(14)] = chance.choice((0, 1, 2, 3, 0x7F, 0x80, 0xE7, 0xFF))
            case 4:
                data[place:place] = chance.choice(CHUNKS)
            case 5 | 6:
                data[place:place] = chance.choice(EVENTS)
            case 7:
                end = min(place + chance.randrange(64), len(data))
                data[place:end] = data[place:end] * chance.choice((0, 2, 30))
        if not data:
            break
    if chance.random() < 0.8:
        at = 14
        while at + 8 <= len(data):
            following = data.find(b"MTrk", at + 8)
            end = len(data) if following < 0 else following
            data[at + 4 : at + 8] = (end - at - 8).to_bytes(4)
            at = end
    return bytes(data)


def attack(folder: Path, mutants: int, seed: int) -> Counter[str]:
    """Reads `mutants` damaged files. Counts the scores and the refusals; raises at the first thing that is neither."""
    chance, originals, counts, path = random.Random(seed), seeds(folder), Counter[str](), folder / "mutant.bin"
    for number in range(mutants):
        raw = damaged(chance.choice(originals), chance)
        path.write_bytes(raw)
        before = time.process_time()
        try:
            score = read_midi(path)
            counts["scores"] += 1
            counts["notes"] += len(score.notes)
        except DataError as error:
            assert "\n" not in str(error)
            counts["refused"] += 1
        except Exception as error:
            raise AssertionError(f"mutant {number} of seed {seed}: {raw.hex()}") from error
        spent = round(1000 * (time.process_time() - before))
        counts["slowest, ms"] = max(counts["slowest, ms"], spent)
        assert spent < 2000, f"mutant {number} of seed {seed} took {spent} ms: {raw.hex()}"
    return counts


def test_no_damage_raises_anything_else(tmp_path: Path) -> None:
    counts = attack(tmp_path, 300, seed=1)
    assert counts["scores"] > 30
    assert counts["refused"] > 30


ATTACK = """
import re, sys
from pathlib import Path
import pretty_midi
from fuzz.test_midi_fuzz import attack
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
before = peak()
print(dict(attack(Path(sys.argv[1]), int(sys.argv[2]), seed=2)))
print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the size of a process from /proc")
def test_20000_mutants_raise_nothing_else_and_stay_small(tmp_path: Path) -> None:
    tests = Path(__file__).parent.parent
    command = [sys.executable, "-W", "error", "-c", ATTACK, str(tmp_path), "20000"]
    # A fresh process: the largest size this one ever had may be that of another test.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tests), str(tests.parent)])}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    print(done.stdout)
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout.split()[-1]) / 1024 < 200  # MB
