"""A training as the studio's page watches it: what it is, what is measured as it is measured, and its best model so far.

All of it comes from the run's folder; the process that trains knows nothing of who watches.
"""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ... import registry
from ...devices import stopping
from ...errors import SeqgenError
from ...models.pretrained import CONFIG, WEIGHTS
from ...training import metrics
from ...training.run_config import read_config
from .site import playable

EVERY = 0.5  # seconds between two looks
QUIET = 10.0  # seconds without anything to say, then a comment shows that somebody is still there
LOGGED = "metrics.jsonl"


class Watched:
    """A run's folder. Raises ModelError for a folder that holds none."""

    def __init__(self, folder: Path) -> None:
        read_config(folder)
        self.folder = folder

    @property
    def name(self) -> str:
        return self.folder.absolute().name

    def stop(self) -> None:
        """Asks the training to save and end, as Ctrl-C would."""
        stopping.ask(self.folder)

    def asked(self, what: Any) -> dict[str, str] | None:
        """The same for what the page sends; None for another word."""
        if what != {"stop": True}:
            return None
        self.stop()
        return {}

    def about(self) -> dict[str, Any]:
        """What the page tells of it before anything is measured."""
        config = read_config(self.folder)
        try:
            unit = registry.domain(config["domain"]).unit
        except SeqgenError:  # of a package that is not here
            unit = "step"
        words = {name: config[name] for name in ("domain", "size", "steps")}
        resume = f"seqgen {config['domain']} train --resume {shlex.quote(str(self.folder))}"
        return {"name": self.name, "unit": unit, "resume": resume, **words}

    def events(self) -> Iterator[bytes]:
        """Server-sent events without an end (HTML Living Standard, section 9.2): about, rows, again, model, ended.

        `again` is `rows` from the beginning, after a run went back and what it had measured is no longer true.
        """
        told: dict[str, Any] = {}
        rows = _Rows(self.folder / LOGGED)
        spoke = time.monotonic()
        while True:
            ended = metrics.ended(self.folder)  # before the reading, or the last rows might come between
            fresh, again = rows.read()
            said: dict[str, Any] = {"about": self._about(), "model": self._model(), "ended": ended}
            news = [(name, value) for name, value in said.items() if told.get(name) != value]
            if fresh or again:
                news.insert(1, ("again" if again else "rows", fresh))
            told = said
            for name, value in news:
                yield f"event: {name}\ndata: {json.dumps(value)}\n\n".encode()
            if news:
                spoke = time.monotonic()
            elif time.monotonic() - spoke >= QUIET:
                spoke = time.monotonic()
                yield b": \n\n"
            time.sleep(EVERY)

    def _about(self) -> dict[str, Any] | None:
        try:
            return self.about()
        except SeqgenError:  # somebody is moving it, or it is gone
            return None

    def _model(self) -> dict[str, Any] | None:
        """The best so far: which file it is, of what size, and what its training says of it."""
        try:
            weights = (self.folder / "model" / WEIGHTS).stat()
            config = json.loads((self.folder / "model" / CONFIG).read_bytes())
            notes = {name: config["training"].get(name) for name in ("steps", "valid")}
        except (OSError, ValueError, KeyError, AttributeError):
            return None
        return {"stamp": str(weights.st_mtime_ns), "bytes": weights.st_size, "runs": playable(config), **notes}


class _Rows:
    """The rows of a file that grows, each once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = (0, 0)  # which file it is, and how much of it was read

    def read(self) -> tuple[list[dict[str, Any]], bool]:
        """What is new; and whether it is another file, of which all is new."""
        try:
            with self._path.open("rb") as file:
                number = self._path.stat().st_ino
                size = self._path.stat().st_size
                before, at = self._file
                again = before not in (0, number) or size < at
                at = 0 if again or not before else at
                file.seek(at)
                lines = file.read().split(b"\n")[:-1]  # the last is not whole yet
        except OSError:
            return [], False
        self._file = number, at + sum(len(line) + 1 for line in lines)
        return [row for line in lines if (row := metrics.parsed(line)) is not None], again
