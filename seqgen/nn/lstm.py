"""The LSTM cell (Hochreiter & Schmidhuber 1997, with forget gates of Gers et al. 2000).

i, f, g, o = split(x W + h U + b);  c' = sigmoid(f) c + sigmoid(i) tanh(g);  h' = sigmoid(o) tanh(c')

`seqgen.nn.recurrence` unrolls it over a window and carries its gradient.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from ..machine import native
from . import recurrence
from .products import matmul, product, weight_gradient
from .recurrence import Array, Carry, LSTMCarry, Masks, Memory, Times, Update


class LSTMCell(nnx.RNNCellBase):
    """One LSTM layer of `units` cells; in anybody's Flax model, too, where `nnx.RNN` or `recurrence.unroll` runs it.

    layer_norm: normalises x W, h U and c' apart (Ba, Kiros & Hinton 2016, equations 20-22).
    learned_start: the carry that opens a sequence is learned; zeros otherwise.
    precision: "f32", or "bf16" for products of bf16 operands summed in f32; weights and cell state stay f32.

    >>> layer = LSTMCell(3, 4, rngs=nnx.Rngs(0))
    >>> carry, features = layer(layer.start(2), jnp.zeros((2, 3)))
    >>> features.shape, nnx.RNN(layer)(jnp.zeros((2, 5, 3))).shape
    ((2, 4), (2, 5, 4))
    """

    def __init__(
        self,
        inputs: int,
        units: int,
        *,
        layer_norm: bool = False,
        learned_start: bool = False,
        precision: str = "f32",
        rngs: nnx.Rngs,
    ) -> None:
        gates = 4 * units
        self.units, self.precision, self.layer_norm = units, precision, layer_norm
        self.input_kernel = nnx.Param(nnx.initializers.lecun_normal()(rngs.params(), (inputs, gates)))
        self.hidden_kernel = nnx.Param(orthogonal_gates(rngs.params(), units))
        # A forget gate that starts open lets gradients through from the first step (Jozefowicz et al. 2015).
        self.bias = nnx.Param(jnp.zeros(gates).at[units : 2 * units].set(1.0))
        if layer_norm:
            self.input_scale = nnx.Param(jnp.ones(gates))
            self.hidden_scale = nnx.Param(jnp.ones(gates))
            self.cell_scale = nnx.Param(jnp.ones(units))
            self.cell_bias = nnx.Param(jnp.zeros(units))
        self.first = nnx.Param(jnp.zeros((2, units))) if learned_start else None

    def start(self, batch: int, memory: Memory | None = None) -> LSTMCarry:
        first = jnp.zeros((2, self.units)) if self.first is None else self.first[...]
        hidden, cell = jnp.broadcast_to(first[:, None], (2, batch, self.units))
        return LSTMCarry(hidden, cell)

    def __call__(self, carry: Carry, inputs: Array) -> tuple[Carry, Array]:
        """One position, as Flax calls a cell: `[B, D]` -> carry, `[B, H]`."""
        return recurrence.step(self, carry, inputs)

    def initialize_carry(self, input_shape: tuple[int, ...], rngs: Any = None, carry_init: Any = None) -> LSTMCarry:
        """The carry that opens sequences of inputs `[B, D]`, for `nnx.RNN`; nothing of it is drawn."""
        return self.start(input_shape[0])

    @property
    def num_feature_axes(self) -> int:
        return 1

    def project(self, inputs: Array) -> Array:
        kernel, bias = self.input_kernel[...], self.bias[...]
        if not self.layer_norm:
            return matmul(inputs, kernel, self.precision, bias)
        return normalise(matmul(inputs, kernel, self.precision)) * self.input_scale[...] + bias

    @property
    def kernels(self) -> tuple[Array, ...]:
        return (self.hidden_kernel[...],)

    @property
    def small(self) -> Any:
        if not self.layer_norm:
            return ()
        return self.hidden_scale[...], self.cell_scale[...], self.cell_bias[...]

    @property
    def update(self) -> Update:
        return functools.partial(update, self.layer_norm)

    def scan(self, carry: Carry, inputs: Array, masks: Masks | None, memory: Memory | None) -> tuple[Carry, Array]:
        if self.layer_norm:
            return recurrence.scan(self, carry, inputs, masks, memory)
        return gate_scan(self.precision, *self.kernels, carry, inputs, masks)


def update(
    layer_norm: bool, small: Any, carry: LSTMCarry, x: Array, memory: Any, times: Times
) -> tuple[LSTMCarry, Array]:
    """One position: the projected input `[B, 4 H]` to the next carry."""
    recurrent = times(0, carry.hidden)
    if layer_norm:
        hidden_scale, cell_scale, cell_bias = small
        recurrent = normalise(recurrent) * hidden_scale
    i, f, g, o = jnp.split(x + recurrent, 4, axis=-1)
    cell = jax.nn.sigmoid(f) * carry.cell + jax.nn.sigmoid(i) * jnp.tanh(g)
    seen = normalise(cell) * cell_scale + cell_bias if layer_norm else cell
    hidden = jax.nn.sigmoid(o) * jnp.tanh(seen)
    return LSTMCarry(hidden, cell), hidden


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def gate_scan(
    precision: str, kernel: Array, carry: LSTMCarry, xs: Array, masks: Masks | None
) -> tuple[LSTMCarry, Array]:
    """`update` without layer norm over a window of projected inputs `[T, B, 4 H]`, with a gradient written out.

    What `recurrence.scan` computes, in less time and memory: the gates are kept as they come out of their sigmoids, so
    the way back takes one tanh a cell, and the gradients of the inputs and of the recurrent products are one array.
    With gradients it runs in `seqgen.machine.native` where that is usable.
    """
    end, ys = _by_xla(precision, kernel, carry, xs, masks)[0]
    return end, ys


def _forward(precision: str, kernel: Array, carry: LSTMCarry, xs: Array, masks: Masks | None) -> Any:
    if native.usable(kernel, *carry, xs):

        def call(kernel: Array, carry: LSTMCarry, xs: Array, masks: Masks | None) -> Any:
            return native.forward(precision, kernel, carry, xs, _in_a_row(masks, carry))

        def same(kernel: Array, carry: LSTMCarry, xs: Array, masks: Masks | None) -> Any:
            (end, ys), (_, before, gates, _) = _by_xla(precision, kernel, carry, xs, masks)
            return jnp.concatenate(gates, axis=-1).reshape(-1, xs.shape[-1]), *before, ys, *end

        side_by_side, hiddens, cells, ys, *last = native.differentiable(call, same)(kernel, carry, xs, masks)
        return (LSTMCarry(*last), ys), (kernel, LSTMCarry(hiddens, cells), side_by_side, masks)
    return _by_xla(precision, kernel, carry, xs, masks)


def _in_a_row(masks: Masks | None, carry: LSTMCarry) -> tuple[Array, ...]:
    none = jnp.zeros((0, 0))
    return (*carry, none, none) if masks is None else (*masks.start, masks.ahead, masks.valid)


def _by_xla(precision: str, kernel: Array, carry: LSTMCarry, xs: Array, masks: Masks | None) -> Any:
    def body(before: LSTMCarry, at: Any) -> Any:
        x, mask = at
        i, f, g, o = jnp.split(x + product(before.hidden, kernel, precision), 4, axis=-1)
        # Four arrays, not one of 4 H: to lay them side by side again costs as much as to compute them.
        gates = jax.nn.sigmoid(i), jax.nn.sigmoid(f), jnp.tanh(g), jax.nn.sigmoid(o)
        i, f, g, o = gates
        cell = f * before.cell + i * g
        y = o * jnp.tanh(cell)
        after = LSTMCarry(y, cell)
        if masks is not None:
            after, y = recurrence.masked(Masks(masks.start, *mask), before, after, y)
        return after, (y, before, gates)

    marks = masks and (masks.ahead, masks.valid)
    end, (ys, before, gates) = recurrence.loop(body, carry, (xs, marks))
    return (end, ys), (kernel, before, gates, masks)


def _backward(precision: str, residuals: Any, cotangents: Any) -> Any:
    kernel, before, gates, masks = residuals
    d_end, d_ys = cotangents
    if isinstance(gates, tuple):
        d_xs, d_carry, d_start = _back_by_xla(precision, residuals, cotangents)
    else:

        def call(kernel: Array, before: LSTMCarry, gates: Array, masks: Masks | None, d_ys: Array, d_end: Any) -> Any:
            return native.backward(precision, kernel, gates, before.cell, _in_a_row(masks, before), d_ys, *d_end)

        def same(kernel: Array, before: LSTMCarry, gates: Array, masks: Masks | None, d_ys: Array, d_end: Any) -> Any:
            four = tuple(jnp.split(gates.reshape(*before.cell.shape[:2], -1), 4, axis=-1))
            d_xs, d_carry, d_start = _back_by_xla(precision, (kernel, before, four, masks), (d_end, d_ys))
            return d_xs, *d_carry, *(d_start or jax.tree.map(jnp.zeros_like, d_carry))

        d_xs, *d = native.differentiable(call, same)(kernel, before, gates, masks, d_ys, d_end)
        d_carry, d_start = LSTMCarry(*d[:2]), LSTMCarry(*d[2:])
    # Late, as in `recurrence.late_scan`: one product over the whole window, not a thin one at every position.
    d_kernel = weight_gradient(before.hidden, d_xs, precision)
    d_masks = masks and Masks(d_start, jnp.zeros_like(masks.ahead), jnp.zeros_like(masks.valid))
    return d_kernel, d_carry, d_xs, d_masks


def _back_by_xla(precision: str, residuals: Any, cotangents: Any) -> Any:
    kernel, before, gates, masks = residuals
    d_end, d_ys = cotangents
    transposed = kernel.T

    def body(state: Any, at: Any) -> Any:
        d_after, d_start = state
        before, (i, f, g, o), d_y, mask = at
        d_passed = None
        if masks is not None:
            opens, here = (jnp.expand_dims(m > 0, -1) for m in mask)
            d_start = jax.tree.map(lambda total, d: total + jnp.where(opens, d, 0), d_start, d_after)
            d_after = jax.tree.map(lambda d: jnp.where(opens, 0, d), d_after)
            d_passed = jax.tree.map(lambda d: jnp.where(here, 0, d), d_after)
            d_after, d_y = jax.tree.map(lambda d: jnp.where(here, d, 0), (d_after, d_y))
        out = jnp.tanh(f * before.cell + i * g)
        d_hidden = d_after.hidden + d_y
        d_cell = d_after.cell + d_hidden * o * (1 - out**2)
        d_i, d_f, d_g = d_cell * g * i * (1 - i), d_cell * before.cell * f * (1 - f), d_cell * i * (1 - g**2)
        d_x = jnp.concatenate([d_i, d_f, d_g, d_hidden * out * o * (1 - o)], axis=-1)
        d_before = LSTMCarry(product(d_x, transposed, precision), d_cell * f)
        if d_passed is not None:
            d_before = jax.tree.map(jnp.add, d_before, d_passed)
        return (d_before, d_start), d_x

    marks = None if masks is None else (masks.ahead, masks.valid)
    zeros = None if masks is None else jax.tree.map(jnp.zeros_like, masks.start)
    (d_carry, d_start), d_xs = recurrence.loop(body, (d_end, zeros), (before, gates, d_ys, marks), reverse=True)
    return d_xs, d_carry, d_start


gate_scan.defvjp(_forward, _backward)


def normalise(x: Array) -> Array:
    """Mean 0 and variance 1 over the last axis."""
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred * jax.lax.rsqrt(jnp.mean(centred**2, axis=-1, keepdims=True) + 1e-5)


def orthogonal_gates(key: Array, units: int) -> Array:
    """A recurrent kernel `[H, 4 H]` with one orthogonal block a gate: a long memory from the start (Saxe et al. 2014)."""
    make = nnx.initializers.orthogonal()
    return jnp.concatenate([make(k, (units, units)) for k in jax.random.split(key, 4)], axis=1)
