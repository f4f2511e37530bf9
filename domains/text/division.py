"""How texts are divided into documents: lines, paragraphs, pages, chapters, records of JSON and CSV."""

from __future__ import annotations

import csv
import functools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqgen.errors import DataError, UsageError, one_line

MOST = 1 << 26  # characters of a document that is divided off
CONTEXT = 4096  # characters that a pattern may look at on either side of what it finds
FEW = 10  # documents, below which none is held out whole

_WORDS = ("Chapter", "Kapitel", "Chapitre", "Capítulo", "Capitulo", "Capitolo", "Глава")
_HEADING = rf"\\chapter\b|# |(?:{'|'.join([*_WORDS, *map(str.upper, _WORDS)])})\b|第.{{1,9}}[章回]"
# What stands between two documents.
BETWEEN = {
    "line": r"\n",
    "paragraph": r"\n[ \t]*\n",
    "page": r"\f",
    "chapter": rf"^(?=[ \t]*(?:{_HEADING}))",
}
REGEX = "regex:"


class Document(NamedTuple):
    """A text that ends, maybe of a label. ends: False where it was cut off and goes on elsewhere.

    >>> Document("Man bites dog").ends
    True
    """

    text: str
    label: str = ""
    ends: bool = True


Item = str | Document  # a text is one that may go on


def text_of(item: Item) -> str:
    """The text of a document, or a text as it is."""
    return item.text if isinstance(item, Document) else item


@dataclass(frozen=True)
class Division:
    r"""What a document is.

    documents: "file", "line", "paragraph", "page" (between form feeds), "chapter" (from one heading to the next), or
    "regex:PATTERN": what lies between two matches, ^ and $ being those of lines. "" for files that need not end.
    field: of each record of a JSON lines, JSON, CSV or TSV file, in place of the whole file's text; a record is a document.
    labels: what each is labelled by: "folder", that of its file, or, of a record, the name of another field; "" for none.
    Raises UsageError for another name, and for a pattern that is none.

    >>> [one.text for one in Division("line").of(["Rain\nSu", "n again\n"], "weather.txt")]
    ['Rain', 'Sun again']
    """

    documents: str = ""
    field: str = ""
    labels: str = ""

    def __post_init__(self) -> None:
        if self.labels not in ("", "folder") and not self.field:
            raise UsageError(f"labels cannot be {self.labels!r}; give folder, or a field of records and `field` too")
        if self.documents not in ("", "file", *BETWEEN) and not self.documents.startswith(REGEX):
            raise UsageError(
                f"documents cannot be {self.documents!r}; give file, {', '.join(BETWEEN)} or {REGEX}PATTERN"
            )
        _ = self._between  # a pattern that is none is refused now

    def __bool__(self) -> bool:
        """Whether documents end."""
        return bool(self.documents or self.field or self.labels)

    @property
    def splits(self) -> bool:
        """Whether a file may hold several documents."""
        return bool(self.field) or self.documents not in ("", "file")

    @functools.cached_property
    def _between(self) -> re.Pattern[str] | None:
        pattern = BETWEEN.get(self.documents, self.documents.removeprefix(REGEX))
        if self.documents in ("", "file"):
            return None
        try:
            return re.compile(pattern, re.MULTILINE)
        except re.error as error:
            raise UsageError(f"{pattern!r} is no regular expression: {error}; put it right") from None

    def of(self, chunks: Iterable[str], name: str) -> Iterator[Document]:
        """The documents of a file, whose text comes in chunks. Raises DataError for records that cannot be read."""
        label = Path(name).absolute().parent.name if self.labels == "folder" else ""
        if not self.field:
            yield from self._divided(chunks, name, label)
            return
        for where, row in _records(chunks, name):
            text = _text_in(row, self.field, where)
            if self.labels not in ("", "folder"):
                label = _label_in(row, self.labels, where)
            yield from self._divided([text], name, label)

    def _divided(self, chunks: Iterable[str], name: str, label: str) -> Iterator[Document]:
        pieces = ["".join(chunks)] if self._between is None else _between(self._between, chunks, name)
        for text in pieces:
            # Line ends at its borders belong to what stands between documents.
            if text := text.strip("\n\f") if self.splits else text:
                yield Document(text, label)


def _between(pattern: re.Pattern[str], chunks: Iterable[str], name: str) -> Iterator[str]:
    """What lies between the matches, as if all chunks were one."""
    held, start, at = "", 0, 0  # the document that is not over begins at `start`, the next match from `at` on
    for text, last in _with_last(chunks):
        held += text
        while found := pattern.search(held, at):
            if not last and found.end() + CONTEXT > len(held):  # what follows might change it
                break
            if found.end() > start:
                yield held[start : found.start()]
                start = found.end()
            at = found.end() + (found.end() == found.start())
            if at > len(held):
                break
        else:
            at = max(at, len(held) - CONTEXT)
        if len(held) - start > MOST:
            raise DataError(f"{name} has a document of more than {MOST:,} characters; divide it more finely")
        if (over := start - CONTEXT) > 0:
            held, start, at = held[over:], CONTEXT, at - over
    yield held[start:]


def _with_last(chunks: Iterable[str]) -> Iterator[tuple[str, bool]]:
    for text in chunks:
        yield text, False
    yield "", True


def _lines(chunks: Iterable[str]) -> Iterator[str]:
    held = ""
    for text, last in _with_last(chunks):
        *whole, held = (held + text).split("\n")
        yield from (line + "\n" for line in whole)
        if last and held:
            yield held


def _records(chunks: Iterable[str], name: str) -> Iterator[tuple[str, Any]]:
    kind = name.rpartition(".")[2].lower()
    table = {"csv": ",", "tsv": "\t"}.get(kind)
    return _json_lines(chunks, name) if table is None else _table(chunks, name, table)


def fields(text: str, name: str) -> list[str]:
    """Which fields of its first record are text, of a file that is named like records; none of others.

    >>> fields('{"title": "Soup", "serves": 4}', "recipes.jsonl"), fields("title,how\\nSoup,boil", "recipes.txt")
    (['title'], [])
    """
    if not name.lower().endswith((".jsonl", ".ndjson", ".csv", ".tsv")):
        return []
    try:
        _, row = next(_records([text], name))
    except (StopIteration, DataError):
        return []
    return [key for key, value in row.items() if key and isinstance(value, str)] if isinstance(row, Mapping) else []


def _value(row: Any, field: str, where: str) -> Any:
    if not isinstance(row, Mapping) or field not in row:
        known = ", ".join(map(repr, row)) if isinstance(row, Mapping) else one_line(repr(row))[:80]
        raise DataError(f"{where} has no field {field!r}; there is {known or 'nothing'}")
    return row[field]


def _text_in(row: Any, field: str, where: str) -> str:
    value = _value(row, field, where)
    if not isinstance(value, (str, type(None))):
        raise DataError(f"{field!r} is {one_line(repr(value))[:80]} at {where}; name a field of text")
    return (value or "").replace("\r\n", "\n").replace("\r", "\n")


def _label_in(row: Any, field: str, where: str) -> str:
    value = _value(row, field, where)
    if not isinstance(value, (str, int, float)):
        raise DataError(f"{field!r} is {one_line(repr(value))[:80]} at {where}; a label is a word or a number")
    return str(value)


def _json_lines(chunks: Iterable[str], name: str) -> Iterator[tuple[str, Any]]:
    """One value a line, or one list of them."""
    lines = _lines(chunks)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            if line.lstrip().startswith("["):
                rows = json.loads(line + "".join(lines))
                yield from ((f"{name}, entry {at}", row) for at, row in enumerate(rows, 1))
                return
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{name}, line {number}, is not JSON: {one_line(error)}; give one record a line") from None
        yield f"{name}, line {number}", row


def _table(chunks: Iterable[str], name: str, delimiter: str) -> Iterator[tuple[str, Any]]:
    usual = csv.field_size_limit(MOST)
    try:
        reader = csv.DictReader(_lines(chunks), delimiter=delimiter, strict=True)
        for row in reader:
            yield f"{name}, line {reader.line_num}", row
    except csv.Error as error:
        raise DataError(f"{name} is no table: {one_line(error)}; save it again") from None
    finally:
        csv.field_size_limit(usual)


def held_out(lengths: Sequence[int], fraction: float = 0.1) -> NDArray[np.bool_] | None:
    """Which whole documents are held out of these, by a draw that is always the same; None where they are too few.

    As many as hold `fraction` of all characters, at the most.

    >>> drawn = held_out([50] * 40)
    >>> int(drawn.sum()), held_out([50] * 3)
    (4, None)
    """
    sizes = np.asarray(lengths, np.int64)
    wanted = int(fraction * sizes.sum())
    held, left = np.zeros(len(sizes), np.bool_), wanted
    random = np.random.Generator(np.random.Philox(np.random.SeedSequence(0)))
    for index in random.permutation(len(sizes)):
        if sizes[index] <= left:
            held[index] = True
            left -= int(sizes[index])
        if left < wanted / 20:
            break
    return held if len(sizes) >= FEW and left <= wanted / 2 else None
