"""Dumps of MediaWiki: pages with their markup, out of XML of any size, packed by bzip2 or not."""

from __future__ import annotations

import bz2
import os
from collections.abc import Iterator
from typing import Any

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from seqgen.errors import DataError

CHUNK = 1 << 20
MOST = 1 << 28  # characters kept
LONGEST = 1 << 24  # characters of a page
ARTICLES = "0"  # the namespace: talk, users, templates are others


class Pages:
    """Collects what an article is called and its text; redirects and other namespaces are passed over."""

    def __init__(self, name: str) -> None:
        self.found: list[str] = []
        self._name = name
        self._parts: list[str] | None = None
        self._size = 0
        self._here: dict[str, str] = {}

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        kind = tag.rpartition("}")[2]
        if kind == "page":
            self._here = {}
        elif kind == "redirect":
            self._here["redirect"] = "yes"
        self._parts, self._size = ([], 0) if kind in ("title", "ns", "text") else (None, 0)

    def data(self, text: str) -> None:
        if self._parts is not None:
            self._parts.append(text)
            self._size += len(text)
            if self._size > LONGEST:
                raise DataError(f"{self._name} has a page of more than {LONGEST:,} characters; it is no dump of a wiki")

    def end(self, tag: str) -> None:
        kind = tag.rpartition("}")[2]
        if self._parts is not None:
            self._here[kind] = "".join(self._parts)
            self._parts = None
        if kind == "page" and self._here.get("ns", ARTICLES) == ARTICLES and "redirect" not in self._here:
            text = self._here.get("text", "").strip()
            if text:
                self.found.append(f"= {self._here.get('title', '').strip()} =\n\n{text}")

    def close(self) -> None: ...


def wiki_pages(path: str | os.PathLike[str]) -> Iterator[str]:
    """The articles of a dump, a title as a heading before each, as they are read. Raises DataError for anything else."""
    name = os.fspath(path)
    pages = Pages(name)
    parser: Any = DefusedXMLParser(target=pages, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    try:
        with bz2.open(name) as file:
            while chunk := file.read(CHUNK):
                parser.feed(chunk)
                yield from pages.found
                pages.found.clear()
        parser.close()
    except (DefusedXmlException, ParseError) as error:
        raise DataError(f"{name} is not well-formed XML: {error}; it is cut off, or no dump of a wiki") from None
    except (OSError, EOFError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"cannot read {name}: {reason}; get the file again") from None


def read_wiki(path: str | os.PathLike[str]) -> str:
    """The articles of a dump, a form feed between two. Raises DataError for one of too much text to be held at once."""
    found, size = [], 0
    for page in wiki_pages(path):
        found.append(page)
        size += len(page)
        if size > MOST:
            raise DataError(f"{os.fspath(path)} has more than {MOST:,} characters; prepare it: seqgen text prepare")
    if not found:
        raise DataError(f"{os.fspath(path)} has no articles in it; give a dump such as pages-articles.xml.bz2")
    return "\f".join(found) + "\n"
