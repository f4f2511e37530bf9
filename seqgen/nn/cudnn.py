"""The opt-in way of LSTM layers through cuDNN on an NVIDIA GPU: SEQGEN_CUDNN=1.

On an H200 it was right and no faster than XLA's way, which is the default (docs/performance.md).

cuDNN knows sequences that begin with the window and end inside it. A window in which a sequence begins later goes the
usual way, chosen window by window while the program runs, so the meaning is that of `recurrence.unroll` for any batch.
"""

from __future__ import annotations

import os
from typing import Any, TypeGuard

import jax
import jax.numpy as jnp
from jax.experimental import rnn
from jax.experimental.layout import Layout, with_layout_constraint

from . import recurrence
from .lstm import LSTMCell
from .recurrence import Array, LSTMCarry


def asked(cell: Any) -> TypeGuard[LSTMCell]:
    """Whether `cell` is to be unrolled by cuDNN: the user said so, there is a GPU, and it is a plain LSTM."""
    wanted = os.environ.get("SEQGEN_CUDNN") == "1" and isinstance(cell, LSTMCell) and not cell.layer_norm
    return wanted and jax.default_backend() == "gpu"


def unroll(
    cell: LSTMCell, carry: LSTMCarry, xs: Array, *, start: LSTMCarry, reset: Array | None, valid: Array | None
) -> tuple[LSTMCarry, Array]:
    """As `recurrence.unroll` of a cell without layer norm and memory: `[T, B, D]` -> carry, `[T, B, H]`."""
    reset = jnp.zeros(xs.shape[:2], bool) if reset is None else reset
    valid = jnp.ones(xs.shape[:2], bool) if valid is None else valid
    # Rows of no valid position at all also go the usual way: what cuDNN makes of them depends on its version.
    fits = ~reset[1:].any() & ~(valid[1:] & ~valid[:-1]).any() & valid[0].all()

    def fast(carry: LSTMCarry, xs: Array) -> tuple[LSTMCarry, Array]:
        carry = recurrence.where(reset[0], start, carry)
        inputs, units = xs.shape[-1], cell.units
        # "f32" means f32; under "bf16" the GPU's 19-bit products are the nearest that cuDNN's LSTM has.
        exact = jax.lax.Precision.HIGHEST if cell.precision == "f32" else jax.lax.Precision.HIGH
        lengths = valid.sum(axis=0, dtype=jnp.int32)
        settings = (inputs, units, 1, 0.0, False, (exact, exact))
        laid = map(row_major, (xs.swapaxes(0, 1), carry.hidden[None], carry.cell[None]))
        ys, hidden, state = map(row_major, rnn.lstm(*laid, pack(cell), lengths, *settings))
        # A carry passes through padding, features are 0 there.
        return LSTMCarry(hidden[0], state[0]), recurrence.where(valid, ys.swapaxes(0, 1), jnp.zeros_like(ys[:1, :1]))

    def usual(carry: LSTMCarry, xs: Array) -> tuple[LSTMCarry, Array]:
        after, ys = recurrence.unroll(cell, carry, xs, start=start, reset=reset, valid=valid)
        return LSTMCarry(*after), ys

    return jax.lax.cond(fits, fast, usual, carry, xs)  # type: ignore[no-any-return]


def row_major(x: Array) -> Array:
    """`x`, and its gradient, as it must lie in memory: JAX's call of cuDNN does not say so to XLA, which turned it around."""
    return with_layout_constraint(x, Layout(tuple(range(x.ndim))))  # type: ignore[no-any-return, no-untyped-call]


def pack(cell: LSTMCell) -> Array:
    """A layer's weights as cuDNN lays them out: input kernel, hidden kernel, two biases, gates i f g o, output first."""
    bias = cell.bias[...]
    parts = cell.input_kernel[...].T, cell.hidden_kernel[...].T, bias, jnp.zeros_like(bias)
    return jnp.concatenate([part.reshape(-1) for part in parts])
