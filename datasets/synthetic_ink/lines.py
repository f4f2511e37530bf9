"""A text as one line of strokes: letters side by side, joined where the hand joins them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.random import Generator, Philox, SeedSequence
from numpy.typing import NDArray

from .glyphs import Glyph, alphabet
from .hands import Hand
from .pen import draw

Floats = NDArray[np.float64]

_SPACE = 1.0  # x-heights, before the hand's width
_HIGH = 0.7  # x-heights: o, b, v and w end above this, and the next letter begins there
_LOW = np.array([[0.11, 0.58], [0.22, 0.5]])  # after such an end the pen dips, to begin the loop of an e


def line(text: str, hand: Hand, chance: Generator) -> tuple[list[Floats], list[Floats]]:
    """The strokes [N, 2] of `text`, x-height 1, baseline 0, y up, and their times [N] in seconds from 0.

    Bars and dots are drawn right after their letter; the pen then goes back to where the letter ended.
    """
    font = alphabet(hand.face)
    planned: list[Floats] = []
    end: Floats | None = None  # where a joined letter ended, if the next may be drawn on from there
    attached = False  # whether that end is also the end of the last stroke
    edge = 0.0
    waves = chance.uniform(0.05, 0.3, 3), chance.uniform(0, 2 * np.pi, 3)
    for character in text:
        if character == " ":
            edge += _SPACE * hand.width * (1 + 0.06 * float(chance.standard_normal()))
            end = None
            continue
        glyph = font[character]
        joined = hand.joined and glyph.joins and character.islower() and end is not None
        parts = _shaped(glyph, character, hand, chance)
        first = parts[0]
        if hand.joined and character.islower() and not joined:
            first = first[glyph.lead :]
            edge -= 0.6 * float(first[:, 0].min())  # no room for a curve that is not drawn, more for a tail to the left
        elif joined and end is not None and end[1] > _HIGH:
            first = np.concatenate([_LOW, first[2:]]) if character == "e" else first[1:]
        placed = [_placed(part, edge, hand, waves) for part in (first, *parts[1:])]
        if joined and end is not None:
            if attached:
                planned[-1] = np.concatenate([planned[-1], _after(end, placed[0])])
            else:
                planned.append(np.concatenate([end[None], _after(end, placed[0])]))
        else:
            planned.append(placed[0])
        planned += placed[1:]
        end = placed[0][-1] if hand.joined and glyph.joins else None
        attached = len(placed) == 1
        edge += glyph.advance * hand.width + hand.tracking * (1 + 0.3 * float(chance.standard_normal()))
    return _timed(planned, hand, chance)


def _after(end: Floats, part: Floats) -> Floats:
    """The part without points that lie on the end of the letter before."""
    return part[1:] if np.hypot(*(part[0] - end)) < 0.15 and len(part) > 2 else part


def _timed(planned: list[Floats], hand: Hand, chance: Generator) -> tuple[list[Floats], list[Floats]]:
    strokes: list[Floats] = []
    times: list[Floats] = []
    now = 0.0
    for targets in planned:
        points, time = draw(targets, hand, chance)
        if strokes:
            now += hand.tempo * (0.6 + 0.5 * float(np.hypot(*(points[0] - strokes[-1][-1]))) ** 0.33)
        strokes.append(points)
        times.append(now + time)
        now = float(times[-1][-1])
    return strokes, times


@lru_cache(4096)
def _habit(seed: int, shape: float, character: str) -> Floats:
    """How this hand bends this letter, always the same: [2, 5] weights of x, y, x y, sin(2 x), sin(2 y)."""
    chance = Generator(Philox(SeedSequence([seed, ord(character)])))
    weights: Floats = shape * chance.standard_normal((2, 5)) * np.array([1.0, 1.0, 0.5, 0.5, 0.5])
    return weights


def _shaped(glyph: Glyph, character: str, hand: Hand, chance: Generator) -> list[Floats]:
    """The parts of a letter as this hand writes them this time; upright still, at the origin."""
    size = 1 + 0.02 * float(chance.standard_normal())
    angle = 0.012 * float(chance.standard_normal())
    habit = _habit(hand.seed, hand.shape, character)
    if hand.joined and glyph.joins:
        habit = 0.4 * habit  # the ends of a joined letter have to meet its neighbours
    middle = np.array([0.5 * glyph.advance, 0.5])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shaped = []
    for part in glyph.parts:
        x, y = (part - middle).T
        bent = part + np.stack([x, y, x * y, np.sin(2 * x), np.sin(2 * y)], axis=1) @ habit.T
        bent = (bent - middle) @ turn.T * size + middle
        extent = float(np.ptp(part, axis=0).max())  # a dot trembles less than a letter
        shaped.append(bent + min(1.0, 2 * extent) * hand.shake * chance.standard_normal(part.shape))
    return shaped


def _placed(part: Floats, edge: float, hand: Hand, waves: tuple[Floats, Floats]) -> Floats:
    x, y = part.T
    y = np.where(y > 1, 1 + (y - 1) * hand.ascent, y)
    x = edge + hand.width * x + np.tan(hand.slant) * y
    drift = hand.drift / 1.7 * np.sin(2 * np.pi * np.outer(x, waves[0]) + waves[1]).sum(axis=1)
    return np.stack([x, y + drift + hand.climb * x], axis=1)
