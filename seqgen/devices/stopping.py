"""Stopping a run by a word left in its folder: for who watches it and cannot send its process a signal."""

from __future__ import annotations

import signal
import time
from pathlib import Path

STOP = "stop"  # a file of the run's folder
EVERY = 1.0  # seconds between two looks: on some file systems each takes milliseconds


def ask(folder: Path) -> None:
    """Asks the run in this folder to finish the step in hand, save and end, as Ctrl-C does.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ask(Path(folder))
    ...     heard = Word(Path(folder)).heard()
    >>> heard == signal.SIGINT
    True
    """
    (folder / STOP).touch()


def forget(folder: Path) -> None:
    """Takes back what was asked; nothing if nothing was."""
    (folder / STOP).unlink(missing_ok=True)


class Word:
    """Listens for `ask` in a run's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._looked = -EVERY

    def heard(self) -> int:
        """SIGINT where somebody asked, who then is answered; else 0. Cheap: call it after every step."""
        if time.monotonic() - self._looked < EVERY:
            return 0
        self._looked = time.monotonic()
        if not (self._folder / STOP).exists():
            return 0
        forget(self._folder)
        return signal.SIGINT
