"""Contenders side by side: each in a process of its own, taking turns, so that what else the machine does hits all."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from _report import Row, measured
from _work import Work

WORKER = Path(__file__).with_name("_worker.py")
PROGRAMS = {"seqgen": "_ours", "torch": "_peer_torch", "flax": "_peer_flax", "keras": "_peer_keras"}
PAUSE = 0.3  # seconds between turns: some thread pools spin for a while after their work


class Answer(NamedTuple):
    """seconds: of one turn; values: see `_worker`; peak: bytes."""

    seconds: float
    values: list[float]
    peak: int


class Contender:
    """A running process. name: its library, then its precision, such as "torch bf16"; `absent` says why it cannot run.

    "seqgen-cudnn" is seqgen asked to take its way through cuDNN.
    """

    def __init__(self, name: str, work: Work) -> None:
        library, precision = name.split()
        library, _, way = library.partition("-")
        work = work._replace(precision=precision)
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, WORKER, PROGRAMS[library], json.dumps(work)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Memory in large pages for all, as `seqgen ... train` has it: it helps each of them.
            env={
                **os.environ,
                "JAX_PLATFORMS": work.device,
                "SEQGEN_CUDNN": "1" if way == "cudnn" else "0",
                "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
            },
            text=True,
            encoding="utf-8",
        )
        ready = self._read()
        self.absent: str | None = ready.get("absent")
        self.about: str = ready.get("about", "")
        self.idle: int = ready.get("idle", 0)  # bytes at its peak so far, before it made a model

    @property
    def told(self) -> str:
        """What a report says of it: versions, or why it cannot run."""
        return self.about if self.absent is None else f"absent: {self.absent}"

    def ask(self, what: str) -> Answer:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        return Answer(**self._read())

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} broke off with status {self.process.wait()}; what it said stands above")
        return json.loads(line)  # type: ignore[no-any-return]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is not None:
            self.process.kill()
        self.process.communicate()


def entered(stack: ExitStack, works: Mapping[str, Work]) -> tuple[list[Contender], dict[str, str]]:
    """Those that can do their work, running until the stack closes, and what a report says of all."""
    all_of_them = [stack.enter_context(Contender(name, work)) for name, work in works.items()]
    return [one for one in all_of_them if one.absent is None], {one.name: one.told for one in all_of_them}


class Meeting:
    """What came of it. about: who took part, with versions, or why not; turns: each one's answers, round by round."""

    def __init__(self) -> None:
        self.about: dict[str, str] = {}
        self.turns: dict[str, list[Answer]] = {}

    def seconds(self, name: str) -> list[float]:
        return [turn.seconds for turn in self.turns[name]]

    def median(self, name: str) -> float:
        return statistics.median(self.seconds(name))

    def fastest(self, names: Iterable[str]) -> str | None:
        """The one with the lowest median, of those who took part."""
        return min((name for name in names if name in self.turns), key=self.median, default=None)

    def rates(self, what: str, amount: float, unit: str) -> list[Row]:
        """A row for each: `amount` done in a turn, in `unit` a second."""
        return [
            measured(f"{what}: {name}", [amount / seconds for seconds in self.seconds(name)], unit=unit)
            for name in self.turns
        ]

    def ratio(self, what: str, ours: str | None, peers: Sequence[str], target: float | None) -> list[Row]:
        """How many times as fast `ours` is as the fastest of the peers, turn by turn; no row if one is missing."""
        peer = self.fastest(peers)
        if ours not in self.turns or peer is None:
            return []
        ratios = [b / a for a, b in zip(self.seconds(ours), self.seconds(peer), strict=True)]
        return [measured(f"{what}: {ours} against {peer}", ratios, ">=", target, "x")]


def meet(works: Mapping[str, Work], steps: int | Mapping[str, int], rounds: int, *, warm: int = 2) -> Meeting:
    """All of `works` do `steps` steps each in turn, `rounds` times, after `warm` steps that do not count.

    A name may end in a colon and a remark: "seqgen f32:256".
    """
    meeting = Meeting()
    with ExitStack() as stack:
        present = []
        for name, work in works.items():
            contender = stack.enter_context(Contender(name.split(":")[0], work))
            meeting.about[name] = contender.told
            if contender.absent is not None:
                continue
            meeting.turns[name] = []
            contender.ask(f"run {warm}")
            present.append((name, contender))
        for _ in range(rounds):
            for name, contender in present:
                time.sleep(PAUSE)
                count = steps if isinstance(steps, int) else steps[name]
                meeting.turns[name].append(contender.ask(f"run {count}"))
    return meeting
