"""Piano rolls of 88 keys, which are independent or know of one another: the protocol of Bai, Kolter & Koltun (2018), arXiv:1803.01271.

Nats a time step, summed over the keys and pooled over all steps of a split; the first step of a piece is given, not
scored; no transposition; the weights are those that were best on the validation pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from seqgen import (
    Bernoulli,
    Binary,
    Domain,
    Example,
    Model,
    Nade,
    Network,
    Size,
    Splits,
    TrainingConfig,
    evaluation_windows,
    from_pretrained,
    in_memory,
)
from seqgen.training import log_probs, run

Roll = Any  # uint8 [T, 88]


class Recipe(NamedTuple):
    """What is trained, and for how long."""

    layers: int
    units: int
    dropout: float
    steps: int
    training: TrainingConfig
    head: Bernoulli | Nade = Bernoulli(88)


def _often(evaluations: int, patience: int, **more: Any) -> TrainingConfig:
    return TrainingConfig(rows=16, window=64, learning_rate=4e-3, evaluations=evaluations, patience=patience, **more)


# By data and head.
RECIPES = {
    ("JSB_Chorales", "sigmoid"): Recipe(1, 200, 0.5, 1500, _often(50, 10)),
    ("Nottingham", "sigmoid"): Recipe(2, 280, 0.4, 4000, _often(25, 6)),
    ("JSB_Chorales", "NADE"): Recipe(1, 200, 0.5, 1500, _often(50, 10, ema=0.99), Nade(88, 128)),
    ("Nottingham", "NADE"): Recipe(2, 280, 0.4, 4000, _often(25, 6, ema=0.99), Nade(88, 128)),
}


class Result(NamedTuple):
    """pooled: nats a step over all scored steps; by_piece: the mean of the pieces' own means."""

    pooled: float
    by_piece: float
    steps: int


@dataclass(frozen=True)
class Keys:
    """A roll is its steps already."""

    spec = Binary(88)

    def canonical(self, item: Roll) -> Roll:
        return np.asarray(item, np.float32)

    def encode(self, item: Roll) -> Example:
        return Example(self.canonical(item))

    def decode(self, steps: Any) -> Roll:
        return np.asarray(steps, np.float32)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "keys"}


def domain(recipe: Recipe) -> Domain[Roll]:
    """Rolls as a domain of their own."""

    def model(codec: Any) -> Model:
        network = Network(Binary(88), recipe.layers, recipe.units, dropout=recipe.dropout)
        return Model(network, recipe.head)

    return Domain(
        name="piano-rolls",
        fit_codec=lambda items: Keys(),
        load_codec=lambda data: Keys(),
        sizes={"paper": Size(model, recipe.training)},
    )


def load(file: Path) -> Splits[Roll]:
    """A .mat file of `traindata`, `validdata`, `testdata`."""
    from scipy.io import loadmat

    mat = loadmat(file)
    return Splits(*([np.asarray(roll) for roll in mat[name][0]] for name in ("traindata", "validdata", "testdata")))


def train(splits: Splits[Roll], recipe: Recipe, folder: Path, seed: int = 0) -> Any:
    """Trains in `folder`, or takes what was trained there before, and returns the best model."""
    if not (folder / "model").exists():
        run.begin(folder, domain(recipe), splits, steps=recipe.steps, seed=seed)
    return from_pretrained(folder / "model")


def score(given: Any, rolls: Sequence[Roll]) -> Result:
    """What a model makes of pieces, by the definition above."""
    totals, counts = [], []
    for roll in rolls:
        batches = evaluation_windows(in_memory(Keys().spec, [Keys().encode(roll)]), 1, 256)
        log_prob = np.concatenate([row[0][mask[0]] for row, mask in log_probs(given.model, given.params, batches)])
        totals.append(-float(log_prob[1:].sum(dtype=np.float64)))
        counts.append(len(log_prob) - 1)
    means = [total / count for total, count in zip(totals, counts, strict=True) if count]
    return Result(sum(totals) / sum(counts), float(np.mean(means)), sum(counts))
