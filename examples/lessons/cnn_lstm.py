"""CNN-LSTM: a convolution sees what is in each frame, the LSTM remembers it. Which shape was in the first of four frames?

Frames of 16 x 16 pixels, in each of them one of three shapes somewhere. Both networks learn from frames whose shapes
are in two opposite quarters, and are asked about shapes in the other two: what a filter knows it knows everywhere, what
flat pixels mean has to be learned place by place.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from seqgen import LSTM, Classifier, Convolution, Network, Size, Splits, TrainingConfig
from seqgen.domains import label
from seqgen.training import run

SIDE, FRAMES, NAMES = 16, 4, ("cross", "ring", "dots")
# Pixels as they are: on a scale of its own each would be brighter where no shape has been.
PIXELS = label.LabelCodec("row", NAMES, mean=(0.0,) * SIDE**2, scale=(1.0,) * SIDE**2)
SHAPES = np.array([[0, 1, 0, 1, 1, 1, 0, 1, 0], [1, 1, 1, 1, 0, 1, 1, 1, 1], [1, 0, 1, 0, 1, 0, 1, 0, 1]], float)


def films(count: int, seed: int, held_out: bool) -> list[label.Row]:
    """Films, and of each the shape that it begins with."""
    random, made = np.random.default_rng(seed), []
    for _ in range(count):
        shapes = random.integers(0, 3, FRAMES)
        film = random.normal(0, 0.1, (FRAMES, SIDE, SIDE))
        for frame, shape in zip(film, shapes, strict=True):
            right = random.integers(0, 2)
            row, column = random.integers(1, SIDE // 2 - 3, 2) + SIDE // 2 * np.array([right ^ held_out, right])
            frame[row : row + 3, column : column + 3] += SHAPES[shape].reshape(3, 3)
        made.append(label.Row(tuple(map(tuple, film.reshape(FRAMES, -1).tolist())), (NAMES[shapes[0]],)))
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=300, help="how long to train each (300)")
    parser.add_argument("--out", type=Path, default=Path("runs/cnn_lstm"), help="folder of the runs")
    args = parser.parse_args()
    train, near, far = films(4000, 1, False), films(1000, 2, False), films(1000, 3, True)
    for name, below in (("flat pixels", ()), ("CNN", (Convolution(SIDE, SIDE, filters=(16, 32), everywhere=True),))):

        def model(codec: Any, below: tuple[Any, ...] = below) -> Classifier:
            return Classifier(Network(codec.spec, (*below, LSTM(48))), len(codec.labels))

        size = Size(model, TrainingConfig(rows=32, learning_rate=6e-3, evaluations=4, patience=0))
        domain = dataclasses.replace(label.DOMAIN, sizes={"lesson": size}, fit_codec=lambda rows, **_: PIXELS)
        outcome = run.begin(args.out / name, domain, Splits(train, near[:200]), {}, steps=args.steps)
        seen, unseen = (label.load(outcome.folder).score(part).accuracy for part in (near, far))
        print(f"{name}: {seen:.1%} of films where shapes were learned, {unseen:.1%} of those where none was")


if __name__ == "__main__":
    main()
