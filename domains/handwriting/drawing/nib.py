"""A pen that gives more ink where it is slow: how wide a line is at each point, and its outline."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from ..ink import Floats, Ink
from .curves import GRID, Ints, curves, places

FINER = 4  # outlines lie on a grid as many times finer than that of the strokes
_POWER, _LEAST, _MOST = 0.45, 0.6, 1.7  # of speed; times the pen's width
_COUNT = 8  # places on a piece of a curve
_TIGHT, _SHARP = 0.8, 0.7  # of the line's width over its radius; radians from place to place
_CAP = np.linspace(0, np.pi, 9)


def pressures(ink: Ink) -> list[Floats]:
    """How wide the line is at each point of each stroke [N], in widths of the pen: above 1 where it was slower than usual.

    Speed is the distance from point to point over their times; without times points are taken to be equally far apart
    in time, as a pen gives them, and a model has learned them: closer where it turns.
    """
    speeds = []
    for number, stroke in enumerate(ink.strokes):
        moves = np.hypot(*np.diff(stroke, axis=0).T)
        if ink.times is not None:
            moves = moves / np.maximum(np.diff(ink.times[number]), 1e-3)
        speeds.append((np.append(moves[:1], moves) + np.append(moves, moves[-1:])) / 2 if len(moves) else np.zeros(1))
    every = np.concatenate(speeds)
    usual = float(np.median(every[every > 0])) if np.any(every > 0) else 1.0
    made = []
    for speed in speeds:
        width = np.clip((usual / np.maximum(speed, 1e-3 * usual)) ** _POWER, _LEAST, _MOST)
        for _ in range(3 if len(width) > 1 else 0):
            longer = np.concatenate([width[:1], width, width[-1:]])
            width = (longer[:-2] + 2 * width + longer[2:]) / 4
        made.append(width if len(width) > 1 else np.ones(1))
    return made


def brush(pieces: Ints, points: Floats, widths: Floats) -> tuple[Floats, Floats]:
    """Places along a curve [N, 2] in mm, and how wide it is there [N]; widths: at `points`, which it was made of."""
    along = places(pieces, _COUNT) / GRID
    there, here = (np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))]) for line in (points, along))
    kept = np.concatenate([[True], np.diff(here) > 1e-3])
    along, here = along[kept], here[kept]
    return along, np.interp(here / (here[-1] or 1.0), there / (there[-1] or 1.0), widths)


def outlines(pieces: Sequence[Ints], strokes: Sequence[Floats], widths: Sequence[Floats]) -> list[list[Ints]]:
    """What the pen covers of each stroke: closed curves [M, 4, 2] on a grid `FINER` times as fine as that of `curves`.

    They turn one way, so that the rule "nonzero" fills them together. Where the line turns in less than its own width it
    is parted: an edge that runs back would leave holes.
    """
    around = [_around(*brush(*stroke)) for stroke in zip(pieces, strokes, widths, strict=True)]
    made = iter(curves([FINER * edge for edges in around for edge in edges]))
    return [[next(made) for _ in edges] for edges in around]


def _around(along: Floats, wide: Floats) -> list[Floats]:
    """The edges of a line, closed, as points."""
    if len(along) == 1:
        circle = np.linspace(0, 2 * np.pi, 17)
        return [along + wide[:, None] / 2 * np.stack([np.cos(circle), np.sin(circle)], axis=1)]
    moves = np.diff(along, axis=0)
    angles = np.arctan2(moves[:, 1], moves[:, 0])
    turns = np.abs(np.angle(np.exp(1j * np.diff(angles))))
    lengths = np.hypot(*moves.T)
    tight = turns > np.minimum(_TIGHT * (lengths[:-1] + lengths[1:]) / wide[1:-1], _SHARP)
    cuts = np.concatenate([[0], np.flatnonzero(tight) + 1, [len(along) - 1]])
    return [_ribbon(along[a : b + 1], wide[a : b + 1] / 2) for a, b in itertools.pairwise(cuts)]


def _ribbon(along: Floats, half: Floats) -> Floats:
    """Around a line, with round ends, closed."""
    moves = np.diff(along, axis=0)
    moves /= np.hypot(*moves.T)[:, None]
    ahead = np.concatenate([moves[:1], moves[:-1] + moves[1:], moves[-1:]])
    ahead /= np.maximum(np.hypot(*ahead.T), 1e-9)[:, None]
    side = np.stack([ahead[:, 1], -ahead[:, 0]], axis=1)

    def cap(at: Floats, forth: Floats, out: Floats, size: float) -> Floats:
        made: Floats = at + size * (np.cos(_CAP)[:, None] * out + np.sin(_CAP)[:, None] * forth)
        return made[1:-1]

    edge, other = along + half[:, None] * side, along - half[:, None] * side
    last, first = cap(along[-1], ahead[-1], side[-1], half[-1]), cap(along[0], -ahead[0], -side[0], half[0])
    return np.concatenate([edge, last, other[::-1], first, edge[:1]])
