"""JS Fakes: 500 four-part chorales composed by a machine, free for any use with attribution."""

from __future__ import annotations

from seqgen.datasets import downloads
from seqgen.datasets.by_melody import split_by_melody
from seqgen.domain import Splits
from seqgen.domains.music.formats.grid_json import read_grid_json
from seqgen.domains.music.score import Score
from seqgen.errors import DataError

DOMAIN = "music"
ORIGIN = (
    "https://github.com/omarperacha/js-fakes/blob/68b476d5b265e579d87c74a68f2160f26007fa56/js-fakes-16thSeparated.npz"
)
LICENCE = "CC-BY-4.0: Omar Peracha"
FILE = "js_fakes/js_fakes.json"


def load(*, download: bool = False) -> Splits[Score]:
    """500 pieces in four parts on a grid of sixteenths, split by melody: 80 % train, 10 % valid, 10 % test.

    `download` changes nothing: the origin offers pickled arrays only, which may run code when opened, so the file is
    made once by hand as SOURCE.md shows. Raises DataError when it is not here or is no such file.

    >>> import contextlib
    >>> with contextlib.suppress(DataError):  # where it is not on this machine
    ...     assert sum(map(len, load())) == 500
    """
    path = downloads.find(FILE)
    if path is None:
        raise DataError(
            f"{FILE} is not on this machine, and its origin has it only as a pickle, which seqgen never opens: "
            f"convert {ORIGIN} as datasets/js_fakes/SOURCE.md shows and save it as {downloads.cache_folder() / FILE}"
        )
    return split_by_melody(read_grid_json(path))
