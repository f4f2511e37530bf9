"""Cells whose input and hidden vector multiply one another against NumPy loops in float64, written down from the papers: the
multiplicative LSTM's equations 18 to 22, the Mogrifier's 1 and 2."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.typing import NDArray

from seqgen.batching import Inputs
from seqgen.nn.cells import Mogrifier, Multiplicative
from seqgen.nn.network import Network
from seqgen.nn.recurrence import LSTMCarry
from seqgen.spec import Continuous

Floats = NDArray[np.float64]
B, T, D, H = 3, 32, 4, 5


def sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))


def multiply(p: dict[str, Floats], h: Floats, c: Floats, xs: Floats, reset: Any, valid: Any) -> tuple[Floats, ...]:
    outputs = np.zeros((B, T, H))
    w_m, w_i, w_f, w_h, w_o = np.split(p["input_kernel"], 5, axis=1)
    b_m, b_i, b_f, b_h, b_o = np.split(p["bias"], 5)
    u_i, u_f, u_h, u_o = np.split(p["hidden_kernel"], 4, axis=1)
    for b in range(B):
        for t in range(T):
            if reset[b, t]:
                h[b], c[b] = 0, 0
            if not valid[b, t]:
                continue
            x = xs[b, t]
            m = (x @ w_m + b_m) * (h[b] @ p["factor_kernel"])
            i, f, o = (
                sigmoid(x @ w_i + m @ u_i + b_i),
                sigmoid(x @ w_f + m @ u_f + b_f),
                sigmoid(x @ w_o + m @ u_o + b_o),
            )
            c[b] = f * c[b] + i * np.tanh(x @ w_h + m @ u_h + b_h)
            h[b] = outputs[b, t] = np.tanh(c[b]) * o
    return outputs, h, c


def mogrify(rounds: int, p: dict[str, Floats], h: Floats, c: Floats, xs: Floats, reset: Any, valid: Any) -> Any:
    outputs = np.zeros((B, T, H))
    for b in range(B):
        for t in range(T):
            if reset[b, t]:
                h[b], c[b] = 0, 0
            if not valid[b, t]:
                continue
            x, before = xs[b, t].copy(), h[b].copy()
            for i in range(1, rounds + 1):
                kernel = p[f"round{i - 1}_kernel"]
                if i % 2 == 1:
                    x = 2 * sigmoid(before @ kernel) * x
                else:
                    before = 2 * sigmoid(x @ kernel) * before
            i, f, g, o = np.split(x @ p["input_kernel"] + before @ p["hidden_kernel"] + p["bias"], 4)
            c[b] = sigmoid(f) * c[b] + sigmoid(i) * np.tanh(g)
            h[b] = outputs[b, t] = np.tanh(c[b]) * sigmoid(o)
    return outputs, h, c


@pytest.mark.parametrize(
    ("layer", "loop"),
    [
        (Multiplicative(H), multiply),
        *((Mogrifier(H, rounds), functools.partial(mogrify, rounds)) for rounds in (1, 2, 5)),
    ],
    ids=["multiplicative", "mogrifier, 1 round", "mogrifier, 2 rounds", "mogrifier, 5 rounds"],
)
def test_it_computes_what_the_paper_says(layer: Any, loop: Any) -> None:
    with jax.enable_x64(True):
        random = np.random.default_rng(5)
        network = Network(Continuous(D), (layer,))
        shapes = jax.eval_shape(network.init, jax.eval_shape(lambda: jax.random.key(0)))
        params = jax.tree.map(lambda leaf: random.normal(0, 0.7, leaf.shape), shapes)
        h, c = random.normal(0, 1, (2, B, H))
        xs, reset, valid = random.normal(0, 1, (B, T, D)), random.random((B, T)) < 0.1, random.random((B, T)) < 0.8
        carry, features = network.unroll(
            jax.tree.map(jnp.asarray, params), (LSTMCarry(jnp.asarray(h), jnp.asarray(c)),), Inputs(jnp.asarray(xs)),
            reset=jnp.asarray(reset), valid=jnp.asarray(valid),
        )  # fmt: skip
        theirs = loop(params["layer0"]["cell"], h.copy(), c.copy(), xs, reset, valid)
    for mine, other in zip((features, *carry[0]), theirs, strict=True):
        np.testing.assert_allclose(mine, other, rtol=0, atol=1e-12)
