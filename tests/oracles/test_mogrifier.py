"""The Mogrifier LSTM against a NumPy loop in float64, written down from the paper's equations 1 and 2."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.typing import NDArray

from seqgen.batching import Inputs
from seqgen.nn.cells import Mogrifier
from seqgen.nn.network import Network
from seqgen.nn.recurrence import LSTMCarry
from seqgen.spec import Continuous

Floats = NDArray[np.float64]
B, T, D, H = 3, 24, 4, 5


def sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))


def loop(p: dict[str, Floats], rounds: int, h: Floats, c: Floats, xs: Floats, reset: Any, valid: Any) -> Any:
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


@pytest.mark.parametrize("rounds", [1, 2, 5])
def test_it_computes_what_the_paper_says(rounds: int) -> None:
    with jax.enable_x64(True):
        random = np.random.default_rng(rounds)
        network = Network(Continuous(D), (Mogrifier(H, rounds),))
        shapes = jax.eval_shape(network.init, jax.eval_shape(lambda: jax.random.key(0)))
        params = jax.tree.map(lambda leaf: random.normal(0, 0.7, leaf.shape), shapes)
        h, c = random.normal(0, 1, (2, B, H))
        xs, reset, valid = random.normal(0, 1, (B, T, D)), random.random((B, T)) < 0.1, random.random((B, T)) < 0.8
        carry, features = network.unroll(
            jax.tree.map(jnp.asarray, params), (LSTMCarry(jnp.asarray(h), jnp.asarray(c)),), Inputs(jnp.asarray(xs)),
            reset=jnp.asarray(reset), valid=jnp.asarray(valid),
        )  # fmt: skip
        theirs = loop(params["layer0"]["cell"], rounds, h.copy(), c.copy(), xs, reset, valid)
    for mine, other in zip((features, *carry[0]), theirs, strict=True):
        np.testing.assert_allclose(mine, other, rtol=0, atol=1e-12)
