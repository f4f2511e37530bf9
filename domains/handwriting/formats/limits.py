"""What a file of ink may bring: bytes, members of a zip, points and strokes; and the ink that comes of it."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from seqgen.errors import DataError
from seqgen.files import reading

from ..ink import Floats, Ink
from .stamps import mended

# Of one file: some 7,000 lines, or a category of drawings as sketch-rnn hands it out. A stroke of its own costs as much
# as ten points. Slow formats, XML and JSON, are bounded by their bytes before.
MOST_READ = 5_000_000
MOST_STROKES = 500_000
PACKED_FILES = 25_000  # Omniglot's larger zip has 19,280 drawings


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


def undoubled(stroke: Floats) -> Floats:
    """A dot as one point: pens and formats that know no stroke of one point repeat it."""
    return stroke[:1] if np.all(stroke == stroke[0]) else stroke


class Budget:
    """What one file may still bring; `spend` raises DataError when it is more."""

    def __init__(self, name: str, strokes: int = MOST_STROKES) -> None:
        self.name, self.most = name, strokes
        self.points, self.strokes = MOST_READ, strokes

    def spend(self, points: int, strokes: int) -> None:
        self.points -= points
        self.strokes -= strokes
        if self.points < 0 or self.strokes < 0:
            limits = f"{MOST_READ:,} points or {self.most:,} strokes"
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
