"""What the readers of ink share: the bytes of a stranger's file, the members of a zip, numbers, and stamps of time."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from seqgen.errors import DataError
from seqgen.files import reading

from ..ink import Floats, Ink

# Of one file: some 400 lines. A stroke of its own costs as much as twenty points.
MOST_READ = 300_000
MOST_STROKES = 15_000
PACKED_FILES = 5_000
_RIGHT = 0.9  # of the stamps of a line: with more wrong ones, its times mean nothing


read_bytes = partial(reading.read_bytes, too_large=", too large for ink; split it into several files")


def members(raw: bytes, name: str, limit: int, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """The files of a zip whose names are wanted, in its order: at most 5,000, unpacked at most `limit` bytes together.

    Raises DataError for what is damaged, encrypted, larger, or packed in another way than stored or deflated.
    """
    if raw.count(b"PK\x01\x02") > PACKED_FILES:
        raise DataError(f"{name} holds more than {PACKED_FILES:,} packed files; split it")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            for info in archive.infolist():
                if not wanted(info.filename):
                    continue
                if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # LZMA may ask for gigabytes
                    raise DataError(f"{name} is packed in an unusual way; pack it again, stored or deflated")
                with archive.open(info) as file:
                    unpacked = file.read(limit + 1)  # what the zip says about sizes proves nothing
                limit -= len(unpacked)
                if limit < 0:
                    raise DataError(f"{name} unpacks to more than ink needs; split it into several files")
                yield info.filename, unpacked
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError) as error:
        # RuntimeError: encrypted, or packed in a way unknown to Python
        raise DataError(f"{name} cannot be unpacked: {error}; it is damaged, get it again") from None


class Budget:
    """What one file may still bring; `spend` raises DataError when it is more."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.points, self.strokes = MOST_READ, MOST_STROKES

    def spend(self, points: int, strokes: int) -> None:
        self.points -= points
        self.strokes -= strokes
        if self.points < 0 or self.strokes < 0:
            limits = f"{MOST_READ:,} points or {MOST_STROKES:,} strokes"
            raise DataError(f"{self.name} has more than {limits}; split it into several files")


def ink_from(
    name: str,
    strokes: Sequence[Floats],
    times: Sequence[Floats] | None = None,
    text: str | None = None,
    hand: str | None = None,
) -> Ink:
    """Ink with its times mended; what `Ink` refuses is said with the file's name before it."""
    if not strokes:
        raise DataError(f"{name} has no strokes; there is nothing to read in it")
    try:
        return Ink(strokes, None if times is None else mended(times), text, hand)
    except DataError as error:
        raise DataError(f"{name}: {error}") from None


def mended(times: Sequence[Floats]) -> list[Floats] | None:
    """Stamps that never decrease: wrong ones, and repeated ones, move evenly between their right neighbours.

    Right is the longest part of them that never decreases. None where that is below nine in ten, or where all stamps
    are the same: such a clock did not run.

    >>> import numpy as np
    >>> [stroke.tolist() for stroke in mended([np.array([0.0, 1, 9, 3, 4, 5, 6]), np.array([7.0, 8, 8, 10])])]
    [[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0, 10.0]]
    """
    stamps = np.concatenate([*times, np.zeros(0)])
    if not np.all(np.abs(stamps) < 1e100):  # nor NaN; and there is room to subtract
        return None
    if np.any(np.diff(stamps) <= 0):
        right = _longest_rising(stamps.tolist())
        if len(right) < _RIGHT * len(stamps):
            return None
        knots = right[np.concatenate([[True], np.diff(stamps[right]) > 0])]
        if len(knots) < 2:
            return None
        usual = float(np.median(np.diff(stamps[knots]) / np.diff(knots)))
        # Before the first knot and after the last, time goes on as fast as it usually does.
        first, last = stamps[knots[0]] - usual * knots[0], stamps[knots[-1]] + usual * (len(stamps) - 1 - knots[-1])
        places = np.concatenate([[-0.5], knots, [len(stamps) - 0.5]])
        values = np.concatenate([[first - usual / 2], stamps[knots], [last + usual / 2]])
        stamps = np.maximum.accumulate(np.interp(np.arange(len(stamps)), places, values))
    return np.split(stamps, np.cumsum([len(stroke) for stroke in times])[:-1])


def _longest_rising(stamps: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The indices of a longest part that never decreases (patience sorting)."""
    tails: list[float] = []  # the least last stamp of a part of each length
    ends: list[int] = []  # where it is
    before = [-1] * len(stamps)
    for index, stamp in enumerate(stamps):
        length = bisect_right(tails, stamp)
        before[index] = ends[length - 1] if length else -1
        tails[length : length + 1] = [stamp]
        ends[length : length + 1] = [index]
    part = []
    index = ends[-1] if ends else -1
    while index >= 0:
        part.append(index)
        index = before[index]
    return np.array(part[::-1], np.int64)
