"""Learning: the state of a run, one compiled step, a generator of states."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ..batching.windows import Batch
from ..devices.crew import Crew, Gradient
from ..models.trainable import Loss, Trainable
from ..nn.context import Params
from ..nn.recurrence import Array, Carry


class TrainState(NamedTuple):
    """Everything a resume needs. The batch of a step follows from `step` and `attempt`, its dropout from `key` and `step`.

    >>> from seqgen import Categorical, Discrete, Model, Network
    >>> model = Model(Network(Discrete(4), layers=1, units=8), Categorical(4))
    >>> state = init_state(model, optax.sgd(0.1), jax.random.key(0), rows=2)
    >>> int(state.step), sorted(state.params), float(state.best)
    (0, ['head', 'network'], inf)
    """

    step: Array  # [] int32, steps done
    params: Params
    opt_state: Any
    carry: Carry  # the streams' state after the last window
    key: Array  # raw PRNG key data, uint32 [2]
    ema: Params  # running average of params; params themselves where none is asked for
    best: Array  # [] float32, the lowest validation so far: nats a step, or the metric, negated where more is better
    patience: Array  # [] int32, evaluations since then
    # Defaults: checkpoints of older formats lack them.
    lr_scale: Array = np.float32(1)  # type: ignore[assignment]  # [] float32, factor of the learning rate
    attempt: Array = np.int32(0)  # type: ignore[assignment]  # [] int32, roll-backs so far
    nats: Array = np.float32(np.inf)  # type: ignore[assignment]  # [] float32, nats a step of the best


class Metrics(NamedTuple):
    """What one step tells: `nll` nats a step of the sequence, `count` of them, and the gradient's norm before clipping.

    >>> metrics = Metrics(nll=1.5, count=128, grad_norm=0.3)
    >>> print(round(metrics.nll / np.log(2), 2))  # bits
    2.16
    """

    nll: Array
    count: Array  # type: ignore[assignment]  # hides tuple.count, which nobody asks a record for
    grad_norm: Array


TrainStep = Callable[[TrainState, Batch], tuple[TrainState, Metrics]]


def init_state(
    model: Trainable, optimizer: optax.GradientTransformation, key: Array, rows: int, params: Params | None = None
) -> TrainState:
    """A new run's state for batches of `rows`; from new parameters, or from given ones (fine-tuning).

    >>> from seqgen import Categorical, Discrete, Model, Network, TrainingConfig, make_optimizer
    >>> model = Model(Network(Discrete(4), layers=1, units=8), Categorical(4))
    >>> state = init_state(model, make_optimizer(TrainingConfig(), 100), jax.random.key(0), rows=2)
    >>> [leaf.shape for leaf in jax.tree.leaves(state.carry)]  # a cell and an output a row
    [(2, 8), (2, 8)]
    """

    def new(key: Array, params: Params) -> TrainState:
        return TrainState(
            step=jnp.zeros((), jnp.int32),
            params=jax.tree.map(jnp.copy, params),
            opt_state=optimizer.init(params),
            carry=_blank_carry(model, params, rows),
            key=jax.random.key_data(jax.random.split(key)[1]),
            ema=jax.tree.map(jnp.copy, params),
            best=jnp.asarray(jnp.inf, jnp.float32),
            patience=jnp.zeros((), jnp.int32),
            lr_scale=jnp.ones((), jnp.float32),
            attempt=jnp.zeros((), jnp.int32),
            nats=jnp.asarray(jnp.inf, jnp.float32),
        )

    # In programs: op by op, each is compiled by itself.
    params = _new_params(model)(key) if params is None else params
    state: TrainState = jax.jit(new)(key, params)
    return state


@functools.lru_cache(maxsize=8)
def _new_params(model: Trainable) -> Callable[[Array], Params]:
    """Random numbers are most of what there is to compile for a new state, and the same for every run of a model."""
    return jax.jit(lambda key: model.init(jax.random.split(key)[0]))


def _blank_carry(model: Trainable, params: Params, rows: int) -> Carry:
    # The first position of every row is a reset, so what stands here is never read; only its shape matters.
    shapes = jax.eval_shape(lambda: model.start(params, rows))
    return jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes)


def make_train_step(
    loss: Loss, optimizer: optax.GradientTransformation, *, ema: float = 0.0, crew: Crew | None = None
) -> TrainStep:
    """The compiled step: gradient of the batch's mean nats, clip, update, running average of the weights.

    The carry goes on to the next window and its gradient stops there: truncated back-propagation through time (TBPTT).
    crew: the devices that share the rows (data parallelism); the state and the batches must lie on them.
    The state passed in is donated: its buffers are reused, `keep` copies what must outlive the next step.

    >>> from seqgen import Categorical, Discrete, Example, Model, Network, Windows, in_memory
    >>> model, optimizer = Model(Network(Discrete(4), layers=1, units=8), Categorical(4)), optax.sgd(0.1)
    >>> windows = Windows(in_memory(Discrete(4), [Example(np.arange(64) % 4)]), rows=2, window=16)
    >>> step = make_train_step(model.loss, optimizer)
    >>> state, metrics = step(init_state(model, optimizer, jax.random.key(0), rows=2), windows.batch(0))
    >>> int(state.step), int(metrics.count)
    (1, 32)
    """

    gradient: Gradient = crew.gradient(loss) if crew else jax.value_and_grad(loss, has_aux=True)

    def train_step(state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
        key = jax.random.fold_in(jax.random.wrap_key_data(state.key), state.step)
        (nll_sum, (count, carry)), grads = gradient(state.params, state.carry, batch, key)
        # Sums until here: shards of a batch may hold different numbers of valid positions.
        count = jnp.maximum(count, 1).astype(jnp.float32)
        grads = jax.tree.map(lambda g: g / count, grads)
        updates, opt_state = optimizer.update(grads, state.opt_state, state.params)
        params = optax.apply_updates(state.params, jax.tree.map(lambda u: state.lr_scale * u, updates))
        # Early on the average follows quickly, or it would remember the random start.
        step = state.step.astype(jnp.float32)
        decay = jnp.minimum(ema, (1.0 + step) / (10.0 + step)) if ema else 0.0
        average = jax.tree.map(lambda a, p: decay * a + (1 - decay) * p, state.ema, params)
        state = state._replace(
            step=state.step + 1, params=params, opt_state=opt_state, ema=average, carry=jax.lax.stop_gradient(carry)
        )
        return state, Metrics(nll_sum / count, count, optax.tree.norm(grads))

    return jax.jit(train_step, donate_argnums=0)


def train(state: TrainState, batches: Iterable[Batch], train_step: TrainStep) -> Iterator[tuple[TrainState, Metrics]]:
    """Yields (state, metrics) after every step; the caller's loop logs, evaluates, saves and stops.

    A yielded state is valid until the next one is asked for: `keep(state)` copies it.

    >>> from seqgen import Categorical, Discrete, Example, Model, Network, Windows, in_memory
    >>> model, optimizer = Model(Network(Discrete(4), layers=1, units=8), Categorical(4)), optax.adam(0.05)
    >>> windows = Windows(in_memory(Discrete(4), [Example(np.arange(64) % 4)]), rows=2, window=16)
    >>> state = init_state(model, optimizer, jax.random.key(0), rows=2)
    >>> batches = (windows.batch(step) for step in range(20))
    >>> losses = [float(metrics.nll) for _, metrics in train(state, batches, make_train_step(model.loss, optimizer))]
    >>> losses[0] > 1 > losses[-1]
    True
    """
    for batch in batches:
        state, metrics = train_step(state, batch)
        yield state, metrics


def place_state(crew: Crew, state: TrainState) -> TrainState:
    """A state that every process holds all of, onto a crew's devices: its carry has rows, the rest is everywhere."""
    return crew.place(state)._replace(carry=crew.place(state.carry, rows=True))


def keep(state: Any) -> Any:
    """A copy on the host that outlives the next step.

    >>> kept = keep({"kernel": jnp.ones((2, 3))})
    >>> type(kept["kernel"]).__name__
    'ndarray'
    """
    return jax.tree.map(np.array, state)
