"""Which reader a file of ink has: by the ending of its name, and where that says little by what it begins with."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from seqgen.errors import DataError

from ..ink import Ink
from .iam import line_of_iam
from .ink_json import read_ink_json
from .inkml import LARGEST, inks_of_inkml, read_inkml
from .limits import read_bytes
from .omniglot import read_omniglot
from .sketch import read_sketches
from .svg import inks_of_svg, read_svg
from .unipen import read_unipen
from .xopp import inks_of_xopp, read_xopp

Reader = Callable[[str | os.PathLike[str]], list[Ink]]
_PICTURES = {
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"%PDF": "PDF",
}
_PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".pdf", ".webp", ".heic", ".heif")
_HEAD = 4000  # bytes in which the outermost element of XML is looked for


def read_xml(path: str | os.PathLike[str]) -> list[Ink]:
    """The lines of an XML file, of InkML, SVG, Xournal++ or IAM-OnDB by its content. Raises DataError for others."""
    raw, name = read_bytes(path, LARGEST), os.fspath(path)
    for mark, read in ((b"<ink", inks_of_inkml), (b"<svg", inks_of_svg), (b"<xournal", inks_of_xopp)):
        if mark in raw[:_HEAD]:
            return read(raw, name)
    return [line_of_iam(raw, name)]


READERS: dict[str, Reader] = {
    ".dat": read_unipen,
    ".inkml": read_inkml,
    ".json": read_ink_json,
    ".npz": read_sketches,
    ".svg": read_svg,
    ".txt": read_omniglot,
    ".xml": read_xml,
    ".xopp": read_xopp,
    ".xoj": read_xopp,
    ".zip": read_omniglot,
}


def reader_of(path: str | os.PathLike[str], readers: Mapping[str, Reader] = READERS) -> Reader:
    """The reader for a file. Raises DataError for a picture of paper, whatever it is called, and for other endings.

    >>> reader_of("notes.XOPP").__name__
    'read_xopp'
    """
    name, ending = os.fspath(path), Path(path).suffix.lower()
    if (kind := _picture(path)) or ending in _PICTURE_ENDINGS:
        raise DataError(
            f"{name} is a picture ({kind or ending[1:]}): a picture of paper has no pen movements, only where ink is, not "
            "how it came there; write on a tablet or a phone and save InkML, SVG strokes or .xopp"
        )
    if ending not in readers:
        raise DataError(f"{name} is not named like ink; seqgen reads {', '.join(readers)}")
    return readers[ending]


def _picture(path: str | os.PathLike[str]) -> str:
    """Of which kind the picture is that a file begins like; "" for others, and for what cannot be read."""
    try:
        if not Path(path).is_file():
            return ""
        with Path(path).open("rb") as file:
            head = file.read(12)
    except (OSError, ValueError):
        return ""
    if head[:4] == b"RIFF" and head[8:] == b"WEBP":
        return "WebP"
    if head[4:8] == b"ftyp":
        return "HEIF"
    return next((kind for mark, kind in _PICTURES.items() if head.startswith(mark)), "")
