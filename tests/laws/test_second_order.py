"""Gradients of gradients: in either order, with the compiled kernel and without; and what forward mode alone says."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from law_networks import ALL, assert_close, at, case

from seqgen import Discrete, Example, Model, Network, Windows, in_memory
from seqgen.heads import Categorical
from seqgen.machine import native

SHORT = np.s_[:, :8]


def products(name: str) -> tuple[Any, Any]:
    """The Hessian of a loss of this network times a direction, by forward over reverse and by reverse over reverse."""
    network = ALL[name]
    params, context, carry, inputs, reset, valid = case(network)
    random = np.random.default_rng(4)
    direction = jax.tree.map(lambda leaf: jnp.asarray(random.normal(0, 1, leaf.shape), jnp.float32), params)

    def loss(params: Any) -> Any:
        read = {"reset": reset[SHORT], "valid": valid[SHORT], "context": context}
        return (network.unroll(params, carry, at(inputs, SHORT), **read)[1] ** 2).sum()

    def along(params: Any) -> Any:
        return sum(jax.tree.leaves(jax.tree.map(jnp.vdot, jax.grad(loss)(params), direction)))

    forward = jax.jit(lambda params: jax.jvp(jax.grad(loss), (params,), (direction,))[1])
    return forward(params), jax.jit(jax.grad(along))(params)


@pytest.mark.parametrize("name", ["two layers", "window, one layer"])
def test_either_order_gives_the_same(name: str) -> None:
    forward, reverse = products(name)
    assert max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(forward)) > 0.1
    assert_close(forward, reverse, 1e-4)


@pytest.mark.native
def test_the_kernel_has_the_derivatives_of_what_it_replaces(monkeypatch: pytest.MonkeyPatch) -> None:
    forward, reverse = products("one layer")
    monkeypatch.setattr(native, "usable", lambda *_: False)
    assert_close((forward, reverse), products("one layer"), 1e-4)


def test_a_hessian_and_what_forward_mode_by_itself_says() -> None:
    model = Model(Network(Discrete(3), layers=1, units=4, embedding=2), Categorical(3))
    batch = Windows(in_memory(Discrete(3), [Example(np.arange(40) % 3)]), rows=2, window=6).batch(0)
    params = model.init(jax.random.key(0))
    carry = model.start(params, 2)

    def loss(bias: Any) -> Any:
        return model.loss({**params, "head": {**params["head"], "bias": bias}}, carry, batch, None)[0]

    bias = params["head"]["bias"]
    hessian, by_reverse = jax.hessian(loss)(bias), jax.jacrev(jax.grad(loss))(bias)
    np.testing.assert_allclose(hessian, by_reverse, atol=1e-5)
    np.testing.assert_allclose(hessian.sum(axis=0), 0, atol=1e-5)  # a softmax does not see what is added to all
    assert (np.linalg.eigvalsh(hessian) > -1e-5).all()
    for first_order in (lambda: jax.jvp(loss, (bias,), (bias,)), lambda: jax.jacfwd(loss)(bias)):
        with pytest.raises(TypeError, match=r"can't apply forward-mode .*jvp\) to a custom_vjp function"):
            first_order()
