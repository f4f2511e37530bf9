"""Ink that is written in the page, kept in a folder that was named on the command line: each time a file more."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

from ...errors import UsageError

FORMAT = "seqgen-ink"
MOST = 1000  # files


class Kept:
    """A folder for ink, made where there is none. Raises UsageError where it cannot be."""

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot keep ink in {folder}: {error.strerror}; name another folder") from None
        self.folder = folder

    def take(self, ink: Any) -> dict[str, str] | None:
        """Writes ink to a new file: its path, and how the command line names it; None for what is no ink.

        Whoever reads the file looks through its strokes. Raises OSError where it cannot be written.
        """
        fine = isinstance(ink, dict) and ink.keys() == {"format", "version", "lines"} and ink["format"] == FORMAT
        if not fine or not (isinstance(ink["lines"], list) and all(isinstance(line, dict) for line in ink["lines"])):
            return None
        data = json.dumps(ink, ensure_ascii=False).encode(errors="replace")
        for number in range(1, MOST + 1):
            path = self.folder / f"hand-{number}.json"
            try:
                with path.open("xb") as file:
                    file.write(data)
            except FileExistsError:
                continue
            return {"path": str(path), "quoted": shlex.quote(str(path))}
        raise OSError(f"{self.folder} holds {MOST} files of ink")
