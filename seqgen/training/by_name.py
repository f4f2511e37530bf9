"""Training on data that has a name, a file, a folder or a data set, so that a resume finds it again."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..batching.sources import Encoded
from ..config import TrainingConfig
from ..devices.crew import Crew
from ..domain import Domain, Splits
from ..errors import UsageError
from ..models.pretrained import Pretrained, resolve
from . import run, run_config
from .outcome import Outcome

MINUTES = 10  # where nobody said how long


def train(
    domain: Domain[Any],
    data: str | os.PathLike[str] | Splits[Any] | Encoded,
    out: str | os.PathLike[str],
    load: Callable[[str], Splits[Any] | Encoded],
    settings: Mapping[str, Any],
    *,
    size: str | None = None,
    steps: int | None = None,
    minutes: float | None = None,
    seed: int = 0,
    start_from: str | os.PathLike[str] | Pretrained | None = None,
    training: TrainingConfig | None = None,
    precision: str | None = None,
    crew: Crew | None = None,
) -> Outcome:
    """A new run in `out`, for 10 minutes when neither steps nor minutes are given.

    load: reads data by its name. settings: how it was read; kept with the name in the run for `resume`.
    start_from: a model to fine-tune, by name or folder, or opened already. Raises what `load` and `run.begin` raise.
    """
    if steps is None and minutes is None:
        minutes = MINUTES
    source: Path | Pretrained | None
    if start_from is None or isinstance(start_from, Pretrained):
        source = start_from
    else:
        source = resolve(os.fspath(start_from), domain.shipped or Path())
    if isinstance(data, (Splits, Encoded)):
        splits, where = data, {}
    else:
        name = os.fspath(data)
        splits = load(name)
        where = {"name": os.path.abspath(name) if os.path.exists(name) else name, **settings}
    return run.begin(
        Path(out),
        domain,
        splits,
        size=size,
        steps=steps,
        minutes=minutes,
        seed=seed,
        training=training,
        precision=precision,
        start_from=source,
        data=where,
        crew=crew,
    )


def resume(
    domain: Domain[Any],
    folder: str | os.PathLike[str],
    data: str | os.PathLike[str] | Splits[Any] | Encoded | None,
    load: Callable[[str, Mapping[str, Any]], Splits[Any] | Encoded],
    *,
    steps: int | None = None,
    crew: Crew | None = None,
) -> Outcome:
    """Goes on with a run; `load` reads data by its name, with the settings that `train` kept.

    Raises UsageError where no data is given and the run did not read it by a name, and what `run.resume` raises.
    """
    where = run_config.read_config(Path(folder))["data"]
    if not isinstance(data, (Splits, Encoded)):
        name = os.fspath(data) if data is not None else str(where.get("name", "-"))
        if data is None and name == "-":
            raise UsageError(f"{folder} does not know where its data is; give it again")
        data = load(name, where)
    return run.resume(Path(folder), domain, data, steps=steps, crew=crew)
