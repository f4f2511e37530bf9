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
    """W [what the filters see at a place] + a learned vector of that place, an entry a place.

    The vectors begin as coordinates along two directions: the mean of what is attended to then says where that is, and how
    two things lie is a difference, which would else be found very late or never.
    """

    def __init__(self, encoder: PictureEncoder, *, precision: str, rngs: nnx.Rngs) -> None:
        self.encoder, self.precision = encoder, precision
        self.filters = Convolutions(CHANNELS, encoder.filters, precision=precision, rngs=rngs)
        shape = encoder.filters[-1], encoder.units
        self.kernel = nnx.Param(nnx.initializers.he_normal()(rngs.params(), shape))
        high, wide = places_left(encoder.height, encoder.width, len(encoder.filters))
        down, right = jax.random.normal(rngs.params(), (2, encoder.units))
        y, x = jnp.linspace(-1, 1, high)[:, None, None], jnp.linspace(-1, 1, wide)[:, None]
        self.place = nnx.Param(y * down + x * right)

    def __call__(self, source: Array, valid: Array | None, key: Array | None) -> tuple[Memory, Array]:
        """source `[B, H, W, 3]`, 0 to 255 -> entries `[B, places, units]`, and the most of each value, or 0, `[B, units]`."""
        there = jnp.ones(source.shape[:2], bool) if valid is None else jnp.asarray(valid)
        # Paper is 0: what lies beyond the edges is white, too.
        dark = jnp.where(there[..., None, None], 1 - jnp.asarray(source, jnp.float32) / 255, 0.0)
        seen, there = self.filters.masked(dark, there)
        high, wide = seen.shape[1:3]
        entries = matmul(seen, self.kernel[...], self.precision) + self.place[...][:high, :wide]
        flat = jnp.where(there[..., None, None], entries, 0.0).reshape(len(seen), high * wide, -1)
        counted = jnp.repeat(there, wide, axis=1).astype(jnp.float32)
        return Memory(flat, counted), jax.nn.relu(flat).max(axis=1)
