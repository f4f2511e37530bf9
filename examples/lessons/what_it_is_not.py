"""What an LSTM is and is not: it learns to go on with waves, and where a straight formula does so, that does it better.

Each number of a damped sine is a fixed combination of the two before it, another one for each wave. Least squares finds it
in the 20 numbers given; the LSTM, under a Gaussian head, has to recognise the wave by what it learned from others.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jax
import numpy as np

import seqgen
from seqgen import Continuous, Domain, Example, Gaussian, Model, Network, Options, Size, Splits, TrainingConfig
from seqgen.training import run

GIVEN, AHEAD = 20, 20
STEPS = {"spec": Continuous(1), "encode": lambda wave: Example(wave[:, None].astype(np.float32))}
CODEC: Any = SimpleNamespace(to_dict=lambda: {"kind": "wave"}, **STEPS)  # waves go in as they are
NETWORK = Network(Continuous(1), layers=1, units=64)
TRAINING = TrainingConfig(rows=32, window=GIVEN + AHEAD, learning_rate=1e-2, evaluations=4, patience=0)
SIZES = {"lesson": Size(lambda codec: Model(NETWORK, Gaussian(1, 0.01)), TRAINING)}
DOMAIN: Domain[Any] = Domain("waves", lambda waves: CODEC, lambda data: CODEC, SIZES)


def waves(count: int, seed: int) -> list[np.ndarray]:
    random, t = np.random.default_rng(seed), np.arange(GIVEN + AHEAD)
    return [np.exp(-0.03 * t) * np.sin(random.uniform(0, 6.28) + random.uniform(0.2, 0.8) * t) for _ in range(count)]


def linear(given: np.ndarray) -> np.ndarray:
    weights = np.linalg.lstsq(np.stack([given[1:-1], given[:-2]], axis=1), given[2:], rcond=None)[0]
    numbers = [*given]
    for _ in range(AHEAD):
        numbers.append(weights @ [numbers[-1], numbers[-2]])
    return np.array(numbers[GIVEN:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=700, help="how long to train (700)")
    parser.add_argument("--out", type=Path, default=Path("runs/what_it_is_not"), help="folder of the run")
    args = parser.parse_args()
    outcome = run.begin(args.out, DOMAIN, Splits(waves(4000, 1), waves(200, 2)), steps=args.steps)
    model, test = seqgen.from_pretrained(outcome.model), np.array(waves(256, 3))
    prompts = [CODEC.encode(wave[:GIVEN]).steps for wave in test]
    key, means = jax.random.key(0), Options(temperature=0.0)
    drawn = seqgen.sample(model.model, model.params, key, prompts, length=AHEAD, chunk=AHEAD, options=means)
    fitted = np.array([*map(linear, test[:, :GIVEN])])
    ways = np.stack(drawn)[..., 0], fitted, test[:, GIVEN - 1 : GIVEN], 0.0 * fitted
    for name, found in zip(("the LSTM", "least squares", "the last number", "nothing"), ways, strict=True):
        print(f"{name}: {np.abs(found - test[:, GIVEN:]).mean():.4f} off")


if __name__ == "__main__":
    main()
