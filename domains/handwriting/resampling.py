"""Ink as densely as models take it: pens give 5 to 90 points a letter, and a model learned some 20."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .ink import Floats, Ink

SHORT, LONG = 0.10, 0.38  # x-heights from point to point: in tight turns, on straight pieces
ALIKE = 1.6  # ink with as many times fewer or more points than it would have is left as it is
CORNER = 1.0  # radians: where a stroke turns more from one point to the next, no curve is meant
_APART = 0.012  # x-heights between a curve and the straight piece that stands for it
_FINE = 0.02  # x-heights: the steps of the curve that is measured
_BLUR = 0.05  # x-heights: standard deviation of what smooths the noise of a tablet
_CUSP = 1.75  # radians within four blurs: there the pen turned back, and the corner stays sharp
_MOST = 20_000  # fine steps of a stroke: a longer one is measured more coarsely
_MOST_NEW = 50  # points for one that was there


def as_dense(inks: Sequence[Ink]) -> tuple[Ink, ...]:
    """Ink in x-heights, resampled where its points are much denser than a model's, or, if it has a text, much sparser.

    Drawings without a text are made of few points by some programs: a curve through them would be another drawing.
    """
    made = []
    for ink in inks:
        new = resampled(ink)
        dense, sparse = ink.points > ALIKE * new.points, ink.text and ALIKE * ink.points < new.points
        made.append(new if dense or sparse else ink)
    return tuple(made)


def resampled(ink: Ink) -> Ink:
    """The same strokes in steps of 0.10 x-heights in tight turns to 0.38 on straight pieces; `ink` in x-heights.

    Points that repeat the one before are dropped, sparse ones are joined by a centripetal Catmull-Rom curve (Yuksel,
    Schaefer and Keyser, Parameterization and applications of Catmull-Rom curves, 2011), noise is smoothed along the
    arc, cusps stay sharp. Steps follow from the curvature, so that a straight piece is nowhere farther than 0.012
    x-heights from its curve. Times are those of the places along the arc.

    >>> import numpy as np
    >>> angle = np.linspace(0, 6, 500)
    >>> circle = Ink([np.stack([np.cos(angle), np.sin(angle)], axis=1) / 2])
    >>> circle.points, 10 < resampled(circle).points < 25
    (500, True)
    """
    strokes, times = [], []
    for number, stroke in enumerate(ink.strokes):
        kept = np.concatenate([[True], np.any(np.diff(stroke, axis=0) != 0, axis=1)])
        places, points = _places(stroke[kept])
        strokes.append(points)
        if ink.times is not None:
            times.append(np.interp(places, np.arange(kept.sum()), ink.times[number][kept]))
    return replace(ink, strokes=strokes, times=times if ink.times is not None else None)


def sparser(ink: Ink, every: int) -> Ink:
    """The same strokes of every so-manieth point, the ends and the corners of a stroke in any case.

    A curve through them shows the letters as well (`drawing`), and a model has half as far to go from one to the next.

    >>> sparser(Ink([[[0, 0], [1, 0], [2, 0], [3, 0], [3, 1], [3, 2]]]), 2).strokes[0].tolist()
    [[0.0, 0.0], [2.0, 0.0], [3.0, 0.0], [3.0, 2.0]]
    """
    if every == 1:
        return ink
    kept = [_every(stroke, every) for stroke in ink.strokes]
    times = [stamps[at] for stamps, at in zip(ink.times, kept, strict=True)] if ink.times is not None else None
    return replace(ink, strokes=[stroke[at] for stroke, at in zip(ink.strokes, kept, strict=True)], times=times)


def _every(stroke: Floats, every: int) -> NDArray[np.int64]:
    if len(stroke) <= 3:
        return np.arange(len(stroke))
    moves = np.diff(stroke, axis=0)
    corners = np.flatnonzero(np.abs(_angles(moves[:-1], moves[1:])) > CORNER) + 1
    cuts = np.concatenate([[0], corners, [len(stroke) - 1]])
    # Rounded, so that a piece ends with no shorter step than it began with.
    parts = [np.linspace(a, b, max(round((b - a) / every), 1) + 1)[:-1] for a, b in itertools.pairwise(cuts)]
    places: NDArray[np.int64] = np.rint(np.concatenate([*parts, cuts[-1:]])).astype(np.int64)
    return places


def _places(points: Floats) -> tuple[Floats, Floats]:
    """Where along `points`, in numbers of them, the new points lie, and these."""
    length = float(np.sum(_steps(points)))
    if length < SHORT / 2:  # a dot
        return np.zeros(1), points[:1]
    places = np.concatenate([[0.0], np.cumsum(_steps(points))])
    count = min(max(int(length / _FINE), 4), _MOST)
    fine = np.interp(np.linspace(0, length, count + 1), places, np.arange(len(points)))
    curve = _smooth(_catmull_rom(points, fine), length / count)
    step = np.clip(np.sqrt(8 * _APART / np.maximum(_curvature(curve), 1e-9)), SHORT, LONG)
    wanted = np.concatenate([[0.0], np.cumsum(_steps(curve) * (1 / step[1:] + 1 / step[:-1]) / 2)])
    pieces = min(max(round(wanted[-1]), 1), _MOST_NEW * len(points))  # so that a move far off does not fill the memory
    at = np.linspace(0, wanted[-1], pieces + 1)
    made = np.stack([np.interp(at, wanted, curve[:, axis]) for axis in (0, 1)], axis=1)
    return np.interp(at, wanted, fine), made


def _catmull_rom(points: Floats, places: Floats) -> Floats:
    """The curve through `points` at `places`, in numbers of points: Hermite pieces with centripetal tangents."""
    if len(points) < 3:
        return np.stack([np.interp(places, np.arange(len(points)), points[:, axis]) for axis in (0, 1)], axis=1)
    knots = np.sqrt(_steps(points))[:, None]
    slopes = np.diff(points, axis=0) / knots
    inner = (slopes[:-1] * knots[1:] + slopes[1:] * knots[:-1]) / (knots[1:] + knots[:-1])
    tangents = np.concatenate([slopes[:1], inner, slopes[-1:]])
    at = np.minimum(places.astype(np.int64), len(points) - 2)
    t = (places - at)[:, None]
    width = knots[at]
    from_start = (1 + 2 * t) * (1 - t) ** 2 * points[at] + t * (1 - t) ** 2 * width * tangents[at]
    curve: Floats = from_start + t**2 * (3 - 2 * t) * points[at + 1] - t**2 * (1 - t) * width * tangents[at + 1]
    return curve


def _smooth(curve: Floats, step: float) -> Floats:
    """Blurred along the arc between its ends and cusps, which stay where they are."""
    reach = max(round(2 * _BLUR / step), 1)
    if len(curve) < 2 * reach + 3:
        return curve
    ahead, behind = curve[2 * reach :] - curve[reach:-reach], curve[reach:-reach] - curve[: -2 * reach]
    turns = np.abs(_angles(behind, ahead))
    peaks = np.flatnonzero(turns > _CUSP)
    groups = np.split(peaks, np.flatnonzero(np.diff(peaks) > 1) + 1) if len(peaks) else []
    cusps = [int(group[np.argmax(turns[group])]) + reach for group in groups]
    made = curve.copy()
    for begin, end in zip([0, *cusps], [*cusps, len(curve) - 1], strict=True):
        made[begin : end + 1] = _blurred(curve[begin : end + 1], _BLUR / step)
    return made


def _blurred(part: Floats, sigma: float) -> Floats:
    half = min(round(3 * sigma), len(part) - 1)
    if half < 1:
        return part
    weights = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    # Mirrored through its ends, so that they stay and the part does not shrink.
    before, after = 2 * part[0] - part[half:0:-1], 2 * part[-1] - part[-2 : -half - 2 : -1]
    longer = np.concatenate([before, part, after])
    return np.stack([np.convolve(longer[:, axis], weights / weights.sum(), "valid") for axis in (0, 1)], axis=1)


def _curvature(curve: Floats) -> Floats:
    """At each point, radians for a unit of length."""
    moves = np.diff(curve, axis=0)
    lengths = _steps(curve)
    bends = np.abs(_angles(moves[:-1], moves[1:])) / np.maximum((lengths[:-1] + lengths[1:]) / 2, 1e-12)
    return np.concatenate([bends[:1], bends, bends[-1:]])


def _angles(before: Floats, after: Floats) -> Floats:
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    angles: Floats = np.arctan2(cross, np.sum(before * after, axis=1))
    return angles


def _steps(points: Floats) -> Floats:
    lengths: Floats = np.hypot(*np.diff(points, axis=0).T)
    return lengths
