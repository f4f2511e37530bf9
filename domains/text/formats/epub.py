"""EPUB: a zip of pages in XHTML and the order in which they are read (EPUB 3.3, sections 4 to 6)."""

from __future__ import annotations

import posixpath
import re
from html.entities import html5
from urllib.parse import quote, unquote

from seqgen.errors import DataError
from seqgen.files.xml import parse_xml
from seqgen.files.zipped import Zipped, unzipped

from .markup import ATTRIBUTES, BLOCKS, TAGS, UNSEEN, Prose, prose

FILES = 20_000
MOST = 1 << 27  # bytes, unpacked
PAGES = ("application/xhtml+xml", "text/html")
# XHTML names these without declaring them; XML knows only its own five.
_NAMED = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z]\w{1,31});")


class Book:
    """What the container and the package say: where the package is; its pages by id, and the order of these."""

    def __init__(self) -> None:
        self.packages: list[str] = []
        self.pages: dict[str, str] = {}
        self.order: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        match tag.rpartition("}")[2]:
            case "rootfile":
                self.packages.append(attributes.get("full-path", ""))
            case "item" if attributes.get("media-type") in PAGES and "nav" not in attributes.get("properties", ""):
                self.pages[attributes.get("id", "")] = attributes.get("href", "")
            case "itemref" if attributes.get("linear") != "no":
                self.order.append(attributes.get("idref", ""))

    def end(self, tag: str) -> None: ...
    def data(self, text: str) -> None: ...
    def close(self) -> None: ...


def read_epub(raw: bytes, name: str) -> str:
    """Its pages in reading order, a form feed between two. Raises DataError for what is damaged, protected or empty."""
    with unzipped(raw, name, kind="an EPUB", files=FILES, most=MOST) as archive:
        book = Book()
        _parse(archive, "META-INF/container.xml", book, name)
        if not book.packages:
            raise DataError(f"{name} is an EPUB whose container names no package; it is damaged")
        _parse(archive, book.packages[0], book, name)
        folder = posixpath.dirname(book.packages[0])
        paths = [posixpath.normpath(posixpath.join(folder, unquote(book.pages[page]))) for page in book.order
                 if page in book.pages]  # fmt: skip
        if "META-INF/encryption.xml" in archive.names:  # fonts alone may be scrambled, too
            hidden = archive.read("META-INF/encryption.xml")
            if any(quote(path).encode() in hidden for path in paths):
                raise DataError(f"{name} is protected against copying; give a book without protection")
        pages = [_page(archive.read(path), f"{name}, {path}") for path in paths]
    if not any(pages):
        raise DataError(f"{name} is an EPUB without text; it may be a book of pictures")
    return "\f".join(filter(None, pages)) + "\n"


def _parse(archive: Zipped, member: str, book: Book, name: str) -> None:
    parse_xml(archive.read(member), book, name, kind="an EPUB", tags=TAGS, attributes=ATTRIBUTES, doctype=True)


def _page(raw: bytes, name: str) -> str:
    def spelt(found: re.Match[bytes]) -> bytes:
        return "".join(f"&#{ord(sign)};" for sign in html5.get(f"{found[1].decode()};", "")).encode() or found[0]

    return prose(_NAMED.sub(spelt, raw), name, "XHTML", Prose(name, BLOCKS, UNSEEN))
