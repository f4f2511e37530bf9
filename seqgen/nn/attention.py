"""Attention after the top layer: what a position has read is weighed with what the memory holds.

Luong, Pham & Manning (2015), section 3.1, "general", without input feeding: it stands outside the recurrence, so that the
layers below keep their compiled kernel and a window is a few large products.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from .products import matmul
from .recurrence import EXACT, Array, Memory

NEVER = -1e30  # the score of padding: finite, for a row of nothing else


class Attention(nnx.Module):
    """h -> tanh(W [h; sum_u a_u m_u]), a = softmax_u(h Q m_u): features `[..., B, H]` to `[..., B, units]`."""

    def __init__(self, inputs: int, entry: int, units: int, *, precision: str, rngs: nnx.Rngs) -> None:
        new = nnx.initializers.lecun_normal()
        self.precision = precision
        self.query_kernel = nnx.Param(new(rngs.params(), (inputs, entry)))
        self.kernel = nnx.Param(new(rngs.params(), (inputs + entry, units)))

    def weights(self, features: Array, memory: Memory) -> Array:
        """How much of each entry a position takes, `[..., B, U]`, which add up to 1."""
        queries = matmul(features, self.query_kernel[...], self.precision)
        scores = jnp.einsum("...be,bue->...bu", queries, memory.values, precision=EXACT)
        return jax.nn.softmax(jnp.where(memory.valid > 0, scores, NEVER), axis=-1)

    def __call__(self, features: Array, memory: Memory) -> Array:
        seen = jnp.einsum("...bu,bue->...be", self.weights(features, memory), memory.values, precision=EXACT)
        return jnp.tanh(matmul(jnp.concatenate([features, seen], axis=-1), self.kernel[...], self.precision))
