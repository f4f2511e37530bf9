"""The modules behind the encoders; Flax holds their weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
from flax import nnx

from ..both_ways import Pair
from ..cells import LSTM
from ..products import look_up
from ..recurrence import Array, LSTMCarry, Memory

if TYPE_CHECKING:
    from .values import SymbolEncoder


class SymbolReader(nnx.Module):
    """Embedded symbols through layers that read both ways."""

    def __init__(self, encoder: SymbolEncoder, symbols: int, *, precision: str, rngs: nnx.Rngs) -> None:
        self.encoder = encoder
        self.table = nnx.Param(jax.random.normal(rngs.params(), (symbols, encoder.embedding)) * 0.1)
        width = encoder.embedding
        for i in range(encoder.layers):
            cells = (LSTM(encoder.units).build(width, 0, precision=precision, rngs=rngs) for _ in range(2))
            setattr(self, f"layer{i}", Pair(*cells))
            width = encoder.entry

    def __call__(self, source: Array, valid: Array | None, key: Array | None) -> tuple[Memory, Array]:
        """source int32 `[B, U]` -> entries `[B, U, 2 units]`, and what both ways end with, `[B, 4 units]`."""
        rows = source.shape[0]
        there = jnp.ones(source.shape, bool) if valid is None else jnp.asarray(valid)
        x = look_up(self.table[...], jnp.where(there, source, 0).T)
        last: tuple[LSTMCarry, LSTMCarry] | None = None
        for i in range(self.encoder.layers):
            layer: Pair = getattr(self, f"layer{i}")
            start = layer.start(rows, None)
            x = self._drop(x, key, i)
            last, x = layer.unroll(start, x, start=start, reset=None, valid=there.T, memory=None)
        assert last is not None
        x = self._drop(x, key, self.encoder.layers)
        ends = jnp.concatenate([part for carry in last for part in (carry.hidden, carry.cell)], axis=-1)
        return Memory(jnp.swapaxes(x, 0, 1), there.astype(jnp.float32)), ends

    def _drop(self, x: Array, key: Array | None, place: int) -> Array:
        rate = self.encoder.dropout
        if key is None or not rate:
            return x
        kept = jax.random.bernoulli(jax.random.fold_in(key, place), 1 - rate, (1, *x.shape[1:]))
        return jnp.where(kept, x / (1 - rate), 0.0)
