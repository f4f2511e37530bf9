"""The module behind `PictureEncoder`: a picture as places, each of which says what is there and where that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
from flax import nnx

from ..cells import places_left
from ..products import matmul
from ..recurrence import Array, Memory
from .convolution import Convolutions

if TYPE_CHECKING:
    from .values import PictureEncoder

CHANNELS = 3  # red, green, blue


class PictureReader(nnx.Module):
    """relu(W [what the filters see at a place] + a learned vector of it) + where it is, an entry a place.

    Where it is stands there as coordinates along learned directions: the mean of what is attended to then says where that
    is, and how two things lie is a difference, which is else found very late or never.
    """

    def __init__(self, encoder: PictureEncoder, *, precision: str, rngs: nnx.Rngs) -> None:
        self.encoder, self.precision = encoder, precision
        self.filters = Convolutions(CHANNELS, encoder.filters, precision=precision, rngs=rngs)
        shape = encoder.filters[-1], encoder.units
        self.kernel = nnx.Param(nnx.initializers.he_normal()(rngs.params(), shape))
        places = places_left(encoder.height, encoder.width, len(encoder.filters))
        if encoder.whole:
            flat = places[0] * places[1] * encoder.filters[-1]
            self.whole = nnx.Param(nnx.initializers.he_normal()(rngs.params(), (flat, encoder.whole)))
        self.place = nnx.Param(jax.random.normal(rngs.params(), (*places, encoder.units)) * 0.1)
        told = 2 * (1 + 2 * encoder.waves)
        self.directions = nnx.Param(jax.random.normal(rngs.params(), (told, encoder.units)) * 0.3)

    def __call__(self, source: Array, valid: Array | None, key: Array | None) -> tuple[Memory, Array]:
        """source `[B, H, W, 3]`, 0 to 255 -> entries `[B, places, units]`, and what opens a sequence, `[B, whole]`."""
        there = jnp.ones(source.shape[:2], bool) if valid is None else jnp.asarray(valid)
        # Paper is 0: what lies beyond the edges is white, too.
        dark = jnp.where(there[..., None, None], 1 - jnp.asarray(source, jnp.float32) / 255, 0.0)
        seen, there = self.filters.masked(dark, there)
        high, wide = seen.shape[1:3]
        known = self.place[...]
        entries = jax.nn.relu(matmul(seen, self.kernel[...], self.precision) + known[:high, :wide])
        down, right = jnp.split(self.directions[...], 2)
        y, x = (coordinates(side, self.encoder.waves) for side in known.shape[:2])
        where = matmul(y[:high], down, "f32")[:, None] + matmul(x[:wide], right, "f32")
        placed = jnp.where(there[..., None, None], entries + where, 0.0).reshape(len(seen), high * wide, -1)
        return Memory(placed, jnp.repeat(there, wide, axis=1).astype(jnp.float32)), self._whole(seen)

    def _whole(self, seen: Array) -> Array:
        """relu(W [what the filters see, all places side by side]), `[B, whole]`."""
        if not self.encoder.whole:
            return jnp.zeros((len(seen), 0))
        high, wide = self.place[...].shape[:2]
        full = jnp.pad(seen, ((0, 0), (0, high - seen.shape[1]), (0, wide - seen.shape[2]), (0, 0)))
        return jax.nn.relu(matmul(full.reshape(len(seen), -1), self.whole[...], self.precision))


def coordinates(side: int, waves: int) -> Array:
    """Where each place of a side is, `[side, 1 + 2 waves]`: from -1 to 1, and on waves as long as two sides, one, a half."""
    at = jnp.linspace(-1, 1, side)[:, None]
    turns = jnp.pi / 2 * jnp.exp2(jnp.arange(waves, dtype=jnp.float32)) * at
    return jnp.concatenate([at, jnp.sin(turns), jnp.cos(turns)], axis=-1)
