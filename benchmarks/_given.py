"""Models of one size that sing lower voices to a soprano, and how likely they find those that Bach wrote.

Nats a note: all that a model has to say of what is not given, the piece's key among that, over what one voice does in one
sixteenth, pooled over pieces; where bars and beats begin is given, as a tune has it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from numpy.random import Generator

from seqgen import Splits, TrainingConfig
from seqgen.domain import Domain, Size
from seqgen.domains import music
from seqgen.domains.music.grid import Grid
from seqgen.domains.music.presets import DOMAIN, as_learned, choir, inside
from seqgen.domains.music.voices.task import nats_under, partly, under
from seqgen.training import run

EMBEDDING, DROPOUT, STEPS = 32, 0.15, 1200
TRAINING = TrainingConfig(
    rows=6, window=850, learning_rate=5e-3, evaluations=12, patience=0, ema=0.99, weight_decay=0.02
)


class Kind(NamedTuple):
    """units: of its layer. ahead: of what reads what is given from its end. any: whether it learns to sing to anything."""

    units: int
    ahead: int
    any: bool


KINDS = {
    "left to right, the soprano given": Kind(160, 0, any=False),
    "anything given": Kind(160, 0, any=True),
    "anything given, backward pass": Kind(140, 48, any=True),
}


def _domain(kind: Kind) -> Domain[music.Score]:
    def task(codec: Grid) -> Domain[music.Score]:
        def given(score: music.Score, random: Generator) -> Any:
            here = inside(codec.ranges, score, random)
            return partly(here, random) if kind.any else under((0,), here)

        size = Size(choir(1, kind.units, EMBEDDING, DROPOUT, 5e-3, ahead=kind.ahead).model, TRAINING)
        return dataclasses.replace(as_learned(codec), sizes={"small": size}, augment=given)

    return dataclasses.replace(DOMAIN, task=task)


def train(splits: Splits[music.Score], folder: Path, kind: Kind, *, steps: int = STEPS) -> music.MusicModel:
    """Trains in `folder`, or takes what was trained there before."""
    if not (folder / "model").exists():
        run.begin(folder, _domain(kind), splits, {"encoding": "given"}, size="small", steps=steps)
    return music.load(folder)


def nats_a_note(model: music.MusicModel, pieces: Sequence[music.Score]) -> float:
    """Of the true lower voices, given the sopranos."""
    assert isinstance(model.codec, Grid)
    nats, notes = nats_under(model.codec, model.model, model.params, pieces)
    return nats / notes
