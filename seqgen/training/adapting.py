"""Dynamic evaluation: a model that learns from a sequence while it reads it, a little after every few steps.

Krause, Kahembwe, Murray & Renals 2018, section 4: RMSprop with a prior, that is steps in proportion to how large each
weight's gradients usually are, and back towards where training left it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..batching.windows import Batch
from ..models.model import Model
from ..nn.context import Params
from ..nn.recurrence import Array, Carry

SEGMENT = 32  # steps that are read before the weights follow


class Rates(NamedTuple):
    """How fast a model adapts: learning_rate of a segment, decay back to the trained weights, epsilon under the RMS.

    >>> Rates(learning_rate=0.0).decay > 0
    True
    """

    learning_rate: Any = 5e-4
    decay: Any = 2e-3
    epsilon: Any = 1e-5


USUAL = Rates()


class Adapting(NamedTuple):
    """Where adaptation stands: a plain value.

    params: the weights now. trained: those that training left. rms: root mean square of each weight's gradient.
    """

    params: Params
    trained: Params
    rms: Params


def gradient_rms(model: Model, params: Params, batches: Iterable[Batch]) -> Params:
    """The root mean square of each weight's gradient over batches of ordinary text, one row each is best.

    >>> from seqgen import Categorical, Discrete, Example, Network, evaluation_windows, in_memory
    >>> model = Model(Network(Discrete(4), layers=1, units=8), Categorical(4))
    >>> windows = evaluation_windows(in_memory(Discrete(4), [Example(np.arange(64) % 4)]), batch=1, window=16)
    >>> rms = gradient_rms(model, model.init(jax.random.key(0)), windows)
    >>> float(rms["head"]["bias"].min()) > 0
    True
    """
    squares, carry, count = None, None, 0
    for batch in batches:
        carry = opening(model, len(batch.reset))(params) if carry is None else carry
        own, carry = _squared(model)(params, carry, batch)
        squares = own if squares is None else jax.tree.map(jnp.add, squares, own)
        count += 1
    return jax.tree.map(lambda total: jnp.sqrt(total / max(count, 1)), squares)  # type: ignore[no-any-return]


def adapt(
    model: Model, start: Adapting, batches: Iterable[Batch], rates: Rates = USUAL
) -> Iterator[tuple[Adapting, Array]]:
    """After every batch the weights it leaves, and the log-probability of its targets before it was learned from, `[B, T]`.

    batches: windows in order, `SEGMENT` steps each; the state is carried over. Dropout is off.

    >>> from seqgen import Categorical, Discrete, Example, Network, evaluation_windows, in_memory
    >>> model = Model(Network(Discrete(4), layers=1, units=8), Categorical(4))
    >>> windows = evaluation_windows(in_memory(Discrete(4), [Example(np.arange(640) % 4)]), batch=1, window=16)
    >>> params = model.init(jax.random.key(0))
    >>> start = Adapting(params, params, gradient_rms(model, params, windows))
    >>> nats = [-float(likely.mean()) for _, likely in adapt(model, start, windows, Rates(1e-2))]
    >>> nats[-1] < nats[0]  # it is always the same
    True
    """
    state, carry = start, None
    for batch in batches:
        carry = opening(model, len(batch.reset))(state.params) if carry is None else carry
        state, carry, likely = followed(model, state, carry, batch, rates)
        yield state, likely


def followed(
    model: Model, state: Adapting, carry: Carry, batch: Batch, rates: Rates = USUAL
) -> tuple[Adapting, Carry, Array]:
    """One batch read and learned from: what it leaves, the carry after it, and the log-probability of its targets, `[B, T]`."""
    params, carry, likely = _follow(model)(state, carry, batch, Rates(*map(np.float32, rates)))
    return state._replace(params=params), carry, likely


def _gradient(model: Model, params: Params, carry: Carry, batch: Batch) -> tuple[Params, tuple[Array, Carry]]:
    def loss(params: Params) -> tuple[Array, tuple[Array, Carry]]:
        likely, after = model.log_prob(params, carry, batch)
        count = jnp.maximum(batch.valid.sum(), 1).astype(jnp.float32)
        return -likely.sum() / count, (likely, jax.lax.stop_gradient(after))

    return jax.grad(loss, has_aux=True)(params)  # type: ignore[no-any-return]


@functools.lru_cache(maxsize=8)
def opening(model: Model, rows: int) -> Callable[[Params], Carry]:
    """The carry that opens so many rows, in one program.

    >>> from seqgen import Categorical, Discrete, Network
    >>> model = Model(Network(Discrete(4), layers=1, units=8), Categorical(4))
    >>> carry = opening(model, 2)(model.init(jax.random.key(0)))
    >>> jax.tree.leaves(carry)[0].shape
    (2, 8)
    """
    return jax.jit(lambda params: model.start(params, rows))


@functools.lru_cache(maxsize=4)
def _squared(model: Model) -> Callable[..., Any]:
    def run(params: Params, carry: Carry, batch: Batch) -> Any:
        grads, (_, after) = _gradient(model, params, carry, batch)
        return jax.tree.map(jnp.square, grads), after

    return jax.jit(run)


@functools.lru_cache(maxsize=4)
def _follow(model: Model) -> Callable[..., Any]:
    def run(state: Adapting, carry: Carry, batch: Batch, rates: Rates) -> Any:
        grads, (likely, after) = _gradient(model, state.params, carry, batch)
        # Krause's RMS_norm: how fast each weight goes back, relative to the mean of all.
        leaves = jax.tree.leaves(state.rms)
        mean = sum(leaf.sum() for leaf in leaves) / sum(leaf.size for leaf in leaves)

        def moved(own: Array, trained: Array, rms: Array, grad: Array) -> Array:
            back = jnp.minimum(rms / mean, 1 / jnp.maximum(rates.decay, 1e-12)) * rates.decay
            new: Array = own - rates.learning_rate * grad / (rms + rates.epsilon) + back * (trained - own)
            return new

        return jax.tree.map(moved, state.params, state.trained, state.rms, grads), after, likely

    return jax.jit(run)
