"""The LSTM cell (Hochreiter & Schmidhuber 1997, with forget gates of Gers et al. 2000).

i, f, g, o = split(x W + h U + b);  c' = sigmoid(f) c + sigmoid(i) tanh(g);  h' = sigmoid(o) tanh(c')

`seqgen.recurrence` unrolls it over a window and carries its gradient.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from .recurrence import Array, Memory, Update, matmul


class LSTMCarry(NamedTuple):
    """What an LSTM remembers: `hidden` and `cell`, both `[B, H]` float32."""

    hidden: Array
    cell: Array


class LSTM(nnx.Module):
    """One LSTM layer of `units` cells.

    layer_norm: normalises x W, h U and c' apart (Ba, Kiros & Hinton 2016, equations 20-22).
    learned_start: the carry that opens a sequence is learned; zeros otherwise.
    precision: "f32", or "bf16" for products of bf16 operands summed in f32; weights and cell state stay f32.

    >>> from seqgen.recurrence import step
    >>> layer = LSTM(3, 4, rngs=nnx.Rngs(0))
    >>> carry, features = step(layer, layer.start(2), jnp.zeros((2, 3)))
    >>> features.shape
    (2, 4)
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

    def project(self, inputs: Array) -> Array:
        projected = matmul(inputs, self.input_kernel[...], self.precision)
        if self.layer_norm:
            projected = normalise(projected) * self.input_scale[...]
        return projected + self.bias[...]

    @property
    def recurrent_kernel(self) -> Array:
        return self.hidden_kernel[...]

    @property
    def small(self) -> Any:
        if not self.layer_norm:
            return ()
        return self.hidden_scale[...], self.cell_scale[...], self.cell_bias[...]

    @property
    def recur(self) -> Any:
        return hidden_of

    @property
    def update(self) -> Update:
        return functools.partial(update, self.layer_norm)


def hidden_of(carry: LSTMCarry) -> Array:
    return carry.hidden


def update(
    layer_norm: bool, small: Any, carry: LSTMCarry, x: Array, recurrent: Array, memory: Memory | None
) -> tuple[LSTMCarry, Array]:
    """One position: the projected input and the recurrent product, both `[B, 4 H]`, to the next carry."""
    if layer_norm:
        hidden_scale, cell_scale, cell_bias = small
        recurrent = normalise(recurrent) * hidden_scale
    i, f, g, o = jnp.split(x + recurrent, 4, axis=-1)
    cell = jax.nn.sigmoid(f) * carry.cell + jax.nn.sigmoid(i) * jnp.tanh(g)
    seen = normalise(cell) * cell_scale + cell_bias if layer_norm else cell
    hidden = jax.nn.sigmoid(o) * jnp.tanh(seen)
    return LSTMCarry(hidden, cell), hidden


def normalise(x: Array) -> Array:
    """Mean 0 and variance 1 over the last axis."""
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred * jax.lax.rsqrt(jnp.mean(centred**2, axis=-1, keepdims=True) + 1e-5)


def orthogonal_gates(key: Array, units: int) -> Array:
    """A recurrent kernel `[H, 4 H]` with one orthogonal block a gate: a long memory from the start (Saxe et al. 2014)."""
    make = nnx.initializers.orthogonal()
    return jnp.concatenate([make(k, (units, units)) for k in jax.random.split(key, 4)], axis=1)
