"""The core as a library of its own: learns noisy spirals, and goes on from the first points of new ones.

python examples/core_by_hand.py --out spirals.svg
"""

from __future__ import annotations

import argparse

import jax
import numpy as np
import svgwrite

import seqgen
from seqgen import Continuous, Example, Mixture, Model, Network, Options, TrainingConfig, Windows

POINTS, GIVEN = 64, 12


def spirals(count: int, random: np.random.Generator) -> list[np.ndarray]:
    """Offsets from point to point, `[POINTS, 2]` each, of about unit size: from any direction, to the left or right."""
    angle = np.linspace(0, 5 * np.pi, POINTS + 1)
    turned = random.choice([-1, 1], (count, 1)) * angle + random.uniform(0, 2 * np.pi, (count, 1))
    offsets = np.diff(angle[:, None] * np.stack([np.cos(turned), np.sin(turned)], axis=-1), axis=1)
    return list((offsets / offsets.std() + random.normal(0, 0.1, offsets.shape)).astype(np.float32))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=400, help="how long to train (400)")
    parser.add_argument("--out", default="spirals.svg", help="the picture (spirals.svg)")
    args = parser.parse_args()

    model = Model(Network(Continuous(2), layers=1, units=64), Mixture(components=4))  # one reads, the other predicts
    random = np.random.default_rng(1)
    data = seqgen.in_memory(Continuous(2), [Example(offsets) for offsets in spirals(400, random)])
    windows = Windows(data, rows=16, window=POINTS)
    optimizer = seqgen.make_optimizer(TrainingConfig(learning_rate=1e-2, warmup=20), args.steps)
    state = seqgen.init_state(model, optimizer, jax.random.key(1), rows=16)
    batches = (windows.batch(step) for step in range(args.steps))
    for state, metrics in seqgen.train(state, batches, seqgen.make_train_step(model.loss, optimizer)):
        if int(state.step) % 50 == 0:
            print(f"step {state.step}: {metrics.nll:.2f} nats a point")  # the noise alone is -1.77

    prompts = [offsets[:GIVEN] for offsets in spirals(6, random)]
    options = Options(bias=np.array([0, 0, 0, 2, 2, 2]))  # the upper row as noisy as the data, the lower row steady
    drawn = seqgen.sample(model, state.params, jax.random.key(2), prompts, length=POINTS - GIVEN, options=options)
    picture = svgwrite.Drawing(args.out, size=(900, 600), debug=False)
    picture.add(picture.rect((0, 0), (900, 600), fill="white"))
    for i, (given, new) in enumerate(zip(prompts, drawn, strict=True)):
        path = np.cumsum(np.concatenate([given, new]), axis=0) * 12 + [150 + 300 * (i % 3), 150 + 300 * (i // 3)]
        for points, color in ((path[GIVEN - 1 :], "#0969da"), (path[:GIVEN], "#bc4c00")):
            picture.add(picture.polyline(points.round(1).tolist(), fill="none", stroke=color, stroke_width=2))
    picture.save()
    print(f"wrote {args.out}: orange was given, blue is new")


if __name__ == "__main__":
    main()
