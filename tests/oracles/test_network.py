"""How a network is wired, against a NumPy loop: what each layer reads, and what the head gets."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.typing import NDArray

from seqgen.batching import Inputs
from seqgen.nn.network import Network
from seqgen.nn.products import look_up
from seqgen.spec import Continuous, Discrete, Product

Floats = NDArray[np.float64]
B, T, H, K = 2, 8, 4, 2
SPEC = Product((Discrete(5), Continuous(2), Discrete(3)))


def sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))


def lstm(p: Any, x: Floats, hidden: Floats, cell: Floats, also: Any = 0) -> tuple[Floats, Floats]:
    i, f, g, o = np.split(x @ p["input_kernel"] + hidden @ p["hidden_kernel"] + also + p["bias"], 4)
    cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(cell), cell


@pytest.mark.parametrize("skip", [False, True], ids=["stack", "skip"])
def test_what_each_layer_reads(skip: bool) -> None:
    network = Network(
        SPEC, layers=3, units=H, embedding=3, controls=2, skip=skip, source=6, source_width=3, window=K, static=4,
        static_width=2,
    )  # fmt: skip
    random = np.random.default_rng(8)
    shapes = jax.eval_shape(network.init, jax.random.key(0))
    params = jax.tree.map(lambda leaf: random.normal(0, 0.5, leaf.shape), shapes)
    symbols, vectors = random.integers(0, 6, (B, T), np.int32), random.normal(size=(B, T, 2))
    others, controls = random.integers(0, 4, (B, T), np.int32), random.normal(size=(B, T, 2))
    source, static = random.integers(0, 6, (B, 5), np.int32), np.int32([3, 1])

    @jax.jit
    def run(params: Any, inputs: Inputs) -> jax.Array:
        context = network.encode(params, jnp.asarray(source), jnp.asarray(static))
        return network.unroll(params, network.start(params, B, context), inputs, context=context)[1]

    singles = jax.tree.map(lambda x: jnp.asarray(x, jnp.float32), (params, vectors, controls))
    ours = run(singles[0], Inputs((symbols, singles[1], others), singles[2]))
    assert ours.shape == (B, T, network.width)

    for b in range(B):
        window, memory = params["layer0"]["cell"], params["source_table"][source[b]]
        states, position, seen = [(np.zeros(H), np.zeros(H))] * 3, np.zeros(K), np.zeros(3)
        for t in range(T):
            x = np.concatenate(
                [
                    params["table0"][symbols[b, t]],
                    vectors[b, t],
                    params["table1"][others[b, t]],
                    controls[b, t],
                    params["static_table"][static[b]],
                ]
            )
            states[0] = lstm(window["lstm"], x, *states[0], also=seen @ window["seen_kernel"])
            first = states[0][0]
            alpha, beta, advance = np.exp(first @ window["window_kernel"] + window["window_bias"]).reshape(3, K)
            position = position + advance
            phi = (alpha * np.exp(-beta * (position - np.arange(5)[:, None]) ** 2)).sum(axis=1)
            seen = phi @ memory
            states[1] = lstm(
                params["layer1"]["cell"], np.concatenate([first, x, seen] if skip else [first, seen]), *states[1]
            )
            second = states[1][0]
            states[2] = lstm(
                params["layer2"]["cell"], np.concatenate([second, x, seen]) if skip else second, *states[2]
            )
            third = states[2][0]
            features = np.concatenate([first, second, third, seen]) if skip else third
            np.testing.assert_allclose(ours[b, t], features, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_a_row_that_is_looked_up_often_gets_the_sum_of_gradients(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    table, d_rows = random.normal(size=(9, 5)).astype(np.float32), random.normal(size=(40, 3, 5)).astype(np.float32)
    chosen = random.integers(0, 7, (40, 3))  # the last two rows never
    rows, pull = jax.vjp(lambda table: look_up(table, jnp.array(chosen, jnp.int32)), jnp.array(table))
    monkeypatch.setattr(jax, "default_backend", lambda: device)
    (got,) = pull(jnp.array(d_rows))
    want = np.zeros((9, 5))
    np.add.at(want, chosen, d_rows)
    np.testing.assert_array_equal(rows, table[chosen])
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)
    assert not np.asarray(got)[7:].any()
