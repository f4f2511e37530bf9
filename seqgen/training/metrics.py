"""The measurements of a run as JSON lines, one row a line: append, read, and cut back to a checkpoint."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ModelError
from ..files.storage import replace_file


def append(path: Path, row: Mapping[str, Any]) -> None:
    """Adds a row of plain numbers and words, `step` among them, and hands it to the operating system at once.

    Scalars of NumPy and JAX become numbers; NaN and infinities become null, since JSON has neither.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     append(Path(folder, "metrics.jsonl"), {"step": 20, "nll": 1.5, "grad_norm": float("nan")})
    ...     read(Path(folder, "metrics.jsonl"))
    [{'step': 20, 'nll': 1.5, 'grad_norm': None}]
    """
    with path.open("ab") as file:
        file.write(_line(row))


def read(path: Path) -> list[dict[str, Any]]:
    """All rows in the order written, [] without a file; a last line that was cut off by a crash is left out.

    Raises ModelError for any other line that is not a row.
    """
    try:
        *lines, last = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    rows = []
    for number, line in enumerate(lines, 1):
        if (row := parsed(line)) is None:
            raise ModelError(f"{path} is damaged: line {number} reads {line[:40]!r}, not a row; delete that line")
        rows.append(row)
    # A row that lacks nothing but its newline is whole: no prefix of an object is one.
    return rows if (row := parsed(last)) is None else [*rows, row]


def truncate(path: Path, step: int) -> None:
    """Drops the rows after `step`, so that a run resumed there does not write them twice. All or nothing."""
    rows = read(path)
    if not path.exists():
        return
    replace_file(path, b"".join(_line(row) for row in rows if row["step"] <= step))


def ended(run: Path) -> bool:
    """Whether the run in this folder has ended or was stopped: its curve is drawn then, and nothing is measured any more.

    One that was killed has not.
    """
    try:
        return (run / "curve.svg").stat().st_mtime_ns >= (run / "metrics.jsonl").stat().st_mtime_ns
    except FileNotFoundError:
        return False


def parsed(line: bytes) -> dict[str, Any] | None:
    """The row that a line holds, None where it is none or only the beginning of one.

    >>> parsed(b'{"step": 20, "nll": 1.5}'), parsed(b'{"step": 20, "nl')
    ({'step': 20, 'nll': 1.5}, None)
    """
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    step = row.get("step") if isinstance(row, dict) else None
    return row if isinstance(step, int) and 0 <= step < 2**53 else None


def _line(row: Mapping[str, Any]) -> bytes:
    plain = {name: _plain(value) for name, value in row.items()}
    return json.dumps(plain, allow_nan=False).encode() + b"\n"


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
