"""Stopping a run from outside without losing the step it is in."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def catch_signals() -> Iterator[list[int]]:
    """Collects SIGINT and SIGTERM, so that a step is finished and saved before the run ends; a second one kills."""
    caught: list[int] = []

    def note(number: int, frame: Any) -> None:
        del frame
        caught.append(number)
        signal.signal(number, signal.SIG_DFL)

    before: dict[signal.Signals, Any] = {}
    with contextlib.suppress(ValueError):  # not in the main thread: somebody else handles signals
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, note)
    try:
        yield caught
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)
