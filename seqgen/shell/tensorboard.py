"""A run's measurements as the event files that TensorBoard shows. Needs the extra `tensorboard`, not TensorFlow."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import SeqgenError, UsageError
from ..training import metrics
from ..training.run_config import read_config

PAUSE = 5.0  # seconds between two looks at a run that goes on


def write(run: str | Path, *, follow: bool = False) -> Path:
    """Writes metrics.jsonl into the run's folder tensorboard/, in place of what an earlier call wrote there.

    Every number of a row is a scalar under the name it has there (`nll`, `valid`, `grad_norm`, ...), every word a text;
    what is no number is left out. Returns the folder.

    follow: go on until the run has ended or was stopped; one that was killed is waited for.
    Raises ModelError for a folder that holds no run, or a damaged one, UsageError where it cannot be written,
    SeqgenError without the extra.
    """
    run = Path(run)
    read_config(run)
    package, folder = _package(), run / "tensorboard"
    writer, written = _new_writer(package, folder), list[dict[str, Any]]()
    try:
        while True:
            ended = metrics.ended(run)  # before the reading, or the last rows might come between
            rows = metrics.read(run / "metrics.jsonl")
            if rows[: len(written)] != written:  # rolled back or resumed: some of them are no longer true
                writer.close()
                writer, written = _new_writer(package, folder), []
            for row in rows[len(written) :]:
                _add(writer, row)
            written = rows
            if ended or not follow:
                return folder
            time.sleep(PAUSE)
    finally:
        writer.close()


def _add(writer: Any, row: Mapping[str, Any]) -> None:
    for name, value in row.items():
        if isinstance(value, str):
            writer.add_text(name, value, row["step"])
        elif name != "step" and isinstance(value, int | float) and abs(value) < 1e38:  # 32 bits hold no more
            writer.add_scalar(name, value, row["step"])


def _new_writer(package: Any, folder: Path) -> Any:
    """A writer of a new file, alone in the folder; a TensorBoard that watches it forgets all it had from the others."""
    try:
        folder.mkdir(exist_ok=True)
        for path in folder.glob("events.out.tfevents.*"):
            path.unlink()
        return package.SummaryWriter(logdir=str(folder), purge_step=0, flush_secs=PAUSE)
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror}; make room or check its permissions") from None


def _package() -> Any:
    try:
        import tensorboardX
    except ImportError:
        raise SeqgenError(
            "tensorboardX, which writes the files, is missing: pip install 'seqgen[tensorboard]'"
        ) from None
    return tensorboardX
