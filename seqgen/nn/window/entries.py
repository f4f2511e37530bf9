"""A static vector for each entry of the memory, in place of one for all of a sequence: the window says which is seen.

At each position it is that of the entry which the window weighed most at the position before, the first at the start.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from ..context import Context, Params
from ..dropping import dropped
from ..recurrence import Array, Carry, where
from . import WindowCarry, weights

if TYPE_CHECKING:
    from ...spec import Inputs
    from ..network import Network


def seen(context: Context, carry: Carry) -> Context:
    """The context with the vectors, `[B, S]`, of the entries at which the lowest window of a carry is."""
    assert context.memory is not None and context.static is not None
    window = next(one for one in carry if isinstance(one, WindowCarry))
    at = jnp.argmax(weights(window, context.memory), axis=1)
    return context._replace(static=jnp.take_along_axis(context.static, at[:, None, None], axis=1)[:, 0])


def unroll(
    network: Network,
    params: Params,
    carry: Carry,
    inputs: Inputs,
    *,
    reset: Array | None,
    valid: Array | None,
    context: Context,
    key: Array | None,
) -> tuple[Carry, Array]:
    """`Network.unroll` where the context has a vector for each entry: a window of one position after the other."""
    # Once, for their masks are of the whole window.
    params = dropped(params, key, network.weight_drop, network.embedding_drop)
    network = replace(network, weight_drop=0.0, embedding_drop=0.0)
    start = network.start(params, jax.tree.leaves(inputs)[0].shape[0], context)
    if network.ahead:
        inputs = inputs._replace(controls=network.look(params, inputs.controls, reset=reset, valid=valid))

    def position(carry: Carry, at: Any) -> tuple[Carry, Array]:
        number, here, reset, valid = at
        carry = carry if reset is None else where(reset, start, carry)
        here, valid = jax.tree.map(lambda leaf: leaf[:, None], (here, valid))
        mask = key if key is None or network.variational else jax.random.fold_in(key, number)
        carry, features = network.unroll(params, carry, here, valid=valid, context=seen(context, carry), key=mask)
        return carry, features[:, 0]

    by_time = jax.tree.map(lambda leaf: jnp.swapaxes(leaf, 0, 1), (inputs, reset, valid))
    numbers = jnp.arange(jax.tree.leaves(by_time)[0].shape[0])
    carry, features = jax.lax.scan(position, carry, (numbers, *by_time))
    return carry, jnp.swapaxes(features, 0, 1)
