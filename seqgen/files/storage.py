"""Folders that are written whole or not at all, and that notice when a bit of them changes.

A folder is built under a hidden name beside its place, listed in a SHA256SUMS file, flushed to the disk and renamed.
No JAX here: looking at a folder costs nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from ..errors import ModelError, UsageError

SUMS = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64})  ([^\n]+)\n")
_LONGEST = 1 << 20  # bytes of a list
Known = TypeVar("Known")


@contextlib.contextmanager
def building(folder: Path) -> Iterator[Path]:
    """A fresh folder to fill, which takes the place of `folder` when the block ends well and vanishes when it does not.

    A kill or a power cut at any moment leaves the old one or the new one, whole, where `standing` finds it.
    Raises UsageError when the place cannot be written or the disk is full; the old folder is then as it was.
    """
    temporary = folder.with_name(f".{folder.name}.saving")
    try:
        shutil.rmtree(temporary, ignore_errors=True)  # of somebody who was killed
        temporary.mkdir(parents=True)
        yield temporary
        _seal(temporary)
        _publish(temporary, folder)
    except OSError as error:
        raise UsageError(
            f"cannot write {folder}: {error.strerror or error}; free some space or name another place"
            " (what was there before is intact)"
        ) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def replace_file(path: Path, data: bytes) -> None:
    """Writes a file that is there whole or, after a crash or on a full disk, as it was before."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def write_output(path: str | os.PathLike[str], data: bytes) -> None:
    """Writes what a user asked for, as `replace_file` does. Raises UsageError for a place that cannot be written."""
    target = Path(path)
    try:
        if target.is_dir():
            raise UsageError(f"cannot write {target}: it is a folder; name a file")
        replace_file(target, data)
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it, or none
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot write {target}: {reason}; name another place") from None


def by_ending(path: str | os.PathLike[str], known: Mapping[str, Known], thing: str) -> Known:
    """What is `known` for the ending of this name, whatever its case. Raises UsageError, which says what there is.

    >>> by_ending("tune.WAV", {".mid": 1, ".wav": 2}, "a score")
    2
    """
    name = Path(path).name
    found = known.get(Path(name).suffix.lower())
    if found is None:
        raise UsageError(f"{thing} is saved as {', '.join(known)}, not as {name!r}; end the name with one of them")
    return found


def standing(folder: Path) -> Path:
    """Where the last whole version of `folder` is: there, or where a replacement that was cut short had moved it."""
    aside = _aside(folder)
    return aside if aside.is_dir() and not folder.exists() else folder


def sums(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file that belongs to `folder`. Raises ModelError when it has no list, or an unclear one."""
    try:
        with _inside(folder, SUMS).open("rb") as file:
            text = file.read(_LONGEST).decode(errors="replace")
    except OSError as error:
        raise ModelError(f"cannot read {folder / SUMS}: {error.strerror}; check its permissions") from None
    lines = {name: digest for digest, name in _LINE.findall(text)}
    # Rendered again it must be the same text: whatever the pattern passed over is damage.
    if not lines or text != "".join(f"{digest}  {name}\n" for name, digest in lines.items()):
        raise ModelError(f"{folder / SUMS} is damaged: it is no list of SHA-256 sums; get an undamaged copy")
    return lines


def read(folder: Path, name: str, digests: dict[str, str], limit: int) -> bytes:
    """A file of at most `limit` bytes. Raises ModelError if it is missing, a link, larger, or not what `digests` say."""
    path = _inside(folder, name)
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}; check its permissions") from None
    if len(data) > limit:
        raise ModelError(f"{path} holds more than the {limit} bytes it may; it is damaged or no model of seqgen's")
    _compare(path, hashlib.sha256(data).hexdigest(), digests.get(name))
    return data


def check(folder: Path) -> None:
    """Raises ModelError, naming the file, unless every listed file is there and as it was written."""
    for _, problem in verdicts(folder):
        if problem is not None:
            raise ModelError(problem)


def verdicts(folder: Path) -> Iterator[tuple[Path, str | None]]:
    """Every file that belongs to `folder`, and what is wrong with it, or None; just the list where that is damaged."""
    try:
        digests = sums(folder)
    except ModelError as error:
        yield folder / SUMS, str(error)
        return
    for name, digest in digests.items():
        try:
            path = _inside(folder, name)
            _compare(path, _sha256(path), digest)
        except OSError as error:
            yield folder / name, f"cannot read {folder / name}: {error.strerror}; check its permissions"
        except ModelError as error:
            yield folder / name, str(error)
        else:
            yield path, None


def _inside(folder: Path, name: str) -> Path:
    path = folder / name
    # Every part of the name may be a link or "..", and realpath follows them all.
    if os.path.realpath(path) != os.path.join(os.path.realpath(folder), *name.split("/")):
        raise ModelError(f"{path} leads out of its folder or is a link; get a copy with all files in the folder itself")
    if not path.is_file():
        raise ModelError(f"{path} is missing; get a complete copy of the folder")
    return path


def _compare(path: Path, found: str, wanted: str | None) -> None:
    if found != wanted:
        raise ModelError(f"{path} is damaged or edited: its SHA-256 is not the one in {SUMS}; get an undamaged copy")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _seal(folder: Path) -> None:
    inside = sorted(folder.rglob("*"))
    files = [path for path in inside if path.is_file()]
    lines = [f"{_sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
    (folder / SUMS).write_bytes("".join(lines).encode())
    for path in (*inside, folder / SUMS, folder):
        _flush(path)


def _publish(temporary: Path, folder: Path) -> None:
    aside = _aside(folder)
    if folder.exists():
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)
    temporary.rename(folder)
    _flush(folder.parent)
    shutil.rmtree(aside, ignore_errors=True)


def _aside(folder: Path) -> Path:
    folder = folder.absolute()  # "." has no name
    return folder.parent / f".{folder.name}.previous"


def _flush(path: Path) -> None:
    if os.name == "nt":  # opens no folders, and flushes no file opened for reading
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
