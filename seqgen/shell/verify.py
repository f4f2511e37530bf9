"""What `seqgen verify` tells: which files of a model or of a run are as they were written, and whether they can be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..errors import ModelError
from ..files import storage
from ..models.info import find
from ..models.pretrained import from_pretrained
from ..training import metrics
from ..training.checkpoint import Checkpoints
from ..training.run_config import read_config


def verify(name: str) -> int:
    """Prints a line for every file of a shipped model, a model folder or a run; 0 when all are sound, 1 when not.

    Raises UnknownName for a name that stands for nothing, ModelError for a folder that is neither.
    """
    found = list(_verdicts(name))
    for what, problem in found:
        print(f"sound    {what}" if problem is None else f"DAMAGED  {problem}")
    damaged = sum(problem is not None for _, problem in found)
    print(f"{damaged} damaged, {len(found) - damaged} sound")
    return 1 if damaged else 0


def _verdicts(name: str) -> Iterator[tuple[Path, str | None]]:
    """Each thing looked at, and what is wrong with it."""
    path = Path(name).expanduser()
    checkpoints = Checkpoints(path / "checkpoints").folders()
    if not (checkpoints or (path / "metrics.jsonl").exists()):
        yield from _model(find(name))
        return
    yield path / "config.json", _trouble(lambda: read_config(path))
    yield path / "metrics.jsonl", _trouble(lambda: metrics.read(path / "metrics.jsonl"))
    for folder in checkpoints:
        yield from storage.verdicts(folder)
    model = storage.standing(path / "model")
    if model.exists():  # nothing is released before the first validation
        yield from _model(model)


def _model(folder: Path) -> Iterator[tuple[Path, str | None]]:
    """Its files, and if those are sound, whether a stranger has put into them what cannot be."""
    found = list(storage.verdicts(folder))
    yield from found
    if all(problem is None for _, problem in found):
        yield folder, _trouble(lambda: from_pretrained(folder))


def _trouble(act: Callable[[], Any]) -> str | None:
    try:
        act()
    except ModelError as error:
        return str(error)
    return None
