"""How likely a model finds sequences: one static pass over their windows. It needs no optimiser, so none is imported."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator

import jax
import numpy as np

from ..batching.windows import Batch
from ..devices.crew import Crew
from ..models.model import Model
from ..nn.context import Params
from ..nn.recurrence import Array, Carry


@functools.lru_cache(maxsize=8)
def _scorer(model: Model, crew: Crew | None) -> tuple[Callable[..., Carry], Callable[..., tuple[Array, Carry]]]:
    """What opens the rows of a batch, and what scores it."""
    if crew:
        return jax.jit(crew.start(model)), jax.jit(crew.log_prob(model))
    return lambda params, batch: model.start(params, len(batch.reset), model.encode(params, batch)), jax.jit(
        model.log_prob
    )


def log_probs(
    model: Model, params: Params, batches: Iterable[Batch], crew: Crew | None = None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Log-probability of every target and the mask of those that count, both `[B, T]`; carried from window to window.

    crew: the devices that share the rows, where the parameters lie.

    >>> from seqgen import Categorical, Discrete, Example, Network, evaluation_windows, in_memory
    >>> model = Model(Network(Discrete(4), layers=1, units=8), Categorical(4))
    >>> windows = evaluation_windows(in_memory(Discrete(4), [Example(np.arange(4))]), batch=1, window=4)
    >>> [(nats.shape, valid.tolist()) for nats, valid in log_probs(model, model.init(jax.random.key(0)), windows)]
    [((1, 4), [[True, True, True, True]])]
    """
    start, log_prob_of = _scorer(model, crew)
    carry = None
    for batch in batches:
        dealt = crew.place(_padded(batch, -len(batch.valid) % crew.parts), rows=True) if crew else batch
        carry = start(params, dealt) if carry is None else carry
        log_prob, carry = log_prob_of(params, carry, dealt)
        yield np.asarray(log_prob)[: len(batch.valid)], batch.valid


def _padded(batch: Batch, rows: int) -> Batch:
    """With so many rows more, of which nothing is valid."""
    return jax.tree.map(lambda leaf: np.pad(leaf, [(0, rows)] + [(0, 0)] * (leaf.ndim - 1)), batch)  # type: ignore[no-any-return]


def evaluate(model: Model, params: Params, batches: Iterable[Batch], crew: Crew | None = None) -> float:
    """Mean negative log-likelihood, nats a step: one static pass, state carried, dropout off.

    Its exponential is the perplexity.

    >>> from seqgen import Categorical, Discrete, Example, Network, evaluation_windows, in_memory
    >>> model = Model(Network(Discrete(4), layers=1, units=8), Categorical(4))
    >>> windows = evaluation_windows(in_memory(Discrete(4), [Example(np.arange(4))]), batch=1, window=4)
    >>> nats = evaluate(model, model.init(jax.random.key(0)), windows)
    >>> bool(abs(nats - np.log(4)) < 0.7)  # of a model that has learned nothing yet
    True
    """
    total, count = 0.0, 0
    for log_prob, valid in log_probs(model, params, batches, crew):
        total -= float(log_prob.sum(dtype=np.float64))
        count += int(valid.sum())
    return total / max(count, 1)
