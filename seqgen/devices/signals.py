"""Stopping a run from outside without losing the step it is in."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from . import distributed

Item = TypeVar("Item")

GRACE = 30.0  # seconds for what cannot be left, such as a compilation; clusters give 30 to 60 before they kill


class Caught(list[int]):
    """The signals that came. `told` is the line for the first one; `safe`, that all there is to lose lies on the disk."""

    told: str = "stopping"
    safe: bool = False

    def now(self, told: str, *, safe: bool = False) -> None:
        """What is begun now, and whether it may be cut short at any moment."""
        self.told, self.safe = told, safe


class Left(Exception):
    """A signal came, and what was begun has been left."""


def until(caught: Caught, items: Iterable[Item]) -> Iterator[Item]:
    """The items as long as no process has caught a signal. Raises Left, in all of them at once, when one has."""
    for item in items:
        if distributed.agree(max(caught, default=0)) != [0]:
            raise Left
        yield item


@contextlib.contextmanager
def catch_signals() -> Iterator[Caught]:
    """Collects SIGINT and SIGTERM, so that a step is finished and saved before the run ends; a second one kills.

    Python hears of a signal between two of its own operations, and a compilation is one of minutes. A thread that the
    system tells at once says what will happen, and ends the process after SIGTERM where that takes longer than GRACE
    and nothing would be lost.
    """
    caught = Caught()

    def note(number: int, frame: Any) -> None:
        del frame
        caught.append(number)
        signal.signal(number, signal.SIG_DFL)
        if listener is None:
            _say(caught.told)

    before: dict[signal.Signals, Any] = {}
    listener: threading.Thread | None = None
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(ValueError):  # not in the main thread: somebody else handles signals
            for number in (signal.SIGINT, signal.SIGTERM):
                before[number] = signal.signal(number, note)
            listener = stack.enter_context(_listening(caught))
        try:
            yield caught
        finally:
            for which, handler in before.items():
                signal.signal(which, handler)


@contextlib.contextmanager
def _listening(caught: Caught) -> Iterator[threading.Thread | None]:
    """A thread that hears of signals at once; none where an event loop, as in a notebook, listens in this way already."""
    ours, systems = socket.socketpair()
    with ours, systems:
        systems.setblocking(False)
        others = signal.set_wakeup_fd(systems.fileno(), warn_on_full_buffer=False)
        if others != -1:
            signal.set_wakeup_fd(others, warn_on_full_buffer=False)
            yield None
            return
        thread = threading.Thread(target=_listen, args=(ours, caught), daemon=True)
        thread.start()
        try:
            yield thread
        finally:
            signal.set_wakeup_fd(-1)
            systems.shutdown(socket.SHUT_WR)
            thread.join()


def _listen(ours: socket.socket, caught: Caught) -> None:
    """Until the other end is closed: says what a signal will do, and ends the process where that has to be done here."""
    came: list[int] = []
    due = None
    while True:
        ours.settimeout(None if due is None else max(0.1, due - time.monotonic()))
        try:
            numbers = ours.recv(16)
        except TimeoutError:
            if caught.safe:
                _say("stopped: what was begun takes too long to wait for, and nothing is lost")
                os._exit(128 + came[0])
            continue  # that would lose something: as long as it takes
        if not numbers:
            return
        for number in numbers:
            if number not in (signal.SIGINT, signal.SIGTERM):
                continue
            if number in came:  # Python has not heard of the first one yet, so the second has to be heard here
                os._exit(128 + number)
            if not came:
                _say(caught.told)
            came.append(number)
            # Somebody at a keyboard can press a second time, and in a notebook does not want to lose all it holds.
            if number == signal.SIGTERM:
                due = time.monotonic() + GRACE


def _say(line: str) -> None:
    with contextlib.suppress(OSError, ValueError, RuntimeError):  # closed, or in the middle of another line
        print(f"seqgen: {line}", file=sys.stderr, flush=True)
