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

    def __enter__(self) -> Self:
        if sys.stderr.isatty() and not self.quiet:
            from tqdm import tqdm  # 40 ms that only a bar is worth

            self._bar = tqdm(
                total=self.total,
                initial=self._step,
                file=sys.stderr,
                dynamic_ncols=True,
                miniters=1,
                bar_format="{percentage:3.0f}% {desc} |{bar}|",  # 80 columns hold the words
                desc=self._text(time.monotonic()),
            )
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
            self._bar.total = self.total
            self._bar.set_description_str(self._text(now), refresh=False)
            self._bar.update(step - self._bar.n)
        elif now >= self._due and not self.quiet:
            self._due = now + EVERY
            self._print(now)
        else:
            self._unseen = True

    def say(self, line: str) -> None:
        """Prints a line of its own, above the bar where there is one."""
        if self._bar is not None:
            self._bar.write(line, file=sys.stderr)
        elif not self.quiet:
            print(line, file=sys.stderr, flush=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        now = time.monotonic()
        if self._bar is not None:
            self._bar.set_description_str(self._text(now), refresh=True)
            self._bar.close()
        elif self._unseen and not self.quiet:
            self._print(now)

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


def _short(value: float) -> str:
    """Three digits and a letter: 36400 as 36.4k."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= 0.9995 * size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"
