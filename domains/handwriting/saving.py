"""Ink to files: one table of endings, for `Ink.save`, for what a model writes and for converting."""

from __future__ import annotations

import gzip
import io
import json
import os
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from seqgen.errors import UsageError
from seqgen.files.storage import write_output

from .drawing.layout import Layout, Lines, lay_out
from .drawing.page import Page
from .drawing.pdf import write_pdf
from .drawing.png import write_png
from .drawing.svg import write_svg
from .formats.gcode import Plotter, gcode
from .formats.ink_json import write_ink_json
from .formats.inkml_writing import apart, inkml
from .formats.moves import moves_of
from .formats.unipen import GRID, unipen
from .formats.xopp import xopp
from .ink import Floats, Ink

Path_ = str | os.PathLike[str]


class Kind(NamedTuple):
    """write: lines of ink with strokes to a file, or to one a page; returns where.

    keeps: what comes back of "texts", "hands", "times" and "heights". on_page: whether it lies on a page, which may be too
    small, with blank lines and paragraphs; others are given the lines alone.
    """

    write: Callable[[Any, Path_, Page, Plotter], list[Path] | None]
    keeps: str = ""
    on_page: bool = False


def _write_gcode(inks: Lines, path: Path_, page: Page, plotter: Plotter) -> None:
    layout = _laid_out(inks, path, page, 0.01)
    write_output(path, gcode(layout.strokes, layout.height, plotter).encode())


def _write_xopp(inks: Lines, path: Path_, page: Page, _: Plotter) -> None:
    layout = _laid_out(inks, path, page, 0.001)
    text = xopp(layout.strokes, layout.width, layout.height, page.color, page.pen)
    write_output(path, gzip.compress(text.encode(), mtime=0))


def _write_unipen(inks: Sequence[Ink], path: Path_, page: Page, _: Plotter) -> None:
    scale = page.scale or page.x_height / statistics.median(ink.x_height() for ink in inks)
    placed = [ink.scaled(scale) for ink in apart(inks)]
    _check_dots([s for ink in inks for s in ink.strokes], [s for ink in placed for s in ink.strokes], path, 1 / GRID)
    corners = np.array([ink.bounds[:2] for ink in placed]).min(axis=0).tolist()
    # Away from 0 0, which means a point blanked out.
    write_output(path, unipen([ink.moved(10 - corners[0], 10 - corners[1]) for ink in placed]).encode("latin-1"))


def _write_inkml(inks: Sequence[Ink], path: Path_, *_: object) -> None:
    write_output(path, inkml(inks).encode())


def _write_moves(inks: Sequence[Ink], path: Path_, *_: object) -> None:
    rows = [json.dumps(moves_of(ink).tolist(), separators=(",", ":")) for ink in inks]
    write_output(path, ("[" + ",\n".join(rows) + "]\n").encode())


def _write_npz(inks: Sequence[Ink], path: Path_, *_: object) -> None:
    file = io.BytesIO()
    np.savez_compressed(file, *(moves_of(ink).astype(np.int32) for ink in inks))
    write_output(path, file.getvalue())


# The first that a name ends in is taken.
KINDS: dict[str, Kind] = {
    ".svg": Kind(lambda inks, path, page, _: write_svg(inks, path, page), "texts", on_page=True),
    ".png": Kind(lambda inks, path, page, _: write_png(inks, path, page), on_page=True),
    ".pdf": Kind(lambda inks, path, page, _: write_pdf(inks, path, page), on_page=True),
    ".moves.json": Kind(_write_moves),
    ".json": Kind(lambda inks, path, *_: write_ink_json(inks, path), "texts, hands, times, heights"),
    ".inkml": Kind(_write_inkml, "texts, hands, times, heights"),
    ".dat": Kind(_write_unipen, "texts, times"),
    ".xopp": Kind(_write_xopp, on_page=True),
    ".npz": Kind(_write_npz),
    ".gcode": Kind(_write_gcode, on_page=True),
}


def kind_of(path: Path_) -> Kind:
    """How a file of this name is written. Raises UsageError for another ending, which says what there is.

    >>> kind_of("a.Moves.JSON").keeps, kind_of("a.json").keeps
    ('', 'texts, hands, times, heights')
    """
    name = Path(path).name
    found = next((kind for ending, kind in KINDS.items() if name.lower().endswith(ending)), None)
    if found is None:
        raise UsageError(f"ink is saved as {', '.join(KINDS)}, not as {name!r}; end the name with one of them")
    return found


def save(inks: Lines, path: Path_, page: Page | None = None, plotter: Plotter | None = None) -> list[Path]:
    """Writes lines of ink by the ending of the name, and returns where: several pages are several files, or one PDF.

    inks: one without strokes is a blank line of a page; those of a list among them are one paragraph.
    page: of pictures, G-code, Xournal++ and UNIPEN, whose letters like x are as high as it says. Other formats have the
    ink's own numbers; moves count thousandths of an x-height.
    Raises UsageError for another ending, for a place that cannot be written, and where nothing would be left: no strokes, or
    all of it in one place after rounding. Raises DataError for more than the format holds.
    """
    kind, lines = kind_of(path), every(given := inks if isinstance(inks, Ink) else list(inks))
    if not any(ink.strokes for ink in lines) and not kind.on_page:
        raise UsageError(f"there are no strokes to write to {os.fspath(path)}; give ink with a stroke")
    written = given if kind.on_page else [ink for ink in lines if ink.strokes]
    return kind.write(written, path, page or Page(), plotter or Plotter()) or [Path(path)]


def lost(inks: Sequence[Ink], path: Path_) -> list[str]:
    """What these lines have and a file of this name does not keep: "texts", "hands", "times"; "heights" are told by all.

    >>> lost([Ink([[[0, 0]]], text="l")], "line.npz")
    ['texts']
    """
    kept = kind_of(path).keeps
    has = {
        "texts": any(ink.text for ink in inks),
        "hands": any(ink.hand for ink in inks),
        "times": any(ink.times for ink in inks),
    }
    return [name for name, there in has.items() if there and name not in kept]


def _laid_out(inks: Lines, path: Path_, page: Page, step: float) -> Layout:
    layout = lay_out(inks, page)
    _check_dots([stroke for ink in every(inks) for stroke in ink.strokes], layout.strokes, path, step)
    return layout


def every(inks: Lines) -> list[Ink]:
    """The lines, those of paragraphs among them."""
    several = [inks] if isinstance(inks, Ink) else inks
    return [line for ink in several for line in ([ink] if isinstance(ink, Ink) else ink)]


def _check_dots(given: Sequence[Floats], placed: Sequence[Floats], path: Path_, step: float) -> None:
    """Raises UsageError where strokes that were longer would all be shorter than `step` mm."""

    def longest(strokes: Sequence[Floats]) -> float:
        return max((float(np.ptp(stroke, axis=0).max()) for stroke in strokes), default=0.0)

    if longest(placed) < step and longest(given) > 0:
        raise UsageError(f"all strokes in {os.fspath(path)} would be dots of {step} mm; give a larger --x-height")
