"""Text in the making: the symbols of a row to text, whole characters only, up to where it is to end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .lengths import Length
from .levels import Decoding
from .limits.machine import Machine


@dataclass
class Writer:
    """One row's ids to text: whole characters only, up to a length, a stop string, or the end of a pattern."""

    decoder: Decoding
    left: Length
    stops: Sequence[str]
    machine: Machine | None = None
    state: int = 0  # of the machine
    held: str = ""  # might be the beginning of a stop string
    finished: bool = False

    def write(self, steps: Any) -> str:
        """The text that these steps complete."""
        if self.finished:
            return ""
        steps, ended = self._matching(np.asarray(steps))
        text = self.held + self.decoder.decode(steps)
        # The stop that is complete first counts, so that it does not matter how the text arrives.
        found = [(at + len(stop), at) for stop in self.stops if (at := text.find(stop)) >= 0]
        if found:
            self.finished = True
            return self.left.cut(text[: min(found)[1]])[0]
        ended = ended or self.decoder.ended
        parts = (n for stop in self.stops for n in range(1, len(stop)) if text.endswith(stop[:n]))
        ready = text[: len(text) - (0 if ended else max(parts, default=0))]
        self.held = text[len(ready) :]
        written, self.left = self.left.cut(ready)
        self.finished = ended or self.left.over
        return written

    def _matching(self, steps: Any) -> tuple[Any, bool]:
        """The steps up to the end of the pattern, and whether they reach it."""
        if self.machine is None:
            return steps, False
        for at, step in enumerate(steps):
            self.state = int(self.machine.rule.table[self.state, step])
            if self.machine.rule.last[self.state]:
                return steps[: at + (self.state != self.machine.before)], True
        return steps, False


def written(writers: Sequence[Writer], chunks: Iterator[list[Any]]) -> Iterator[list[str]]:
    """What each writer makes of its row, until all are done."""
    for chunk in chunks:
        yield [writer.write(steps) for writer, steps in zip(writers, chunk, strict=True)]
        if all(writer.finished for writer in writers):
            return
