"""Ink as PNG: the same page as in SVG, in pixels."""

from __future__ import annotations

import io
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqgen.errors import UsageError
from seqgen.files.storage import write_output

from ..ink import Floats
from .curves import GRID, curves, places
from .layout import Layout, Lines, lay_out, numbered, sheets
from .nib import brush
from .page import RULE, RULE_COLOR, Page

if TYPE_CHECKING:
    from PIL import Image

MOST_PIXELS = 50_000_000
RESOLUTION = 10.0  # pixels a mm
_FINE = 4  # drawn so many times as large, then averaged: smooth edges
_COUNT = 6  # places on a piece of a curve
_BAND = 64  # rows of pixels drawn at a time, so that the large picture is never there as a whole


def ink_png(inks: Lines, page: Page | None = None, resolution: float = RESOLUTION) -> bytes:
    """A PNG file of one line, or of several one below the other; `resolution` in pixels a mm, 10 is 254 dpi.

    The same ink gives the same bytes. Raises UsageError for a picture of more than 50 million pixels, and as `lay_out`.
    """
    _check(resolution)
    page = page or Page()
    return _picture(lay_out(inks, page), page, resolution)


def write_png(
    inks: Lines, path: str | os.PathLike[str], page: Page | None = None, resolution: float = RESOLUTION
) -> list[Path]:
    """Writes what `ink_png` gives, and returns where: several pages are NAME-1.png, NAME-2.png, ...

    Raises UsageError as it, and for a place that cannot be written.
    """
    _check(resolution)
    page = page or Page()
    layouts = sheets(inks, page)
    paths = numbered(path, len(layouts))
    for place, layout in zip(paths, layouts, strict=True):
        write_output(place, _picture(layout, page, resolution))
    return paths


def _check(resolution: float) -> None:
    if not 0 < resolution <= 200:
        raise UsageError(f"a picture cannot have {resolution} pixels a mm; give a number above 0, at most 200")


def check_pixels(width: float, height: float, resolution: float = RESOLUTION) -> tuple[int, int]:
    """How many pixels a page of `width` x `height` mm has. Raises UsageError for more than 50 million."""
    wide, high = (max(math.ceil(side * resolution), 1) for side in (width, height))
    if wide * high > MOST_PIXELS:
        raise UsageError(f"{wide} x {high} pixels are too many; draw fewer lines, or give a lower resolution")
    return wide, high


def _picture(layout: Layout, page: Page, resolution: float) -> bytes:
    from PIL import Image

    width, height = check_pixels(layout.width, layout.height, resolution)
    picture = Image.new("RGBA" if page.background is None else "RGB", (width, height), page.background or "#ffffff00")
    fine = resolution * _FINE
    rules = [(rule * fine, np.full(2, RULE * fine)) for rule in layout.rules]
    for color, lines in ((RULE_COLOR, rules), (page.color, _lines(layout, page, fine))):
        if lines:
            picture.paste(color, (0, 0, width, height), _mask(lines, width, height))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", dpi=(25.4 * resolution,) * 2)
    return buffer.getvalue()


def _lines(layout: Layout, page: Page, fine: float) -> list[tuple[Floats, Floats]]:
    """Of each stroke the places [N, 2] of its curve, and how wide it is there [N]."""
    pieces = curves(layout.strokes)
    if not layout.widths:
        made = [places(part, _COUNT) / GRID * fine for part in pieces]
        return [(stroke, np.full(len(stroke), page.pen * fine)) for stroke in made]
    brushed = (brush(*stroke) for stroke in zip(pieces, layout.strokes, layout.widths, strict=True))
    return [(along * fine, wide * fine) for along, wide in brushed]


def _mask(lines: list[tuple[Floats, Floats]], width: int, height: int) -> Image.Image:
    """How much of each pixel is covered, in bands."""
    from PIL import Image, ImageDraw

    reach = [(along[:, 1].min() - wide.max(), along[:, 1].max() + wide.max()) for along, wide in lines]
    mask = Image.new("L", (width, height))
    for top in range(0, height, _BAND):
        first, last = top * _FINE, (top + _BAND) * _FINE
        inside = [line for line, (low, high) in zip(lines, reach, strict=True) if low < last and high >= first]
        if not inside:
            continue
        band = Image.new("L", (width * _FINE, _BAND * _FINE))
        pen = ImageDraw.Draw(band)
        for along, wide in inside:
            spots = [(x, y - first) for x, y in np.rint(along).astype(np.int64).tolist()]
            thick = np.maximum(np.rint(wide), 1).astype(np.int64).tolist()
            for begin, end, size in zip(spots, spots[1:], thick, strict=False):
                pen.line((begin, end), 255, size)
            for (x, y), size in dict.fromkeys(zip(spots, thick, strict=True)):  # round ends and joins
                if -size <= y <= last - first + size:
                    half = size / 2
                    pen.ellipse((x - half, y - half, x + half - 1, y + half - 1), 255)
        mask.paste(band.reduce(_FINE), (0, top))
    return mask
