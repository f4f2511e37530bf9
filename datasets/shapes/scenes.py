"""Scenes of one or two shapes: what is where, the picture of it, and every caption that is right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from seqgen.domains.pairs.pictures.picture import Picture

COLORS = {
    "red": (214, 39, 40),
    "green": (44, 140, 60),
    "blue": (31, 90, 200),
    "yellow": (240, 200, 30),
    "purple": (140, 60, 170),
    "black": (30, 30, 30),
}
SHAPES = ("circle", "square", "triangle", "ring", "cross", "diamond")
SIZES = {"small": (6.0, 7.5), "large": (11.0, 14.0)}  # radii, of a picture 64 wide
SIDE = 64
LEVEL, APART = 4.0, 11.0  # no further from one another are what is on a height; at least so far what is above
ALONE = 0.2  # the share of scenes with one shape
FINE = 3  # places drawn for each pixel, each way

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Thing:
    """One shape of a scene, x to the right and y down from its middle, in 64ths of the picture.

    >>> Thing("small", "red", "circle", 20.0, 30.0, 5.0).caption
    'a small red circle'
    """

    size: str
    color: str
    shape: str
    x: float
    y: float
    radius: float

    @property
    def caption(self) -> str:
        """What it is, and not where."""
        return f"a {self.size} {self.color} {self.shape}"

    def inside(self, x: Floats, y: Floats) -> NDArray[np.bool_]:
        """Which of these places it covers."""
        x, y, r = x - self.x, y - self.y, self.radius
        across, along = np.abs(x), np.abs(y)
        match self.shape:
            case "circle":
                return np.hypot(x, y) <= r
            case "ring":
                return np.abs(np.hypot(x, y) - 0.75 * r) <= 0.25 * r
            case "square":
                return np.maximum(across, along) <= 0.85 * r
            case "diamond":
                return across + along <= 1.1 * r
            case "cross":
                return (np.minimum(across, along) <= 0.28 * r) & (np.maximum(across, along) <= r)
            case _:  # a triangle
                return (y <= 0.8 * r) & (across <= 0.55 * (y + r))


@dataclass(frozen=True)
class Scene:
    """One thing, or two of which neither hides any of the other. paper: how bright the background is, 0 to 1.

    >>> scene = Scene((Thing("small", "red", "circle", 20, 10, 5), Thing("large", "blue", "ring", 40, 40, 10)))
    >>> for caption in scene.captions:
    ...     print(caption)
    a small red circle above a large blue ring
    a small red circle left of a large blue ring
    a large blue ring below a small red circle
    a large blue ring right of a small red circle
    >>> scene.means("a large blue ring above a small red circle")
    False
    """

    things: tuple[Thing, ...]
    paper: float = 1.0

    @property
    def captions(self) -> tuple[str, ...]:
        """All that are right: either thing comes first, and what is above and to the left is said to be either."""
        if len(self.things) == 1:
            return (self.things[0].caption,)
        found = []
        for one, other in (self.things, self.things[::-1]):
            across, along = other.x - one.x, other.y - one.y
            words = []
            if abs(along) >= APART:
                words.append("above" if along > 0 else "below")
            if abs(across) >= APART:
                words.append("left of" if across > 0 else "right of")
            found += [f"{one.caption} {word} {other.caption}" for word in words]
        return tuple(found)

    def means(self, caption: str) -> bool:
        """Whether the caption is right by its meaning: one of all that are."""
        return " ".join(caption.split()) in self.captions

    def picture(self, side: int = SIDE) -> Picture:
        """It as a picture of `side` x `side` pixels, with smooth edges."""
        colors = np.full((side, side, 3), 255 * self.paper)
        for thing in self.things:
            # Only around it: most of a picture is paper.
            left, top = (int(max(0, (at - thing.radius - 1) * side // SIDE)) for at in (thing.x, thing.y))
            reach = int((2 * thing.radius + 3) * side // SIDE) + 2
            wide, high = min(reach, side - left), min(reach, side - top)
            x = (left + (np.arange(wide * FINE) + 0.5) / FINE) * SIDE / side
            y = (top + (np.arange(high * FINE) + 0.5) / FINE) * SIDE / side
            inside = thing.inside(x[None], y[:, None]).reshape(high, FINE, wide, FINE)
            share = inside.mean(axis=(1, 3))[..., None]
            here = colors[top : top + high, left : left + wide]
            here += share * (np.array(COLORS[thing.color]) - here)
        return Picture.of(np.rint(colors).astype(np.uint8))


def drawn(chance: Generator) -> Scene:
    """A scene by chance: every size, color and shape alike, two things far enough apart to say how they lie."""

    def thing() -> Thing:
        size = [*SIZES][chance.integers(len(SIZES))]
        radius = float(chance.uniform(*SIZES[size]))
        x, y = chance.uniform(radius + 1, SIDE - radius - 1, 2)
        color, shape = [*COLORS][chance.integers(len(COLORS))], SHAPES[chance.integers(len(SHAPES))]
        return Thing(size, color, shape, float(x), float(y), radius)

    paper = float(chance.uniform(0.88, 1.0))
    if chance.random() < ALONE:
        return Scene((thing(),), paper)
    while True:
        one, other = thing(), thing()
        across, along = abs(one.x - other.x), abs(one.y - other.y)
        told = max(across, along) >= APART and not any(LEVEL < gap < APART for gap in (across, along))
        same = one.caption == other.caption  # which of them is above could not be said
        if told and not same and max(across, along) > one.radius + other.radius + 1:
            return Scene((one, other), paper)
