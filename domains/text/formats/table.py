"""Which files are no plain text, by their ending, and how their text is got."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from seqgen.errors import DataError
from seqgen.files.reading import read_bytes, read_text

from .epub import read_epub
from .office import read_docx, read_odt
from .wiki import read_wiki, wiki_pages

LARGEST = 1 << 28  # bytes of a packed file
WIKI = ".xml.bz2"
READERS: dict[str, Callable[[bytes, str], str]] = {".epub": read_epub, ".docx": read_docx, ".odt": read_odt}
CONVERT = "convert it to EPUB, with Calibre's ebook-convert, say"
UNPACK = "unpack it and name the file or folder"
# What people have and nobody reads well: what to do instead.
REMEDIES = {
    ".pdf": "PDF has places of letters and no text; convert it with pdftotext, and look at what comes out",
    ".doc": "save it as .docx, .odt or .txt",
    **dict.fromkeys((".mobi", ".azw", ".azw3"), CONVERT),
    **dict.fromkeys((".zip", ".gz", ".xz", ".7z", ".zst", ".rar"), UNPACK),
}


def is_packed(name: str) -> bool:
    """Whether text is got out of a file of this name, or it is refused for its ending."""
    return name.lower().endswith((WIKI, *READERS, *REMEDIES))


def read_document(path: str | os.PathLike[str], encoding: str = "utf-8") -> str:
    """The text of a file, of books, documents and dumps too, line ends LF; "-" is standard input.

    Raises DataError as `seqgen.files.reading.read_text`, for what is damaged, and for endings that are not read.
    """
    name = os.fspath(path)
    if not is_packed(name):
        return read_text(path, encoding)
    if name.lower().endswith(WIKI):
        return read_wiki(name)
    ending = Path(name).suffix.lower()
    if ending in REMEDIES and os.path.isfile(name):  # before anything of it is read
        raise DataError(f"{name} is not text: {REMEDIES[ending]}")
    raw = read_bytes(path, LARGEST, too_large="; divide it")
    return READERS[ending](raw, name)


def unpacked(path: Path) -> Iterator[str]:
    """The text of a packed file in pieces, as `read_document` gives it."""
    if not path.name.lower().endswith(WIKI):
        yield read_document(path)
        return
    between = ""
    for page in wiki_pages(path):
        yield between + page
        between = "\f"
    if between:
        yield "\n"
