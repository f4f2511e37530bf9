"""Ink as PDF: the same curves on pages of their own, with the text to search and select, unseen."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from seqgen.files.storage import write_output

from .curves import GRID, Ints, curves
from .layout import Layout, Line, Lines, sheets
from .nib import FINER, outlines
from .page import RULE, RULE_COLOR, Page

_POINTS = 72 / 25.4  # a mm
_LETTER = 0.6  # of its size: how wide each letter of Courier is


def ink_pdf(inks: Lines, page: Page | None = None) -> bytes:
    """A PDF document of all pages that the ink needs; see `ink_svg`. The same ink gives the same bytes.

    Strokes are the same curves, on paper of exact size; the background is drawn if it is not white. Words are text in
    a font of every reader, not seen (rendering mode 3), over their ink. Raises UsageError for ink that has no room.

    Source: ISO 32000-1:2008, sections 7.5 (file structure), 8.5 (paths) and 9.3.6 (rendering modes).

    >>> from seqgen.domains.handwriting import Ink
    >>> ink_pdf(Ink([[[0, 0], [3, 4]]]))[:8]
    b'%PDF-1.4'
    """
    page = page or Page()
    layouts = sheets(inks, page)
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(layouts)))
    font = "<</Type/Font/Subtype/Type1/BaseFont/Courier/Encoding/WinAnsiEncoding>>"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {len(layouts)}/Kids[{kids}]>>".encode(),
        font.encode(),
    ]
    for layout in layouts:
        size = f"{layout.width * _POINTS:.3f} {layout.height * _POINTS:.3f}"
        content = zlib.compress("\n".join(_content(layout, page)).encode("cp1252"), 9)
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {size}]/Contents {len(objects) + 2} 0 R"
            "/Resources<</Font<</F 3 0 R>>>>>>".encode()
        )
        objects.append(f"<</Length {len(content)}/Filter/FlateDecode>>stream\n".encode() + content + b"\nendstream")
    made, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = f"trailer\n<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{len(made)}\n%%EOF\n"
    return bytes(made) + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{end}".encode()


def write_pdf(inks: Lines, path: str | os.PathLike[str], page: Page | None = None) -> list[Path]:
    """Writes what `ink_pdf` gives, and returns where. Raises UsageError as it, and for a place that cannot be written."""
    write_output(path, ink_pdf(inks, page))
    return [Path(path)]


def _content(layout: Layout, page: Page) -> Iterator[str]:
    """What a page draws: in steps of the grid from its upper left corner, then text in points from the lower left."""
    step = _POINTS / GRID
    yield f"q {step:.6f} 0 0 {-step:.6f} 0 {layout.height * _POINTS:.3f} cm"
    if page.background not in (None, "#ffffff"):
        yield f"{_color(page.background)} rg 0 0 {layout.width * GRID:.0f} {layout.height * GRID:.0f} re f"
    if layout.rules:
        yield f"{_color(RULE_COLOR)} RG {RULE * GRID:g} w"
        for rule in layout.rules:
            (x1, y1), (x2, y2) = np.rint(rule * GRID).astype(int).tolist()
            yield f"{x1} {y1} m {x2} {y2} l S"
    color = _color(page.color)
    yield f"{color} RG {color} rg {page.pen * GRID:g} w 1 J 1 j"
    pieces = curves(layout.strokes)
    if layout.widths:
        yield f"{1 / FINER} 0 0 {1 / FINER} 0 0 cm"
        for edges in outlines(pieces, layout.strokes, layout.widths):
            yield " ".join(f"{_path(edge)} h" for edge in edges) + " f"
    else:
        yield from (f"{_path(part)} S" for part in pieces)
    yield "Q"
    texts = [text for line in layout.lines if line.text for text in _text(line, layout)]
    if texts:
        yield "BT 3 Tr"
        yield from texts
        yield "ET"


def _path(pieces: Ints) -> str:
    x, y = pieces[0, 0].tolist()
    return f"{x} {y} m " + " ".join(" ".join(map(str, ends)) + " c" for ends in pieces[:, 1:].reshape(-1, 6).tolist())


def _text(line: Line, layout: Layout) -> Iterator[str]:
    """Each word as wide as its ink, with the space that follows it."""
    size = 2 * layout.x_height * _POINTS
    lefts = [min(float(stroke[:, 0].min()) for stroke in word.strokes) for word in line.words]
    for word, left, right in zip(line.words, lefts, [*lefts[1:], line.right], strict=True):
        text = "".join(map(_encoded, word.text + (" " if right is not line.right else "")))
        if text:
            width = max(right - left, 0.1) * _POINTS
            letters = len(word.text) + (right is not line.right)
            stretch = 100 * width / (letters * _LETTER * size)
            yield (
                f"/F {size:.2f} Tf {stretch:.2f} Tz 1 0 0 1 {left * _POINTS:.2f} "
                f"{(layout.height - line.base) * _POINTS:.2f} Tm ({text}) Tj"
            )


def _encoded(character: str) -> str:
    """As a string of PDF has it; what the encoding lacks is a question mark."""
    try:
        code = character.encode("cp1252")[0]
    except UnicodeEncodeError:
        code = ord("?")
    return chr(code) if 32 <= code < 127 and character not in "()\\" else f"\\{code:03o}"


def _color(name: str | None) -> str:
    name = name or "#000000"
    return " ".join(f"{int(name[i : i + 2], 16) / 255:.3g}" for i in (1, 3, 5))
