"""Attention: what a position has read is weighed with what the memory holds, after the top layer or inside a layer.

Luong, Pham & Manning (2015), section 3.1, "general". After the top layer, without input feeding, it stands outside the
recurrence, so that the layers below keep their compiled kernel and a window is a few large products. Inside a layer what
was seen is read at the next position, too (their section 3.3, input feeding): so it is known what was looked at before.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from ..machine.programs import register
from . import recurrence
from .lstm import LSTMCell
from .products import matmul
from .recurrence import EXACT, Array, Carry, LSTMCarry, Masks, Memory, Times

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
        return _weights(matmul(features, self.query_kernel[...], self.precision), memory)

    def __call__(self, features: Array, memory: Memory) -> Array:
        seen = jnp.einsum("...bu,bue->...be", self.weights(features, memory), memory.values, precision=EXACT)
        return jnp.tanh(matmul(jnp.concatenate([features, seen], axis=-1), self.kernel[...], self.precision))


def _weights(queries: Array, memory: Memory) -> Array:
    scores = jnp.einsum("...be,bue->...bu", queries, memory.values, precision=EXACT)
    return jax.nn.softmax(jnp.where(memory.valid > 0, scores, NEVER), axis=-1)


class AttendingCarry(NamedTuple):
    """An LSTM's, and what was seen at the position before, `[B, E]`."""

    lstm: LSTMCarry
    seen: Array


register(AttendingCarry)


class AttendingCell(nnx.Module):
    """An LSTM layer that attends to a memory of width `entry`, and reads at each position what it saw at the one before.

    Features are the hidden vector followed by what is seen, `[B, H + E]`.
    """

    def __init__(self, inputs: int, units: int, *, entry: int, precision: str = "f32", rngs: nnx.Rngs) -> None:
        new = nnx.initializers.lecun_normal()
        self.precision, self.entry = precision, entry
        self.lstm = LSTMCell(inputs, units, precision=precision, rngs=rngs)
        self.seen_kernel = nnx.Param(new(rngs.params(), (entry, 4 * units)))
        self.query_kernel = nnx.Param(new(rngs.params(), (units, entry)))

    @property
    def kernels(self) -> tuple[Array, ...]:
        return jnp.concatenate([*self.lstm.kernels, self.seen_kernel[...]]), self.query_kernel[...]

    @property
    def small(self) -> Any:
        return self.lstm.small

    def project(self, inputs: Array) -> Array:
        return self.lstm.project(inputs)

    def start(self, batch: int, memory: Memory | None = None) -> AttendingCarry:
        return AttendingCarry(self.lstm.start(batch), jnp.zeros((batch, self.entry)))

    def update(
        self, small: Any, carry: AttendingCarry, x: Array, memory: Any, times: Times
    ) -> tuple[AttendingCarry, Array]:
        both = times(0, jnp.concatenate([carry.lstm.hidden, carry.seen], axis=-1))
        inner, hidden = self.lstm.update(small, carry.lstm, x, None, lambda *_: both)
        scores = jnp.where(memory.valid > 0, memory.match(times(1, hidden)), NEVER)
        seen = memory.read(jax.nn.softmax(scores, axis=-1))
        return AttendingCarry(inner, seen), jnp.concatenate([hidden, seen], axis=-1)

    def weights(self, features: Array, memory: Memory) -> Array:
        """How much of each entry was taken where these features, `[..., B, H + E]`, were made, `[..., B, U]`."""
        hidden = features[..., : -self.entry]
        return _weights(matmul(hidden, self.query_kernel[...], self.precision), memory)

    def scan(self, carry: Carry, inputs: Array, masks: Masks | None, memory: Memory | None) -> tuple[Carry, Array]:
        return recurrence.scan(self, carry, inputs, masks, memory)
