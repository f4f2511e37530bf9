"""The cuDNN route against the usual one on a CPU: JAX's own reference of cuDNN's LSTM stands in for the call."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest
from flax import nnx
from jax.experimental import rnn

from seqgen.nn import cudnn, recurrence
from seqgen.nn.lstm import LSTMCell
from seqgen.nn.recurrence import LSTMCarry

T, B, D, H = 12, 3, 4, 5


def reference(x: Any, h: Any, c: Any, weights: Any, lengths: Any, *settings: Any) -> Any:
    """`rnn.lstm` without a GPU: (input size, hidden size, layers, dropout, bidirectional, precision)."""
    inputs, units, layers, dropout, bidirectional, _ = settings
    parts = rnn.unpack_lstm_weights(weights, inputs, units, layers, bidirectional)
    return rnn.lstm_ref(x, h, c, *parts, lengths, inputs, units, layers, dropout, bidirectional)


def masks(name: str) -> tuple[Any, Any]:
    reset, valid = np.zeros((T, B), bool), np.ones((T, B), bool)
    if name != "carried":
        reset[0, 1] = True
    if name in ("padded", "a row of padding"):
        valid[7:, 0] = False
    if name == "a row of padding":
        valid[:, 2] = False
    if name == "begins in the middle":
        reset[5, 2] = True
    return reset, valid


every_mask = pytest.mark.parametrize(
    "name", ["carried", "begins", "padded", "a row of padding", "begins in the middle"]
)


@every_mask
def test_the_route_through_cudnn_means_the_same(name: str, monkeypatch: pytest.MonkeyPatch, key: jax.Array) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(rnn, "lstm", lambda *args: calls.append(args[-1]) or reference(*args))
    compare(name, key)
    assert calls  # it was the reference that was compared


@pytest.mark.gpu
@every_mask
def test_cudnn_itself_means_the_same(name: str, key: jax.Array) -> None:
    assert jax.default_backend() == "gpu"
    compare(name, key)


def compare(name: str, key: jax.Array) -> None:
    """Features, last carry and the gradients of everything, by `cudnn.unroll` and by `recurrence.unroll`."""
    keys = iter(jax.random.split(key, 16))

    def normal(*shape: int) -> jax.Array:
        return jax.random.normal(next(keys), shape)

    cell = LSTMCell(D, H, rngs=nnx.Rngs(0))
    graph, state = nnx.split(cell)
    state = jax.tree.map(lambda leaf: leaf + 0.3 * normal(*leaf.shape), state)
    carry, start = LSTMCarry(normal(B, H), normal(B, H)), LSTMCarry(normal(B, H), normal(B, H))
    reset, valid = masks(name)
    xs, weight = normal(T, B, D), np.asarray(normal(T, B, H))

    def loss(unroll: Any, given: Any) -> Any:
        state, carry, start, xs = given
        after, ys = unroll(nnx.merge(graph, state), carry, xs, start=start, reset=reset, valid=valid)
        return (ys * weight).sum() + (after.hidden * after.cell).sum(), (after, ys)

    for_both = (state, carry, start, xs)
    ours, out = jax.jit(jax.grad(lambda given: loss(cudnn.unroll, given), has_aux=True))(for_both)
    theirs, expected = jax.jit(jax.grad(lambda given: loss(recurrence.unroll, given), has_aux=True))(for_both)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=0, atol=2e-5), (ours, out), (theirs, expected))


def test_it_is_opt_in_and_for_plain_layers_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, normed = LSTMCell(D, H, rngs=nnx.Rngs(0)), LSTMCell(D, H, layer_norm=True, rngs=nnx.Rngs(0))
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert not cudnn.asked(plain)
    monkeypatch.setenv("SEQGEN_CUDNN", "1")
    assert cudnn.asked(plain) and not cudnn.asked(normed) and not cudnn.asked("anything else")
    monkeypatch.setattr(jax, "default_backend", lambda: "cpu")
    assert not cudnn.asked(plain)


def test_weights_are_laid_out_as_cudnn_reads_them() -> None:
    cell = LSTMCell(D, H, rngs=nnx.Rngs(0))
    (w_ih,), (w_hh,), (b_ih,), (b_hh,) = (
        tuple(parts.values()) for parts in rnn.unpack_lstm_weights(cudnn.pack(cell), D, H, 1, False)
    )
    np.testing.assert_array_equal(w_ih, cell.input_kernel[...].T)
    np.testing.assert_array_equal(w_hh, cell.hidden_kernel[...].T)
    np.testing.assert_array_equal(b_ih + b_hh, cell.bias[...])
    assert cudnn.pack(cell).size == rnn.get_num_params_in_lstm(D, H, 1, False)
