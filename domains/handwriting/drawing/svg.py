"""Ink as SVG: one path a stroke in groups of words and lines, to print, to plot, and to show in a notebook."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.errors import UsageError
from seqgen.files.storage import write_output

from .curves import GRID, Ints, curves
from .layout import Layout, Lines, numbered, sheets
from .nib import FINER, outlines
from .page import RULE, RULE_COLOR, Page

_NO_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # control characters, lone surrogates
_INKSCAPE = "http://www.inkscape.org/namespaces/inkscape"


def ink_svg(inks: Lines, page: Page | None = None) -> str:
    """An SVG document of one line, or of several one below the other. The same ink gives the same text.

    A stroke is one path of cubic Bézier curves in steps of 0.05 mm, which no point of the ink is farther away from than
    that; about 6 bytes a point. Paths are in groups, one a line and one a word in it, with their texts as `data-text`, all in
    a layer as Inkscape has them; rules are a layer, and so is the text itself, unseen, to be searched and selected.
    Nothing but strokes, and rules that were asked for, is drawn: the background is a style of the document, which
    plotters pass over. An ink of a list among `inks` goes on where the one before ended, see `sheets`.
    Raises UsageError for ink that has no room, or that needs several pages.

    >>> from seqgen.domains.handwriting import Ink
    >>> ink_svg(Ink([[[0, 0], [3, 4]], [[5, 5]]]), Page(scale=1)).count("<path")
    2
    """
    (made, *more) = _documents(inks, page or Page())
    if more:
        raise UsageError(f"this ink needs {1 + len(more)} pages; write it to a file, which makes one a page, or a PDF")
    return made


def write_svg(inks: Lines, path: str | os.PathLike[str], page: Page | None = None) -> list[Path]:
    """Writes what `ink_svg` gives, and returns where: several pages are NAME-1.svg, NAME-2.svg, ...

    Raises UsageError for ink that has no room and for a place that cannot be written.
    """
    documents = _documents(inks, page or Page())
    paths = numbered(path, len(documents))
    for place, document in zip(paths, documents, strict=True):
        write_output(place, document.encode())
    return paths


def _documents(inks: Lines, page: Page) -> list[str]:
    return [_document(layout, page) for layout in sheets(inks, page)]


def _document(layout: Layout, page: Page) -> str:
    import svgwrite

    width, height = _steps(layout.width), _steps(layout.height)
    # debug=False: svgwrite's own checks cost twenty times the drawing. What it is given here is all checked.
    picture = svgwrite.Drawing(
        size=(f"{width / GRID:g}mm", f"{height / GRID:g}mm"), viewBox=f"0 0 {width} {height}", debug=False
    )
    picture["xmlns:inkscape"] = _INKSCAPE
    picture.set_desc(title="Handwriting", desc=_clean("\n".join(line.text for line in layout.lines if line.text)))
    if page.background:
        picture["style"] = f"background:{page.background}"  # no rectangle: a plotter would draw its outline
    # Of the layers, plotters' programs take the number for that of a pen, and pass over those that begin with %.
    if layout.rules:
        grey = _group(picture, picture, "rules", "%2 rules", stroke=RULE_COLOR, stroke_width=f"{RULE * GRID:.4g}")
        for begin, end in layout.rules:
            (x1, y1), (x2, y2) = np.rint(begin * GRID).astype(int).tolist(), np.rint(end * GRID).astype(int).tolist()
            grey.add(picture.line((x1, y1), (x2, y2)))
    ends = {"stroke_linecap": "round", "stroke_linejoin": "round"}
    pen = {"fill": "none", "stroke": page.color, "stroke_width": f"{page.pen * GRID:.4g}", **ends}
    if page.nib == "speed":
        pen = {"fill": page.color, "transform": f"scale({1 / FINER})"}
    ink = _group(picture, picture, "ink", "1 ink", **pen)
    paths = iter(_paths(layout))
    count = 0
    for number, line in enumerate(layout.lines, 1):
        row = _group(picture, ink, f"line{number}", text=line.text)
        for word in line.words:
            count += 1
            group = _group(picture, row, f"word{count}", text=word.text) if word.text else row
            for _ in word.strokes:
                group.add(picture.path(next(paths)))
    if any(line.text for line in layout.lines):
        size = round(2 * layout.x_height * GRID)
        unseen = _group(picture, picture, "text", "%3 text", opacity=0, font_size=size, font_family="monospace")
        for line in layout.lines:
            if text := _clean(line.text):
                length = max(round((line.right - line.left) * GRID), 1)
                place = (round(line.left * GRID), round(line.base * GRID))
                unseen.add(picture.text(text, place, textLength=length, lengthAdjust="spacingAndGlyphs"))
    return str(picture.tostring())


def _steps(length: float) -> int:
    """Of the grid: paper to the nearest, ink is not cut."""
    return int(np.ceil(round(length * GRID, 3)))


def _group(picture: Any, parent: Any, name: str, layer: str = "", text: str = "", **looks: Any) -> Any:
    group = parent.add(picture.g(id=name, **looks))
    if layer:
        group["inkscape:groupmode"], group["inkscape:label"] = "layer", layer
    if text := _clean(text):
        group["data-text"] = text
    return group


def _clean(text: str) -> str:
    return _NO_XML.sub("", text)


def _paths(layout: Layout) -> list[str]:
    """The path data of each stroke: the line the pen goes, or the outline of what it covers."""
    pieces = curves(layout.strokes)
    if layout.widths:
        covered = outlines(pieces, layout.strokes, layout.widths)
        return ["".join(f"M{_data(edge)}z" for edge in edges) for edges in covered]
    return [f"m{_data(part)}" for part in pieces]


def _data(pieces: Ints) -> str:
    (x, y), steps = pieces[0, 0].tolist(), pieces[:, 1:] - pieces[:, :1]
    # A dot has no length: round ends make it one.
    numbers = " ".join(map(str, steps.ravel().tolist())) if steps.any() else ""
    return f"{x} {y}" + (f"c{numbers}" if numbers else "h0").replace(" -", "-")
