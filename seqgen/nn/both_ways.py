"""Two cells side by side, one of which reads a window from its end."""

from __future__ import annotations

import jax.numpy as jnp
from flax import nnx

from . import recurrence
from .recurrence import Array, Carry, Cell, Memory


class Pair(nnx.Module):
    """Two cells, one reading the window backwards; features side by side."""

    def __init__(self, forward: Cell, backward: Cell) -> None:
        self.forward, self.backward = forward, backward

    def start(self, batch: int, memory: Memory | None) -> Carry:
        return self.forward.start(batch, memory), self.backward.start(batch, memory)

    def unroll(
        self, carry: Carry, xs: Array, *, start: Carry, reset: Array | None, valid: Array | None, memory: Memory | None
    ) -> tuple[Carry, Array]:
        ahead, there = recurrence.unroll(self.forward, carry[0], xs, start=start[0], reset=reset, valid=valid)
        back, again = backwards(self.backward, start[1], xs, reset, valid)
        return (ahead, back), jnp.concatenate([there, again], axis=-1)


def backwards(cell: Cell, start: Carry, xs: Array, reset: Array | None, valid: Array | None) -> tuple[Carry, Array]:
    """A window read from its end, `[T, B, D]` -> carry, `[T, B, H]`; a sequence begins where the next one's reset stands."""
    last = None if reset is None else jnp.flip(jnp.roll(reset, -1, axis=0).at[-1].set(False), axis=0)
    right = None if valid is None else jnp.flip(valid, axis=0)
    carry, ys = recurrence.unroll(cell, start, jnp.flip(xs, axis=0), start=start, reset=last, valid=right)
    return carry, jnp.flip(ys, axis=0)
