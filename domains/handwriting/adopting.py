"""A hand of one's own: the vector that makes somebody's ink likeliest, all other weights as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.optimize

from seqgen.batching.sources import in_memory
from seqgen.batching.windows import Batch, evaluation_windows
from seqgen.errors import DataError, UsageError
from seqgen.nn.recurrence import Array

from .api import HandwritingModel
from .hands import Style, Vector, fingerprint, vector_of
from .ink import Ink

ROWS, WINDOW = 32, 128
STEPS = 20  # of L-BFGS, an evaluation or two each
HELD_OUT = 5  # one sample in so many says whether the hand is better
FEWEST = 3  # samples
MOST_POINTS = 30_000  # to learn a vector from; more teach it nothing
FIRST = 3_000  # points that say which hand is nearest
SPREAD = 0.1  # of the hands' vectors, at the least


class Adopted(NamedTuple):
    """A style, and how likely ink that it was not made from is, nats a point: in the nearest hand before, and in it.

    nearest: the model's hand that comes nearest. samples: how many lines of ink. held_out: what the others say.
    """

    style: Style
    nearest: str
    before: float
    after: float
    samples: int
    held_out: tuple[str, ...]


def adopt(model: HandwritingModel, samples: Sequence[Ink], *, steps: int = STEPS) -> Adopted:
    """Fits a vector to somebody's ink, each sample with its text, in x-heights (see `in_x_heights`).

    The vector is the likeliest under the ink and a normal distribution with the mean and spread of the model's own hands
    (MAP), begun from the nearest of them. Of five samples one is held out, and says how much was gained.
    Raises UsageError for a model of one hand, DataError for samples without a text or too few.
    """
    if len(model.codec.hands) < 2:
        raise UsageError(f"{model.name} has one hand and no vectors; adopt with a model that has several")
    for sample in samples:
        model.check(sample)
    if len(samples) < FEWEST:
        raise DataError(f"there are {len(samples)} samples of the hand; give {FEWEST} or more, each with its text")
    given, out = parted(samples)
    vector, nearest = fitted(model, given, steps)
    held = likelihood(model, out)
    points = points_of(model, out)
    before, after = (held(v)[0] / points for v in (vector_of(nearest, model.codec.hands, model.params), vector))
    notes = {"nearest": nearest, "before": before, "after": after, "samples": len(given)}
    style = Style(tuple(map(float, vector)), fingerprint(model.params), notes)
    return Adopted(style, nearest, before, after, len(given), tuple(sample.text or "" for sample in out))


def parted(samples: Sequence[Ink]) -> tuple[list[Ink], list[Ink]]:
    """What is learned from, and what is held out."""
    order = np.random.Generator(np.random.Philox(0)).permutation(len(samples)).tolist()
    count = max(len(samples) // HELD_OUT, 1)
    return [samples[i] for i in order[count:]], [samples[i] for i in order[:count]]


def fitted(model: HandwritingModel, samples: Sequence[Ink], steps: int = STEPS) -> tuple[Vector, str]:
    """The likeliest vector, as `adopt` finds it, and the hand that is nearest."""
    table = np.asarray(model.params["network"]["static_table"], np.float32)
    nearby = likelihood(model, _first(samples, FIRST))
    nearest = min(range(len(table)), key=lambda hand: nearby(table[hand])[0])
    center, spread = table.mean(axis=0), np.maximum(table.std(axis=0), SPREAD)
    fit = likelihood(model, _first(samples, MOST_POINTS))

    def unlikely(vector: Vector) -> tuple[float, Vector]:
        nats, slope = fit(np.asarray(vector, np.float32))
        away = (vector - center) / spread
        return nats + 0.5 * float(away @ away), np.float64(slope) + away / spread

    found = scipy.optimize.minimize(
        unlikely, np.float64(table[nearest]), jac=True, method="L-BFGS-B", options={"maxiter": steps}
    )
    return np.asarray(found.x if steps else table[nearest], np.float32), model.codec.hands[nearest]


def _first(samples: Sequence[Ink], points: int) -> list[Ink]:
    """As many of them as have so many points."""
    ends = np.cumsum([sample.points for sample in samples])
    return list(samples[: int(np.searchsorted(ends, points)) + 1])


def points_of(model: HandwritingModel, inks: Sequence[Ink]) -> int:
    """How many points of them the model scores."""
    return sum(len(model.codec.encode(ink).steps[1]) for ink in inks)


def likelihood(model: HandwritingModel, inks: Sequence[Ink]) -> Any:
    """vector -> -ln of how likely the ink is in its hand, nats, and the gradient."""
    examples = [model.codec.encode(ink)._replace(static=np.int32(0)) for ink in inks]
    longest = max(len(example.steps[1]) for example in examples)
    source = in_memory(model.codec.spec, examples)
    batches = list(evaluation_windows(source, min(ROWS, len(examples)), min(WINDOW, longest)))

    def loss(vector: Vector, carry: Any, batch: Batch) -> tuple[Array, Any]:
        network = {**model.params["network"], "static_table": vector[None]}
        params = {**model.params, "network": network}
        carry = (
            model.model.start(params, len(batch.reset), model.model.encode(params, batch)) if carry is None else carry
        )
        nats, (_, carry) = model.model.loss(params, carry, batch, None)
        return nats, carry

    step = jax.jit(jax.value_and_grad(loss, has_aux=True))

    def of(vector: Vector) -> tuple[float, Vector]:
        total, slope, carry = 0.0, jnp.zeros_like(vector), None
        for batch in batches:
            (nats, carry), gradient = step(vector, carry, batch)
            total, slope = total + float(nats), slope + gradient
        return total, np.asarray(slope)

    return of
