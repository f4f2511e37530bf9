"""Tatoeba read backwards: a French sentence and an English one, of which no French one that is tested on is learned from."""

from __future__ import annotations

from seqgen.datasets import tatoeba
from seqgen.domain import Splits
from seqgen.domains.pairs.pair import Pair

DOMAIN, LICENCE, ORIGIN, SHA256 = tatoeba.DOMAIN, tatoeba.LICENCE, tatoeba.ORIGIN, tatoeba.SHA256


def load(*, download: bool = False) -> Splits[Pair]:
    """French to English: see `seqgen.datasets.tatoeba.load`, which it is with `back`. Raises DataError as that does.

    >>> import contextlib
    >>> from seqgen.errors import DataError
    >>> with contextlib.suppress(DataError):  # where it is not on this machine
    ...     assert len(load().test) > 1000
    """
    return tatoeba.load(download=download, back=True)
