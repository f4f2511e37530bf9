"""How a hand moves a pen: the sigma-lognormal model of fast movements, and thinning to a few points a letter.

A stroke is a chain of moves from target to target; each has a bell of speed (a lognormal over time), and begins before
the one before has ended. That overlap alone rounds the corners and slows the pen in curves.
Source: R. Plamondon, "A kinematic theory of rapid human movements", Biological Cybernetics 72, 1995.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from .hands import Hand

Floats = NDArray[np.float64]

_STEP = 0.012  # seconds between samples, before thinning
_CORNER = 1.25  # radians: where the path turns by more, the pen nearly stops
_ERROR = 0.02  # x-heights: how far a chord of the thinned stroke may lie from the stroke
_FARTHEST = 0.4  # x-heights between two points, about
_TURN = 0.8  # how much of the turn at its ends a move bends itself; the overlap does the rest


def draw(targets: Floats, hand: Hand, chance: Generator) -> tuple[Floats, Floats]:
    """The stroke through about `targets` [N, 2], x-heights: its points [M, 2], and times [M] from 0 in seconds."""
    moves = np.diff(targets, axis=0)
    length = np.hypot(*moves.T)
    keep = length > 1e-3
    moves, length = moves[keep], length[keep]
    if not len(moves):
        return targets[:1].copy(), np.zeros(1)
    heading = np.arctan2(moves[:, 1], moves[:, 0])
    corner = _wrapped(np.diff(heading))  # the exterior angle at every target between two moves
    sharp = np.abs(corner) > _CORNER
    smooth = np.where(sharp, 0.0, corner)
    ends = [0.0] if not len(corner) else [smooth[0], smooth[-1]]
    turn = _TURN * 0.5 * (np.append(ends[0], smooth) + np.append(smooth, ends[-1]))
    turn = np.clip(turn * (1 + 0.1 * chance.standard_normal(len(turn))), -1.5, 1.5)

    duration = hand.tempo * (length / 0.5) ** 0.33 * np.exp(0.08 * chance.standard_normal(len(length)))
    asymmetry = np.clip(0.12 * np.exp(0.2 * chance.standard_normal(len(length))), 0.03, 0.4)
    overlap = np.clip(hand.overlap * np.exp(0.1 * chance.standard_normal(len(length))), 0.1, 0.9)
    overlap[1:] *= np.where(sharp, 0.35, 1.0)
    start = np.append(0.0, np.cumsum(duration[:-1] * (1 - overlap[1:])))
    end = float((start + duration).max())
    time = np.linspace(0.0, end, max(4, int(end / _STEP) + 1))
    progress = _progress(time[:, None] - start, duration, asymmetry)  # [samples, moves]
    return _thinned(targets[0] + _arcs(progress, length, heading, turn), time)


def _progress(time: Floats, duration: Floats, asymmetry: Floats) -> Floats:
    """How much of each move is done: a lognormal's distribution function, 0 at its start and 1 after `duration`."""
    spread = np.sqrt(-np.log1p(-asymmetry))
    centre = 3 * spread - np.log(np.expm1(6 * spread) / duration)
    late = time + np.exp(centre - 3 * spread)
    done = _normal_cdf((np.log(np.maximum(late, 1e-12)) - centre) / spread)
    low, high = 0.0013498980316300933, 0.9986501019683699  # of a normal at -3 and 3: nothing is left over
    share: Floats = np.clip((done - low) / (high - low), 0.0, 1.0)
    return share


def _normal_cdf(z: Floats) -> Floats:
    """Within 1e-7. Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.17."""
    t = 1 / (1 + 0.2316419 * np.abs(z))
    series = t * (
        0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429)))
    )  # fmt: skip
    tail = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi) * series
    below: Floats = np.where(z > 0, 1 - tail, tail)
    return below


def _arcs(progress: Floats, length: Floats, heading: Floats, turn: Floats) -> Floats:
    """Where all moves together have brought the pen, [samples, 2]: each runs along an arc over its chord."""
    turn = np.where(np.abs(turn) < 1e-4, 1e-4, turn)
    radius = length / (2 * np.sin(turn / 2))
    begin = heading - turn / 2
    angle = begin + turn * progress
    x = radius * (np.sin(angle) - np.sin(begin))
    y = radius * (np.cos(begin) - np.cos(angle))
    return np.stack([x.sum(axis=1), y.sum(axis=1)], axis=1)


def _thinned(points: Floats, time: Floats) -> tuple[Floats, Floats]:
    """As few points as keep every chord within about `_ERROR` of the stroke: dense in curves, wide on straights.

    A chord of length h lies h * h * curvature / 8 from its arc, so steps are equal in the square root of curvature.
    """
    way = np.diff(points, axis=0)
    length = np.hypot(*way.T)
    heading = np.arctan2(way[:, 1], way[:, 0])
    turn = np.abs(_wrapped(np.diff(heading))) * (np.minimum(length[1:], length[:-1]) > 1e-6)
    turn = 0.5 * (np.append(turn, 0.0) + np.append(0.0, turn))
    effort = np.sqrt(length * (turn / (8 * _ERROR) + length / _FARTHEST**2))
    done = np.append(0.0, np.cumsum(effort + 1e-9))
    at = np.linspace(0.0, done[-1], max(2, round(done[-1]) + 1))
    thin = np.stack([np.interp(at, done, points[:, 0]), np.interp(at, done, points[:, 1])], axis=1)
    return thin, np.interp(at, done, time)


def _wrapped(angle: Floats) -> Floats:
    return (angle + np.pi) % (2 * np.pi) - np.pi
