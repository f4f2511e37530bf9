"""What is seen: a picture as a value, and one of the size that a model looks at."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from seqgen.errors import DataError


@dataclass(frozen=True)
class Picture:
    """rgb: red, green and blue of 0 to 255 for each pixel, row by row. name: of its file, where it has one.

    >>> Picture(b"\\xff\\xff\\xff" * 6, width=3, height=2).pixels.shape
    (2, 3, 3)
    """

    rgb: bytes = field(repr=False)
    width: int
    height: int
    name: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if min(self.width, self.height) < 1 or len(self.rgb) != 3 * self.width * self.height:
            raise DataError(
                f"a picture of {self.width} x {self.height} pixels came with {len(self.rgb):,} bytes; give 3 a pixel"
            )

    @classmethod
    def of(cls, pixels: NDArray[np.uint8], name: str = "") -> Picture:
        """Of an array uint8 `[height, width, 3]`. Raises DataError for any other."""
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
            raise DataError(f"a picture is {pixels.dtype} {list(pixels.shape)}; give uint8 [height, width, 3]")
        return cls(pixels.tobytes(), pixels.shape[1], pixels.shape[0], name)

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """uint8 `[height, width, 3]`."""
        return np.frombuffer(self.rgb, np.uint8).reshape(self.height, self.width, 3)

    def fitted(self, side: int) -> Picture:
        """`side` pixels wide and high: made larger or smaller with its aspect kept, in the middle of white."""
        if (self.width, self.height) == (side, side):
            return self
        from PIL import Image

        sizes = fitting(self.width, self.height, side)
        small = Image.fromarray(self.pixels).resize(sizes, Image.Resampling.BILINEAR)
        whole = np.full((side, side, 3), 255, np.uint8)
        left, top = ((side - size) // 2 for size in sizes)
        whole[top : top + sizes[1], left : left + sizes[0]] = np.asarray(small)
        return Picture.of(whole, self.name)


def fitting(width: int, height: int, side: int) -> tuple[int, int]:
    """The width and height of a picture whose longer side is `side`.

    >>> fitting(400, 300, 64)
    (64, 48)
    """
    longest = max(width, height)
    return max(1, round(width * side / longest)), max(1, round(height * side / longest))
