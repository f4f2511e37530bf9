"""What a model sees of a picture: so many pixels, each three bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqgen.errors import UsageError

from .picture import Picture

SIDE = 64
STEP, MOST = 16, 512  # sides are so many times a step: after four convolutions of stride 2 whole places are left


@dataclass(frozen=True)
class Pixels:
    """A picture of `side` x `side` pixels, whatever size it came in. vary: how it is learned from, see `varied`.

    >>> Pixels(16).encode(Picture(bytes(12), width=2, height=2)).shape
    (16, 16, 3)
    """

    side: int = SIDE
    vary: bool = False

    def __post_init__(self) -> None:
        if not STEP <= self.side <= MOST or self.side % STEP:
            raise UsageError(f"pictures of {self.side} x {self.side} pixels; give {STEP}, {2 * STEP}, ... up to {MOST}")

    def encode(self, picture: Picture) -> NDArray[np.uint8]:
        """uint8 `[side, side, 3]`."""
        return picture.fitted(self.side).pixels

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values with `kind`."""
        return {"kind": "pixels", "side": self.side} | ({"vary": True} if self.vary else {})
