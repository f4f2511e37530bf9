"""Files and folders of text: reading them, saying what is wrong with them, and holding out a part."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any, TypeVar

from seqgen.domain import Splits
from seqgen.errors import DataError, UnknownName, UsageError
from seqgen.files.folders import walk
from seqgen.files.report import printable

from .division import FEW, Division, Document, Item, fields, held_out, text_of
from .formats.table import read_document

T = TypeVar("T", bound=Item)
PLAIN = Division()  # files as they are
SHORTEST = 32  # characters: below, there is nothing to hold out
SKIPPED_SHOWN = 5  # files of a folder that are passed over: named, up to so many


@dataclass(frozen=True)
class Texts:
    """What was read.

    texts: one a file, or a document, line ends LF.
    names: the file that each came from.
    skipped: one line for every file passed over in a folder, with the reason.
    """

    texts: tuple[Item, ...]
    names: tuple[str, ...]
    skipped: tuple[str, ...] = ()


def read_texts(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    encoding: str = "utf-8",
    division: Division = PLAIN,
) -> Texts:
    """Files, folders or "-" (standard input), in the order given: a text each, or the documents they are divided into.

    A folder is read recursively, sorted by name; whatever is hidden or not text in it is skipped and reported. A file
    named outright has to be text. Raises DataError as `read_document`, and for a folder without text.
    """
    given = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    if not given:
        raise DataError("no file was named; name a file, a folder, or - for standard input")
    texts: list[Item] = []
    names: list[str] = []
    skipped: list[str] = []

    def add(name: str) -> None:
        text = read_document(name, encoding)
        found = list(division.of([text], name)) if division else [text]
        if not found:
            raise DataError(f"{name} has no document in it; give it some text")
        texts.extend(found)
        names.extend([name] * len(found))

    for path in given:
        if os.fspath(path) == "-" or not os.path.isdir(path):
            add(os.fspath(path))
            continue
        before, passed_over = len(texts), len(skipped)
        for file in walk(Path(path), skipped):
            try:
                add(str(file))
            except DataError as error:
                skipped.append(str(error))
        if len(texts) == before:
            why = f": {skipped[passed_over]}" if len(skipped) > passed_over else "; it is empty"
            raise DataError(f"no text in folder {os.fspath(path)}{why}")
    return Texts(tuple(texts), tuple(names), tuple(skipped))


def read(
    name: str,
    encoding: str = "utf-8",
    documents: str = "",
    field: str = "",
    labels: str = "",
    hold_out: str = "end",
    level: str = "",
) -> Splits[Item]:
    """A file, a folder or "-", to learn from; says on stderr which files are passed over and what is held out.

    documents, field, labels: see `Division`. hold_out: "documents", whole ones where they are enough, or the "end" of all.
    level: which the codec knows, and reading does not need.
    """
    check_hold_out(hold_out)
    found = read_texts(name, encoding, Division(documents, field, labels))
    tell_skipped(found.skipped)
    if not documents and not field and len(found.texts) == 1:
        tell_fields(name, fields(text_of(found.texts[0]), name))
    return hold_out_of(found.texts, hold_out, found.names)


def hold_out_of(texts: Sequence[Item], hold_out: str, names: Sequence[str] = ()) -> Splits[Item]:
    """Whole documents held out, or the end of all; names: of the files, to say on stderr which."""
    drawn = held_out([len(text_of(item)) for item in texts]) if hold_out == "documents" else None
    if names and len(texts) > 1:
        tell_held_out(
            len(texts), None if drawn is None else int(drawn.sum()), [] if drawn is None else [*compress(names, drawn)]
        )
    if drawn is None:
        return split(texts)
    return Splits(tuple(compress(texts, ~drawn)), tuple(compress(texts, drawn)))


HOLD_OUT = ("documents", "end")


def check_hold_out(hold_out: str) -> None:
    """Raises UnknownName."""
    if hold_out not in HOLD_OUT:
        raise UnknownName("way to hold out", hold_out, HOLD_OUT)


def tell_held_out(count: int, held: int | None, names: Sequence[str] = ()) -> None:
    """Says on stderr how many of the documents are held out, and, where each is of another file, the first few of which.

    held: None where it is the end of all.
    """
    told = f"the last tenth ({count:,} documents; whole ones are drawn from {FEW} of about one length on)"
    if held is not None:
        told = f"{held:,} of {count:,} documents, drawn"
        if len(set(names)) == len(names) > 0:
            told += f": {', '.join(names[:SKIPPED_SHOWN])}" + (", ..." if len(names) > SKIPPED_SHOWN else "")
    print(f"held out: {told}", file=sys.stderr)


def tell_fields(name: str, found: Sequence[str]) -> None:
    """Says on stderr, of a file of records that is learned as it stands, that they could be documents."""
    if found:
        some = ", ".join(map(printable, found[:SKIPPED_SHOWN]))
        print(
            f"{name} holds records, and all of it is learned as it stands, commas and quotes too; with --field, one of {some}, "
            "each record's is a document",
            file=sys.stderr,
        )


def tell_skipped(lines: Sequence[str]) -> None:
    """Names the first few files that were passed over, on stderr."""
    for line in lines[:SKIPPED_SHOWN]:
        print(f"skipped: {line}", file=sys.stderr)
    if len(lines) > SKIPPED_SHOWN:
        print(f"skipped: {len(lines) - SKIPPED_SHOWN} more", file=sys.stderr)


def split(texts: Sequence[T], fraction: float = 0.1) -> Splits[T]:
    """Holds out one block at the end: the last `fraction` of all characters, never none.

    The document the cut falls in is cut in two. One text is split as nanoGPT does it: the first `int(0.9 * n)`
    characters are for training. Raises DataError below 32 characters.

    >>> parts = split(["a" * 40, "b" * 60])
    >>> [len(text) for text in parts.train], [len(text) for text in parts.valid]
    ([40, 50], [10])
    """
    left = training_length(sum(len(text_of(item)) for item in texts), fraction)
    train: list[T] = []
    valid: list[T] = []
    for item in texts:
        cut = min(left, len(text_of(item)))
        before, after = _cut(item, cut)
        train.append(before)
        valid.append(after)
        left -= cut
    return Splits(tuple(filter(text_of, train)), tuple(filter(text_of, valid)))


def _cut(item: Any, at: int) -> tuple[Any, Any]:
    if not isinstance(item, Document):
        return item[:at], item[at:]
    goes_on = at < len(item.text) or not item.ends
    return item._replace(text=item.text[:at], ends=not goes_on), item._replace(text=item.text[at:])


def training_length(length: int, fraction: float = 0.1) -> int:
    """How many of so many characters come before the part that is held out. Raises as `split`."""
    if not 0 < fraction < 1:
        raise UsageError(f"the fraction held out for validation is {fraction}; it must lie between 0 and 1")
    if length < SHORTEST:
        raise DataError(
            f"the text has {length} characters, too short to train on and validate; give it {SHORTEST} or more"
        )
    return min(max(int((1 - fraction) * length), 1), length - 1)
