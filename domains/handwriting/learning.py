"""Training on ink, and what of it is used."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from seqgen import registry
from seqgen.config import TrainingConfig
from seqgen.devices.crew import Crew
from seqgen.domain import Splits
from seqgen.errors import DataError, UnknownName, UsageError
from seqgen.files.report import tell_use
from seqgen.models.pretrained import open_model
from seqgen.training import by_name
from seqgen.training.outcome import Outcome

from .files import READERS, in_x_heights, read_inks, split
from .ink import Ink
from .presets import DOMAIN, NETWORKS


def train(
    data: str | os.PathLike[str] | Splits[Ink],
    out: str | os.PathLike[str],
    *,
    size: str | None = None,
    steps: int | None = None,
    minutes: float | None = None,
    seed: int = 0,
    network: str = "auto",
    start_from: str | os.PathLike[str] | None = None,
    download: bool = False,
    training: TrainingConfig | None = None,
    precision: str | None = None,
    crew: Crew | None = None,
) -> Outcome:
    """Trains a model on a file of ink, a folder of them, IAM-OnDB's for one, or a data set by name.

    data: a file or folder is brought to x-heights; what is in `Splits` must be, see `in_x_heights`.
    out: a new folder for the run; `load(out)` gives the best model so far at any time.
    steps, minutes: how long; 10 minutes when neither is given.
    network: "synthesis" writes texts and uses lines that have one, "prediction" continues ink and uses all, "auto" is
    the first where most lines have a text.
    start_from: a model to fine-tune, by name or folder; it keeps its alphabet, its hands and what it can do.
    training: rows, window, learning rate and the like, in place of the size's own.
    precision: of products while training, "f32" or, faster where the machine has it, "bf16".
    crew: the devices that share the work: see docs/scale.md.
    Raises UsageError, DataError, ModelError: see `seqgen.errors`.

    >>> import tempfile
    >>> zigzag = Ink([[[i / 2, i % 2] for i in range(40)]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     outcome = train(Splits([zigzag], [zigzag]), f"{folder}/run", size="tiny", steps=2)
    >>> outcome.step
    2
    """
    if network not in NETWORKS:
        raise UnknownName("network", network, NETWORKS)
    given = None
    if start_from is not None:
        codec, given = open_model(DOMAIN, start_from)
        kept = "synthesis" if codec.to_dict()["alphabet"] else "prediction"
        if network not in ("auto", kept):
            raise UsageError(f"{start_from} is for {kept} and stays so: leave the network out when fine-tuning")
        network = kept
    return by_name.train(
        replace(DOMAIN, fit_codec=NETWORKS[network]),
        data,
        out,
        lambda name: load_splits(name, network=network, download=download),
        {"network": network},
        size=size,
        steps=steps,
        minutes=minutes,
        seed=seed,
        start_from=given,
        training=training,
        precision=precision,
        crew=crew,
    )


def resume(
    folder: str | os.PathLike[str],
    data: str | os.PathLike[str] | Splits[Ink] | None = None,
    *,
    steps: int | None = None,
    crew: Crew | None = None,
) -> Outcome:
    """Continues a run to the same bits as if it had never stopped; `steps` is a new total.

    data: only needed when the run did not read it from a file, folder or data set.

    >>> import tempfile
    >>> zigzag = Ink([[[i / 2, i % 2] for i in range(40)]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     begun = train(Splits([zigzag], [zigzag]), f"{folder}/run", size="tiny", steps=2)
    ...     outcome = resume(begun.folder, Splits([zigzag], [zigzag]), steps=4)
    >>> outcome.step
    4
    """

    def read(name: str, where: Mapping[str, Any]) -> Splits[Ink]:
        return load_splits(name, network=where.get("network", "auto"))

    return by_name.resume(DOMAIN, folder, data, read, steps=steps, crew=crew)


def load_splits(data: str | os.PathLike[str], *, network: str = "auto", download: bool = False) -> Splits[Ink]:
    """A file, a folder or the name of a data set of ink, in x-heights; says on stderr what of it is used."""
    name = os.fspath(data)
    if not os.path.exists(name):
        return registry.load_dataset(name, DOMAIN.name, download=download)
    found = read_inks([name])
    with_text = sum(bool(ink.text) for ink in found.inks)
    if network == "synthesis" or (network == "auto" and 2 * with_text > len(found.inks)):
        found = read_inks([name], needs_text)
    tell_use(found.rows, "lines", "handwriting")
    if not found.inks:
        why = found.rows[0].reason if found.rows else f"it holds no file named {', '.join(READERS)}"
        raise DataError(f"no line of ink in {name} can be used: {why}")
    return split(in_x_heights(found.inks))


def needs_text(ink: Ink) -> None:
    """Raises DataError for ink whose text is not known."""
    if not ink.text:
        raise DataError("it has no text, which writing is learned from")
