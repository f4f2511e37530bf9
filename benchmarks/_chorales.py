"""Bach's chorales on the grid of sixteenths: joint nats a note, and what counting alone reaches.

Joint: the nats of everything the model had to say, over 4 x steps, pooled over all pieces, the first step included: markers
of beats and bars too, and what the encoding says of a piece in its own symbols, its key, its meter and where it ends, which
nothing else tells the model. A cell is held where its voice keeps the pitch, or the silence, of the step before.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seqgen import Splits, evaluation_windows, in_memory
from seqgen.domains import music
from seqgen.domains.music.grid import ORDER, REST, TIED, to_grid
from seqgen.domains.music.presets import CHOIRS
from seqgen.training import log_probs

SIZE, STEPS, DROPOUT = "medium", 3600, 0.4
TRAINING = dataclasses.replace(CHOIRS[SIZE].training, evaluations=36, patience=8, ema=0.995, weight_decay=0.02)


class Joint(NamedTuple):
    """Nats a note: of all, of held cells, of changed cells; and nats of the markers over the notes."""

    note: float
    held: float
    changed: float
    markers: float


def train(
    splits: Splits[music.Score], folder: Path, *, size: str = SIZE, steps: int = STEPS, seed: int = 0
) -> music.MusicModel:
    """Trains in `folder`, or takes what was trained there before."""
    if not (folder / "model").exists():
        music.train(
            splits, folder, size=size, steps=steps, seed=seed, encoding="chorale", training=TRAINING, dropout=DROPOUT
        )
    return music.load(folder)


def score(model: music.MusicModel, pieces: Sequence[music.Score]) -> Joint:
    """What a model makes of pieces, each from its beginning."""
    sums, counts = np.zeros(3), np.zeros(3, np.int64)
    for piece in pieces:
        example = model.codec.encode(piece)
        batches = evaluation_windows(in_memory(model.codec.spec, [example]), 1, 256)
        nats = -np.concatenate([row[0][mask[0]] for row, mask in log_probs(model.model, model.params, batches)]).astype(
            np.float64
        )
        voiced = example.steps <= REST
        pitches = _pitches(piece)[:, ORDER].reshape(-1)
        held = np.concatenate([np.zeros(4, bool), pitches[4:] == pitches[:-4]])
        for index, chosen in enumerate((nats[voiced][held], nats[voiced][~held], nats[~voiced])):
            sums[index] += chosen.sum()
            counts[index] += chosen.size
    notes = counts[:2].sum()
    return Joint(sums.sum() / notes, sums[0] / counts[0], sums[1] / counts[1], sums[2] / notes)


def by_counting(train: Sequence[music.Score], pieces: Sequence[music.Score]) -> tuple[float, float]:
    """Nats a note by how often each voice sings a pitch; and by that given the voice's last pitch, the first as before.

    One is added to every count, over the pitches from the lowest to the highest and silence.
    """
    parts = [[_pitches(piece) for piece in part] for part in (train, pieces)]
    voiced = np.concatenate([pitches[pitches < TIED] for part in parts for pitches in part])
    low, size = int(voiced.min()), int(voiced.max() - voiced.min()) + 2
    given, asked = ([np.where(p == TIED, size - 1, p - low) for p in part] for part in parts)
    alone, after = np.ones((4, size)), np.ones((4, size, size))
    for pitches in given:
        for voice, column in enumerate(pitches.T):
            np.add.at(alone[voice], column, 1)
            np.add.at(after[voice], (column[:-1], column[1:]), 1)
    alone, after = -np.log(alone / alone.sum(-1, keepdims=True)), -np.log(after / after.sum(-1, keepdims=True))
    columns = [(voice, column) for pitches in asked for voice, column in enumerate(pitches.T)]
    by_pitch = np.concatenate([alone[voice, column] for voice, column in columns])
    by_last = np.concatenate([[alone[v, c[0]], *after[v, c[:-1], c[1:]]] for v, c in columns])
    return float(by_pitch.mean()), float(by_last.mean())


def _pitches(piece: music.Score) -> np.ndarray:
    """What each voice sings in each step, 128 for nothing, int `[steps, 4]`, the highest voice first."""
    cells = to_grid(piece).cells
    return np.where(cells == REST, TIED, cells % TIED)
