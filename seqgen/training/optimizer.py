"""The optimiser: AdamW behind a global-norm clip, under a warmup and a cosine whose length may change in mid-run."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ..config import TrainingConfig
from ..nn.recurrence import Array


class Schedule(NamedTuple):
    """Where a schedule stands: `step` and `total` steps, int32 `[]`. Data, so a longer run compiles nothing."""

    step: Array
    total: Array


def warmup_cosine(step: Array, total: Array, *, warmup: int, final: float) -> Array:
    """The share of the peak learning rate: a linear rise, then half a cosine down to `final`."""
    warm = jnp.minimum(warmup, total // 10).astype(jnp.float32)
    step, total = step.astype(jnp.float32), total.astype(jnp.float32)
    rise = (step + 1) / jnp.maximum(warm, 1.0)
    progress = jnp.clip((step - warm) / jnp.maximum(total - warm, 1.0), 0.0, 1.0)
    return jnp.minimum(rise, final + (1 - final) * 0.5 * (1 + jnp.cos(jnp.pi * progress)))


def scale_by_schedule(config: TrainingConfig, total: int) -> optax.GradientTransformation:
    """Multiplies updates by minus the learning rate of the step."""

    def init(params: Any) -> Schedule:
        del params
        return Schedule(jnp.zeros((), jnp.int32), jnp.asarray(total, jnp.int32))

    def update(updates: Any, state: Schedule, params: Any = None) -> tuple[Any, Schedule]:
        del params
        rate = -config.learning_rate * warmup_cosine(*state, warmup=config.warmup, final=config.final)
        return jax.tree.map(lambda u: rate * u, updates), Schedule(state.step + 1, state.total)

    return optax.GradientTransformation(init, update)


def make_optimizer(config: TrainingConfig, total: int) -> optax.GradientTransformation:
    """The optimiser for a run of `total` steps.

    >>> optimizer = make_optimizer(TrainingConfig(learning_rate=1e-2), total=100)
    >>> state = optimizer.init({"kernel": jnp.ones((2, 3))})
    >>> updates, state = optimizer.update({"kernel": jnp.ones((2, 3))}, state, {"kernel": jnp.ones((2, 3))})
    >>> bool((updates["kernel"] < 0).all()), total_of(state)
    (True, 100)
    """
    return optax.chain(
        optax.clip_by_global_norm(config.clip),
        optax.scale_by_adam(),
        optax.add_decayed_weights(config.weight_decay, mask=lambda params: jax.tree.map(lambda p: p.ndim > 1, params)),
        scale_by_schedule(config, total),
    )


def total_of(opt_state: Any) -> int:
    """The steps for which the optimiser's schedule is made."""
    nodes = jax.tree.leaves(opt_state, is_leaf=lambda node: isinstance(node, Schedule))
    return next(int(node.total) for node in nodes if isinstance(node, Schedule))


def with_total(opt_state: Any, total: int) -> Any:
    """The optimiser's state with its schedule stretched or shrunk to `total` steps."""

    def stretch(node: Any) -> Any:
        # Where the old total lies, on however many devices.
        return node._replace(total=0 * node.total + total) if isinstance(node, Schedule) else node

    return jax.tree.map(stretch, opt_state, is_leaf=lambda node: isinstance(node, Schedule))
