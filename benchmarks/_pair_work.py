"""The work of the kind "pairs": a source read both ways and a target written with attention, as `seqgen translate` trains.

Of `Work` it takes `layers` of `units` values on either side, embeddings and attention of half as many, `vocab` symbols a
side, and `batch` pairs of `window` symbols; or those of a file that `save` wrote, where `text` names one.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from _work import GENERATED, Floats, Work
from numpy.typing import NDArray


class Pairs(NamedTuple):
    """source int32 `[B, U]` and targets `[B, T]`, 0 on padding; how long each is, `[B]`."""

    source: NDArray[Any]
    source_lengths: NDArray[Any]
    targets: NDArray[Any]
    lengths: NDArray[Any]

    def inputs(self, opening: int) -> NDArray[Any]:
        """What is read while the targets are written: `opening`, then each target but the last."""
        return np.pad(self.targets[:, :-1], ((0, 0), (1, 0)), constant_values=opening)


class Batches:
    """The batches of a piece of work; from the start again after the last."""

    def __init__(self, work: Work) -> None:
        self.kept = np.load(work.text) if work.text else _generated(work)
        self.count = len(self.kept) // len(Pairs._fields)

    def __getitem__(self, step: int) -> Pairs:
        return Pairs(*(self.kept[f"{name}{step % self.count}"] for name in Pairs._fields))


def save(file: Path, batches: Iterable[Pairs]) -> None:
    """Batches, in their order, for `Batches` to read."""
    named = {f"{name}{n}": part for n, batch in enumerate(batches) for name, part in batch._asdict().items()}
    np.savez(file, **named)


def _generated(work: Work) -> dict[str, NDArray[Any]]:
    """Something that can be learned: every symbol stands for another, and the last comes first."""
    random = np.random.default_rng(work.seed + 1)
    meaning = random.permutation(work.vocab).astype(np.int32)
    all_of_it = np.full(work.batch, work.window, np.int32)
    made: dict[str, NDArray[Any]] = {}
    for number in range(GENERATED):
        source = random.integers(work.vocab, size=(work.batch, work.window), dtype=np.int32)
        batch = Pairs(source, all_of_it, meaning[source[:, ::-1]], all_of_it)
        made |= {f"{name}{number}": part for name, part in batch._asdict().items()}
    return made


def first_weights(work: Work) -> dict[str, Any]:
    """As `seqgen.Model` names them: the gates i, f, g, o side by side, the table's last row opens a target."""
    random = np.random.default_rng(work.seed)
    units, half = work.units, work.units // 2

    def normal(*shape: int) -> Floats:
        return random.standard_normal(shape, np.float32) * np.float32(shape[0] ** -0.5)

    def cell(inputs: int, units: int) -> dict[str, Floats]:
        bias = np.zeros(4 * units, np.float32)
        bias[units : 2 * units] = 1
        return {"input_kernel": normal(inputs, 4 * units), "hidden_kernel": normal(units, 4 * units), "bias": bias}

    below = [half, *[units] * (work.layers - 1)]
    ways = ("forward", "backward")
    encoder: dict[str, Any] = {"table": normal(work.vocab, half)}
    encoder |= {f"layer{i}": {way: cell(width, half) for way in ways} for i, width in enumerate(below)}
    network: dict[str, Any] = {"encoder": encoder, "table0": normal(work.vocab + 1, half)}
    network |= {f"layer{i}": {"cell": cell(width, units)} for i, width in enumerate(below)}
    network |= {f"bridge{i}": normal(2 * units, 2 * units) for i in range(work.layers)}
    network["attention"] = {"query_kernel": normal(units, units), "kernel": normal(2 * units, half)}
    head = {"kernel": normal(half, half), "bias": np.zeros(work.vocab, np.float32)}
    return {"network": network, "head": head}
