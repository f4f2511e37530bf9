"""A model of one's own: all its weights learn a little more from the ink that a hand was fitted to."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seqgen.config import TrainingConfig
from seqgen.domain import Splits
from seqgen.errors import DataError, UsageError
from seqgen.models.pretrained import from_pretrained, open_model, save_pretrained
from seqgen.training import run

from . import api
from .adopting import likelihood, parted, points_of
from .hands import Style, vector_of
from .ink import Ink
from .presets import DOMAIN

HAND = "mine"  # what the model calls it
FEWEST = 60  # words to learn from
STEPS = 120
GENTLE = TrainingConfig(rows=16, window=64, learning_rate=2e-4, warmup=12, evaluations=8, patience=2)


class Tuned(NamedTuple):
    """How likely the ink that was held out is in the hand alone and in the tuned model, nats a point, and that model's folder:
    None where it is no better."""

    before: float
    after: float
    folder: Path | None


def check(samples: Sequence[Ink], out: str | Path) -> None:
    """Raises DataError for too few words to learn from, UsageError for a folder that is in use."""
    words = sum(len((sample.text or "").split()) for sample in parted(samples)[0])
    if words < FEWEST:
        raise DataError(
            f"there are {words} words to learn from; fine-tuning takes {FEWEST} or more: give more samples, or leave out --tune"
        )
    folder = Path(out)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is in use; name another folder with --tune")


def tune(
    model: api.HandwritingModel,
    samples: Sequence[Ink],
    style: Style,
    out: str | Path,
    *,
    steps: int = STEPS,
) -> Tuned:
    """Fine-tunes the model on the samples that `style` was fitted to, as a hand of its own, `HAND`, which begins there.

    What `adopt` held out is held out here, too, and says whether the model is kept; when to stop, a part of the others says.
    Raises as `check`, and UsageError for a model that has such a hand.
    """
    check(samples, out)
    if HAND in model.codec.hands:
        raise UsageError(f"{model.name} has a hand called {HAND} already; tune the model that it was made from")
    given, held = parted(samples)
    own = [dataclasses.replace(ink, hand=HAND) for ink in given]
    learned, watched = parted(own)
    with tempfile.TemporaryDirectory() as folder:
        begin = _with_hand(model, style, f"{folder}/begin")
        outcome = run.begin(
            f"{folder}/run", DOMAIN, Splits(learned, watched), start_from=begin, steps=steps, training=GENTLE
        )
        if outcome.signal is not None:
            raise SystemExit(128 + outcome.signal)
        tuned = api.load(outcome.folder)
        points = points_of(model, held)
        before = likelihood(model, held)(vector_of(style, model.codec.hands, model.params))[0] / points
        after = likelihood(tuned, held)(vector_of(HAND, tuned.codec.hands, tuned.params))[0] / points
        if not after < before:
            return Tuned(before, after, None)
        made = from_pretrained(outcome.model)
        parts = {name: getattr(made, name) for name in ("domain", "codec", "model", "params", "training")}
        return Tuned(before, after, save_pretrained(out, **parts))


def _with_hand(model: api.HandwritingModel, style: Style, folder: str) -> Path:
    """A folder with the model and one hand more, which is weak nowhere."""
    _, given = open_model(DOMAIN, model.name)
    codec = dataclasses.replace(
        model.codec, hands=(*model.codec.hands, HAND), weak=(*model.codec.weak, "") if model.codec.weak else ()
    )
    network = dataclasses.replace(given.model.network, static=len(codec.hands))
    table = np.concatenate(
        [model.params["network"]["static_table"], [vector_of(style, model.codec.hands, model.params)]]
    )
    return save_pretrained(
        folder,
        domain=DOMAIN.name,
        codec=codec.to_dict(),
        model=dataclasses.replace(given.model, network=network),
        params={**model.params, "network": {**model.params["network"], "static_table": table}},
        training=given.training,
    )
