"""Path data of SVG (W3C SVG 1.1, chapter 8) as strokes of cubic curves, and these as points."""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from ..ink import Floats

Matrix = tuple[float, float, float, float, float, float]  # a b c d e f of SVG: x' = a x + c y + e, y' = b x + d y + f
Point = tuple[float, float]
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
MOST_NUMBERS = 300_000  # of a document's paths: five pages of seqgen's
MOST_STROKES = 30_000
_TURN = 0.12  # radians of a curve from point to point
_PIECES = 64  # of a curve, at most
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_COMMAND = re.compile(r"([MmLlHhVvCcSsQqTtAaZz])([^MmLlHhVvCcSsQqTtAaZz]*)")
_NUMBERS = re.compile(_NUMBER)
_PLAIN = re.compile(rf"(?:[\s,]*+{_NUMBER})*+[\s,]*+")
# The two flags of an arc may stand without a space: a1 1 0 0110 10.
_ARC = re.compile(
    rf"[\s,]*+({_NUMBER})[\s,]*+({_NUMBER})[\s,]*+({_NUMBER})[\s,]*+([01])[\s,]*+([01])[\s,]*+({_NUMBER})[\s,]*+({_NUMBER})[\s,]*+"
)
_COUNTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}


class Curves:
    """Strokes that grow by cubic curves. `numbers`: how many a document may still bring; ValueError for what is no path."""

    def __init__(self) -> None:
        self.numbers = MOST_NUMBERS
        self.controls = array("d")  # of each curve: two controls and an end, x and y, placed
        self.starts = array("d")  # of each stroke, placed
        self.lengths: list[int] = []  # curves of each stroke
        self.closed = 0  # strokes that end with Z
        self.matrix = IDENTITY

    def move(self, x: float, y: float) -> None:
        if len(self.lengths) == MOST_STROKES:
            raise ValueError("the document has too many strokes; cut it into several")
        self.starts.extend(self._placed(x, y))
        self.lengths.append(0)

    def curve(self, *points: Point) -> None:
        for x, y in points:
            self.controls.extend(self._placed(x, y))
        self.lengths[-1] += 1

    def line(self, x: float, y: float) -> None:
        start = self.controls[-2:] if self.lengths[-1] else self.starts[-2:]
        end = self._placed(x, y)
        for share in (1 / 3, 2 / 3):  # on the way
            self.controls.extend((start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])))
        self.controls.extend(end)
        self.lengths[-1] += 1

    def _placed(self, x: float, y: float) -> Point:
        a, b, c, d, e, f = self.matrix
        return a * x + c * y + e, b * x + d * y + f

    def path(self, data: str) -> None:
        """Adds the strokes of path data, each moveto begins one. Raises ValueError for what is no path data."""
        at = start = (0.0, 0.0)
        control, kind = at, ""  # of the curve before, which S and T reflect
        opened = False
        rest = data.lstrip()
        if rest and rest[0] not in "Mm":
            raise ValueError("it does not begin with M")
        for found in _COMMAND.finditer(rest):
            letter, wanted = found[1].upper(), _COUNTS[found[1].upper()]
            relative = found[1].islower()
            groups = list(_groups(letter, found[2]))
            self.numbers -= wanted * len(groups) + 1
            if self.numbers < 0:
                raise ValueError("the document has too many numbers; cut it into several")
            if letter == "Z":
                if opened and at != start:
                    self.line(*start)
                self.closed += opened
                at, opened, kind = start, False, "Z"
                continue
            for number, group in enumerate(groups):
                x, y = at
                dx, dy = at if relative else (0.0, 0.0)
                if letter == "M" and number == 0:
                    at = start = group[0] + dx, group[1] + dy
                    self.move(*at)
                    opened, kind = True, "M"
                    continue
                if not opened:  # after Z
                    self.move(*at)
                    opened = True
                if letter in "HV":
                    at = (group[0] + dx, y) if letter == "H" else (x, group[0] + dy)
                    self.line(*at)
                elif letter in "ML":
                    at = group[0] + dx, group[1] + dy
                    self.line(*at)
                elif letter == "A":
                    end = group[5] + dx, group[6] + dy
                    for curve in _arc(at, end, *group[:5]):
                        self.curve(*curve)
                    at = end
                else:
                    points = [(group[i] + dx, group[i + 1] + dy) for i in range(0, wanted, 2)]
                    if letter in "ST":
                        smooth = kind in ("CS" if letter == "S" else "QT")
                        points.insert(0, (2 * x - control[0], 2 * y - control[1]) if smooth else at)
                    control, at = points[-2:]
                    if letter in "QT":
                        first, last = ((p[0] + 2 * control[0], p[1] + 2 * control[1]) for p in ((x, y), at))
                        points = [(first[0] / 3, first[1] / 3), (last[0] / 3, last[1] / 3), at]
                    self.curve(*points)
                kind = letter

    def strokes(self) -> list[Floats]:
        """Points of every stroke: the ends of curves, and as many between that none turns more than 0.12 radians."""
        lengths = np.array(self.lengths, np.int64)
        ends = np.array(self.controls).reshape(-1, 3, 2)
        starts = np.array(self.starts).reshape(-1, 2)
        first = np.cumsum(lengths) - lengths  # the first curve of each stroke
        begins = np.empty((len(ends), 2))
        begins[1:] = ends[:-1, 2]
        some = lengths > 0
        begins[first[some]] = starts[some]
        with np.errstate(over="ignore", invalid="ignore"):  # `Ink` refuses what is infinite
            sides = np.diff(np.concatenate([begins[:, None], ends], axis=1), axis=1)
            pieces = np.clip(np.ceil(_turns(sides) / _TURN), 1, _PIECES).astype(np.int64)
            which = np.repeat(np.arange(len(ends)), pieces)
            t = ((np.arange(len(which)) - np.repeat(np.cumsum(pieces) - pieces, pieces) + 1) / pieces[which])[:, None]
            s = 1 - t
            one, two, end = (ends[which, i] for i in range(3))
            points = s**3 * begins[which] + 3 * s * s * t * one + 3 * s * t * t * two + t**3 * end
        upto = np.concatenate([[0], np.cumsum(pieces)])[np.concatenate([first, [len(ends)]])]
        return [
            np.concatenate([starts[i : i + 1], points[begin:end]])
            for i, (begin, end) in enumerate(pairwise(upto.tolist()))
        ]


def _turns(sides: Floats) -> Floats:
    """How far each polygon of three sides turns, in radians, [N, 3, 2] to [N]: the curve in it turns no farther."""
    sides = np.where(np.any(sides != 0, axis=2, keepdims=True), sides, np.nan)
    # A side of no length has the direction of the next one.
    middle = np.where(np.isnan(sides[:, 1]), np.where(np.isnan(sides[:, 0]), sides[:, 2], sides[:, 0]), sides[:, 1])
    first = np.where(np.isnan(sides[:, 0]), middle, sides[:, 0])
    last = np.where(np.isnan(sides[:, 2]), middle, sides[:, 2])
    turns = np.zeros(len(sides))
    for before, after in ((first, middle), (middle, last)):
        crossed = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
        turns += np.abs(np.arctan2(crossed, np.sum(before * after, axis=1)))
    return np.nan_to_num(turns)


def _groups(letter: str, body: str) -> Iterator[list[float]]:
    """The numbers of each segment of a command."""
    wanted = _COUNTS[letter]
    if letter == "A":
        at = 0
        while at < len(body) and (found := _ARC.match(body, at)):
            yield [float(number) for number in found.groups()]
            at = found.end()
        if at < len(body) or not body:
            raise ValueError(f"it has {body[at : at + 20]!r} in an arc")
        return
    if not _PLAIN.fullmatch(body):
        raise ValueError(f"it has {body[:20]!r} where numbers should be")
    numbers = [float(number) for number in _NUMBERS.findall(body)]
    if (wanted == 0 and numbers) or (wanted and (not numbers or len(numbers) % wanted)):
        raise ValueError(f"{letter} has {len(numbers)} numbers; wanted {wanted} for each")
    if not wanted:
        yield []
    for begin in range(0, len(numbers), wanted or 1):
        yield numbers[begin : begin + wanted]


def _arc(
    start: Point, end: Point, rx: float, ry: float, degrees: float, large: float, sweep: float
) -> Iterator[tuple[Point, Point, Point]]:
    """An elliptical arc as curves of at most a quarter each (SVG 1.1, appendix F.6)."""
    if start == end:
        return
    rx, ry, angle = abs(rx), abs(ry), math.radians(degrees % 360)
    if not (rx > 0 and ry > 0 and math.isfinite(rx) and math.isfinite(ry)):
        yield start, end, end
        return
    cos, sin = math.cos(angle), math.sin(angle)
    dx, dy = (start[0] - end[0]) / 2, (start[1] - end[1]) / 2
    x, y = (cos * dx + sin * dy) / rx, (cos * dy - sin * dx) / ry  # where the ellipse is a circle of radius 1
    reach = math.hypot(x, y)
    if not (1e-9 < reach < math.inf):
        yield start, end, end
        return
    grown = max(reach, 1.0)
    rx, ry, x, y = rx * grown, ry * grown, x / grown, y / grown
    reach = min(reach, 1.0)
    aside = math.sqrt(max(1 / reach**2 - 1, 0.0)) * (1 if large != sweep else -1)
    cx, cy = aside * y, -aside * x
    first = math.atan2(y - cy, x - cx)
    turn = math.atan2(-y - cy, -x - cx) - first
    turn += 2 * math.pi * ((sweep and turn < 0) - (not sweep and turn > 0))
    count = max(math.ceil(abs(turn) / (math.pi / 2) - 1e-9), 1)
    step = turn / count
    pull = 4 / 3 * math.tan(step / 4)
    middle = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2

    def placed(u: float, v: float) -> Point:
        u, v = rx * (u + cx), ry * (v + cy)
        return cos * u - sin * v + middle[0], sin * u + cos * v + middle[1]

    for number in range(count):
        a, b = first + number * step, first + (number + 1) * step
        yield (
            placed(math.cos(a) - pull * math.sin(a), math.sin(a) + pull * math.cos(a)),
            placed(math.cos(b) + pull * math.sin(b), math.sin(b) - pull * math.cos(b)),
            end if number == count - 1 else placed(math.cos(b), math.sin(b)),
        )
