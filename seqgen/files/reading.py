"""The bytes or the text of a file from a stranger, or one DataError."""

from __future__ import annotations

import codecs
import os
import stat
import sys
from pathlib import Path

from ..errors import DataError, UsageError
from .encodings import mistaken, remedy, written_as

# The first match counts: the mark of UTF-16 begins that of UTF-32.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8"),
)

_KINDS = {  # what files of other kinds begin with
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"%PDF": "PDF, of which pdftotext makes text",
    b"PK\3\4": "a ZIP archive",
    b"\x1f\x8b": "packed by gzip",
    b"MThd": "a MIDI file",
    b"RIFF": "sound or video (RIFF)",
    b"\x7fELF": "a program",
    b"SQLite": "a database",
}


def read_bytes(path: str | os.PathLike[str], limit: int, *, too_large: str) -> bytes:
    """The whole file, never more than `limit` bytes.

    too_large: how the message goes on after "NAME is larger than N MB", with what to do.
    Raises DataError for what is missing, unreadable, empty, larger, a folder, or a device or pipe that might not end.
    """
    name = os.fspath(path)
    try:
        mode = os.stat(name).st_mode
        if stat.S_ISDIR(mode):
            raise DataError(f"{name} is a folder; name a file")
        if not stat.S_ISREG(mode):
            raise DataError(f"{name} is a device or a pipe, not a file; save it as a file")
        with Path(name).open("rb") as file:
            raw = file.read(limit + 1)
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"cannot read {name}: {reason}; check the name and its permissions") from None
    if not raw:
        raise DataError(f"{name} is empty; get the file again")
    if len(raw) > limit:
        raise DataError(f"{name} is larger than {limit // 2**20} MB{too_large}")
    return raw


def read_text(path: str | os.PathLike[str], encoding: str = "utf-8") -> str:
    r"""One file as text with LF line ends; "-" is standard input.

    A byte order mark (UTF-8, UTF-16, UTF-32) goes before `encoding`. Raises DataError for a file that is missing,
    unreadable, empty, binary or in another encoding, UsageError for an encoding that does not exist.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "verse.txt")
    ...     _ = path.write_bytes(b"one\r\ntwo\r\n")
    ...     read_text(path)
    'one\ntwo\n'
    """
    name = os.fspath(path)
    try:
        if name == "-":
            name, raw = "standard input", sys.stdin.buffer.read()
        else:
            mode = os.stat(name).st_mode
            if stat.S_ISDIR(mode):
                raise DataError(f"{name} is a folder; name a file")
            if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
                raise DataError(f"{name} is a device, not a file; pipe it in and name -")
            raw = Path(name).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"cannot read {name}: {reason}; check the name and its permissions") from None
    return _decode(raw, name, encoding)


def _decode(raw: bytes, name: str, encoding: str) -> str:
    encoding = next((marked for mark, marked in MARKS if raw.startswith(mark)), encoding)
    try:
        text = raw.decode(*written_as(encoding)).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        if b"\0" in raw or _kind(raw):
            raise binary(name, raw) from None
        raise DataError(
            f"{name} is not {encoding.upper()}: byte 0x{error.object[error.start]:02x} at offset {error.start}; "
            f"{remedy(raw, error.start)}"
        ) from None
    except (LookupError, ValueError):
        raise UsageError(
            f"no text encoding named {encoding!r}; there is utf-8, utf-16, cp1252, shift_jis, ..."
        ) from None
    if "\0" in text:
        raise binary(name, raw)
    if wrong := mistaken(raw, encoding):
        raise DataError(f"{name} {wrong}")
    if not text:
        raise DataError(f"{name} is empty; give it some text")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _kind(raw: bytes) -> str:
    return next((kind for mark, kind in _KINDS.items() if raw.startswith(mark)), "")


def binary(name: str, raw: bytes, at: int = 0) -> DataError:
    """What to say of bytes that are no text, where they hold a NUL or begin as files of another kind do; at: where they stand."""
    if not at and (kind := _kind(raw)):
        return DataError(f"{name} is {kind}, not text; name a file of text")
    return DataError(
        f"{name} is binary, not text: NUL at byte {at + raw.find(0)}; if it is UTF-16, name it with --encoding utf-16-le"
    )
