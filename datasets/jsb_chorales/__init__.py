"""JSB chorales on a grid of sixteenths: the 382 four-part pieces that polyphonic models are measured on."""

from __future__ import annotations

from seqgen.datasets import downloads
from seqgen.domain import Splits
from seqgen.domains.music.formats.grid_json import read_grid_json_splits
from seqgen.domains.music.score import Score

DOMAIN = "music"
ORIGIN = (
    "https://raw.githubusercontent.com/czhuang/JSB-Chorales-dataset/9a7f733ddb4ed91f48da64ac7f0f621c34aadd4d/"
    "Jsb16thSeparated.json"
)
LICENCE = "no licence file at its origin; the music, by J. S. Bach, is in the public domain: for measuring"
FILE = "jsb_chorales/Jsb16thSeparated.json"
SHA256 = "79294cc374f9252e95ef4b703161524c1c53dc1f712c236f00f1c1f5d54af5a7"


def load(*, download: bool = False) -> Splits[Score]:
    """229 pieces to train on, 76 to validate on and 77 to test on, as published.

    Raises DataError when the file is not here and `download` is False, or when it is damaged.

    >>> import contextlib
    >>> from seqgen import DataError
    >>> with contextlib.suppress(DataError):  # where it is not on this machine; load(download=True) fetches it
    ...     assert [len(part) for part in load()] == [229, 76, 77]
    """
    path = downloads.fetch(FILE, address=ORIGIN, sha256=SHA256, download=download)
    return Splits(**read_grid_json_splits(path))
