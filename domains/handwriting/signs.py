"""What is drawn for letters and signs that a model has not learned: marks above and below, and signs made of letters.

All lengths are x-heights, y down, upright, the baseline at 0.
"""
# ruff: noqa: RUF001 - signs that look like others are what it is about

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from .ink import Floats

Strokes = list[Floats]
Box = tuple[float, float, float, float]  # left, top, right, bottom


def _curve(function: Callable[[Floats], Sequence[Floats]], begin: float, end: float, count: int = 12) -> Floats:
    return np.stack(list(function(np.linspace(begin, end, count))), axis=1)


def _ring(radius: float, count: int = 16, begin: float = -2.0) -> Floats:
    return _curve(lambda t: (radius * np.cos(t), radius * np.sin(t)), begin, begin + 2 * np.pi + 0.25, count)


def _at(stroke: Floats, x: float, y: float) -> Floats:
    moved: Floats = stroke + np.array([x, y])
    return moved


def _line(*points: tuple[float, float]) -> Floats:
    knots = np.array(points, np.float64)
    at = np.linspace(0, len(knots) - 1, 4 * (len(knots) - 1) + 1)
    return np.stack([np.interp(at, np.arange(len(knots)), knots[:, i]) for i in range(2)], axis=1)


_DOT = np.array([[0.0, 0.0], [0.03, 0.03]])
# In x-heights, y down, the middle at 0, 0: what is drawn above a letter, and what below, from its baseline on.
ABOVE: dict[str, Strokes] = {
    "\u0301": [_line((0.2, -0.2), (-0.12, 0.16))],
    "\u0300": [_line((-0.2, -0.2), (0.12, 0.16))],
    "\u0302": [_line((-0.26, 0.16), (0.0, -0.18), (0.26, 0.16))],
    "\u030c": [_line((-0.26, -0.16), (0.0, 0.18), (0.26, -0.16))],
    "\u0308": [_at(_DOT, -0.22, 0.0), _at(_DOT, 0.22, 0.0)],
    "\u0307": [_DOT],
    "\u0303": [_curve(lambda t: (0.36 * t, -0.13 * np.sin(np.pi * t)), -1, 1)],
    "\u0304": [_line((-0.28, 0.0), (0.28, 0.0))],
    "\u0306": [_curve(lambda t: (0.26 * np.cos(t), 0.26 * np.sin(t) - 0.13), np.pi, 0)],
    "\u030a": [_ring(0.19)],
    "\u030b": [_line((0.0, -0.2), (-0.2, 0.16)), _line((0.3, -0.2), (0.1, 0.16))],
}
BELOW: dict[str, Strokes] = {
    "\u0327": [_curve(lambda t: (0.17 * np.sin(t) - 0.02, 0.2 - 0.17 * np.cos(t) + 0.06 * t / 4), 0, 4.2)],
    "\u0328": [_curve(lambda t: (0.12 - 0.2 * np.sin(t), 0.22 - 0.2 * np.cos(t)), 0, 3.6)],
}


class Sign(NamedTuple):
    """base: what the model writes. made: from the strokes of that and its box (left, top, right, bottom) what is shown,
    all in x-heights, upright; shift: how far what follows moves to the right, in x-heights."""

    base: str
    made: Callable[[Strokes, tuple[float, float, float, float]], Strokes]
    shift: float = 0.0


def _bars(*shares: float, reach: float = 0.12) -> Callable[[Strokes, Box], Strokes]:
    """Level strokes across a letter, at shares of its height from the top."""

    def made(strokes: Strokes, box: Box) -> Strokes:
        left, top, right, bottom = box
        heights = [top + share * (bottom - top) for share in shares]
        return [*strokes, *(_line((left - reach, y), (right - 0.15 * (right - left), y)) for y in heights)]

    return made


def _slash(strokes: Strokes, box: Box) -> Strokes:
    left, top, right, bottom = box
    return [*strokes, _line((right + 0.08, top - 0.12), (left - 0.08, bottom + 0.12))]


def _cross(strokes: Strokes, box: Box) -> Strokes:
    """A short stroke across a stem: through ł's middle, through đ's ascender on the right."""
    left, top, right, bottom = box
    x, y = (left + right) / 2, top + 0.45 * (bottom - top)
    return [*strokes, _line((x - 0.28, y + 0.14), (x + 0.28, y - 0.14))]


def _stem_bar(strokes: Strokes, box: Box) -> Strokes:
    _, top, right, bottom = box
    y = top + 0.2 * (bottom - top)
    return [*strokes, _line((right - 0.4, y), (right + 0.2, y))]


def _capital_bar(strokes: Strokes, box: Box) -> Strokes:
    left, top, _, bottom = box
    y = (top + bottom) / 2
    return [*strokes, _line((left - 0.25, y), (left + 0.3, y))]


def _circled(share: float) -> Callable[[Strokes, Box], Strokes]:
    """A letter made smaller in a circle around it."""

    def made(strokes: Strokes, box: Box) -> Strokes:
        middle = np.array([(box[0] + box[2]) / 2, -0.7])
        own = np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])
        return [*((stroke - own) * share + middle for stroke in strokes), _ring(0.75, 24) + middle]

    return made


def _raised(strokes: Strokes, box: Box) -> Strokes:
    return [_at(_ring(0.24), (box[0] + box[2]) / 2, -1.7)]


def _doubled(strokes: Strokes, box: Box) -> Strokes:
    """An S above another, smaller: §."""
    left, top, _, bottom = box
    corner, height = np.array([left, top]), (bottom - top) * 0.62
    upper = [(stroke - corner) * 0.62 + corner + (0.0, -0.1) for stroke in strokes]
    return [*upper, *(_at(stroke, 0.0, height * 0.68) for stroke in upper)]


def _quotes(count: int, turned: bool, low: bool = False) -> Callable[[Strokes, Box], Strokes]:
    """Small commas, high or low; turned ones open a quotation."""
    comma = _smooth(np.array([(-0.02, -0.2), (0.09, -0.17), (0.1, -0.02), (0.02, 0.12), (-0.1, 0.21)]))
    one = -comma[::-1] if turned else comma

    def made(strokes: Strokes, box: Box) -> Strokes:
        y = 0.05 if low else -1.75
        middle = (box[0] + box[2]) / 2
        return [_at(one, middle + 0.28 * (number - (count - 1) / 2), y) for number in range(count)]

    return made


def _dash(width: float) -> Callable[[Strokes, Box], Strokes]:
    def made(strokes: Strokes, box: Box) -> Strokes:
        return [_curve(lambda t: (box[0] + width * t, -0.5 - 0.03 * np.sin(np.pi * t)), 0, 1, 8)]

    return made


def _sharp_s(strokes: Strokes, box: Box) -> Strokes:
    """ß in the place of a letter: up the stem, over, and two bows down."""
    x = box[0] + 0.05
    stem = [(0.0, 0.35), (0.02, -0.6), (0.06, -1.3), (0.22, -1.72), (0.48, -1.75), (0.62, -1.5), (0.5, -1.18)]
    bows = [(0.28, -1.0), (0.55, -0.9), (0.72, -0.62), (0.68, -0.25), (0.48, -0.02), (0.22, -0.05)]
    return [_at(_smooth(np.array(stem + bows)), x, 0.0)]


def _smooth(knots: Floats) -> Floats:
    """A Catmull-Rom curve through points, four pieces from one to the next."""
    ends = np.concatenate([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    t = np.linspace(0, 1, 4, endpoint=False)[:, None]
    parts = []
    for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        parts.append(b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * b - 3 * c + d - a))))
    return np.concatenate([*parts, knots[-1:]])


def _joined(strokes: Strokes, box: Box) -> Strokes:
    return strokes


def _drawn(*parts: Floats, width: float) -> Callable[[Strokes, Box], Strokes]:
    """Strokes of its own that are `width` wide from 0 on, in the middle of where the letter was."""

    def made(strokes: Strokes, box: Box) -> Strokes:
        left = (box[0] + box[2] - width) / 2
        return [_at(part, left, 0.0) for part in parts]

    return made


def _twice(strokes: Strokes, box: Box) -> Strokes:
    """A dash above another: =."""
    middle = (box[1] + box[3]) / 2
    return [_at(stroke, 0.0, y - middle) for y in (-0.72, -0.36) for stroke in strokes]


def _turned(*knots: tuple[float, float]) -> Floats:
    return _smooth(np.array(knots))


_BRACE = _turned((0.45, -1.75), (0.25, -1.68), (0.22, -1.3), (0.2, -0.95), (0.0, -0.75), (0.2, -0.55), (0.22, -0.15),
                 (0.25, 0.25), (0.45, 0.32))  # fmt: skip
_MIRROR = np.array([-1.0, 1.0])


SIGNS: dict[str, Sign] = {
    "ø": Sign("o", _slash),
    "Ø": Sign("O", _slash),
    "ł": Sign("l", _cross),
    "Ł": Sign("L", _cross),
    "đ": Sign("d", _stem_bar),
    "ð": Sign("d", _stem_bar),
    "Đ": Sign("D", _capital_bar),
    "Ð": Sign("D", _capital_bar),
    "ß": Sign("n", _sharp_s),
    "æ": Sign("ae", _joined),
    "Æ": Sign("AE", _joined),
    "œ": Sign("oe", _joined),
    "Œ": Sign("OE", _joined),
    "€": Sign("C", _bars(0.42, 0.6)),
    "£": Sign("L", _bars(0.5)),
    "¥": Sign("Y", _bars(0.55, 0.72, reach=-0.1)),
    "¢": Sign("c", _slash),
    "°": Sign("o", _raised),
    "§": Sign("S", _doubled),
    "©": Sign("c", _circled(0.6), 0.35),
    "®": Sign("R", _circled(0.42), 0.35),
    "‘": Sign("'", _quotes(1, turned=True)),
    "’": Sign("'", _quotes(1, turned=False)),
    "‚": Sign(",", _quotes(1, turned=False, low=True)),
    "“": Sign('"', _quotes(2, turned=True)),
    "”": Sign('"', _quotes(2, turned=False)),
    "„": Sign('"', _quotes(2, turned=False, low=True)),
    "–": Sign("-", _dash(0.9), 0.35),
    "—": Sign("-", _dash(1.6), 1.05),
    "…": Sign("...", _joined),
    # Signs on every keyboard and hardly in any ink that people gave: drawn where they were too seldom to be learned.
    "@": Sign(
        "0",
        _drawn(
            _turned(
                (1.02, -0.85),
                (0.78, -0.98),
                (0.52, -0.72),
                (0.56, -0.38),
                (0.8, -0.36),
                (1.0, -0.62),
                (1.06, -0.92),
                (1.03, -0.52),
                (1.16, -0.32),
                (1.42, -0.56),
                (1.44, -1.02),
                (1.1, -1.42),
                (0.6, -1.42),
                (0.16, -1.06),
                (0.06, -0.46),
                (0.34, 0.06),
                (0.86, 0.2),
                (1.3, 0.02),
            ),
            width=1.5,
        ),
        0.6,
    ),
    "&": Sign(
        "8",
        _drawn(
            _turned(
                (1.08, -0.02),
                (0.72, -0.42),
                (0.36, -0.96),
                (0.3, -1.34),
                (0.5, -1.58),
                (0.72, -1.38),
                (0.58, -1.04),
                (0.2, -0.68),
                (0.04, -0.34),
                (0.22, -0.03),
                (0.58, -0.06),
                (0.88, -0.36),
                (1.02, -0.7),
            ),
            width=1.08,
        ),
        0.25,
    ),
    "=": Sign("-", _twice),
    "~": Sign("-", _drawn(_curve(lambda t: (0.35 + 0.35 * t, -0.55 - 0.13 * np.sin(np.pi * t)), -1, 1), width=0.7)),
    "_": Sign("-", _drawn(_curve(lambda t: (t, 0.12 - 0.02 * np.sin(np.pi * t)), 0, 1, 8), width=1.0), 0.2),
    "+": Sign("-", _drawn(_line((0.36, -0.95), (0.34, -0.15)), _line((0.0, -0.52), (0.7, -0.56)), width=0.7)),
    "*": Sign(
        "-",
        _drawn(
            _line((0.3, -1.5), (0.28, -0.8)),
            _line((0.02, -1.3), (0.56, -0.98)),
            _line((0.56, -1.34), (0.0, -0.96)),
            width=0.56,
        ),
    ),
    "#": Sign(
        "0",
        _drawn(
            _line((0.42, -1.5), (0.22, 0.02)),
            _line((0.82, -1.5), (0.62, 0.02)),
            _line((0.08, -1.0), (1.02, -1.04)),
            _line((0.0, -0.48), (0.94, -0.52)),
            width=1.02,
        ),
        0.15,
    ),
    "%": Sign(
        "0",
        _drawn(
            _at(_ring(0.24), 0.24, -1.3), _line((1.02, -1.5), (0.12, 0.02)), _at(_ring(0.24), 0.96, -0.24), width=1.2
        ),
        0.3,
    ),
    "^": Sign("-", _drawn(_line((0.0, -1.1), (0.28, -1.65), (0.56, -1.1)), width=0.56)),
    "`": Sign("'", _drawn(_line((0.0, -1.8), (0.26, -1.45)), width=0.26)),
    "\\": Sign("/", _drawn(_line((0.0, -1.75), (0.75, 0.15)), width=0.75)),
    "[": Sign("(", _drawn(_line((0.4, -1.72), (0.04, -1.72), (0.0, 0.22), (0.38, 0.22)), width=0.4)),
    "]": Sign(")", _drawn(_line((0.0, -1.72), (0.36, -1.72), (0.38, 0.22), (0.0, 0.22)), width=0.4)),
    "{": Sign("(", _drawn(_BRACE, width=0.45)),
    "}": Sign(")", _drawn(_BRACE * _MIRROR + (0.45, 0.0), width=0.45)),
    "<": Sign("(", _drawn(_line((0.72, -1.12), (0.0, -0.58), (0.72, -0.08)), width=0.72), 0.2),
    ">": Sign(")", _drawn(_line((0.0, -1.12), (0.72, -0.58), (0.0, -0.08)), width=0.72), 0.2),
    "|": Sign("/", _drawn(_line((0.03, -1.85), (0.0, 0.4)), width=0.03)),
}
LIGATURES = {"æ", "Æ", "œ", "Œ"}  # drawn together: the second letter moves up to the first
