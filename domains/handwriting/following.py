"""Ink read by the model that writes it, many lines at once: which character each point belongs to, and how likely it is."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from seqgen.machine.programs import kept, register
from seqgen.models.model import Model
from seqgen.nn.context import Context, Params
from seqgen.nn.recurrence import Carry
from seqgen.nn.window import weights
from seqgen.spec import Inputs, Steps, empty_steps, null_step

WINDOW = 128  # positions read at once


class Followed(NamedTuple):
    """A line of N points of a text of U - 1 characters, as the model reads it.

    places: int `[N]`, the character that each point belongs to; U - 1 for what comes after the text.
    nats: `[N]`, -ln of how likely each point is, given all before it.
    """

    places: NDArray[np.int64]
    nats: NDArray[np.float64]


class _Points(NamedTuple):
    places: Any
    nats: Any


register(_Points)


def follow(model: Model, params: Params, lines: Sequence[Steps], context: Context) -> list[Followed]:
    """Lines as the codec encodes them, a row of `context` each.

    A point belongs to the character that the window weighs most where the point was drawn; it never goes back, as the
    window does not.
    """
    spec, read = model.network.spec, _read(model)
    lengths = [len(pens) for _, pens in lines]
    longest = -(-max(lengths) // WINDOW) * WINDOW
    null, blank = (jax.tree.map(lambda leaf: np.asarray(leaf)[None], null_step(spec)), empty_steps(spec, longest))
    rows = [jax.tree.map(lambda zero, leaf: np.concatenate([leaf, zero[len(leaf) :]]), blank, line) for line in lines]
    targets = jax.tree.map(lambda *leaves: np.stack(leaves), *rows)
    inputs = jax.tree.map(
        lambda first, leaf: np.concatenate([np.repeat(first[None], len(rows), 0), leaf[:, :-1]], axis=1), null, targets
    )
    carry: Carry | None = None
    parts = []
    for begin in range(0, longest, WINDOW):
        piece = np.s_[:, begin : begin + WINDOW]
        cut: Callable[[Any], Any] = functools.partial(jax.tree.map, lambda leaf, piece=piece: leaf[piece])
        carry, part = read(params, carry, cut(inputs), cut(targets), context)
        parts.append(part)
    places, nats = (np.concatenate(leaves, axis=1) for leaves in zip(*parts, strict=True))
    return [
        Followed(np.maximum.accumulate(place[:n]).astype(np.int64), nat[:n].astype(np.float64))
        for place, nat, n in zip(places, nats, lengths, strict=True)
    ]


@functools.lru_cache(maxsize=4)
def _read(model: Model) -> Callable[..., Any]:
    network, head = model.network, model.head

    def read_back(
        params: Params, carry: Carry | None, inputs: Steps, targets: Steps, context: Context
    ) -> tuple[Carry, _Points]:
        def body(carry: Carry, at: tuple[Steps, Steps]) -> tuple[Carry, _Points]:
            step, target = at
            carry, features = network.step(params["network"], carry, Inputs(step), context=context)
            assert context.memory is not None
            seen = jnp.argmax(weights(carry[0], context.memory), axis=1)
            return carry, _Points(seen, -head.log_prob(model.head_params(params), features, target))

        if carry is None:  # here and not before: a kept program needs no network to be built
            carry = model.start(params, inputs[0].shape[0], context)
        first = jax.tree.map(lambda leaf: jnp.swapaxes(leaf, 0, 1), (inputs, targets))
        carry, read = jax.lax.scan(body, carry, first)
        return carry, jax.tree.map(lambda leaf: jnp.swapaxes(leaf, 0, 1), read)

    return kept(read_back, model.to_dict(), parts=(model.network, model.head, _Points))
