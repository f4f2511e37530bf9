"""Cells in which what is read and the hidden vector multiply one another; the rest is an LSTM's.

Multiplicative LSTM (Krause, Lu, Murray & Renals 2016, equations 18 to 22; before it Sutskever et al. 2011):
m = (x W_m + b_m) * (h U_m);  i, f, g, o = split(x W + m U + b).  So what becomes of h is another matrix for each input.

Mogrifier LSTM (Melis, Kocisky & Blunsom 2020, section 2): round i = 1, 3, 5: x = 2 sigmoid(h Q_i) * x;  i = 2, 4:
h = 2 sigmoid(x R_i) * h;  i, f, g, o = split(x W + h U + b).  So what is read of a symbol depends on what was before it.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from . import lstm, recurrence
from .products import matmul
from .recurrence import Array, Carry, LSTMCarry, Masks, Memory, Times, Update


class MultiplicativeCell(nnx.Module):
    """One layer of `units` multiplicative LSTM cells; precision: as of `seqgen.nn.lstm.LSTMCell`.

    >>> cell = MultiplicativeCell(3, 4, rngs=nnx.Rngs(0))
    >>> carry, features = recurrence.step(cell, cell.start(2), jnp.ones((2, 3)))
    >>> features.shape
    (2, 4)
    """

    def __init__(self, inputs: int, units: int, *, precision: str = "f32", rngs: nnx.Rngs) -> None:
        self.units, self.precision = units, precision
        self.input_kernel = nnx.Param(nnx.initializers.lecun_normal()(rngs.params(), (inputs, 5 * units)))
        self.factor_kernel = nnx.Param(nnx.initializers.orthogonal()(rngs.params(), (units, units)))
        self.hidden_kernel = nnx.Param(lstm.orthogonal_gates(rngs.params(), units))
        # The forget gate starts open, as an LSTM's. Factors start without a bias, as the paper has them: with one of 1, which
        # makes a new layer an LSTM, small models of text learned less than with none.
        self.bias = nnx.Param(jnp.zeros(5 * units).at[2 * units : 3 * units].set(1.0))

    def start(self, batch: int, memory: Memory | None = None) -> LSTMCarry:
        return LSTMCarry(*jnp.zeros((2, batch, self.units)))

    def project(self, inputs: Array) -> Array:
        return matmul(inputs, self.input_kernel[...], self.precision, self.bias[...])

    @property
    def kernels(self) -> tuple[Array, ...]:
        return self.factor_kernel[...], self.hidden_kernel[...]

    @property
    def small(self) -> Any:
        return ()

    @property
    def update(self) -> Update:
        return multiply

    def scan(self, carry: Carry, inputs: Array, masks: Masks | None, memory: Memory | None) -> tuple[Carry, Array]:
        return recurrence.scan(self, carry, inputs, masks, memory)


def multiply(small: Any, carry: LSTMCarry, x: Array, memory: Any, times: Times) -> tuple[LSTMCarry, Array]:
    """One position: the projected input `[B, 5 H]` to the next carry."""
    factor, given = jnp.split(x, [x.shape[-1] // 5], axis=-1)
    recurrent = times(1, factor * times(0, carry.hidden))
    return lstm.update(False, small, carry, given, memory, lambda *_: recurrent)


class MogrifierCell(nnx.Module):
    """One layer of `units` Mogrifier LSTM cells of so many rounds; precision: as of `seqgen.nn.lstm.LSTMCell`.

    >>> cell = MogrifierCell(3, 4, rngs=nnx.Rngs(0))
    >>> carry, features = recurrence.step(cell, cell.start(2), jnp.ones((2, 3)))
    >>> features.shape
    (2, 4)
    """

    def __init__(self, inputs: int, units: int, *, rounds: int = 5, precision: str = "f32", rngs: nnx.Rngs) -> None:
        new = nnx.initializers.lecun_normal()
        self.units, self.rounds, self.precision = units, rounds, precision
        self.input_kernel = nnx.Param(new(rngs.params(), (inputs, 4 * units)))
        self.hidden_kernel = nnx.Param(lstm.orthogonal_gates(rngs.params(), units))
        for i in range(rounds):
            shape = (inputs, units) if i % 2 else (units, inputs)
            setattr(self, f"round{i}_kernel", nnx.Param(new(rngs.params(), shape)))
        self.bias = nnx.Param(jnp.zeros(4 * units).at[units : 2 * units].set(1.0))

    def start(self, batch: int, memory: Memory | None = None) -> LSTMCarry:
        return LSTMCarry(*jnp.zeros((2, batch, self.units)))

    def project(self, inputs: Array) -> Array:
        """The inputs themselves: what is read of them depends on the carry."""
        return inputs

    @property
    def kernels(self) -> tuple[Array, ...]:
        rounds = (getattr(self, f"round{i}_kernel")[...] for i in range(self.rounds))
        return self.input_kernel[...], self.hidden_kernel[...], *rounds

    @property
    def small(self) -> Any:
        return self.bias[...]

    @property
    def update(self) -> Update:
        return functools.partial(mogrify, self.rounds)

    def scan(self, carry: Carry, inputs: Array, masks: Masks | None, memory: Memory | None) -> tuple[Carry, Array]:
        return recurrence.scan(self, carry, inputs, masks, memory)


def mogrify(rounds: int, bias: Array, carry: LSTMCarry, x: Array, memory: Any, times: Times) -> tuple[LSTMCarry, Array]:
    """One position: the input `[B, D]` to the next carry."""
    hidden = carry.hidden
    for i in range(rounds):
        if i % 2:
            hidden = 2 * jax.nn.sigmoid(times(2 + i, x)) * hidden
        else:
            x = 2 * jax.nn.sigmoid(times(2 + i, hidden)) * x
    both = times(0, x) + times(1, hidden)
    return lstm.update(False, (), carry, bias, memory, lambda *_: both)
