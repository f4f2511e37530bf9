"""Files inside a zip of a stranger, or one DataError."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import DataError

DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    NotImplementedError,
)


class Zipped:
    """What a zip holds: `names`, and what is in them."""

    def __init__(self, archive: zipfile.ZipFile, name: str, most: int, larger: str) -> None:
        self.names = tuple(archive.namelist())
        self._archive, self._name, self._most, self._left, self._larger = archive, name, most, most, larger

    def read(self, member: str) -> bytes:
        """The bytes of one. Raises DataError for one that is not there, and when it is more than may be read."""
        if member not in self.names:
            raise DataError(f"{self._name} has no {member} in it; it is damaged")
        info = self._archive.getinfo(member)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # LZMA may ask for gigabytes
            raise DataError(f"{self._name} is packed in an unusual way; save it again, stored or deflated")
        with self._archive.open(info) as file:
            raw = file.read(self._left + 1)  # what the zip says about sizes proves nothing
        self._left -= len(raw)
        if self._left < 0:
            raise DataError(f"{self._name} unpacks to more than {self._most // 2**20} MB; {self._larger}")
        return raw


@contextmanager
def unzipped(raw: bytes, name: str, *, kind: str, files: int, most: int, larger: str = "divide it") -> Iterator[Zipped]:
    """The zip in `raw`, open.

    kind: what it should be, such as "an EPUB". files: how many it may hold. most: bytes that all that is read of it may
    have together, unpacked; larger: what to do with more.

    Raises DataError, also out of the block, for what is damaged, encrypted, or holds more files.
    """
    if raw.count(b"PK\x01\x02") > files:
        raise DataError(f"{name} holds more than {files:,} packed files; it is not {kind}")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            yield Zipped(archive, name, most, larger)
    except DAMAGE as error:  # RuntimeError: encrypted, or packed in a way unknown to Python
        raise DataError(f"{name} cannot be unpacked: {error}; it is damaged or not {kind}") from None
