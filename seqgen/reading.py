"""The bytes of a file from a stranger: one file, of bounded size, or one DataError."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from .errors import DataError


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
