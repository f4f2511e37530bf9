"""Bidirectional LSTMs: what is only known at the end cannot be said on the way, unless somebody reads from the end, too.

Twelve numbers; at each position: does the sum so far exceed a quarter of the sum of all? Reading forward one knows the sum
so far and not that of all; backward one knows what is still to come and not what was. Both together know.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from seqgen import Network, Size, Splits, Tagger, TrainingConfig, from_pretrained
from seqgen.domains import label
from seqgen.domains.label import Row
from seqgen.training import run

LENGTH = 12


def series(count: int, seed: int) -> list[Row]:
    """Numbers from 0 to 1, and of each position whether a quarter of their sum is passed."""
    numbers = np.random.default_rng(seed).uniform(size=(count, LENGTH, 1))
    passed = np.where(numbers.cumsum(axis=1) > numbers.sum(axis=1, keepdims=True) / 4, "yes", "no")[..., 0]
    return [
        Row(tuple(map(tuple, one)), tuple(said)) for one, said in zip(numbers.tolist(), passed.tolist(), strict=True)
    ]


def right(out: Path, data: Splits[Row], test: list[Row], both: bool, steps: int) -> float:
    """The share of whole series in which all positions are right."""

    def model(codec: Any) -> Tagger:
        return Tagger(Network(codec.spec, layers=1, units=20 if both else 32, bidirectional=both), len(codec.labels))

    sizes = {"lesson": Size(model, TrainingConfig(rows=32, learning_rate=1e-2, evaluations=4, patience=0))}
    domain = dataclasses.replace(label.DOMAIN, sizes=sizes)
    given = from_pretrained(run.begin(out, domain, data, {"each": "position"}, steps=steps).model)
    said = label.LabelModel(label.LabelCodec.from_dict(given.codec), given.model, given.params, out.name).read(test)
    return float(np.mean([one.labels == row.labels for one, row in zip(said, test, strict=True)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=400, help="how long to train each (400)")
    parser.add_argument("--out", type=Path, default=Path("runs/bidirectional"), help="folder of the runs")
    args = parser.parse_args()
    train, valid, test = series(4000, 1), series(200, 2), series(1000, 3)
    for name, both, way in (("forward", False, 1), ("backward", False, -1), ("both", True, 1)):
        turned = [[Row(row.values[::way], row.labels[::way]) for row in part] for part in (train, valid, test)]
        share = right(args.out / name, Splits(turned[0], turned[1]), turned[2], both, args.steps)
        print(f"{name}: {share:.1%} of {len(test)} series right")


if __name__ == "__main__":
    main()
