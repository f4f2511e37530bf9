"""Pages of Xournal++ (.xopp) and Xournal (.xoj): gzipped XML with the pen's strokes in points of 1/72 inch."""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence

import numpy as np

from seqgen.errors import DataError
from seqgen.files.xml import parse_xml

from ..ink import FARTHEST, Floats, Ink
from .limits import Budget, ink_from, read_bytes, undoubled
from .page_lines import lines_of_strokes

LARGEST = 8 * 2**20  # bytes, packed; a page of notes has 300 kB unpacked
UNPACKED = 12 * 2**20
TAGS, ATTRIBUTES, DEPTH, PAGES = 100_000, 200_000, 16, 1_000
MM = 25.4 / 72  # of a point


def read_xopp(path: str | os.PathLike[str]) -> list[Ink]:
    """The lines of every page, found by how strokes lie, see `lines_of_strokes`; lengths in mm.

    Read is what the tool "pen" wrote, of all layers of a page: highlighters, erasers, typed text and pictures are left out,
    and so is pressure. The format knows no texts, writers and times.
    Raises DataError for other files, damaged ones, more than 12 MB unpacked, and pages without a stroke of the pen.
    """
    name = os.fspath(path)
    return inks_of_xopp(read_bytes(path, LARGEST), name)


def inks_of_xopp(raw: bytes, name: str) -> list[Ink]:
    """As `read_xopp`, from the bytes of a file, packed or not."""
    reader = _Reader(name)
    raw = _unpacked(raw, name) if raw.startswith(b"\x1f\x8b") else raw
    parse_xml(raw, reader, name, kind="a page of Xournal++", tags=TAGS, attributes=ATTRIBUTES)
    inks = []
    for page in reader.pages:
        inks += [ink_from(name, [page[index] for index in line]) for line in lines_of_strokes(page, name)]
    if not inks:
        raise DataError(f"{name} has no stroke of the pen; typed text, pictures and highlighters are not read")
    return inks


def xopp(strokes: Sequence[Floats], width: float, height: float, color: str, pen: float) -> str:
    """One page of `width` x `height` mm with strokes in mm, as Xournal++ packs it; a dot is a stroke of two points.

    >>> xopp([np.array([[0.0, 25.4]])], 50, 50, "#000000", 0.3).count("0 72 0 72</stroke>")
    1
    """
    head = f'<stroke tool="pen" color="{color}ff" width="{pen / MM:.3g}">'
    lines = []
    for stroke in strokes:
        places = np.round(stroke if len(stroke) > 1 else np.repeat(stroke, 2, axis=0), 4) / MM
        lines.append(f"{head}{' '.join(f'{number:.7g}' for number in places.ravel().tolist())}</stroke>")
    return "\n".join(
        [
            '<?xml version="1.0" standalone="no"?>',
            '<xournal creator="seqgen" fileversion="4">',
            f'<page width="{width / MM:.7g}" height="{height / MM:.7g}">',
            '<background type="solid" color="#ffffffff" style="plain"/><layer>',
            *lines,
            "</layer></page>",
            "</xournal>",
            "",
        ]
    )


def _unpacked(raw: bytes, name: str) -> bytes:
    machine = zlib.decompressobj(wbits=31)
    try:
        found = machine.decompress(raw, UNPACKED + 1)
    except zlib.error as error:
        raise DataError(f"{name} cannot be unpacked: {error}; it is damaged, get it again") from None
    if len(found) > UNPACKED:
        raise DataError(f"{name} unpacks to more than {UNPACKED // 2**20} MB; split it into several files")
    if not machine.eof:
        raise DataError(f"{name} cannot be unpacked: it is cut off; get it again")
    return found


class _Reader:
    """Keeps the strokes of each page: no tree, no recursion."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.path: list[str] = []
        self.pages: list[list[Floats]] = []
        self.text: list[str] | None = None  # of the stroke that is open
        self.budget = Budget(name)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.path.append(tag)
        if len(self.path) > DEPTH:
            raise DataError(f"{self.name} nests XML deeper than {DEPTH}; it is no page of Xournal++")
        if len(self.path) == 1 and tag != "xournal":
            raise DataError(f"{self.name} is XML but no page of Xournal++: it begins with <{tag:.40}>, not <xournal>")
        if tag == "page":
            if len(self.pages) == PAGES:
                raise DataError(f"{self.name} has more than {PAGES:,} pages; split it into several files")
            self.pages.append([])
        elif tag == "stroke" and self.pages and attributes.get("tool", "pen") == "pen":
            self.text = []

    def end(self, tag: str) -> None:
        self.path.pop()
        if tag == "stroke" and self.text is not None:
            text, self.text = "".join(self.text), None
            self.stroke(text.split())

    def data(self, text: str) -> None:
        if self.text is not None:
            self.text.append(text)

    def close(self) -> None: ...

    def stroke(self, words: list[str]) -> None:
        self.budget.spend(len(words) // 2, 1)
        try:
            numbers = np.array(words, np.float64)
        except ValueError:
            numbers = np.zeros(1)
        if len(numbers) % 2 or not (np.abs(numbers) <= FARTHEST).all():
            raise DataError(f"{self.name} has a stroke that is not pairs of numbers, x y x y ...; it is damaged")
        if len(numbers):
            self.pages[-1].append(undoubled(numbers.reshape(-1, 2) * MM))
