"""Stacked LSTMs: what is made of what is made of what is read, and has to be said at once, is found sooner by several layers.

Bits go by. Three neighbours make a bit of the row below, by rule 30 (Wolfram 1983): the first of them, turned round where one
of the other two is 1. Three bits of that row make one of the next. What stands in the fourth row below? It hangs on nine bits
of the first; a single layer has to know of all of them at every position, of four layers each no more than the rule.
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

GENERATIONS, LENGTH = 4, 24


def rows(count: int, seed: int) -> list[Row]:
    """Bits by chance, and of each position the one four rows below whose last cause it is; before the first there are zeros."""
    bits = np.random.default_rng(seed).integers(0, 2, (count, LENGTH))
    below = np.pad(bits, ((0, 0), (2 * GENERATIONS, 0)))
    for _ in range(GENERATIONS):
        below = below[:, :-2] ^ (below[:, 1:-1] | below[:, 2:])
    pairs = zip(bits.astype(str).tolist(), below.astype(str).tolist(), strict=True)
    return [Row("".join(read), tuple(said)) for read, said in pairs]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=500, help="how long to train each (500)")
    parser.add_argument("--out", type=Path, default=Path("runs/stacked"), help="folder of the runs")
    args = parser.parse_args()
    data, test = Splits(rows(8000, 1), rows(200, 2)), rows(1000, 3)
    training = TrainingConfig(rows=64, learning_rate=1e-2, evaluations=4, patience=0)
    for layers, units in ((1, 32), (2, 20), (4, 14)):

        def model(codec: Any, layers: int = layers, units: int = units) -> Tagger:
            return Tagger(Network(codec.spec, layers, units), len(codec.labels))

        domain = dataclasses.replace(label.DOMAIN, sizes={"lesson": Size(model, training)})
        outcome = run.begin(args.out / str(layers), domain, data, {"each": "position"}, steps=args.steps)
        score, size = label.load(outcome.folder).score(test), from_pretrained(outcome.model).parameters
        print(f"{layers} of {units} units, {size:,} parameters: {score.accuracy:.1%} right")
    print(f"always the commonest: {score.commonest:.1%}")


if __name__ == "__main__":
    main()
