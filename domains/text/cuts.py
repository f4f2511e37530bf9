"""Files of any size as pieces of text: where a large one may be cut, and how a piece is read.

A piece begins and ends between characters, and never between CR and LF, so that pieces put together are the text that
`seqgen.files.reading.read_text` gives.
"""

from __future__ import annotations

import codecs
import io
import itertools
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from seqgen.errors import DataError, UsageError
from seqgen.files.encodings import mistaken, remedy, written_as
from seqgen.files.folders import walk
from seqgen.files.reading import MARKS, binary

from .formats.table import is_packed, unpacked

SHARD = 1 << 25  # bytes of text
CHUNK = 1 << 20  # bytes decoded at once: what a process needs is about 30 times that
# A file of these can be entered anywhere; one of others is read from its beginning, by one process.
_SEEKABLE = re.compile("utf-8|ascii|iso8859-[0-9]+|cp125[0-9]|koi8-.")


class File(NamedTuple):
    """A file to learn from. named: it was named itself, and not found in a folder, so it has to be text."""

    path: Path
    name: str
    size: int
    changed: int
    named: bool


class Piece(NamedTuple):
    """Bytes start .. stop - 1 of a file, which is the `document`-th."""

    document: int
    path: Path
    start: int
    stop: int
    encoding: str
    whole: bool
    named: bool


class Job(NamedTuple):
    """The pieces of one shard."""

    number: int
    pieces: tuple[Piece, ...]


# What there is to do


def find_files(given: Sequence[str | os.PathLike[str]], out: Path, encoding: str, passed_over: list[str]) -> list[File]:
    """The files named and those of folders, as `files.read_texts` finds them, with what is passed over; none of `out`.

    Raises DataError for what cannot be read or is empty, and for a folder without a file to learn from.
    """
    files: list[File] = []
    own = Path(os.path.realpath(out))
    for path in map(Path, given):
        if not path.is_dir():
            files.append(_look_at(path, path.name, named=True))
            continue
        before, known = len(files), len(passed_over)
        for found in walk(path, passed_over):
            if own in Path(os.path.realpath(found)).parents:
                continue
            try:
                file = _look_at(found, found.relative_to(path).as_posix(), named=False)
                if file.size > SHARD:  # others are looked at as a whole, before anything of them counts
                    for piece in _pieces(0, file, encoding)[:1]:
                        next(read_piece(piece), None)  # its first text: no further is read
                files.append(file)
            except DataError as error:
                passed_over.append(str(error))
        if len(files) == before:
            why = f": {passed_over[known]}" if len(passed_over) > known else "; it is empty"
            raise DataError(f"no text in folder {path}{why}")
    return files


def _look_at(path: Path, name: str, named: bool) -> File:
    try:
        status = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"cannot read {path}: {reason}; check the name and its permissions") from None
    if not path.is_file():
        raise DataError(f"{path} is a device or a pipe, not a file; pipe it in and name -")
    if not status.st_size:
        raise DataError(f"{path} is empty; give it some text")
    return File(path, name, status.st_size, status.st_mtime_ns, named)


def jobs_of(files: Sequence[File], encoding: str, whole: bool = False) -> Iterator[Job]:
    """Whole files together up to the size of a shard; a larger file in pieces of that size where it can be entered.

    whole: none of it, since its documents might be cut.
    """
    numbers = itertools.count()
    held: list[Piece] = []
    size = 0
    for document, file in enumerate(files):
        for piece in [_whole(document, file, encoding)] if whole else _pieces(document, file, encoding):
            length = piece.stop - piece.start
            if held and size + length > SHARD:
                yield Job(next(numbers), tuple(held))
                held, size = [], 0
            held.append(piece)
            size += length
    yield Job(next(numbers), tuple(held))


def _pieces(document: int, file: File, encoding: str) -> list[Piece]:
    edges = [0, file.size]
    if file.size > SHARD and not is_packed(file.name):
        try:
            with file.path.open("rb") as opened:
                encoding = _marked(opened.read(4)) or encoding
                if _SEEKABLE.fullmatch(kind := codecs.lookup(encoding).name):
                    inner = [_edge(opened, at, kind == "utf-8") for at in range(SHARD, file.size, SHARD)]
                    edges = sorted({0, *inner, file.size})
        except OSError as error:
            raise DataError(f"cannot read {file.path}: {error.strerror}; check its permissions") from None
    whole = len(edges) == 2
    spans = itertools.pairwise(edges)
    return [Piece(document, file.path, start, stop, encoding, whole, file.named) for start, stop in spans]


def _whole(document: int, file: File, encoding: str) -> Piece:
    return Piece(document, file.path, 0, file.size, encoding, True, file.named)


def _edge(file: BinaryIO, at: int, wide: bool) -> int:
    """The next place from `at` on that is in no character and between no CR and LF."""
    file.seek(at - 1)
    before, *after = file.read(5)
    if wide:
        at += next((count for count, byte in enumerate(after) if byte & 0xC0 != 0x80), len(after))
    return at + 1 if before == 0x0D and after and after[0] == 0x0A else at


# Reading


def read_piece(piece: Piece) -> Iterator[str]:
    """The text of a piece in chunks, with LF line ends. Raises DataError where it cannot be read or is no text."""
    if is_packed(piece.path.name):
        yield from unpacked(piece.path)
        return
    try:
        with piece.path.open("rb") as file:
            file.seek(piece.start)
            yield from decoded(file, str(piece.path), piece.encoding, piece.start, piece.stop)
    except OSError as error:
        raise DataError(f"cannot read {piece.path}: {error.strerror}; check the name and its permissions") from None


def decoded(file: BinaryIO, name: str, encoding: str, start: int, stop: int | None) -> Iterator[str]:
    """The text from byte `start`, where the file stands, to `stop` or the end, as `read_piece` gives it."""
    at, decoder = start, None
    while True:
        raw = file.read(CHUNK if stop is None else min(CHUNK, stop - at))
        if stop is not None and not raw and at < stop:
            raise DataError(f"{name} has {at} bytes now, it had {stop}; leave it alone while it is prepared")
        if decoder is None:
            marked = _marked(raw) if not start else None
            encoding = marked or encoding
            codec, errors = written_as(encoding)
            decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(codec)(errors), translate=True)
            first = not start
            wrong = mistaken(raw, encoding)
        try:
            text = decoder.decode(raw, final=not raw)
        except UnicodeDecodeError as error:
            if b"\0" in raw:
                raise binary(name, raw, at) from None
            offset = at + len(raw) - len(error.object) + error.start
            raise DataError(
                f"{name} is not {encoding.upper()}: byte 0x{error.object[error.start]:02x} at offset {offset}; "
                f"{remedy(error.object, error.start)}"
            ) from None
        if "\0" in text:
            raise binary(name, raw, at)
        if wrong:
            raise DataError(f"{name} {wrong}")
        if first and text:
            text, first = text.removeprefix("\ufeff"), False
        if text:
            yield text
        if not raw:
            return
        at += len(raw)


def by_lines(chunks: Iterable[str]) -> Iterator[str]:
    """Chunks that end where lines do, so that no word is cut."""
    held = ""
    for text in chunks:
        whole, line_end, rest = text.rpartition("\n")
        if line_end:
            yield held + whole + line_end
            held = rest
        else:
            held += rest
    if held:
        yield held


def _marked(raw: bytes) -> str | None:
    """The encoding that a byte order mark names."""
    return next((encoding for mark, encoding in MARKS if raw.startswith(mark)), None)


def check_encoding(encoding: str) -> None:
    """Raises UsageError for an encoding that does not exist."""
    try:
        "".encode(encoding)
        codecs.getincrementaldecoder(encoding)
        b"a\0\0\0".decode(encoding, "replace")
    except (LookupError, ValueError):
        raise UsageError(
            f"no text encoding named {encoding!r}; there is utf-8, utf-16, cp1252, shift_jis, ..."
        ) from None
