"""Songs for voice and piano, 1,357 of them under CC0, with meters, keys and tempos: written music to learn beats from."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path

from seqgen.datasets import downloads
from seqgen.domain import Splits
from seqgen.domains.music.formats.musicxml import parse_musicxml
from seqgen.domains.music.score import Score
from seqgen.errors import DataError

DOMAIN = "music"
ORIGIN = "https://github.com/OpenScore/Lieder/tree/bca122458de6da362abe62dd6aec62e25d7759b1/scores"
LICENCE = "CC0-1.0: transcribed by the volunteers of OpenScore"
FILE = "openscore_lieder/lieder_mxl.zip"
LARGEST = 400_000  # notes, of the longest song with its repeats


def load(*, download: bool = False) -> Splits[Score]:
    """Songs as they sound, all of a composer in one part: about 80 % train, 10 % valid, 10 % test; a minute or two.

    `download` changes nothing: the origin has a file a song, which are packed once by hand as SOURCE.md says. Raises
    DataError when the pack is not here or is none.

    >>> import contextlib
    >>> with contextlib.suppress(DataError):  # where it is not on this machine
    ...     name, song = next(songs(path()))
    ...     assert song.meters[0][1:] == (1, 4), name  # an upbeat
    """
    parts: tuple[list[Score], ...] = [], [], []
    for name, song in songs(path()):
        parts[_part(name.split("/")[-4])].append(song)
    return Splits(*parts)


def path() -> Path:
    """Where the pack is. Raises DataError."""
    found = downloads.find(FILE)
    if found is None:
        raise DataError(
            f"{FILE} is not on this machine, and its origin has a file a song: pack those of {ORIGIN} as "
            f"datasets/lieder/SOURCE.md says and save them as {downloads.cache_folder() / FILE}"
        )
    return found


def songs(pack: Path) -> Iterator[tuple[str, Score]]:
    """Each song with its name in the pack, in the order of names. Raises DataError for a file that is no pack of songs."""
    try:
        with zipfile.ZipFile(pack) as files:
            for name in sorted(files.namelist()):
                if name.endswith(".mxl") and name.count("/") >= 3:
                    yield name, parse_musicxml(files.read(name), name, LARGEST)
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise DataError(f"{pack} is no pack of songs: {error}; make it again as SOURCE.md says") from None


def _part(composer: str) -> int:
    """0 to train on, 1 to validate, 2 to test, by a hash of the composer's name: the same for ever."""
    return {7: 1, 3: 2}.get(int(hashlib.sha256(composer.encode()).hexdigest()[:8], 16) % 10, 0)
