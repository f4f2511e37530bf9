"""What a person sees while something runs: a bar on a terminal, a plain line every ten seconds elsewhere."""

from __future__ import annotations

import collections
import math
import sys
import time
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

FIRST = 2.0  # seconds of work until the first plain line: long enough for a rate that means something
EVERY = 10.0  # seconds between plain lines
REDRAWN = 0.1  # seconds between pictures of the bar


class Progress:
    """Steps done, time left, rates, loss; on stderr. The time before the first `update` (compiling) does not count.

    total: steps of the whole run; may be set again while it runs.
    done: steps that were done before, by the run that this one resumes.
    quiet: says nothing; another process does.
    unit, per_step: what a step works through, and how many of them: `unit="chars", per_step=4096`.

    >>> with Progress(1000, unit="chars", per_step=4096) as progress:
    ...     for step in range(1, 1001):
    ...         progress.update(step, loss=2.0)
    """

    def __init__(self, total: int, *, done: int = 0, unit: str = "", per_step: int = 0, quiet: bool = False) -> None:
        self.quiet = quiet
        self.total, self.unit, self.per_step = total, unit, per_step
        self._step = done
        self._loss: float | None = None
        self._valid: float | None = None
        # (time, step) at most once a second, so that rates are those of about the last minute.
        self._marks: collections.deque[tuple[float, int]] = collections.deque(maxlen=60)
        self._due = math.inf
        self._unseen = False
        self._bar: Any = None
        self._drawn = -math.inf

    def __enter__(self) -> Self:
        if sys.stderr.isatty() and not self.quiet:
            self._bar = _bar()
        if self._bar is not None:
            self._draw(time.monotonic())
            self._bar.start()
            self._bar.console.show_cursor()  # a kill would leave it hidden
        return self

    def update(self, step: int, *, loss: float | None = None, valid: float | None = None) -> None:
        """`step` steps are done now. Cheap: call it after every step; `loss` and `valid` stay until new ones come."""
        now = time.monotonic()
        self._step = step
        self._loss = self._loss if loss is None else loss
        self._valid = self._valid if valid is None else valid
        if not self._marks:
            self._due = now + FIRST
        if not self._marks or now - self._marks[-1][0] >= 1:
            self._marks.append((now, step))
        if self._bar is not None:
            if now - self._drawn >= REDRAWN:
                self._draw(now)
        elif now >= self._due and not self.quiet:
            self._due = now + EVERY
            self._print(now)
        else:
            self._unseen = True

    def say(self, line: str) -> None:
        """Prints a line of its own, above the bar where there is one."""
        if self._bar is not None:
            self._bar.console.out(line, highlight=False)
        elif not self.quiet:
            print(line, file=sys.stderr, flush=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        now = time.monotonic()
        if self._bar is not None:
            self._draw(now)
            self._bar.stop()
        elif self._unseen and not self.quiet:
            self._print(now)

    def _draw(self, now: float) -> None:
        self._drawn = now
        (task,) = self._bar.task_ids
        self._bar.update(task, total=self.total, completed=self._step, description=self._text(now), refresh=True)

    def _print(self, now: float) -> None:
        self._unseen = False
        print(self._text(now), file=sys.stderr, flush=True)

    def _text(self, now: float) -> str:
        parts = [f"{self._step}/{self.total}"]
        rate = 0.0
        if self._marks and self._step > self._marks[0][1]:
            then, before = self._marks[0]
            rate = (self._step - before) / max(now - then, 1e-6)
            parts.append(f"{_short(rate)} steps/s" if rate >= 0.1 else f"{_short(1 / rate)} s/step")
            if self._step < self.total:
                left = timedelta(seconds=math.ceil((self.total - self._step) / rate))
                parts.append(f"{str(left).removeprefix('0:')} left")
        for name, value in (("loss", self._loss), ("valid", self._valid)):
            if value is not None:
                parts.append(f"{name} {value:.3f}")
        if rate and self.unit:
            parts.append(f"{_short(rate * self.per_step)} {self.unit}/s")
        return ", ".join(parts)


def _bar() -> Any:
    """A bar after its words, in one line of the terminal; None where that cannot go back in a line."""
    from rich.console import Console  # 100 ms that only a bar is worth
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(stderr=True)
    if console.is_dumb_terminal:
        return None
    bar = Progress(
        TextColumn("{task.percentage:3.0f}% {task.description}", style="none", markup=False),
        BarColumn(bar_width=None, complete_style="none", finished_style="none"),
        console=console,
        auto_refresh=False,  # a thread would go on drawing while a step is slow, and has nothing new to say
        redirect_stdout=False,
        redirect_stderr=False,
        expand=True,
    )
    bar.add_task("")
    return bar


def _short(value: float) -> str:
    """Three digits and a letter: 36400 as 36.4k."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= 0.9995 * size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"
