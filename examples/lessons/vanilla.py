"""A vanilla LSTM, one layer: twelve digits go by, and at the end it says which was the fourth.

It has to keep one of twelve and let the others pass. The same network is asked about the last one, which anything can say
that looks at its input, and about the fourth of twenty, where it has to keep it for twice as long.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from seqgen import Classifier, Network, Size, Splits, TrainingConfig
from seqgen.domains import label
from seqgen.domains.label import Row
from seqgen.training import run


def rows(count: int, seed: int, length: int, place: int) -> list[Row]:
    """Digits, and of each row the one at this place."""
    digits = np.random.default_rng(seed).integers(0, 10, (count, length)).astype(str)
    return [Row("".join(one), (one[place],)) for one in digits.tolist()]


def model(codec: Any) -> Classifier:
    return Classifier(Network(codec.spec, layers=1, units=32), len(codec.labels))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=600, help="how long to train each (600)")
    parser.add_argument("--out", type=Path, default=Path("runs/vanilla"), help="folder of the runs")
    args = parser.parse_args()
    training = TrainingConfig(rows=64, learning_rate=1e-2, evaluations=4, patience=0)
    domain = dataclasses.replace(label.DOMAIN, sizes={"lesson": Size(model, training)})
    for name, length, place in (("last of 12", 12, 11), ("fourth of 12", 12, 3), ("fourth of 20", 20, 3)):
        data = Splits(rows(8000, 1, length, place), rows(200, 2, length, place), rows(1000, 3, length, place))
        outcome = run.begin(args.out / name.replace(" ", "-"), domain, data, {}, steps=args.steps)
        score = label.load(outcome.folder).score(data.test)
        print(f"the {name} digits: {score.accuracy:.1%} right, {score.commonest:.1%} by always the commonest")


if __name__ == "__main__":
    main()
