"""A fourth domain: numbers whose rule has to be read from context. 6, 7, 8 goes on with 9, but 2, 4, 8 with 16.

python examples/new_domain.py

A domain is a codec, a model and its settings; the core does the rest. What the network should read is the codec's
choice, and it decides what can be learned. Numbers spelt in digits would make the network learn to add and multiply;
differences and factors as symbols would leave it without a word for a step that training did not have. Here a number is two real
values, the difference to the number before and the factor, if that is whole. A step of 7 lies between 6 and 8 then,
so the network meets nothing strange in it. Which of the two goes on is for the network to find out: after 2, 4 it
cannot know, after 2, 4, 8 it can.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import jax
import numpy as np

import seqgen
from seqgen import Continuous, Domain, Example, Mixture, Model, Network, Options, TrainingConfig, run
from seqgen.datasets import number_rules

Numbers = tuple[int, ...]
MOST = 100_000  # float32 tells whole numbers apart up to here, on the scale of `encode`


@dataclass(frozen=True)
class Relations:
    """Numbers as float32 `[T, 2]`: asinh of the difference to the one before (0 at first), log of a whole factor."""

    spec = Continuous(2)

    def canonical(self, item: Numbers) -> Numbers:
        return tuple(max(-MOST, min(MOST, number)) for number in item)

    def encode(self, item: Numbers) -> Example:
        steps = np.zeros((len(item), 2), np.float32)
        for step, (before, number) in zip(steps, pairwise((0, *self.canonical(item))), strict=True):
            factor = number // before if before and number % before == 0 else 1
            # asinh is a logarithm that knows 0 and negative numbers: large steps and small ones get equal care.
            step[:] = math.asinh(number - before), math.log(max(1, factor))
        return Example(steps)

    def decode(self, steps: Any) -> Numbers:
        numbers = [0]
        for difference, log_factor in np.clip(np.nan_to_num(steps), -13, 13).tolist():
            factor = round(math.exp(log_factor))
            number = numbers[-1] * factor if factor > 1 else numbers[-1] + round(math.sinh(difference))
            numbers += self.canonical((number,))
        return tuple(numbers[1:])

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "relations"}


def load_codec(settings: Mapping[str, Any]) -> Relations:
    if dict(settings) != Relations().to_dict():
        raise seqgen.ModelError(f"a codec of number rules has no settings, not {dict(settings)}; the model is damaged")
    return Relations()


DOMAIN: Domain[Numbers] = Domain(
    name="numbers",
    fit_codec=lambda items: Relations(),
    load_codec=load_codec,
    # The floor under sigma is the precision worth paying for: an asinh off by 0.05 is half a number at a step of 10.
    make_model=lambda codec, size: Model(Network(Continuous(2), layers=1, units=64), Mixture(2, sigma_floor=0.05)),
    training=lambda size: TrainingConfig(rows=32, window=32, learning_rate=1e-2, warmup=50, evaluations=4, patience=0),
    sizes=("small",),
    unit="number",
    examples=((6, 7, 8, 9), (2, 4, 8, 16), (9, 5, 1, -3)),
)


def next_numbers(folder: Any, contexts: Sequence[Numbers], temperature: float = 0.0, seed: int = 0) -> list[int]:
    """What the model in `folder` takes each context to go on with."""
    given = seqgen.from_pretrained(folder)
    prompts = [Relations().encode(context).steps for context in contexts]
    options = Options(temperature)
    new = seqgen.sample(given.model, given.params, jax.random.key(seed), prompts, length=1, chunk=1, options=options)
    return [Relations().decode(np.concatenate(steps))[-1] for steps in zip(prompts, new, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=500, help="how long to train (500)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default="runs/new_domain", help="new folder for the run (runs/new_domain)")
    args = parser.parse_args()
    seqgen.register(DOMAIN)

    parts = number_rules.load()
    model = run.begin(args.out, DOMAIN, parts, steps=args.steps, seed=args.seed).model
    for name, items in (("new starts", parts.valid), ("new steps and factors", parts.test)):
        right = [a == item[3] for a, item in zip(next_numbers(model, [item[:3] for item in items]), items, strict=True)]
        print(f"{name}: {np.mean(right):.1%} of {len(items)} right")
    for context in ((6, 7, 8), (2, 4, 8), (5, 12, 19), (5, 20, 80)):
        print(*context, "->", *next_numbers(model, [context]))
    print("2 4 ->", sorted(set(next_numbers(model, [(2, 4)] * 20, temperature=1.0))))


if __name__ == "__main__":
    main()
