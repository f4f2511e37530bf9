"""Groove: 1,150 drum performances of professional drummers, 13.6 hours with every nuance of touch and timing."""

from __future__ import annotations

import csv
import shutil
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

from seqgen.datasets import downloads
from seqgen.domain import Splits
from seqgen.domains.music.formats.midi import read_midi
from seqgen.domains.music.score import Score
from seqgen.errors import DataError

DOMAIN = "music"
ORIGIN = "https://storage.googleapis.com/magentadata/datasets/groove/groove-v1.0.0-midionly.zip"
LICENCE = "CC-BY-4.0: Groove MIDI Dataset 1.0.0, Google LLC"
FILE = "groove-v1.0.0-midionly.zip"
SHA256 = "651cbc524ffb891be1a3e46d89dc82a1cecb09a57c748c7b45b844c4841dcc1e"
INDEX = "groove/info.csv"


def load(*, download: bool = False) -> Splits[Score]:
    """The performances that groove/info.csv lists, in the official split: 897 train, 124 valid, 129 test.

    A folder `groove` with fewer of them, and a shorter list, is used as it is. Raises DataError when neither the
    folder nor the zip is here and `download` is False, or when a file is damaged.

    >>> import contextlib
    >>> with contextlib.suppress(DataError):  # where it is not on this machine; load(download=True) fetches it
    ...     assert load().train[0].notes[0].program == 128  # drums
    """
    index = downloads.find(INDEX) or _unpack(downloads.fetch(FILE, address=ORIGIN, sha256=SHA256, download=download))
    parts: dict[str, list[Score]] = {"train": [], "validation": [], "test": []}
    try:
        with index.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                name = PurePosixPath(row["midi_filename"])
                if name.is_absolute() or ".." in name.parts:
                    raise DataError(f"{index} names {name}, outside its folder; get it again")
                parts[row["split"]].append(read_midi(index.parent / name))
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise DataError(f"{index} is not the list of the Groove data set: {error}; get it again") from None
    return Splits(parts["train"], parts["validation"], parts["test"])


def _unpack(path: Path) -> Path:
    """The zip, whose checksum is known, as a folder beside it; whole or not at all."""
    folder = downloads.cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as unpacked:
            with zipfile.ZipFile(path) as archive:
                archive.extractall(unpacked)
            shutil.move(Path(unpacked, "groove"), folder / "groove")
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"cannot unpack {path}: {error}; unpack it by hand in {folder}") from None
    return folder / INDEX
