"""The letters of two Hershey faces as pen paths, in x-heights: which part is drawn first, and where letters join.

The faces were cut for plotters: strokes in no writer's order, double lines for brackets, signs wider than letters.
The tables below put them right; `#1` stands for the font's own part 1, a pair of numbers for a point in font units
(x from the left margin, y up from the baseline), `|` lifts the pen, and what stands before `>` is drawn only by a pen
that comes from the letter before.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqgen.errors import DataError

Floats = NDArray[np.float64]

PRINTABLE = "".join(map(chr, range(32, 127)))
_KEPT = 0.035  # x-heights: a corner of the font that bends a line less than this is no target of the pen
_DOT = 1.1  # font units

# Print: letters in one stroke where a pen would not be lifted, and signs of the size of letters.
_PRINT: dict[str, tuple[float, str]] = {
    "a": (19, "#1 #0"),
    "b": (19, "#0 #1"),
    "d": (19, "#1 #0"),
    "g": (19, "#1 #0"),
    "h": (19, "#0 #1"),
    "i": (8, "4,14 4,0 | 4,20 ."),
    "j": (10, "6,14 6,-3 5,-6 3,-7 1,-7 | 6,20 ."),
    "k": (17, "4,21 4,0 | 14,14 4,5 15,0"),
    "l": (10, "4,21 4,4 5,1 8,0"),
    "m": (30, "#0 #1 #2"),
    "n": (19, "#0 #1"),
    "p": (19, "#0 #1"),
    "q": (20, "#1 15,14 15,-7 19,-4"),
    "r": (14, "#0 #1"),
    "u": (19, "#0 #1"),
    "v": (16, "2,14 8,0 14,14"),
    "w": (22, "3,14 7,0 11,14 15,0 19,14"),
    "z": (17, "3,14 14,14 3,0 14,0"),
    "A": (18, "1,0 9,21 17,0 | 4,7 14,7"),
    "B": (21, "#0 | #1 #2"),
    "E": (20, "4,21 4,0 17,0 | 4,21 17,21 | 4,11 13,11"),
    "G": (21, "#0 13,8"),
    "I": (14, "7,21 7,0 | 3,21 11,21 | 3,0 11,0"),
    "K": (20, "4,21 4,0 | 17,21 4,9 18,0"),
    "L": (17, "4,21 4,0 16,0"),
    "M": (24, "4,0 4,21 12,2 20,21 20,0"),
    "N": (22, "4,0 4,21 18,0 18,21"),
    "R": (21, "#0 | #1 10,11 18,0"),
    "V": (18, "1,21 9,0 17,21"),
    "W": (24, "2,21 7,0 12,19 17,0 22,21"),
    "Y": (18, "1,21 9,10 | 17,21 9,10 9,0"),
    "Z": (20, "3,21 17,21 3,0 17,0"),
    "0": (18, "9,21 6,20 4,17 3,12 3,9 4,4 6,1 9,0 12,1 14,4 15,9 15,12 14,17 12,20 9,21"),
    "1": (15, "4,17 6,18 9,21 9,0"),
    "7": (20, "3,21 17,21 7,0"),
    "!": (10, "5,21 5,6 | 5,1 ."),
    '"': (13, "4,21 4,15 | 9,21 9,15"),
    "#": (22, "11,20 6,0 | 17,20 12,0 | 4,14 19,14 | 3,7 18,7"),
    "$": (20, "#2 | 10,25 10,-4"),
    "%": (
        24,
        "6,21 3,20 2,17 3,14 6,13 9,14 10,17 9,20 6,21 | 20,21 4,0 | 18,8 15,7 14,4 15,1 18,0 21,1 22,4 21,7 18,8",
    ),
    "'": (8, "4,21 4,15"),
    "(": (12, "10,24 7,20 5,14 4,9 5,4 7,-2 10,-6"),
    ")": (12, "2,24 5,20 7,14 8,9 7,4 5,-2 2,-6"),
    "*": (16, "8,21 8,11 | 3.5,18.5 12.5,13.5 | 12.5,18.5 3.5,13.5"),
    "+": (20, "10,15 10,3 | 4,9 16,9"),
    ",": (9, "5,2 5,0 3,-4"),
    "-": (17, "4,8 13,8"),
    ".": (9, "4,1 ."),
    "/": (18, "16,23 2,-3"),
    ":": (9, "4,11 . | 4,1 ."),
    ";": (9, "5,11 . | 5,2 5,0 3,-4"),
    "<": (20, "16,16 4,9 16,2"),
    "=": (20, "4,12 16,12 | 4,6 16,6"),
    ">": (20, "4,16 16,9 4,2"),
    "?": (18, "#0 | 9,1 ."),
    "@": (27, "#0 #2"),
    "[": (13, "10,24 4,24 4,-6 10,-6"),
    "\\": (18, "2,23 16,-3"),
    "]": (13, "3,24 9,24 9,-6 3,-6"),
    "^": (18, "4,14 9,21 14,14"),
    "_": (18, "1,-3 17,-3"),
    "`": (12, "4,21 8,17"),
    "{": (14, "11,24 8,23 7,20 7,13 6,10 3,9 6,8 7,5 7,-2 8,-5 11,-6"),
    "|": (8, "4,24 4,-6"),
    "}": (14, "3,24 6,23 7,20 7,13 8,10 11,9 8,8 7,5 7,-2 6,-5 3,-6"),
    "~": (22, "3,7 5,10 8,11 11,10 14,8 17,8 19,11"),
}
_OVER = "0,5 2.5,7.8 5.5,9.2"  # over the top of a round letter, which is then drawn back along the same line
_BOWL = "11.5,7.8 9,9 7,9 5,8 4,7 3,5 3,3 4,1 6,0 8,0 10,1 11,3"
# Joined: round letters come from above, o b v w leave above; the rest enters and leaves at 5 of the 9 units.
_JOINED: dict[str, tuple[float, str]] = {
    "a": (19, f"{_OVER} 9,9 > {_BOWL} 13,9 12,4 12,1 13,0 14,0 16,1 17,2 19,5"),
    "b": (14, "0,5 2,8 5,13 6,15 7,18 7,20 6,21 4,20 3,18 2,14 1,7 1,1 2,0 3,0 5,1 7,3 8,6 8,9 8.5,7 10,6.6 12,7 14,8"),
    "c": (14, f"{_OVER} 8.5,9 > 10,7 9,8.6 7,9 5,8 4,7 3,5 3,3 4,1 6,0 9,0 12,2 14,5"),
    "d": (19, f"{_OVER} 9,9 > {_BOWL} 17,21 12.5,6 12,1 13,0 14,0 16,1 17,2 19,5"),
    "e": (12, "0,5 3,4.6 6,6.2 7,8 6,9 5,9 3,8 2,6 2,3 3,1 5,0 7,0 9,1 10,2 12,5"),
    "g": (18, f"{_OVER} 9,9 > {_BOWL} 13,9 11,2 7,-9 6,-11 4,-12 3,-11 3,-9 4,-6 7,-3 10,-1 12,0 15,2 18,5"),
    "h": (15, "#0 #1"),
    "i": (7, "#1 | 3.4,14 ."),
    "j": (7, "#1 | 3.4,14 ."),
    "k": (14, "#0 #1 #2"),
    "m": (25, "#0 #1 #2"),
    "n": (18, "#0 #1"),
    "o": (15, f"{_OVER} > 8.5,9 7,9 5,8 4,7 3,5 3,3 4,1 6,0 8,0 10,1 11.5,3.5 11.5,6 10.5,8 8.5,9 9,7.4 11,6.8 13,7 15,8"),
    "p": (15, "0,5 2,8 3,10 2,6 -4,-12 2,6 3,8 5,9 7,9 9,8 10,6 10,4 9,2 8,1 6,0 4,0 2,1 4,0 7,0 10,1 12,2 15,5"),
    "q": (18, f"{_OVER} 9,9 > {_BOWL} 13,9 12,6 7,-6 6,-9 6,-11 7,-12 9,-11 10,-8 10,-1 12,0 15,2 18,5"),
    "s": (12, "0,5 2,8 3,10 4,8 6,5 7,3 7,1 5,0 3,0 1,1.2 3,0 6,0 9,1 10,2 12,5"),
    "t": (9, "0,5 2,8 5,16 1.2,4 1,1 2,0 4,0 6,1 7,2 9,5 | 1,12.5 7.5,12.5"),
    "u": (15, "#0 #1"),
    "v": (16, "0,5 2,8 3.2,9 4,8 4.6,3 6,0 8,2.5 9.5,6 10,9 10.5,7.2 12,6.8 14,7 16,8"),
    "w": (22, "0,5 2,9 1.6,4 2,1 3.5,0 5,0 7,1.5 8.5,4 9.5,9 9,4 9.3,1 11,0 12.5,0 14.5,1.5 16,5 16.5,9 17,7.2 18.5,6.8 20,7 22,8"),
    "y": (15, "#0 #1"),
    "Q": (21, "12,21 8,20 5,16 4,11 4,5 6,1 10,0 14,2 17,7 18,13 16,19 12,21 | 11,6 14,2 20,-1"),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Glyph:
    """One letter: `parts` are strokes [N, 2] in x-heights, y up; `lead` points of the first are for a join only.

    advance: x-heights to the next letter. joins: its first part may be drawn on from, and into, the next letter.
    """

    parts: tuple[Floats, ...]
    advance: float
    lead: int
    joins: bool


@cache
def alphabet(face: str) -> dict[str, Glyph]:
    """The 95 printable ASCII characters in "futural" (print) or "cursive" (joined letters, the signs of print).

    Raises DataError when the package hershey-fonts is not installed.
    """
    if face == "futural":
        return _read("futural", 14, _PRINT)
    letters = _read("cursive", 9, _JOINED)
    others = {character: glyph for character, glyph in alphabet("futural").items() if not character.isalpha()}
    signs = {
        character: Glyph(tuple(1.2 * part for part in glyph.parts), 1.2 * glyph.advance, 0, False)
        for character, glyph in others.items()
    }
    return {character: signs.get(character, letters[character]) for character in PRINTABLE}


def _read(face: str, x_height: float, table: dict[str, tuple[float, str]]) -> dict[str, Glyph]:
    try:
        from HersheyFonts import HersheyFonts
    except ImportError:
        raise DataError(
            "synthetic-ink draws the letters of the package hershey-fonts, which is not installed: "
            "pip install 'seqgen[ink]'"
        ) from None
    fonts = HersheyFonts()
    fonts.load_default_font(face)
    return {
        character: _glyph(character, fonts.all_glyphs[character], x_height, *table.get(character, (None, None)))
        for character in PRINTABLE
    }


def _glyph(character: str, font: Any, x_height: float, advance: float | None, drawn: str | None) -> Glyph:
    own = [
        [(float(x - font.left_offset), float(font.base_line - y)) for x, y in stroke]
        for stroke in font.strokes
    ]  # fmt: skip
    parts = own if drawn is None else [_points(part, own) for part in drawn.split("|")]
    lead = len(_points(drawn.split(">")[0], own)) if drawn and ">" in drawn.split() else 0
    width = font.char_width if advance is None else advance
    kept = [np.array(part) / x_height for part in parts]
    if kept and lead:
        kept[0] = np.concatenate([kept[0][:lead], _simplified(kept[0][lead:])])
    kept = [part if lead and i == 0 else _simplified(part) for i, part in enumerate(kept)]
    return Glyph(tuple(kept), width / x_height, lead, character.islower() or _leaves_low(kept, width / x_height))


def _points(drawn: str, own: list[list[tuple[float, float]]]) -> list[tuple[float, float]]:
    points: list[tuple[float, float]] = []
    for token in drawn.split():
        if token.startswith("#"):
            points += [point for point in own[int(token[1:])] if not points or point != points[-1]]
        elif token == ".":
            x, y = points[-1]
            points.append((x + _DOT * 0.5, y - _DOT))
        elif token != ">":
            across, _, up = token.partition(",")
            points.append((float(across), float(up)))
    return points


def _leaves_low(parts: list[Floats], advance: float) -> bool:
    """Whether a capital ends where a small letter begins: at the right margin, at half height."""
    return bool(parts) and abs(parts[-1][-1, 1] - 5 / 9) < 0.1 and advance - parts[-1][-1, 0] < 0.35


def _simplified(points: Floats) -> Floats:
    """Douglas-Peucker: the fewest points of a polyline that stay within `_KEPT` of it."""
    if len(points) < 3:
        return points
    first, last = points[0], points[-1]
    chord = last - first
    length = float(np.hypot(*chord))
    off = points[1:-1] - first
    far = np.abs(chord[0] * off[:, 1] - chord[1] * off[:, 0]) / length if length > 1e-9 else np.hypot(*off.T)
    # Beyond the ends of the chord the distance is to the end: a pen that goes back on its own line turns there.
    along = off @ chord / length**2 if length > 1e-9 else np.zeros(len(off))
    far = np.where((along < 0) | (along > 1), np.minimum(np.hypot(*off.T), np.hypot(*(points[1:-1] - last).T)), far)
    k = int(np.argmax(far)) + 1
    if far[k - 1] < _KEPT:
        return points[[0, -1]]
    return np.concatenate([_simplified(points[: k + 1])[:-1], _simplified(points[k:])])
