"""Omniglot: drawings of single characters as text, one a file, and zips of them."""

from __future__ import annotations

import os
import re
from itertools import pairwise
from pathlib import PurePosixPath

import numpy as np

from seqgen.errors import DataError

from ..ink import Ink
from .limits import Budget, ink_from, members, read_bytes

LARGEST = 4 * 2**20  # bytes of a drawing
LARGEST_ZIP = 64 * 2**20  # bytes, packed and unpacked
_UJI = re.compile(rb"^WORD \S+ \S+\s+NUMSTROKES \d", re.MULTILINE)
_HEAD = 2**16  # bytes in which the first character of UJIpenchars is looked for
_NAME = re.compile(r"(?:(?P<alphabet>[^/]+)/character(?P<character>\d{2})/)?\d{4}_(?P<drawer>\d{2})\.txt")


def read_omniglot(path: str | os.PathLike[str]) -> list[Ink]:
    """The drawings of a text file or of a zip of such files (found by content), in order.

    A file holds the line START, then "x,y,t" a point, y up from below, t in milliseconds, and BREAK after each stroke.
    `hand` is "drawer 01" to "drawer 20" by the file's name; `text` is the letter of the folders Latin/character01 to
    26, and None for other alphabets.

    Raises DataError for other files, and beyond 5,000,000 points, 500,000 strokes or 25,000 files.
    """
    name = os.fspath(path)
    raw = read_bytes(path, LARGEST_ZIP)
    if not raw.startswith(b"PK\x03\x04"):
        return [_drawing(raw, name, name)]
    inks: list[Ink] = []
    budget = Budget(name)
    for member, unpacked in members(raw, name, LARGEST_ZIP, lambda member: member.endswith(".txt")):
        inks.append(_drawing(unpacked, f"{name}[{member}]", member))
        budget.spend(inks[-1].points, len(inks[-1].strokes))
    if not inks:
        raise DataError(f"{name} is a zip without .txt files; wanted drawings of Omniglot")
    return inks


def _drawing(raw: bytes, name: str, path: str) -> Ink:
    if _UJI.search(raw[:_HEAD]):
        wanted = (
            '{"format": "seqgen-ink", "version": 1, "lines": [{"text": "a", "strokes": [[[x, y], ...], ...]}, ...]}'
        )
        raise DataError(
            f"{name} is UJIpenchars, single characters that seqgen has no reader for: turn each WORD and its POINTS into "
            f"a line of JSON, y down: {wanted}"
        )
    lines = raw[: LARGEST + 1].split()
    if not lines or lines[0] != b"START" or len(raw) > LARGEST:
        raise DataError(f"{name} is no drawing of Omniglot: wanted a short text, START, then x,y,t a line and BREAK")
    breaks = [0, *(index for index, line in enumerate(lines) if line == b"BREAK"), len(lines)]
    counts = [count for begin, end in pairwise(breaks) if (count := end - begin - 1) > 0]
    points = [line for line in lines[1:] if line != b"BREAK"]
    Budget(name).spend(len(points), len(counts))
    try:
        if any(line.count(b",") != 2 for line in points):
            raise ValueError
        numbers = np.array(b",".join(points).split(b",") if points else [], np.float64).reshape(-1, 3)
    except ValueError:
        raise DataError(f"{name} is damaged: a line is not x,y,t, three numbers; get the file again") from None
    strokes = np.split(numbers, np.cumsum(counts)[:-1]) if counts else []
    posix = PurePosixPath(path.replace("\\", "/"))
    found = _NAME.fullmatch("/".join(posix.parts[-3:])) or _NAME.fullmatch(posix.name)
    return ink_from(
        name,
        [stroke[:, :2] * (1.0, -1.0) for stroke in strokes],
        [stroke[:, 2] / 1000 for stroke in strokes],
        _letter(found["alphabet"], int(found["character"])) if found and found["alphabet"] else None,
        f"drawer {found['drawer']}" if found else None,
    )


def _letter(alphabet: str, character: int) -> str | None:
    return chr(ord("a") + character - 1) if alphabet == "Latin" and 1 <= character <= 26 else None
