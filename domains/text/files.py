"""Files and folders of text: reading them, saying what is wrong with them, and holding out their end."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from seqgen.domain import Splits
from seqgen.errors import DataError, UsageError
from seqgen.files.folders import walk
from seqgen.files.reading import read_text

SHORTEST = 32  # characters: below, there is nothing to hold out
SKIPPED_SHOWN = 5  # files of a folder that are passed over: named, up to so many


@dataclass(frozen=True)
class Texts:
    """What was read: one text a file.

    texts: the documents, line ends LF.
    names: where each came from.
    skipped: one line for every file passed over in a folder, with the reason.
    """

    texts: tuple[str, ...]
    names: tuple[str, ...]
    skipped: tuple[str, ...] = ()


def read_texts(paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], encoding: str = "utf-8") -> Texts:
    """Files, folders or "-" (standard input) as documents, in the order given.

    A folder is read recursively, sorted by name; whatever is hidden or not text in it is skipped and reported. A file
    named outright has to be text. Raises DataError as `read_text`, and for a folder without text.
    """
    given = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    if not given:
        raise DataError("no file was named; name a file, a folder, or - for standard input")
    texts: list[str] = []
    names: list[str] = []
    skipped: list[str] = []
    for path in given:
        if os.fspath(path) == "-" or not os.path.isdir(path):
            texts.append(read_text(path, encoding))
            names.append(os.fspath(path))
            continue
        before, passed_over = len(texts), len(skipped)
        for file in walk(Path(path), skipped):
            try:
                texts.append(read_text(file, encoding))
                names.append(str(file))
            except DataError as error:
                skipped.append(str(error))
        if len(texts) == before:
            why = f": {skipped[passed_over]}" if len(skipped) > passed_over else "; it is empty"
            raise DataError(f"no text in folder {os.fspath(path)}{why}")
    return Texts(tuple(texts), tuple(names), tuple(skipped))


def read(name: str, encoding: str = "utf-8") -> Splits[str]:
    """A file, a folder or "-", to learn from; says on stderr which files are passed over."""
    found = read_texts(name, encoding)
    tell_skipped(found.skipped)
    return split(found.texts)


def tell_skipped(lines: Sequence[str]) -> None:
    """Names the first few files that were passed over, on stderr."""
    for line in lines[:SKIPPED_SHOWN]:
        print(f"skipped: {line}", file=sys.stderr)
    if len(lines) > SKIPPED_SHOWN:
        print(f"skipped: {len(lines) - SKIPPED_SHOWN} more", file=sys.stderr)


def split(texts: Sequence[str], fraction: float = 0.1) -> Splits[str]:
    """Holds out one block at the end: the last `fraction` of all characters, never none.

    The document the cut falls in is cut in two. One text is split as nanoGPT does it: the first `int(0.9 * n)`
    characters are for training. Raises DataError below 32 characters.

    >>> parts = split(["a" * 40, "b" * 60])
    >>> [len(text) for text in parts.train], [len(text) for text in parts.valid]
    ([40, 50], [10])
    """
    left = training_length(sum(map(len, texts)), fraction)
    train: list[str] = []
    valid: list[str] = []
    for text in texts:
        cut = min(left, len(text))
        train.append(text[:cut])
        valid.append(text[cut:])
        left -= cut
    return Splits(tuple(filter(None, train)), tuple(filter(None, valid)))


def training_length(length: int, fraction: float = 0.1) -> int:
    """How many of so many characters come before the part that is held out. Raises as `split`."""
    if not 0 < fraction < 1:
        raise UsageError(f"the fraction held out for validation is {fraction}; it must lie between 0 and 1")
    if length < SHORTEST:
        raise DataError(
            f"the text has {length} characters, too short to train on and validate; give it {SHORTEST} or more"
        )
    return min(max(int((1 - fraction) * length), 1), length - 1)
