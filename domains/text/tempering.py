"""The temperature at which a model expects a text best: the one number that can be tuned without training.

Guo, Pleiss, Sun & Weinberger 2017, "On Calibration of Modern Neural Networks", section 4.2.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from seqgen.batching.sources import Source
from seqgen.batching.windows import Batch, evaluation_windows
from seqgen.models.model import Model
from seqgen.nn.context import Params
from seqgen.training.scoring import ROWS, WINDOW

KEPT = 1 << 25  # scores, 128 MB: a hundred thousand characters, more than one number needs
FARTHEST = 10.0
STEPS = 20  # of Newton's method; five are usual


def tempered(params: Params, temperature: float) -> Params:
    """The weights of a model whose scores are divided by a temperature, under a softmax of any kind."""
    return {**params, "head": jax.tree.map(lambda leaf: leaf / np.float32(temperature), params["head"])}


def tuned(model: Model, params: Params, source: Source) -> float:
    """The temperature at which these examples cost the fewest nats, of as many steps as `KEPT` scores are."""
    rows = 1 if source.condition(0) == (None, None) else ROWS  # else an example is a row, or part of one
    most = max(1, KEPT // (model.head.spec.size * WINDOW * rows))  # type: ignore[union-attr]
    windows = itertools.islice(evaluation_windows(source, rows, WINDOW), most)
    found = [*_scores(model, params, windows)]
    return best_temperature(*(np.concatenate(column) for column in zip(*found, strict=True)))


def best_temperature(scores: NDArray[np.floating], targets: NDArray[Any]) -> float:
    """The temperature in 1/10 to 10 of a softmax of scores `[N, V]` that finds targets `[N]` likeliest.

    Nats are convex in its inverse, so that Newton's method, no step farther than twice, leads there.

    >>> best_temperature(np.log([[0.9, 0.1]] * 10), np.array([0] * 7 + [1] * 3)) > 2  # it was too sure
    True
    """
    below = jnp.asarray(scores - scores.max(axis=-1, keepdims=True), jnp.float32)
    chosen = jnp.take_along_axis(below, jnp.asarray(targets)[:, None], axis=-1).mean()
    inverse = 1.0
    for _ in range(STEPS):
        slope, bend = map(float, _moments(below, inverse))
        wanted = inverse - (slope - float(chosen)) / max(bend, 1e-12)
        wanted = min(max(wanted, inverse / 2, 1 / FARTHEST), inverse * 2, FARTHEST)
        near = abs(wanted - inverse) < 1e-5
        inverse = wanted
        if near:
            break
    return 1 / inverse


@jax.jit
def _moments(scores: jax.Array, inverse: float) -> tuple[jax.Array, jax.Array]:
    """Mean and variance of the scores under their own softmax, averaged over positions."""
    likely = jax.nn.softmax(scores * inverse)
    mean = (likely * scores).sum(axis=-1, keepdims=True)
    return mean.mean(), (likely * (scores - mean) ** 2).sum(axis=-1).mean()


def _scores(model: Model, params: Params, windows: Iterable[Batch]) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    start, read = _reader(model)
    carry = None
    for batch in windows:
        carry = start(params, batch) if carry is None else carry
        scores, carry = read(params, carry, batch)
        yield np.asarray(scores)[batch.valid], batch.targets[batch.valid]


@functools.lru_cache(maxsize=4)
def _reader(model: Model) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """What opens the rows of a batch, and what gives the scores of its positions."""

    def read(params: Params, carry: Any, batch: Batch) -> Any:
        how = {"reset": batch.reset, "valid": batch.valid, "context": model.encode(params, batch)}
        carry, features = model.network.unroll(params["network"], carry, batch.inputs, **how)
        return model.head.logits(model.head_params(params), features), carry  # type: ignore[attr-defined]

    return jax.jit(lambda params, batch: model.start(params, len(batch.reset), model.encode(params, batch))), jax.jit(
        read
    )
