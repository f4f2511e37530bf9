"""Tatoeba: 167,130 pairs of an English sentence and a French one, short ones first."""

from __future__ import annotations

import hashlib
import lzma

from seqgen.datasets import downloads
from seqgen.domain import Splits
from seqgen.domains.pairs.pair import Pair, clean
from seqgen.errors import DataError

DOMAIN = "translate"
ORIGIN = "https://tatoeba.org, as http://www.manythings.org/anki published it on 2019-04-07"
LICENCE = "CC-BY-2.0-FR: Tatoeba and its contributors, www.manythings.org/anki"
FILE = "tatoeba/eng-fra.tsv.xz"
SHA256 = "62a66fa85205362f1043ec23087cdaca244e67c5fb82354c7e4d2d25d04ac664"


def load(*, download: bool = False, back: bool = False) -> Splits[Pair]:
    """English to French, or, `back`, French to English: pairs to train on, to validate and to test.

    The split is by the English sentence, so that none is in two parts: of 100 by their SHA-256 one is tested on, one
    validated on. Back, pairs to train on whose French sentence is tested on are left out.
    Raises DataError when the file is not here, for it has no address to fetch it from, or when it is damaged.

    >>> import contextlib
    >>> with contextlib.suppress(DataError):  # where it is not on this machine
    ...     assert len(load().test) > 1000
    """
    path = downloads.find(FILE)
    if path is None:
        raise DataError(f"{FILE} is not on this machine, and cannot be fetched: see datasets/tatoeba/SOURCE.md")
    raw = downloads.checked(path, SHA256).read_bytes()
    parts: dict[int, list[Pair]] = {0: [], 1: [], 2: []}
    for line in lzma.decompress(raw).decode().splitlines():
        english, french = line.split("\t")
        share = int(hashlib.sha256(english.encode()).hexdigest()[:8], 16) % 100
        pair = (french, english) if back else (english, french)
        parts[min(share, 2)].append(Pair(*map(clean, pair)))
    test, valid, train = (parts[share] for share in range(3))
    if back:
        tested = {pair.source for pair in test}
        train = [pair for pair in train if pair.source not in tested]
    return Splits(train, valid, test)
