"""The text of XML that is meant to be read: pages of a book, a document of a word processor."""

from __future__ import annotations

import re
from collections.abc import Mapping

from seqgen.errors import DataError
from seqgen.files.xml import parse_xml

DEPTH = 500
TAGS, ATTRIBUTES = 4_000_000, 4_000_000
_BLANK = re.compile(r"[ \t\r\n]+")
# What begins a line of its own in XHTML.
_PARTS = ("p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "section", "article", "header", "footer",
          "figure", "figcaption", "table", "ul", "ol", "body", "hr", "aside")  # fmt: skip
_LINES = "br", "li", "tr", "dt", "dd"
BLOCKS = {**dict.fromkeys(_PARTS, "\n\n"), **dict.fromkeys(_LINES, "\n"), **dict.fromkeys(("td", "th"), "\t")}
UNSEEN = frozenset({"head", "script", "style", "title", "svg", "math", "rt", "rp"})


class Prose:
    """Collects what a reader would see. before: what stands before an element's text, by its name without namespace.

    unseen: elements whose text nobody sees. inside: the only ones whose text counts, none for all. spaced: whether
    blanks count as they stand, as in the runs of a word processor; else several are one.
    """

    def __init__(
        self,
        name: str,
        before: Mapping[str, str],
        unseen: frozenset[str] = frozenset(),
        inside: frozenset[str] = frozenset(),
        spaced: bool = False,
    ) -> None:
        self._name, self._before, self._unseen, self._inside, self._spaced = name, before, unseen, inside, spaced
        self._parts: list[str] = []
        self._open: list[str] = []
        self._hidden = self._shown = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        kind = _kind(tag)
        if len(self._open) >= DEPTH:
            raise DataError(f"{self._name} has elements more than {DEPTH} deep; it is no document")
        self._open.append(kind)
        self._hidden += kind in self._unseen
        self._shown += kind in self._inside
        if kind in self._before and not self._hidden:
            self._parts.append(self._before[kind])

    def end(self, tag: str) -> None:
        kind = self._open.pop()
        self._hidden -= kind in self._unseen
        self._shown -= kind in self._inside
        if self._before.get(kind, "").startswith("\n\n") and not self._hidden:
            self._parts.append("\n\n")

    def data(self, text: str) -> None:
        if not self._hidden and (self._shown or not self._inside):
            self._parts.append(text if self._spaced or "pre" in self._open else _BLANK.sub(" ", text))

    def close(self) -> None: ...

    @property
    def text(self) -> str:
        """Lines without blanks at their borders, at most one empty line between two, no line end at either end."""
        lines = re.sub(r"[ \t]*\n[ \t]*", "\n", re.sub(r" {2,}", " ", "".join(self._parts)))
        return re.sub(r"\n{3,}", "\n\n", lines).strip()


def _kind(tag: str) -> str:
    return tag.rpartition("}")[2].lower()


def prose(raw: bytes, name: str, kind: str, collect: Prose) -> str:
    """What `collect` sees in this XML. Raises DataError for what is not well-formed."""
    parse_xml(raw, collect, name, kind=kind, tags=TAGS, attributes=ATTRIBUTES, doctype=True)
    return collect.text
