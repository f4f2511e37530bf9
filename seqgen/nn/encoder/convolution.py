"""Pictures through convolutions of stride 2: the front end of frames in a sequence, and of a picture to be described."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from ..cells import places_left
from ..products import matmul
from ..recurrence import Array, Carry, Masks, Memory, Times

SIDE = 3  # a filter sees 3 x 3 places


class Convolutions(nnx.Module):
    """Filters of 3 x 3 places, every second one, a rectifier after each: `[..., H, W, C]` to a quarter a filter bank.

    The places under a filter are laid side by side, so that a convolution is one product under the same policy of
    precision as every other, and its gradient two.
    """

    def __init__(self, channels: int, filters: tuple[int, ...], *, precision: str, rngs: nnx.Rngs) -> None:
        self.precision, self.count = precision, len(filters)
        new = nnx.initializers.he_normal()
        for i, count in enumerate(filters):
            setattr(self, f"kernel{i}", nnx.Param(new(rngs.params(), (SIDE * SIDE * channels, count))))
            setattr(self, f"bias{i}", nnx.Param(jnp.zeros(count)))
            channels = count

    def __call__(self, pictures: Array) -> Array:
        for i in range(self.count):
            pictures = self._layer(i, pictures)
        return pictures

    def masked(self, pictures: Array, there: Array) -> tuple[Array, Array]:
        """The same of pictures `[B, H, W, C]` of which only the rows exist that are `there`, `[B, H]`; and which are left."""
        for i in range(self.count):
            there = there[:, ::2]
            pictures = jnp.where(there[..., None, None], self._layer(i, pictures), 0.0)
        return pictures, there

    def _layer(self, i: int, pictures: Array) -> Array:
        kernel, bias = getattr(self, f"kernel{i}")[...], getattr(self, f"bias{i}")[...]
        return jax.nn.relu(matmul(_under_filters(pictures), kernel, self.precision, bias))


def _under_filters(pictures: Array) -> Array:
    """What every second filter of 3 x 3 sees, 0 beyond the edges: `[..., H, W, C]` -> `[..., H / 2, W / 2, 9 C]`."""
    tall, wide = pictures.shape[-3:-1]
    height, width = places_left(tall, wide, 1)
    # A place before each side; after it one only where the last filter would stand out.
    edges = [(1, 2 * height - tall), (1, 2 * width - wide)]
    padded = jnp.pad(pictures, [(0, 0)] * (pictures.ndim - 3) + edges + [(0, 0)])
    return jnp.concatenate(
        [
            padded[..., i : i + 2 * height - 1 : 2, j : j + 2 * width - 1 : 2, :]
            for i in range(SIDE)
            for j in range(SIDE)
        ],
        axis=-1,
    )


class FrameCell(nnx.Module):
    """Convolutions over each position's values as a frame, the same at every position; it remembers nothing."""

    def __init__(
        self,
        shape: tuple[int, int, int],
        filters: tuple[int, ...],
        everywhere: bool,
        *,
        precision: str,
        rngs: nnx.Rngs,
    ) -> None:
        self.shape, self.everywhere, self.precision = shape, everywhere, precision
        self.filters = Convolutions(shape[-1], filters, precision=precision, rngs=rngs)

    @property
    def kernels(self) -> tuple[Array, ...]:
        return ()

    @property
    def small(self) -> tuple[()]:
        return ()

    def project(self, inputs: Array) -> Array:
        seen = self.filters(inputs.reshape(*inputs.shape[:-1], *self.shape))
        return seen.max(axis=(-3, -2)) if self.everywhere else seen.reshape(*seen.shape[:-3], -1)

    def start(self, batch: int, memory: Memory | None) -> Carry:
        return ()

    @staticmethod
    def update(small: tuple[()], carry: Carry, x: Array, memory: Memory | None, times: Times) -> tuple[Carry, Array]:
        return carry, x

    def scan(self, carry: Carry, inputs: Array, masks: Masks | None, memory: Memory | None) -> tuple[Carry, Array]:
        return carry, inputs if masks is None else inputs * masks.valid[..., None]
