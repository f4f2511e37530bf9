"""A picture as it might as well have been made: moved, turned a little, larger or smaller, in other light, or outlined."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..pair import Pair
from .picture import Picture

TURN, SHEAR = 0.12, 0.1  # standard deviations: radians, and a share of the height
LARGER = 0.14  # of the logarithm of width and height
MOVED = 0.06  # of a side
LIGHT, COLOR = 0.25, 0.5  # of the logarithm of how dark it is; of how colours are mixed
OUTLINED = 0.5  # of all pictures
EDGE, SOFT = (4, 80), 40  # of 255: from where on a line is drawn between two neighbours; from there on to all black
FLAT, COLORS = 0.5, (3, 6)  # of outlined pictures; levels of red, green and blue that those have


def varied(pair: Pair, random: Generator) -> Pair:
    """The pair with another picture of the same: no mirror image, for left is not right.

    >>> pair = Pair(Picture(bytes(range(48)), 4, 4), "grey")
    >>> other = varied(pair, np.random.default_rng(1))
    >>> other.source.width, other == pair
    (4, False)
    """
    assert isinstance(pair.source, Picture)
    made = _lit(_moved(pair.source, random), random)
    return pair._replace(source=_outlined(made, random) if random.random() < OUTLINED else made)


def _moved(picture: Picture, random: Generator) -> Picture:
    from PIL import Image

    sides = np.array([picture.width, picture.height])
    turn, shear = random.normal(0, (TURN, SHEAR))
    wide, high = np.exp(random.normal(0, LARGER, 2))
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    # From where a pixel is to where it was, about the middle.
    back = turned @ np.array([[1, shear], [0, 1]]) @ np.diag([1 / wide, 1 / high])
    shift = sides / 2 - back @ (sides / 2 + random.normal(0, MOVED, 2) * sides)
    (a, b), (c, d) = back.tolist()
    coefficients = (a, b, float(shift[0]), c, d, float(shift[1]))
    image = Image.fromarray(picture.pixels).transform(
        picture.pixels.shape[1::-1], Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR, fillcolor="white"
    )
    return Picture.of(np.asarray(image), picture.name)


def _lit(picture: Picture, random: Generator) -> Picture:
    """Darker or lighter, its colours mixed: what is white stays so, for paper is what was not drawn on."""
    mixed = np.eye(3) + random.normal(0, COLOR / 3, (3, 3))
    mixed *= np.exp(random.normal(0, LIGHT)) / mixed.sum(axis=0)
    ink: NDArray[np.float32] = (255 - picture.pixels).astype(np.float32) @ mixed.astype(np.float32)
    return Picture.of(255 - np.clip(np.rint(ink), 0, 255).astype(np.uint8), picture.name)


def _outlined(picture: Picture, random: Generator) -> Picture:
    """As who draws lines would: flat colours, black where they meet."""
    from PIL import Image, ImageFilter

    lighter = np.asarray(Image.fromarray(picture.pixels).filter(ImageFilter.MaxFilter(3)), np.float32)
    apart = (lighter - picture.pixels).max(
        axis=2, keepdims=True
    )  # from the lightest neighbour: lines lie on the darker side
    steps = 255 / (random.integers(*COLORS) - 1)
    flat = np.rint(picture.pixels / steps) * steps if random.random() < FLAT else picture.pixels
    flat = flat * (1 - np.clip((apart - random.uniform(*EDGE)) / SOFT, 0, 1))
    return Picture.of(np.rint(flat).astype(np.uint8), picture.name)
