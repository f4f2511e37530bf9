"""Encoder and decoder: read all of a question, then write its answer, of another length and in another language.

Two numbers to 99, spelt out, and their sum in digits. Without attention all of the question has to go through the state
between encoder and decoder; with it the decoder looks back at every step.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from seqgen import Categorical, Model, Network, Size, Splits, SymbolEncoder, TrainingConfig
from seqgen.domains import pairs
from seqgen.domains.pairs import Pair

ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
ONES += [start + "teen" for start in ("thir", "four", "fif", "six", "seven", "eigh", "nine")]
TENS = [start + "ty" for start in ("twen", "thir", "for", "fif", "six", "seven", "eigh", "nine")]


def spelt(number: int) -> str:
    tens, ones = divmod(number, 10)
    return ONES[number] if number < 20 else TENS[tens - 2] + (" " + ONES[ones] if ones else "")


def sums() -> Splits[Pair]:
    """All sums of two numbers to 99, in a drawn order: 1,000 to test, 200 to validate, the others to learn from."""
    order = np.random.default_rng(1).permutation(10_000).tolist()
    found = [Pair(f"{spelt(n // 100)} plus {spelt(n % 100)}", str(n // 100 + n % 100)) for n in order]
    return Splits(found[1200:], found[1000:1200], found[:1000])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=600, help="how long to train each (600)")
    parser.add_argument("--out", type=Path, default=Path("runs/encoder_decoder"), help="folder of the runs")
    args = parser.parse_args()
    data = sums()
    for name, width in (("without", 0), ("with", 128)):

        def model(codec: Any, width: int = width) -> Model:
            encoder = SymbolEncoder(64, 1, 32, 0.0)
            network = Network(codec.spec, 1, 128, 32, source=codec.symbols, encoder=encoder, attention=width)
            return Model(network, Categorical(codec.spec.size))

        training = TrainingConfig(rows=64, learning_rate=6e-3, evaluations=4, patience=0)
        domain = dataclasses.replace(pairs.TRANSLATE, sizes={"lesson": Size(model, training)}, fit_training=None)
        outcome = pairs.train(data, args.out / name, domain=domain, level="letters", steps=args.steps)
        written = pairs.load(outcome.folder, domain).write([pair.source for pair in data.test], beam=1)
        right = np.mean([text == pair.target for text, pair in zip(written, data.test, strict=True)])
        print(f"{name} attention: {right:.1%} of {len(data.test)} sums right")


if __name__ == "__main__":
    main()
