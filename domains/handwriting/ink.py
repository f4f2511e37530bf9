"""A line of handwriting as the pen moved: what every reader of the domain returns and every writer takes."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seqgen.errors import DataError, UsageError

MOST_POINTS = 1_000_000
FARTHEST = 1e9  # from the origin, in any unit
LONGEST = 1e10  # seconds from time 0: stamps of clocks that began in 1970 pass
_BLOCK = 256  # points: what `thinned` keeps in any case, so that no ink takes it long

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ink:
    """A line of handwriting.

    strokes: one array [N, 2] for each time the pen was down, in the order of writing, N >= 1: x to the right, y down,
    as in SVG, in any unit. A stroke of one point is a dot.
    times: seconds of every point, one array [N] a stroke, never decreasing from the first point of the line to the
    last; None where they are not known.
    text: what is written. hand: who or what wrote it.
    height: of letters like x, in the ink's unit, where it is known: 1 of ink in x-heights, as models write it.

    The arrays are copied and cannot be written to. Inks are equal when all they hold is. Raises DataError for a stroke
    without points, for coordinates that are no numbers or lie beyond 1e9, for a height that is none, and beyond
    1,000,000 points.

    >>> ink = Ink([[[0, 0], [3, 4]], [[5, 5]]], text="v.")
    >>> ink.points, ink.bounds, ink.scaled(2) == ink.moved(1, 0)
    (3, (0.0, 0.0, 5.0, 5.0), False)
    """

    strokes: Sequence[Floats]
    times: Sequence[Floats] | None = None
    text: str | None = None
    hand: str | None = None
    height: float | None = None

    def __post_init__(self) -> None:
        strokes = tuple(_numbers(stroke, f"stroke {i}") for i, stroke in enumerate(self.strokes))
        if sum(map(len, strokes)) > MOST_POINTS:
            raise DataError(f"ink cannot have more than {MOST_POINTS:,} points; cut it into lines")
        for i, stroke in enumerate(strokes):
            if stroke.ndim != 2 or stroke.shape[1] != 2:
                raise DataError(f"stroke {i} has the shape {list(stroke.shape)}; wanted [points, 2], x and y of each")
            if not len(stroke):
                raise DataError(f"stroke {i} has no points; give it one or more, or leave it out")
            if not np.abs(stroke).max() <= FARTHEST:  # NaN compares with nothing
                raise DataError(f"stroke {i} has coordinates that are no numbers or lie beyond {FARTHEST:.0e}")
        object.__setattr__(self, "strokes", strokes)
        if self.times is not None:
            times = tuple(_numbers(stroke, f"times of stroke {i}") for i, stroke in enumerate(self.times))
            if [stroke.shape for stroke in times] != [stroke.shape[:1] for stroke in strokes]:
                raise DataError("times do not match the strokes; give one number a point, or None")
            moments = np.concatenate(times) if times else np.zeros(1)
            if not (np.abs(moments).max() <= LONGEST and np.all(np.diff(moments) >= 0)):
                raise DataError("times decrease or are no seconds; sort the points by time, or give None")
            object.__setattr__(self, "times", times)
        for name, value in (("text", self.text), ("hand", self.hand)):
            if not isinstance(value, (str, type(None))):
                raise DataError(f"the {name} of ink is a {type(value).__name__}; give a string or None")
        if self.height is not None:
            number = type(self.height) in (int, float)
            if not (number and 0 < self.height <= FARTHEST):
                raise DataError(f"the height of ink is {self.height!r:.40}; give that of letters like x, or None")
            object.__setattr__(self, "height", float(self.height))

    def __eq__(self, other: object) -> bool:
        return self._value() == other._value() if isinstance(other, Ink) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._value())

    def __repr__(self) -> str:
        return f"<Ink of {len(self.strokes)} strokes, {self.points} points, text={self.text!r}, hand={self.hand!r}>"

    def _value(self) -> tuple[object, ...]:
        parts = [self.strokes, self.times or ()]
        return (
            self.text,
            self.hand,
            self.height,
            self.times is None,
            *(tuple(array.tobytes() for array in part) for part in parts),
        )

    @property
    def points(self) -> int:
        """How many, of all strokes."""
        return sum(map(len, self.strokes))

    @property
    def seconds(self) -> float:
        """From the first point to the last; 0 without times."""
        return float(self.times[-1][-1] - self.times[0][0]) if self.times else 0.0

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom; all 0 without strokes."""
        if not self.strokes:
            return 0.0, 0.0, 0.0, 0.0
        every = np.concatenate(self.strokes)
        (left, top), (right, bottom) = every.min(axis=0).tolist(), every.max(axis=0).tolist()
        return left, top, right, bottom

    def scaled(self, factor: float) -> Ink:
        """`factor` times as large, about the origin. Raises UsageError for a factor not above 0."""
        if not 0 < factor < math.inf:
            raise UsageError(f"ink cannot be scaled by {factor}; give a factor above 0, 1 leaves it as it is")
        height = self.height and self.height * factor
        return replace(self, strokes=[stroke * factor for stroke in self.strokes], height=height)

    def moved(self, dx: float, dy: float) -> Ink:
        """Farther to the right by `dx` and down by `dy`."""
        return replace(self, strokes=[stroke + np.array([dx, dy]) for stroke in self.strokes])

    def thinned(self, tolerance: float) -> Ink:
        """Without the points that a straight line between others shows as well, within `tolerance`.

        The first and last point of each stroke stay, the others' times with them, and of 256 points one in any case.
        Raises UsageError for a tolerance below 0.

        Source: Ramer, An iterative procedure for the polygonal approximation of plane curves (1972), made level by
        level for all strokes at once.
        """
        if not 0 <= tolerance < math.inf:
            raise UsageError(f"ink cannot be thinned within {tolerance}; give a distance of 0 or more in its unit")
        if not self.strokes:
            return self
        points = np.concatenate(self.strokes)
        ends = np.cumsum([len(stroke) for stroke in self.strokes])
        starts = np.concatenate([[0], ends[:-1]])
        keep = np.zeros(len(points), bool)
        keep[starts] = keep[ends - 1] = True
        for start, end in zip(starts, ends, strict=True):
            keep[start:end:_BLOCK] = True
        while True:
            kept = np.flatnonzero(keep)
            between = np.flatnonzero(~keep)
            part = np.searchsorted(kept, between) - 1
            distances = _distances(points[between], points[kept[part]], points[kept[part + 1]])
            worst = np.zeros(len(kept))
            np.maximum.at(worst, part, distances)
            far = between[(distances > tolerance) & (distances == worst[part])]
            if not len(far):
                break
            keep[far] = True
        cuts = [np.flatnonzero(keep[start:end]) for start, end in zip(starts, ends, strict=True)]
        times = [stamps[cut] for stamps, cut in zip(self.times, cuts, strict=True)] if self.times else None
        return replace(self, strokes=[stroke[cut] for stroke, cut in zip(self.strokes, cuts, strict=True)], times=times)

    def x_height(self) -> float:
        """The height of letters like x, in the ink's unit: `height` if it is known, else estimated from where most ink is.

        How often a horizontal line crosses the strokes depends on its height: often in the body of the letters, rarely
        in ascenders and descenders. What counts are the heights that are crossed more than 0.7 times as often as usual
        for ink. A line that leans is levelled first. Of capitals and digits alone it is their height. Without any
        height it is the width, and of a mere dot 1.

        >>> import numpy as np
        >>> x = np.linspace(0, 60, 2000)
        >>> wave = Ink([np.stack([x, np.sin(5 * x)], axis=1), [[30, -2.5], [30, 0.5]]])
        >>> round(wave.x_height(), 1)
        2.0
        """
        if self.height is not None:
            return self.height
        heights, crossed = self._body()
        if len(heights):
            return float(np.diff(heights)[crossed].sum())
        left, top, right, bottom = self.bounds
        return (right - left) or (bottom - top) or 1.0

    def baseline(self) -> float:
        """The height that letters like x stand on, where the line begins, estimated as `x_height` is."""
        heights, crossed = self._body()
        return float(heights[1:][crossed][-1]) if len(heights) else self.bounds[3]

    def _body(self) -> tuple[Floats, NDArray[np.bool_]]:
        """Heights [H] from top to bottom, and which of the H - 1 zones between them are of the body; H is 0 or > 1."""
        left, top, right, bottom = self.bounds
        slope = 0.0
        if right - left > 4 * (bottom - top):
            x, y = ((np.concatenate(self.strokes) - (left, top)) / (right - left)).T
            slope = float(np.mean((x - x.mean()) * (y - y.mean())) / np.var(x))
        pieces = [stroke[:, 1] - slope * (stroke[:, 0] - left) for stroke in self.strokes]
        before = np.concatenate([piece[:-1] for piece in pieces] or [np.zeros(0)])
        after = np.concatenate([piece[1:] for piece in pieces] or [np.zeros(0)])
        moves = np.concatenate([np.minimum(before, after), np.maximum(before, after)])
        order = np.argsort(moves, kind="stable")
        heights = moves[order]
        crossings = np.cumsum(np.where(order < len(before), 1, -1))[:-1]
        zones = np.diff(heights)
        if not len(zones) or not np.sum(zones * crossings) > 0:
            return np.zeros(0), np.zeros(0, bool)
        # The usual number of crossings: half of all upright ink is in zones with as many or more.
        often = np.argsort(-crossings, kind="stable")
        ink = np.cumsum((zones * crossings)[often])
        usual = crossings[often][np.searchsorted(ink, ink[-1] / 2)]
        return heights, crossings > 0.7 * usual

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes it, by the ending of the name: a picture as .svg, .png or .pdf, .json to be read again, or one of `saving.KINDS`.

        Raises UsageError for another ending and for a place that cannot be written.
        """
        from .saving import save

        save([self], path)

    def _repr_svg_(self) -> str:
        from .drawing.svg import ink_svg

        return ink_svg(self)


def _numbers(given: ArrayLike, what: str) -> Floats:
    try:
        found = np.asarray(given)
    except (ValueError, TypeError, OverflowError):  # ragged
        found = np.zeros(1, object)
    if found.dtype.kind not in "iuf" and found.size:
        raise DataError(f"{what} is no array of numbers; give x and y of every point")
    numbers = np.array(found, np.float64) + 0.0  # no -0.0: what is equal has equal bytes
    numbers.setflags(write=False)
    return numbers


def _distances(points: Floats, starts: Floats, ends: Floats) -> Floats:
    """From each point to the straight piece between two others; all [N, 2], the result [N]."""
    along = ends - starts
    square = np.sum(along * along, axis=1)
    share = np.sum((points - starts) * along, axis=1) / np.where(square > 0, square, 1.0)
    nearest = starts + np.clip(share, 0.0, 1.0)[:, None] * along
    apart: Floats = np.sqrt(np.sum((points - nearest) ** 2, axis=1))
    return apart
