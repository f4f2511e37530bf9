"""Laws of a static vector for each entry of the memory, of which a window says the one that is seen."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from law_networks import ALL, LAYERS, PEN, SMALL, B, T, U, assert_close, at, first, mixed, unrolled

from seqgen.batching import Inputs
from seqgen.errors import UsageError
from seqgen.nn.encoder.values import SymbolEncoder
from seqgen.nn.network import Network
from seqgen.nn.window import WindowCarry, weights

ENCODER: Any = {"source": 7, "encoder": SymbolEncoder(3, embedding=2), "attention": 4}
READ: Any = {"static": 3, "static_width": 2, "static_read": True}
ABOVE = Network(PEN, LAYERS, embedding=4, source=7, source_width=3, **READ)
NETWORKS = {
    "everything": ALL["everything"],
    "window above, static read by the head": ABOVE,
    "attention, ahead": Network(PEN, window=2, controls=2, ahead=3, **ENCODER, **READ, **SMALL),
}
every = pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)


def by_entry(network: Network, same: bool = False) -> tuple[Any, ...]:
    """What `first` gives, with the vectors that `encode` makes of those that are given it."""
    params, carry, inputs, reset, valid, context = first(network)
    static = np.random.default_rng(4).normal(size=(B, U, network.static_width)).astype(np.float32)
    if same:
        static = np.broadcast_to(np.asarray(context.static)[:, None], static.shape)
    given = network.encode(params, jnp.zeros((B, U), jnp.int32), static).static
    np.testing.assert_array_equal(given, static)
    return params, carry, inputs, reset, valid, context._replace(static=given)


@every
def test_unroll_is_step_by_step(network: Network) -> None:
    params, carry, inputs, reset, valid, context = by_entry(network)
    end, features = unrolled(network)(params, carry, inputs, reset, valid, context)
    assert not np.asarray(features)[~valid].any()
    if network.ahead:
        seen = network.look(params, inputs.controls, reset=jnp.asarray(reset), valid=jnp.asarray(valid))
        inputs = inputs._replace(controls=seen)
    step, start = jax.jit(network.step), network.start(params, B, context)
    for t in range(T):
        carry = mixed(reset[:, t], start, carry)
        stepped, one = step(params, carry, at(inputs, np.s_[:, t]), context=context)
        carry = mixed(valid[:, t], stepped, carry)
        assert_close(features[valid[:, t], t], np.asarray(one)[valid[:, t]], 1e-5)
    assert_close(end, carry, 1e-5)


@every
def test_vectors_that_are_all_the_same_are_one(network: Network, key: jax.Array) -> None:
    """In their gradients too, and under dropout whose masks are of a window."""
    network = dataclasses.replace(network, dropout=0.4, weight_drop=0.3)
    params, carry, inputs, reset, valid, context = by_entry(network, same=True)
    vector = context.static[:, 0]

    def run(static: Any) -> Any:
        seen = context._replace(static=static)
        end, features = unrolled(network)(params, carry, inputs, reset, valid, seen, key)
        return (features**2).sum(), (end, features)

    (there, one), (here, other) = (jax.grad(run, has_aux=True)(static) for static in (context.static, vector))
    assert_close(one, other, 1e-5)
    assert_close(there.sum(axis=1), here, 1e-3)
    assert (np.abs(here) > 0).all()


def test_seen_is_the_vector_of_the_entry_at_which_the_window_was_before() -> None:
    params, carry, inputs, _, _, context = by_entry(ABOVE)
    carry, entries = ABOVE.start(params, B, context), set()
    for t in range(T):
        window = next(one for one in carry if isinstance(one, WindowCarry))
        places = np.asarray(weights(window, context.memory)).argmax(axis=1)  # type: ignore[arg-type]
        carry, features = ABOVE.step(params, carry, Inputs(at(inputs.steps, np.s_[:, t])), context=context)
        np.testing.assert_array_equal(features[:, -2:], np.asarray(context.static)[np.arange(B), places])
        assert t or not places.any()
        entries.update(places.tolist())
    assert len(entries) > 2


def test_without_a_window_there_is_one_vector_a_row() -> None:
    network = ALL["static, read by the head"]
    params, carry, inputs, reset, valid, context = first(network)
    several = context._replace(static=jnp.zeros((B, U, 2)))
    wanted = r"static vectors of shape \(3, 6, 2\) are of the entries of a memory.*: give one vector a row, \[B, S\]"
    with pytest.raises(UsageError, match=wanted):
        unrolled(network)(params, carry, inputs, reset, valid, several)
    with pytest.raises(UsageError, match=wanted):
        network.step(params, carry, at(inputs, np.s_[:, 0]), context=several)
