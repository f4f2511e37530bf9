"""How a stranger's program reads ink: Debian's tesseract-ocr on a fixed picture."""

from __future__ import annotations

import shutil
import subprocess

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
