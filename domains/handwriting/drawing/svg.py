"""Ink as SVG: one path a stroke, to print, to plot, and to show in a notebook."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable

import numpy as np

from seqgen.files.storage import write_output

from ..ink import Floats, Ink
from .page import Page, lay_out, several

UNITS = 10  # a mm
_NO_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # control characters, lone surrogates


def ink_svg(inks: Ink | Iterable[Ink], page: Page | None = None) -> str:
    """An SVG document of one line, or of several one below the other. The same ink gives the same text.

    A stroke is one path of steps in 0.1 mm, about 5 bytes a point. Points are rounded before the steps between them
    are taken, so that none is more than 0.05 mm from its place. The text of the lines is the picture's description.
    Nothing but strokes is drawn: the background is a style of the document, which plotters pass over.
    Raises UsageError for ink that needs a page of more than 20 m.

    >>> ink_svg(Ink([[[0, 0], [3, 4]], [[5, 5]]]), Page(scale=1)).count("<path")
    2
    """
    import svgwrite

    page, lines = page or Page(), several(inks)
    layout = lay_out(lines, page)
    width, height = math.ceil(layout.width * UNITS), math.ceil(layout.height * UNITS)
    # debug=False: svgwrite's own checks cost twenty times the drawing. What it is given here is all checked.
    picture = svgwrite.Drawing(
        size=(f"{width / UNITS:g}mm", f"{height / UNITS:g}mm"), viewBox=f"0 0 {width} {height}", debug=False
    )
    text = "\n".join(ink.text for ink in lines if ink.text)
    picture.set_desc(title="Handwriting", desc=_NO_XML.sub("", text))
    if page.background:
        picture["style"] = f"background:{page.background}"  # no rectangle: a plotter would draw its outline
    ends = {"stroke_linecap": "round", "stroke_linejoin": "round"}
    pen = picture.add(picture.g(fill="none", stroke=page.color, stroke_width=f"{page.pen * UNITS:.4g}", **ends))
    for stroke in layout.strokes:
        pen.add(picture.path(_path(stroke)))
    return str(picture.tostring())


def write_svg(inks: Ink | Iterable[Ink], path: str | os.PathLike[str], page: Page | None = None) -> None:
    """Writes what `ink_svg` gives. Raises UsageError as it, and for a place that cannot be written."""
    write_output(path, ink_svg(inks, page).encode())


def _path(stroke: Floats) -> str:
    places = np.rint(stroke * UNITS).astype(np.int64)
    numbers = np.concatenate([places[:1], np.diff(places, axis=0)]).ravel().tolist()
    dot = "h0" if len(places) == 1 else ""  # of no length: round ends make it a dot
    return "m" + " ".join(map(str, numbers)).replace(" -", "-") + dot
