"""Graves' window against a NumPy loop, and the differentiated scan against plain autodiff, of cells of others, too; all in
float64."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from numpy.typing import NDArray
from strangers.dot_attention import DotAttention
from strangers.gated import Gated

from seqgen.batching import Inputs
from seqgen.nn import products, recurrence
from seqgen.nn.cells import Attending, Multiplicative
from seqgen.nn.context import Context
from seqgen.nn.lstm import LSTMCell
from seqgen.nn.network import Network
from seqgen.nn.recurrence import LSTMCarry, Memory
from seqgen.nn.window import WindowCarry, gaussian_window
from seqgen.spec import Continuous

Floats = NDArray[np.float64]
B, T, D, H = 3, 24, 3, 4
K, U, E = 2, 6, 3
WINDOW: dict[str, Any] = {"source": 9, "source_width": E, "window": K}
CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "layer norm, learned start": {"layer_norm": True, "learned_start": True},
    "window": WINDOW,
    "attending": {"layers": (Attending(H),), "units": 256, "source": 9, "source_width": E},
    "multiplicative": {"layers": (Multiplicative(H),), "units": 256},
    # Of another package: two kernels, of which one multiplies what the other made; and what looks at the memory twice.
    "gated": {"layers": (Gated(H),), "units": 256},
    "dot attention": {"layers": (DotAttention(H),), "units": 256, "source": 9, "source_width": E},
}


def plain_scan(update: Any, precision: str, kernels: Any, small: Any, carry: Any, xs: Any, memory: Any) -> Any:
    """What `recurrence.late_scan` computes, left to autodiff."""

    def times(i: int, z: Any) -> Any:
        return products.matmul(z, kernels[i], precision)

    def body(carry: Any, x: Any) -> Any:
        return update(small, carry, x, memory, times)

    return lax.scan(body, carry, xs)


def case_of(settings: dict[str, Any]) -> tuple[Network, dict[str, Any], dict[str, Any]]:
    """A network, the float64 numbers to differentiate by, and the masks."""
    network = Network(Continuous(D), **{"layers": 1, "units": H, **settings})
    random = np.random.default_rng(3)

    def normal(leaf: Any) -> Floats:
        return random.normal(0, 0.5, leaf.shape)

    rng = jax.eval_shape(lambda: jax.random.key(0))
    params = jax.tree.map(normal, jax.eval_shape(network.init, rng))
    params.pop("source_table", None)  # the memory is given below
    carries = jax.eval_shape(functools.partial(network.start, batch=B), params)
    context = Context()
    if "window" in settings:  # so slow that the window stays over the memory for the whole of T
        params["layer0"]["cell"]["window_bias"] -= np.repeat([0.0, 0.0, 2.0], K)
    if network.source:
        valid = np.arange(U) < np.array([[U], [U - 2], [1]])
        context = Context(memory=Memory(random.normal(0, 1, (B, U, E)), valid.astype(np.float64)))
    if not settings.get("learned_start"):
        context = context._replace(start=jax.tree.map(normal, carries))
    values = {
        "params": params,
        "carry": jax.tree.map(normal, carries),
        "inputs": random.normal(0, 1, (B, T, D)),
        "context": context,
    }
    return network, values, {"reset": random.random((B, T)) < 0.1, "valid": random.random((B, T)) < 0.8}


def gradients(network: Network, values: dict[str, Any], masks: dict[str, Any]) -> Any:
    """The gradient of a random weighing of all that comes out, and what came out."""

    def loss(values: dict[str, Any]) -> Any:
        out = network.unroll(
            values["params"], values["carry"], Inputs(values["inputs"]), context=values["context"], **masks
        )
        weigh = np.random.default_rng(4)
        return sum(jnp.vdot(weigh.normal(0, 1, x.shape), x) for x in jax.tree.leaves(out)), out

    quick = {"xla_backend_optimization_level": 0}  # compiled for one call
    return jax.jit(jax.grad(loss, has_aux=True), compiler_options=quick)(jax.tree.map(jnp.asarray, values))


def assert_close(ours: Any, theirs: Any) -> None:
    def check(path: Any, mine: Any, other: Any) -> None:
        assert mine.dtype == np.float64
        scale = np.abs(other).max()
        np.testing.assert_allclose(mine, other, rtol=0, atol=1e-12 * scale, err_msg=jax.tree_util.keystr(path))

    jax.tree_util.tree_map_with_path(check, ours, theirs)


@pytest.mark.parametrize("settings", CASES.values(), ids=CASES)
def test_the_late_gradient_equals_plain_autodiff(settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with jax.enable_x64(True):
        network, values, masks = case_of(settings)
        ours, out = gradients(network, values, masks)
        monkeypatch.setattr(recurrence, "late_scan", plain_scan)
        monkeypatch.setattr(LSTMCell, "scan", recurrence.scan)  # plain LSTMs have a kernel of their own
        theirs, expected = gradients(network, values, masks)
        assert_close(out, expected)
        assert_close(ours, theirs)
        # Nothing is equal because both are blank; where a memory ends nothing may flow in.
        del theirs["context"]
        assert all(np.abs(leaf).max() > 0 for leaf in leaves_read(theirs))
        if memory := ours["context"].memory:
            absent = values["context"].memory.valid == 0
            assert np.abs(memory.values[0]).min() > 0 and not np.any(memory.values[absent])
        if settings == WINDOW:
            assert_close(out, window_loop(values, masks))


@pytest.mark.parametrize("scale", [1e2, 1e4, -1e4, 1e8])
def test_a_window_stays_finite_whatever_the_weights(scale: float) -> None:
    """In float32, where the exponential of 89 is infinite, and infinitely sharp at distance 0 is no number."""
    network, values, masks = case_of(WINDOW)
    values = jax.tree.map(np.float32, values)
    cell = values["params"]["layer0"]["cell"]
    for still in (False, True):  # far from every entry; and right on one
        cell["window_kernel"] *= np.float32(scale)
        cell["window_bias"] = np.full(3 * K, scale, np.float32)
        if still:
            cell["window_kernel"][:, 2 * K :], cell["window_bias"][2 * K :] = 0, -np.float32(abs(scale))
            start = values["context"].start[0]
            whole = tuple(carry._replace(position=0 * carry.position) for carry in (values["carry"][0], start))
            values["carry"], values["context"] = whole[:1], values["context"]._replace(start=whole[1:])
        found, out = gradients(network, values, masks)
        for leaf in jax.tree.leaves((found, out)):
            assert np.isfinite(leaf).all()


def test_the_weights_of_a_window_that_is_out_of_sight_have_a_gradient() -> None:
    memory = Memory(jnp.ones((1, U, E)), jnp.ones((1, U)))
    position = jnp.array([[0.0, 3.0, -1e12, 1e19, 3e38]])
    heights, sharpness = jnp.full((1, 5), 1e13), jnp.full((1, 5), 1e13)

    def seen(alpha: jax.Array, beta: jax.Array, position: jax.Array) -> jax.Array:
        return gaussian_window(alpha, beta, position, memory.valid).sum()

    value, slopes = jax.value_and_grad(seen, argnums=(0, 1, 2))(heights, sharpness, position)
    assert value == np.float32(2e13) and all(np.isfinite(slope).all() for slope in slopes)


def leaves_read(tree: Any) -> list[Any]:
    """Without the window's heights and widths: a carry holds them for who looks at it, no step reads them."""
    named = jax.tree_util.tree_leaves_with_path(tree)
    return [leaf for path, leaf in named if not jax.tree_util.keystr(path).endswith((".alpha", ".beta"))]


def sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))


def window_loop(values: dict[str, Any], masks: dict[str, Any]) -> tuple[Any, Floats]:
    """Graves (2013), equations 46-51, position by position."""
    cell = values["params"]["layer0"]["cell"]
    start, memory = values["context"].start[0], values["context"].memory
    features = np.zeros((B, T, H + E))
    ends = []
    for b in range(B):
        state = [leaf[b] for leaf in jax.tree.leaves(values["carry"][0])]
        for t in range(T):
            if masks["reset"][b, t]:
                state = [leaf[b] for leaf in jax.tree.leaves(start)]
            if not masks["valid"][b, t]:
                continue
            h, c, alpha, beta, position, seen = state
            z = (
                values["inputs"][b, t] @ cell["lstm"]["input_kernel"]
                + h @ cell["lstm"]["hidden_kernel"]
                + seen @ cell["seen_kernel"]
                + cell["lstm"]["bias"]
            )
            c = sigmoid(z[H : 2 * H]) * c + sigmoid(z[:H]) * np.tanh(z[2 * H : 3 * H])
            h = sigmoid(z[3 * H :]) * np.tanh(c)
            alpha, beta, advance = np.exp(h @ cell["window_kernel"] + cell["window_bias"]).reshape(3, K)
            position = position + advance
            seen = np.zeros(E)
            for u in range(int(memory.valid[b].sum())):
                phi = sum(alpha[k] * np.exp(-beta[k] * (position[k] - u) ** 2) for k in range(K))
                seen += phi * memory.values[b, u]
            state = [h, c, alpha, beta, position, seen]
            features[b, t] = np.concatenate([h, seen])
        ends.append(state)
    hidden, cells, *window = (np.stack(leaves) for leaves in zip(*ends, strict=True))
    return (WindowCarry(LSTMCarry(hidden, cells), *window),), features
