"""Where elements of SVG lie: transforms, view boxes and units (W3C SVG 1.1, chapter 7), as matrices."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from .svg_paths import IDENTITY, Matrix

_UNITS = {"": 1.0, "px": 1.0, "pt": 96 / 72, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0}  # pixels
_MM = 25.4 / 96  # of a pixel
_LENGTH = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(px|pt|pc|mm|cm|in|)\s*")
_FUNCTION = re.compile(r"[\s,]*+(matrix|translate|scale|rotate|skewX|skewY)\s*+\(([^()]{0,300})\)")
_SHARES = {"Min": 0.0, "Mid": 0.5, "Max": 1.0}


def times(one: Matrix, other: Matrix) -> Matrix:
    """First the other, then the one."""
    a, b, c, d, e, f = one
    g, h, i, j, k, m = other
    return a * g + c * h, b * g + d * h, a * i + c * j, b * i + d * j, a * k + c * m + e, b * k + d * m + f


def by_transform(text: str) -> Matrix:
    """Of the attribute transform. Raises ValueError for what is none.

    >>> by_transform("translate(10) scale(2)")
    (2.0, 0.0, 0.0, 2.0, 10.0, 0.0)
    """
    matrix, at = IDENTITY, 0
    text = text.strip()
    while found := _FUNCTION.match(text, at):
        numbers = _numbers(found[2])
        matrix, at = times(matrix, _function(found[1], numbers)), found.end()
    if text[at:].strip(" ,"):
        raise ValueError(f"{text[at : at + 40]!r} is no transform")
    return matrix


def _function(name: str, numbers: list[float]) -> Matrix:
    match name, numbers:
        case "matrix", [a, b, c, d, e, f]:
            return a, b, c, d, e, f
        case "translate", [x, *rest] if len(rest) < 2:
            return 1.0, 0.0, 0.0, 1.0, x, rest[0] if rest else 0.0
        case "scale", [x, *rest] if len(rest) < 2:
            return x, 0.0, 0.0, rest[0] if rest else x, 0.0, 0.0
        case "rotate", [angle, *centre] if len(centre) in (0, 2):
            x, y = centre or (0.0, 0.0)
            cos, sin = math.cos(math.radians(angle % 360)), math.sin(math.radians(angle % 360))
            return cos, sin, -sin, cos, x - cos * x + sin * y, y - sin * x - cos * y
        case "skewX" | "skewY", [angle]:
            slope = math.tan(math.radians(angle % 360))
            return (1.0, 0.0, slope, 1.0, 0.0, 0.0) if name == "skewX" else (1.0, slope, 0.0, 1.0, 0.0, 0.0)
    raise ValueError(f"{name} has {len(numbers)} numbers")


def by_viewport(attributes: Mapping[str, str], *, outermost: bool) -> Matrix:
    """Of an <svg> with its x, y, width, height, viewBox and preserveAspectRatio; the outermost to mm."""
    box = _numbers(attributes.get("viewBox", ""))
    if len(box) not in (0, 4) or (box and not (0 < box[2] < math.inf and 0 < box[3] < math.inf)):
        raise ValueError("its viewBox is not x, y, width and height")
    wide, high = _length(attributes.get("width", "")), _length(attributes.get("height", ""))
    place = IDENTITY
    if not outermost:
        x, y = (_length(attributes.get(key, "")) or 0.0 for key in ("x", "y"))
        place = 1.0, 0.0, 0.0, 1.0, x, y
    if box:
        # What the document does not say follows from the other side, as in a window of that shape.
        wide = wide or (high * box[2] / box[3] if high else box[2])
        high = high or wide * box[3] / box[2]
        scales = wide / box[2], high / box[3]
        words = attributes.get("preserveAspectRatio", "").split()
        if words[:1] != ["none"]:
            scales = ((max if "slice" in words else min)(scales),) * 2
        aligned = re.fullmatch(r"x(Min|Mid|Max)Y(Min|Mid|Max)", words[0] if words else "xMidYMid")
        shares = [_SHARES[word] for word in aligned.groups()] if aligned else [0.0, 0.0]
        moves = [
            share * (room - scale * side) - scale * corner
            for share, room, scale, side, corner in zip(shares, (wide, high), scales, box[2:], box[:2], strict=True)
        ]
        place = times(place, (scales[0], 0.0, 0.0, scales[1], moves[0], moves[1]))
    return times((_MM, 0.0, 0.0, _MM, 0.0, 0.0), place) if outermost else place


def _numbers(text: str) -> list[float]:
    try:
        return [float(word) for word in text.replace(",", " ").split()]
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no list of numbers") from None


def _length(text: str) -> float | None:
    """Pixels above 0, or of a place any number; None where the document does not say, or says %, em."""
    found = _LENGTH.fullmatch(text)
    return float(found[1]) * _UNITS[found[2]] if found else None
