"""Tiny Shakespeare: a million characters of plays, the text that character models are compared on."""

from __future__ import annotations

from seqgen.datasets import downloads
from seqgen.domain import Splits
from seqgen.domains.text.files import split
from seqgen.files.reading import read_text

DOMAIN = "text"
ORIGIN = (
    "https://raw.githubusercontent.com/karpathy/char-rnn/6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e/"
    "data/tinyshakespeare/input.txt"
)
LICENCE = "public domain"
FILE = "tinyshakespeare/input.txt"
SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"


def load(*, download: bool = False) -> Splits[str]:
    """1,003,854 characters to train on and the last 111,540 to validate on, as nanoGPT splits them; no test part.

    Raises DataError when the file is not here and `download` is False, or when it is damaged.

    >>> import contextlib
    >>> from seqgen import DataError
    >>> with contextlib.suppress(DataError):  # where it is not on this machine; load(download=True) fetches it
    ...     assert len(load().train[0]) == 1_003_854
    """
    return split([read_text(downloads.fetch(FILE, address=ORIGIN, sha256=SHA256, download=download))])
