"""What a layer may look at while it unrolls: Graves' Gaussian window over a memory.

Graves (2013), section 5.1: the window slides over the characters to write, never back.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp

from ...machine.programs import register
from ..recurrence import Array, LSTMCarry, Memory

FARTHEST = 1e15  # entries; its square is far below where float32 ends


class WindowCarry(NamedTuple):
    """An LSTM's carry, the window as it stands, and what it read there."""

    lstm: LSTMCarry
    alpha: Array  # [B, K] heights
    beta: Array  # [B, K] sharpness
    position: Array  # [B, K] centres, in entries of the memory
    seen: Array  # [B, E] the window's contents


register(WindowCarry)


def gaussian_window(alpha: Array, beta: Array, position: Array, valid: Array) -> Array:
    """The weight phi of every entry, `[B, U]`, from `[B, K]` heights, widths and centres; 0 where `valid` has none."""
    entries = jnp.arange(valid.shape[1], dtype=position.dtype)
    # No text is so long, and a square that is infinite, times the 0 of such a distance, has a gradient that is no number.
    position = jnp.clip(position, -FARTHEST, FARTHEST)
    distance = position[:, :, None] - entries
    return jnp.sum(alpha[:, :, None] * jnp.exp(-beta[:, :, None] * distance**2), axis=1) * valid


def weights(carry: WindowCarry, memory: Memory) -> Array:
    """How much of each entry the window sees as it stands, phi `[B, U]`."""
    return gaussian_window(carry.alpha, carry.beta, carry.position, memory.valid)
