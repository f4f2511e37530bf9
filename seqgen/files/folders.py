"""Walking through folders of strangers, sorted, nothing hidden or endless; and names that nothing has yet."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

from ..errors import UsageError


def walk(folder: Path, skipped: list[str]) -> list[Path]:
    """The files of a folder and its folders, sorted; what is hidden, special or cannot be listed goes to `skipped`."""
    found: list[Path] = []

    def cannot_list(error: OSError) -> None:
        skipped.append(f"cannot list {error.filename}: {error.strerror}; check its permissions")

    for parent, folders, files in os.walk(folder, onerror=cannot_list):
        for path in sorted(Path(parent, name) for name in [*folders, *files]):
            if path.name.startswith("."):
                skipped.append(f"{path} is hidden; name it outright to read it")
            elif path.is_fifo():
                skipped.append(f"{path} is a pipe; name it outright to read it")  # which might never end
            elif path.is_symlink() and path.is_dir():
                skipped.append(f"{path} links to a folder; name it outright to read it")  # which might be a loop
            elif path.name in files:
                found.append(path)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
    # By parts, so that the order is the same where the separator is a backslash.
    return sorted(found, key=lambda path: path.parts)


def free_path(path: Path, ending: str = "") -> Path:
    """The path with this ending, or with -2, -3, ... before the ending where something is there already."""
    names = itertools.chain([path.name], (f"{path.name}-{number}" for number in itertools.count(2)))
    return next(free for free in (path.with_name(name + ending) for name in names) if not free.exists())


def refuse_used(folder: Path) -> None:
    """Raises UsageError where a new folder would take the place of something."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is in use; name another folder with --out")
