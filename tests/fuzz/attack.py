"""Runs a reader over damaged files and keeps count: what was read, what was refused, and what should not have happened."""

from __future__ import annotations

import hashlib
import random
import re
import sys
import time
import traceback
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fuzz.mutation import mutated, swollen
from fuzz.readers import Reader

from seqgen.errors import SeqgenError

REGRESSIONS = Path(__file__).parent / "regressions"
PACKED = ".zlib"
SECONDS = 2.0  # of the processor's time, for one file
MEMORY = 200 * 2**20  # bytes, above what the sound files take
SWOLLEN = 2000
_POOL = 60  # files that damage begins from: sound ones, and those that led somewhere new
_SMALL = 1 << 14  # bytes of them


class Failure(Exception):
    """What no file may lead to. kind: by which two of them are the same."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass
class Tally:
    """What became of the files of one reader. failures: one line for each kind; slowest in s, peak in bytes."""

    executions: int = 0
    accepted: int = 0
    late: int = 0
    early: int = 0
    foreign: int = 0
    slowest: float = 0.0
    peak: int = 0
    seconds: float = 0.0
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def past(self) -> float:
        """The share of files that were not refused for their first bytes or their outermost syntax."""
        return (self.accepted + self.late) / max(self.executions, 1)


def execute(reader: Reader, data: bytes) -> tuple[str, str]:
    """ "accepted", "late" or "early", and the words of the refusal. Raises Failure for anything else."""
    begun = time.process_time()
    try:
        reader.read(data)
        verdict, message = "accepted", ""
    except SeqgenError as error:
        message = str(error)
        if len(message.splitlines()) != 1:
            raise Failure("lines", f"a message that is not one line: {message!r:.300}") from error
        verdict = "early" if re.search(reader.early, message) else "late"
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        kind = f"{type(error).__name__} in {Path(frame.filename).name}:{frame.lineno}"
        raise Failure(kind, f"{kind}: {error!s:.200}".replace("\n", " ")) from error
    spent = time.process_time() - begun
    if spent > SECONDS:
        raise Failure("slow", f"{spent:.1f} s for {len(data)} bytes")
    return verdict, message


class Attack:
    """A reader under attack. keep: where the files that failed are put, a small one for each kind of failure."""

    def __init__(self, name: str, reader: Reader, keep: Path | None = None) -> None:
        self.name, self.reader, self.keep = name, reader, keep
        self.tally, self.seen = Tally(), set[str]()
        self.pool = [*reader.seeds]
        for seed in reader.seeds:
            execute(reader, seed)
        self.base = peak_memory()

    def run(
        self, executions: int, seed: int, *, thorough: bool = False, begin: Callable[[bytes], None] = lambda data: None
    ) -> Tally:
        """thorough: one file in 2,000 has megabytes, and damage goes on from where it led to something new.

        begin: called with every file before it is read.
        """
        draw = random.Random(f"{seed} {self.name}")
        for _ in range(executions):
            pool = self.pool if draw.randrange(2) else self.reader.seeds
            data = (swollen if thorough and not draw.randrange(SWOLLEN) else mutated)(pool, draw)
            begin(data)
            message = self.one(data)
            # What is refused in new words has got to a new place; from there on may be more.
            words = message and re.sub(r"'.*'|\".*\"|[^\sA-Za-z]+", "", message)
            if thorough and words and words not in self.seen and len(data) < _SMALL:
                self.seen.add(words)
                self.pool = [*self.pool[: _POOL - 1], data]
        return self.tally

    def one(self, data: bytes) -> str:
        """Reads one file and counts it; gives the words of a late refusal, else nothing."""
        tally, begun = self.tally, time.process_time()
        message = verdict = ""
        try:
            verdict, message = execute(self.reader, data)
        except Failure as failure:
            self._note(failure, data)
        else:
            setattr(tally, verdict, getattr(tally, verdict) + 1)
        spent = time.process_time() - begun
        tally.executions += 1
        tally.seconds += spent
        tally.slowest = max(tally.slowest, spent)
        above = peak_memory() - self.base
        if above > tally.peak:
            if above > MEMORY >= tally.peak:
                self._note(Failure("memory", f"{above >> 20} MB above the sound files"), data)
            tally.peak = above
        return message if verdict == "late" else ""

    def _note(self, failure: Failure, data: bytes) -> None:
        self.tally.foreign += 1
        if failure.kind in self.tally.failures:
            return
        place = ""
        if self.keep is not None:
            small = data if failure.kind in ("memory", "slow") else smallest(self.reader, data, failure.kind)
            place = f" ({preserved(self.keep, self.name, small)})"
        self.tally.failures[failure.kind] = f"{self.name}: {failure}{place}"


def preserved(folder: Path, name: str, data: bytes) -> Path:
    """Puts a file where it is read again in every test; a large one is packed."""
    path = folder / name / (hashlib.sha256(data).hexdigest()[:12] + (PACKED if len(data) > _SMALL else ""))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(zlib.compress(data, 9) if path.suffix else data)
    return path


def unpreserved(path: Path) -> bytes:
    return zlib.decompress(path.read_bytes()) if path.suffix == PACKED else path.read_bytes()


def smallest(reader: Reader, data: bytes, kind: str, trials: int = 400) -> bytes:
    """A part of the file that fails in the same way, found by leaving out ever smaller pieces."""

    def fails(part: bytes) -> bool:
        try:
            execute(reader, part)
        except Failure as failure:
            return failure.kind == kind
        return False

    width = len(data) // 2
    while width and trials > 0:
        at = 0
        while at < len(data) and trials > 0:
            part = data[:at] + data[at + width :]
            trials -= 1
            if fails(part):
                data = part
            else:
                at += width
        width //= 2
    return data


def peak_memory() -> int:
    """The most bytes this process ever had in memory; 0 where the system does not tell."""
    if sys.platform == "win32":
        return 0
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
