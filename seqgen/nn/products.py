"""Products of arrays, the one place of the precision policy, and rows of a table, each with a gradient of its own."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ..machine import native

Array = jax.Array


def product(left: Array, right: Array, precision: str, bias: Array | None = None) -> Array:
    """What `matmul` computes, for loops whose gradient is written out: XLA's own derivative, of any order and mode."""
    if precision == "bf16":
        left, right = left.astype(jnp.bfloat16), right.astype(jnp.bfloat16)
        rows = jnp.matmul(left, right, preferred_element_type=jnp.float32)
    else:  # other devices would round operands, to 19 bits, say
        rows = jnp.matmul(left, right, precision=lax.Precision.HIGHEST)
    return rows if bias is None else rows + bias


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def matmul(left: Array, right: Array, precision: str, bias: Array | None = None) -> Array:
    """The product in f32, or of operands rounded to bf16 and summed in f32: the one place of the precision policy.

    bias: added to every row. Gradients are products of the same precision, and of arrays that stay f32.
    """
    return product(left, right, precision, bias)


def _by_kernel(
    left: Array,
    right: Array,
    precision: str,
    bias: Array | None = None,
    *,
    left_transposed: bool = False,
    right_transposed: bool = False,
) -> Array:
    """`native.product`, with a derivative, which gradients of gradients ask for."""

    def same(left: Array, right: Array, bias: Array | None) -> Array:
        turned = left.T if left_transposed else left, right.T if right_transposed else right
        return product(*turned, precision, bias)

    def call(left: Array, right: Array, bias: Array | None) -> Array:
        transposed = {"left_transposed": left_transposed, "right_transposed": right_transposed}
        return native.product(left, right, precision, bias, **transposed)

    return native.differentiable(call, same)(left, right, bias)  # type: ignore[no-any-return]


def weight_gradient(inputs: Array, d_outputs: Array, precision: str) -> Array:
    """Of a kernel `[D, G]` between inputs `[..., D]` and outputs: one product over all positions."""
    left, right = inputs.reshape(-1, inputs.shape[-1]), d_outputs.reshape(-1, d_outputs.shape[-1])
    if native.usable(left, right):
        return _by_kernel(left, right, precision, left_transposed=True)
    if precision == "bf16" and jax.default_backend() == "cpu":
        # XLA multiplies a transposed left operand at half the rate, and folds a transposition that nothing holds back.
        held = lax.optimization_barrier(left.astype(jnp.bfloat16).T)  # type: ignore[no-untyped-call]
        return jnp.matmul(held, right.astype(jnp.bfloat16), preferred_element_type=jnp.float32)
    return product(left.T, right, precision)


def _matmul_forward(left: Array, right: Array, precision: str, bias: Array | None) -> Any:
    if not native.usable(left, right):
        return product(left, right, precision, bias), (left, right, bias)
    flat = _by_kernel(left.reshape(-1, left.shape[-1]), right, precision, bias)
    return flat.reshape(*left.shape[:-1], -1), (left, right, bias)


def _matmul_backward(precision: str, operands: Any, d_product: Array) -> tuple[Array, Array, Array | None]:
    left, right, bias = operands
    if native.usable(left, right):
        flat = _by_kernel(d_product.reshape(-1, d_product.shape[-1]), right, precision, right_transposed=True)
        d_left = flat.reshape(left.shape)
    else:
        d_left = product(d_product, right.T, precision)
    d_bias = None if bias is None else d_product.reshape(-1, len(bias)).sum(axis=0)
    return d_left, weight_gradient(left, d_product, precision), d_bias


matmul.defvjp(_matmul_forward, _matmul_backward)


@jax.custom_vjp
def look_up(table: Array, chosen: Array) -> Array:
    """Rows `[..., G]` of a table `[V, G]`, by their numbers `[...]`."""
    return jnp.take(table, chosen, axis=0)


def _look_up_forward(table: Array, chosen: Array) -> Any:
    return jnp.take(table, chosen, axis=0), (jnp.zeros_like(table), chosen.reshape(-1))


def _look_up_backward(at: Any, d_rows: Array) -> tuple[Array, None]:
    zeros, chosen = at
    d_rows = d_rows.reshape(-1, zeros.shape[1])
    if jax.default_backend() != "cpu":
        return zeros.at[chosen].add(d_rows), None

    def add(n: Array, total: Array) -> Array:  # what XLA's scatter does in the same order, without a copy of all rows
        row = lax.dynamic_slice_in_dim(total, chosen[n], 1) + lax.dynamic_slice_in_dim(d_rows, n, 1)
        return lax.dynamic_update_slice_in_dim(total, row, chosen[n], axis=0)

    return lax.fori_loop(0, len(chosen), add, zeros), None


look_up.defvjp(_look_up_forward, _look_up_backward)
