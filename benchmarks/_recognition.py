"""How well a stranger's program reads ink: Debian's tesseract-ocr on a fixed picture, and the character error rate."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

from seqgen.domains.handwriting import Ink, Page
from seqgen.domains.handwriting.drawing.png import ink_png

# Black, letters like x 40 pixels high, a pen of 3, a white margin.
PAGE, PIXELS_A_MM = Page(x_height=4.0, pen=0.3), 10.0


def available() -> bool:
    """Whether tesseract is on this machine."""
    return shutil.which("tesseract") is not None


def read(ink: Ink, scale: float | None = None) -> str:
    """What tesseract reads in one line of ink; `scale` is mm for a unit of it, where its x-height is known."""
    page = PAGE if scale is None else Page(scale=scale, pen=PAGE.pen)
    command = ["tesseract", "-", "-", "--psm", "7", "-l", "eng"]
    done = subprocess.run(command, input=ink_png(ink, page, PIXELS_A_MM), capture_output=True, check=True)
    return " ".join(done.stdout.decode().split())


def error_rate(read: Sequence[str], written: Sequence[str]) -> float:
    """Insertions, deletions and replacements, over the characters that were to be read, of all lines together."""
    return sum(map(distance, read, written)) / sum(map(len, written))


def distance(one: str, other: str) -> int:
    """Levenshtein's, between two strings."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        last, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (a != b))
    return row[-1]
