"""Ink as PNG: the same page as in SVG, in pixels."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterable

import numpy as np

from seqgen.errors import UsageError
from seqgen.files.storage import write_output

from ..ink import Ink
from .page import Page, lay_out, several

MOST_PIXELS = 50_000_000
RESOLUTION = 10.0  # pixels a mm
_FINE = 4  # drawn so many times as large, then averaged: smooth edges
_BAND = 64  # rows of pixels drawn at a time, so that the large picture is never there as a whole


def ink_png(inks: Ink | Iterable[Ink], page: Page | None = None, resolution: float = RESOLUTION) -> bytes:
    """A PNG file of one line, or of several one below the other; `resolution` in pixels a mm, 10 is 254 dpi.

    The same ink gives the same bytes. Raises UsageError for a picture of more than 50 million pixels.
    """
    from PIL import Image, ImageDraw

    page = page or Page()
    if not 0 < resolution <= 200:
        raise UsageError(f"a picture cannot have {resolution} pixels a mm; give a number above 0, at most 200")
    layout = lay_out(several(inks), page)
    width, height = check_pixels(layout.width, layout.height, resolution)
    fine = resolution * _FINE
    strokes = [np.rint(stroke * fine).astype(np.int64) for stroke in layout.strokes]
    thick = max(round(page.pen * fine), 1)
    half = thick / 2
    reach = [(stroke[:, 1].min() - thick, stroke[:, 1].max() + thick) for stroke in strokes]
    mask = Image.new("L", (width, height))
    for top in range(0, height, _BAND):
        first, last = top * _FINE, (top + _BAND) * _FINE
        inside = [stroke for stroke, (low, high) in zip(strokes, reach, strict=True) if low < last and high >= first]
        if not inside:
            continue
        band = Image.new("L", (width * _FINE, _BAND * _FINE))
        brush = ImageDraw.Draw(band)
        for stroke in inside:
            places = [(x, y - first) for x, y in stroke.tolist()]
            brush.line(places, 255, thick)
            for x, y in dict.fromkeys(places):  # round ends and joins
                if -thick <= y <= last - first + thick:
                    brush.ellipse((x - half, y - half, x + half - 1, y + half - 1), 255)
        mask.paste(band.reduce(_FINE), (0, top))
    picture = Image.new("RGBA" if page.background is None else "RGB", (width, height), page.background or "#ffffff00")
    picture.paste(page.color, (0, 0, width, height), mask)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", dpi=(25.4 * resolution,) * 2)
    return buffer.getvalue()


def check_pixels(width: float, height: float, resolution: float = RESOLUTION) -> tuple[int, int]:
    """How many pixels a page of `width` x `height` mm has. Raises UsageError for more than 50 million."""
    wide, high = (max(math.ceil(side * resolution), 1) for side in (width, height))
    if wide * high > MOST_PIXELS:
        raise UsageError(f"{wide} x {high} pixels are too many; draw fewer lines, or give a lower resolution")
    return wide, high


def write_png(
    inks: Ink | Iterable[Ink], path: str | os.PathLike[str], page: Page | None = None, resolution: float = RESOLUTION
) -> None:
    """Writes what `ink_png` gives. Raises UsageError as it, and for a place that cannot be written."""
    write_output(path, ink_png(inks, page, resolution))
