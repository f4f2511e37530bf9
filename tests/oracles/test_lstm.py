"""The LSTM against a NumPy loop in float64 with the backward pass written out by hand, and against torch's numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.typing import NDArray

from seqgen.batching import Inputs
from seqgen.nn.network import Network
from seqgen.nn.recurrence import LSTMCarry
from seqgen.spec import Continuous

Floats = NDArray[np.float64]
B, T, D, H = 3, 32, 4, 5
EPSILON = 1e-5  # in a normalisation, so that equal values do not divide by 0


def sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))


def normalise(x: Floats) -> tuple[Floats, Floats]:
    """The normalised values, and one over the deviation."""
    inverse = 1 / np.sqrt(x.var(axis=-1, keepdims=True) + EPSILON)
    return (x - x.mean(axis=-1, keepdims=True)) * inverse, inverse


def normalise_back(d: Floats, x: Floats) -> Floats:
    y, inverse = normalise(x)
    return inverse * (d - d.mean(axis=-1, keepdims=True) - y * (d * y).mean(axis=-1, keepdims=True))


def forward(p: dict[str, Floats], norm: bool) -> tuple[Floats, Floats, Floats, list[Any]]:
    """Outputs `[B, T, H]`, final hidden and cell, and what the way back needs of every position."""
    h, c, outputs, kept = p["hidden"], p["cell"], np.zeros((B, T, H)), []
    for t in range(T):
        reset, valid = p["reset"][:, t, None], p["valid"][:, t, None]
        h, c = np.where(reset, p["start"][0], h), np.where(reset, p["start"][1], c)
        from_input, from_hidden = p["inputs"][:, t] @ p["input_kernel"], h @ p["hidden_kernel"]
        if norm:
            z = normalise(from_input)[0] * p["input_scale"] + normalise(from_hidden)[0] * p["hidden_scale"] + p["bias"]
        else:
            z = from_input + from_hidden + p["bias"]
        i, f, o = sigmoid(z[:, :H]), sigmoid(z[:, H : 2 * H]), sigmoid(z[:, 3 * H :])
        g = np.tanh(z[:, 2 * H : 3 * H])
        new_c = f * c + i * g
        seen = np.tanh(normalise(new_c)[0] * p["cell_scale"] + p["cell_bias"] if norm else new_c)
        kept.append((reset, valid, h, c, from_input, from_hidden, i, f, g, o, new_c, seen))
        outputs[:, t] = np.where(valid, o * seen, 0)
        h, c = np.where(valid, o * seen, h), np.where(valid, new_c, c)
    return outputs, h, c, kept


def backward(p: dict[str, Floats], kept: list[Any], d_out: Floats, d_h: Floats, d_c: Floats, norm: bool) -> Any:
    d = {name: np.zeros_like(value) for name, value in p.items() if name not in ("reset", "valid")}
    for t in reversed(range(T)):
        reset, valid, h, c, from_input, from_hidden, i, f, g, o, new_c, seen = kept[t]
        d_new_h = np.where(valid, d_h + d_out[:, t], 0)
        d_seen = d_new_h * o * (1 - seen**2)
        if norm:
            d["cell_scale"] += (d_seen * normalise(new_c)[0]).sum(axis=0)
            d["cell_bias"] += d_seen.sum(axis=0)
            d_seen = normalise_back(d_seen * p["cell_scale"], new_c)
        d_new_c = np.where(valid, d_c, 0) + d_seen
        d_z = np.concatenate(
            [
                d_new_c * g * i * (1 - i),
                d_new_c * c * f * (1 - f),
                d_new_c * i * (1 - g**2),
                d_new_h * seen * o * (1 - o),
            ],
            axis=-1,
        )
        d["bias"] += d_z.sum(axis=0)
        d_input = d_hidden = d_z
        if norm:
            d["input_scale"] += (d_z * normalise(from_input)[0]).sum(axis=0)
            d["hidden_scale"] += (d_z * normalise(from_hidden)[0]).sum(axis=0)
            d_input = normalise_back(d_z * p["input_scale"], from_input)
            d_hidden = normalise_back(d_z * p["hidden_scale"], from_hidden)
        d["input_kernel"] += p["inputs"][:, t].T @ d_input
        d["hidden_kernel"] += h.T @ d_hidden
        d["inputs"][:, t] = d_input @ p["input_kernel"].T
        d_h = d_hidden @ p["hidden_kernel"].T + np.where(valid, 0, d_h)
        d_c = d_new_c * f + np.where(valid, 0, d_c)
        d["start"][0] += np.where(reset, d_h, 0).sum(axis=0)
        d["start"][1] += np.where(reset, d_c, 0).sum(axis=0)
        d_h, d_c = np.where(reset, 0, d_h), np.where(reset, 0, d_c)
    return {**d, "hidden": d_h, "cell": d_c}


def numbers(norm: bool) -> dict[str, Floats]:
    random = np.random.default_rng(5)

    def normal(*shape: int, mean: float = 0.0, scale: float = 1.0) -> Floats:
        return random.normal(mean, scale, shape).astype(np.float32).astype(np.float64)

    p = {
        "input_kernel": normal(D, 4 * H, scale=0.6),
        "hidden_kernel": normal(H, 4 * H, scale=0.6),
        "bias": normal(4 * H),
        "inputs": normal(B, T, D),
        "hidden": normal(B, H, scale=0.5),
        "cell": normal(B, H),
        "start": normal(2, H, scale=0.5),
        "reset": random.random((B, T)) < 0.1,
        "valid": random.random((B, T)) < 0.8,
    }
    if norm:
        p |= {
            "input_scale": normal(4 * H, mean=1, scale=0.3),
            "hidden_scale": normal(4 * H, mean=1, scale=0.3),
            "cell_scale": normal(H, mean=1, scale=0.3),
            "cell_bias": normal(H, scale=0.3),
        }
    return p


@pytest.mark.parametrize("norm", [False, True], ids=["plain", "layer norm"])
def test_values_and_every_gradient_equal_the_numpy_loop(norm: bool) -> None:
    network = Network(Continuous(D), layers=1, units=H, layer_norm=norm, learned_start=True)
    p = numbers(norm)
    assert p["reset"].any() and not p["valid"].all() and (p["reset"] & ~p["valid"]).any()
    inside = ("input_kernel", "hidden_kernel", "bias", "input_scale", "hidden_scale", "cell_scale", "cell_bias")
    weights = {name: p[name] for name in inside if name in p}
    random = np.random.default_rng(6)
    d_out, d_h, d_c = random.normal(size=(B, T, H)), random.normal(size=(B, H)), random.normal(size=(B, H))

    def loss(arrays: dict[str, jax.Array]) -> Any:
        params = {"layer0": {"cell": {**{name: arrays[name] for name in weights}, "first": arrays["start"]}}}
        ((hidden, cell),), features = network.unroll(
            params,
            (LSTMCarry(arrays["hidden"], arrays["cell"]),),
            Inputs(arrays["inputs"]),
            reset=jnp.asarray(p["reset"]),
            valid=jnp.asarray(p["valid"]),
        )
        out = features, hidden, cell
        return sum(map(jnp.vdot, jax.tree.map(lambda d: jnp.asarray(d, jnp.float32), (d_out, d_h, d_c)), out)), out

    arrays = {name: jnp.asarray(value, jnp.float32) for name, value in p.items() if value.dtype != bool}
    template = jax.eval_shape(network.init, jax.random.key(0))["layer0"]["cell"]
    assert {name: leaf.shape for name, leaf in template.items()} == {
        **{name: value.shape for name, value in weights.items()},
        "first": p["start"].shape,
    }
    gradients, seen = jax.jit(jax.grad(loss, has_aux=True))(arrays)
    *wanted, kept = forward(p, norm)
    for name, ours, theirs in zip(("outputs", "hidden", "cell"), seen, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-6 * np.abs(theirs).max(), err_msg=name)
    by_hand = backward(p, kept, d_out, d_h, d_c, norm)
    assert set(by_hand) == set(gradients)
    for name, theirs in by_hand.items():
        np.testing.assert_allclose(gradients[name], theirs, rtol=0, atol=1e-5 * np.abs(theirs).max(), err_msg=name)


def test_the_way_back_by_hand_is_the_slope() -> None:
    """The oracle itself: its gradient predicts what a small move in a random direction does."""
    p, random = numbers(norm=True), np.random.default_rng(7)
    d_out, d_h, d_c = random.normal(size=(B, T, H)), random.normal(size=(B, H)), random.normal(size=(B, H))

    def loss(p: dict[str, Floats]) -> float:
        outputs, h, c, _ = forward(p, norm=True)
        return float((outputs * d_out).sum() + (h * d_h).sum() + (c * d_c).sum())

    gradient = backward(p, forward(p, norm=True)[-1], d_out, d_h, d_c, norm=True)
    for name, slope in gradient.items():
        way = random.normal(size=slope.shape)
        rise = loss({**p, name: p[name] + 1e-5 * way}) - loss({**p, name: p[name] - 1e-5 * way})
        assert rise / 2e-5 == pytest.approx((slope * way).sum(), rel=1e-6), name


def test_values_and_gradients_equal_torch() -> None:
    """torch.nn.LSTM, two layers, one sequence shorter than the other; see make_torch_vectors.py."""
    written = json.loads(Path(__file__).with_name("torch_lstm.json").read_text(encoding="utf-8"))
    case = jax.tree.map(lambda x: np.array(x, np.float64), written, is_leaf=lambda x: isinstance(x, list))
    layers, units = case["hidden"].shape[0], case["hidden"].shape[-1]
    network = Network(Continuous(case["inputs"].shape[-1]), layers=layers, units=units)
    lengths = case["lengths"].astype(int)
    valid = jnp.asarray(np.arange(case["inputs"].shape[1]) < lengths[:, None])

    def loss(weights: Any, inputs: Any, hidden: Any, cell: Any) -> Any:
        params = {
            f"layer{i}": {
                "cell": {
                    "input_kernel": weights[f"weight_ih_l{i}"].T,
                    "hidden_kernel": weights[f"weight_hh_l{i}"].T,
                    "bias": weights[f"bias_ih_l{i}"] + weights[f"bias_hh_l{i}"],
                }
            }
            for i in range(layers)
        }
        start = tuple(LSTMCarry(hidden[i], cell[i]) for i in range(layers))
        carry, features = network.unroll(params, start, Inputs(inputs), valid=valid)
        end = jnp.stack([layer.hidden for layer in carry]), jnp.stack([layer.cell for layer in carry])
        return (features**2).sum() + (end[0] * end[1]).sum(), (features, *end)

    given = jax.tree.map(
        lambda x: jnp.asarray(x, jnp.float32), (case["weights"], case["inputs"], case["hidden"], case["cell"])
    )
    (value, seen), gradients = jax.jit(jax.value_and_grad(loss, argnums=(0, 1, 2, 3), has_aux=True))(*given)
    assert float(value) == pytest.approx(float(case["loss"]), rel=1e-6)
    jax.tree.map(
        lambda ours, theirs: np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-6 * np.abs(theirs).max()),
        (seen, gradients),
        (
            (case["outputs"], case["end_hidden"], case["end_cell"]),
            tuple(case["gradients"][name] for name in ("weights", "inputs", "hidden", "cell")),
        ),
    )
