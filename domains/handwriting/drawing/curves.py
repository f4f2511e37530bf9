"""Strokes as smooth curves: cubic Bézier pieces through the points of a pen, on a grid, as few as do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..ink import Floats

GRID = 20  # steps a mm, on which control points lie
NEAR = 0.049  # mm from any point of the ink to its curve, at most; points are rounded to 0.001 before
_LOOSE = 0.5  # between points the ink says nothing: there it is measured half as strictly
_FINE, _MOST = 0.35, 8  # mm: steps in which the curve to be fitted is looked at; and of them between two points
_AROUND = 0.2  # mm: what is closer to a corner than this is noise of a tablet
_BACK, _TURN, _STRAIGHT = 2.2, 1.0, 0.25  # radians, radians, of the turn: what a corner is, see `_corners`
_REACH = 0.12  # mm to either side: what tells a tangent
_USUAL = 12  # samples of a piece: what is tried first
_BLOCK = 2000  # parts that are fitted at a time: it bounds the memory

Ints = NDArray[np.int64]


class _Samples(NamedTuple):
    """Of all strokes: points [N, 2] mm, how far along [N] mm, how strictly each counts [N]; begins, ends [P] of parts."""

    points: Floats
    along: Floats
    weights: Floats
    begins: Ints
    ends: Ints


def curves(strokes: Sequence[Floats]) -> list[Ints]:
    """For each stroke [N, 2] in mm its pieces [M, 4, 2]: begin, two handles and end of each in steps of 1 / `GRID` mm.

    Each piece begins where the one before ends, in the same direction but at corners, where the pen turns by more than
    2.2 radians, or by more than 1 between straight pieces. No point is farther than 0.05 mm from its curve. A dot is one
    piece of no length.

    A centripetal Catmull-Rom curve through the points (Yuksel, Schaefer and Keyser, Parameterization and applications
    of Catmull-Rom curves, 2011) is what the pieces are fitted to, each as long as it can be, for all strokes at once:
    handles by least squares, places along the piece by Newton's method (Schneider, An algorithm for automatically
    fitting digitized curves, Graphics Gems, 1990).

    >>> import numpy as np
    >>> angle = np.linspace(0, 3, 20)
    >>> (pieces,) = curves([5 * np.stack([np.cos(angle), np.sin(angle)], axis=1)])
    >>> pieces.shape[1:], len(pieces) < 5, pieces[0, 0].tolist()
    ((4, 2), True, [100, 0])
    """
    if not strokes:
        return []
    parts = [_samples(stroke) for stroke in strokes]
    firsts = np.concatenate([[0], np.cumsum([len(points) for points, _, _ in parts])])
    points, weights = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    cuts = [cut + first for (_, _, cut), first in zip(parts, firsts, strict=False)]
    samples = _Samples(
        points,
        np.concatenate([[0.0], np.cumsum(_lengths(points))]),
        weights,
        np.concatenate([cut[:-1] for cut in cuts]),
        np.concatenate([cut[1:] for cut in cuts]),
    )
    begins, pieces = _longest(samples)
    numbers = np.searchsorted(begins, firsts)
    found = []
    for number, stroke in enumerate(strokes):
        mine = pieces[numbers[number] : numbers[number + 1]]
        found.append(mine if len(mine) else np.rint(np.tile(stroke[:1] * GRID, (1, 4, 1))).astype(np.int64))
    return found


def places(pieces: Floats | Ints, count: int) -> Floats:
    """`count` places on each piece [M, 4, 2], evenly in its own measure, and the end of the last: [M count + 1, 2]."""
    t = np.arange(count)[:, None] / count
    made: Floats = np.concatenate([_at(pieces[:, None], t).reshape(-1, 2), pieces[-1:, 3]])
    return made


def _samples(stroke: Floats) -> tuple[Floats, Floats, Ints]:
    """Points of the curve through a stroke, how strictly each counts, and which of them are ends and corners."""
    points = np.rint(stroke * 1000) / 1000  # so that no step is too short to have a direction
    points = points[np.concatenate([[True], np.any(np.diff(points, axis=0) != 0, axis=1)])]
    lengths = _lengths(points)
    if not len(lengths):
        return points, np.ones(1), np.zeros(1, np.int64)
    corners = _corners(points, np.concatenate([[0.0], np.cumsum(lengths)]))
    knots = np.sqrt(lengths)[:, None]
    slopes = np.diff(points, axis=0) / knots
    inner = (slopes[:-1] * knots[1:] + slopes[1:] * knots[:-1]) / (knots[1:] + knots[:-1])
    leave, arrive = np.concatenate([slopes[:1], inner]), np.concatenate([inner, slopes[-1:]])
    # Beside a corner, and at the ends, no bend is the best guess.
    first, last = corners[:-1], corners[1:] - 1
    arrive[last] = np.where((first == last)[:, None], slopes[last], (3 * slopes[last] - leave[last]) / 2)
    leave[first] = np.where((first == last)[:, None], slopes[first], (3 * slopes[first] - arrive[first]) / 2)
    pieces = np.stack(
        [points[:-1], points[:-1] + leave * knots / 3, points[1:] - arrive * knots / 3, points[1:]], axis=1
    )
    count = np.clip(np.ceil(lengths / _FINE), 1, _MOST).astype(np.int64)
    at = np.concatenate([[0], np.cumsum(count)])
    span = np.repeat(np.arange(len(count)), count)
    fine = _at(pieces[span], ((np.arange(at[-1]) - at[span]) / count[span])[:, None])
    weights = np.full(at[-1] + 1, _LOOSE)
    weights[at] = 1.0
    return np.concatenate([fine, points[-1:]]), weights, at[corners]


def _corners(points: Floats, along: Floats) -> Ints:
    """Where the pen turns back, or turns between two pieces that hardly bend; and the ends. Of close ones the sharpest."""
    last = len(points) - 1
    before = np.maximum(np.searchsorted(along, along - _AROUND, "right") - 1, 0)
    after = np.minimum(np.searchsorted(along, along + _AROUND), last)
    turns = np.abs(_angles(points - points[before], points[after] - points))
    beside = np.maximum(turns[before], turns[after])
    found = np.flatnonzero((turns > _BACK) | ((turns > _TURN) & (beside < _STRAIGHT * turns)))
    corners = [0]
    for k in found.tolist():
        if corners[-1] < k < last and turns[k] >= turns[max(before[k], corners[-1] + 1) : after[k] + 1].max():
            corners.append(k)
    return np.array([*corners, last])


def _longest(samples: _Samples) -> tuple[Ints, Ints]:
    """The samples at which pieces begin, in their order, and the pieces."""
    found = [(np.zeros(0, np.int64), np.zeros((0, 4, 2), np.int64))]
    for block in range(0, len(samples.begins), _BLOCK):
        found += _pieces(samples, samples.begins[block : block + _BLOCK], samples.ends[block : block + _BLOCK])
    begins, made = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.argsort(begins)
    return begins[order], made[order]


def _pieces(samples: _Samples, low: Ints, high: Ints) -> Iterator[tuple[Ints, Ints]]:
    """From the beginning of each part on, pieces as long as they can be; in each round one of every part."""
    begin, heading = low, _tangents(samples, low, low, high)
    while len(begin):
        good, bad, trial = begin.copy(), high + 1, np.minimum(begin + _USUAL, high)
        best = np.zeros((len(begin), 4, 2), np.int64)
        while len(rows := np.flatnonzero(bad - good > 1)):
            first, last = begin[rows], trial[rows]
            against = -_tangents(samples, last, low[rows], high[rows])
            pieces, apart = _fitted(samples, first, last, heading[rows], against)
            fits = (apart <= NEAR) | (last == first + 1)
            best[rows[fits]] = pieces[fits]
            good[rows[fits]], bad[rows[~fits]] = last[fits], last[~fits]
            trial = np.where(bad > high, np.minimum(2 * good - begin, high), (good + bad) // 2)
        yield begin, best
        more = good < high
        begin, low, high = good[more], low[more], high[more]
        ahead = (best[:, 3] - best[:, 2])[more].astype(np.float64)
        heading = np.where(ahead.any(axis=1, keepdims=True), _unit(ahead), _tangents(samples, begin, low, high))


def _fitted(samples: _Samples, first: Ints, last: Ints, leave: Floats, arrive: Floats) -> tuple[Ints, Floats]:
    """Pieces from one sample to another with directions of both handles, [P, 2] unit vectors: [P, 4, 2] on the grid, and
    how far they are from their samples at most, mm."""
    counts = last - first + 1
    starts = np.cumsum(counts) - counts
    row = np.repeat(np.arange(len(first)), counts)
    index = np.arange(len(row)) + (first - starts)[row]
    points, length = samples.points[index], samples.along[last] - samples.along[first]
    t = (samples.along[index] - samples.along[first][row]) / length[row]
    begin, end = samples.points[first], samples.points[last]
    for _ in range(2):
        s = 1 - t
        near, far = leave[row] * (3 * s * s * t)[:, None], arrive[row] * (3 * s * t * t)[:, None]
        share = (t * t * (3 - 2 * t))[:, None]
        left = points - begin[row] * (1 - share) - end[row] * share
        terms = np.stack([near * near, near * far, far * far, near * left, far * left]).sum(axis=2)
        nn, nf, ff, nl, fl = np.add.reduceat(terms, starts, axis=1)
        area = nn * ff - nf * nf
        sound = np.asarray(area > 1e-9 * nn * ff)
        area = np.where(sound, area, 1.0)
        handles = np.stack([nl * ff - fl * nf, nn * fl - nf * nl]) / area
        sound &= np.all((handles > 0.05 * length) & (handles < 2 * length), axis=0)
        one, other = np.where(sound, handles, length / 3)[:, :, None]
        pieces = np.stack([begin, begin + one * leave, end + other * arrive, end], axis=1)
        t = _nearest(pieces[row], points, t)
    made = np.rint(pieces * GRID).astype(np.int64)
    made[:, 1] = made[:, 0] + _aligned(made[:, 1] - made[:, 0], leave)
    apart = np.hypot(*(_at(made[row] / GRID, _nearest(made[row] / GRID, points, t)[:, None]) - points).T)
    return made, np.maximum.reduceat(apart * samples.weights[index], starts)


def _aligned(handles: Ints, direction: Floats) -> Ints:
    """Of each handle [P, 2] and the eight beside it on the grid, the one that has the direction best."""
    around = np.array([[x, y] for x in (0, -1, 1) for y in (0, -1, 1)])
    choice = handles[:, None] + around
    off = np.abs(_angles(direction[:, None], choice.astype(np.float64)))
    best: Ints = choice[np.arange(len(choice)), np.where(choice.any(axis=2), off, np.pi).argmin(axis=1)]
    return best


def _nearest(pieces: Floats, points: Floats, t: Floats) -> Floats:
    """Where on its piece each point is nearest: a step of Newton's method from `t`."""
    s, t_ = (1 - t)[:, None], t[:, None]
    legs = 3 * np.diff(pieces, axis=1)
    speed = s * s * legs[:, 0] + 2 * s * t_ * legs[:, 1] + t_ * t_ * legs[:, 2]
    bend = 2 * (s * (legs[:, 1] - legs[:, 0]) + t_ * (legs[:, 2] - legs[:, 1]))
    off = _at(pieces, t_) - points
    slope = np.sum(speed * speed + off * bend, axis=1)
    step = np.sum(off * speed, axis=1) / np.where(slope > 1e-9, slope, np.inf)
    moved: Floats = np.clip(t - step, 0.0, 1.0)
    return moved


def _at(pieces: Floats | Ints, t: Floats) -> Floats:
    """Places on pieces [..., 4, 2], at `t` [..., 1] from 0 to 1."""
    s = 1 - t
    made: Floats = (
        s**3 * pieces[..., 0, :]
        + 3 * s * s * t * pieces[..., 1, :]
        + 3 * s * t * t * pieces[..., 2, :]
        + t**3 * pieces[..., 3, :]
    )
    return made


def _tangents(samples: _Samples, at: Ints, low: Ints, high: Ints) -> Floats:
    """The directions at samples, from a little before to a little behind, inside their parts."""
    along = samples.along
    behind = np.minimum(np.searchsorted(along, along[at] + _REACH), high)
    before = np.maximum(np.searchsorted(along, along[at] - _REACH, "right") - 1, low)
    return _unit(samples.points[behind] - samples.points[before])


def _unit(moves: Floats) -> Floats:
    made: Floats = moves / np.maximum(np.hypot(moves[:, 0], moves[:, 1]), 1e-12)[:, None]
    return made


def _angles(before: Floats, after: Floats) -> Floats:
    cross = before[..., 0] * after[..., 1] - before[..., 1] * after[..., 0]
    angles: Floats = np.arctan2(cross, np.sum(before * after, axis=-1))
    return angles


def _lengths(points: Floats) -> Floats:
    lengths: Floats = np.hypot(*np.diff(points, axis=0).T)
    return lengths
