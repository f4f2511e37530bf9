"""Likelihoods of symbols as those of characters."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def by_character(codec: Any, ids: NDArray[Any], log_probs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sums over the symbols that spell a character; a symbol of several characters stays one.

    >>> from . import Characters
    >>> codec = Characters("ab")
    >>> by_character(codec, codec.encode("aé").steps, np.float32([-1, -2, -3])).tolist()
    [-1.0, -5.0]
    """
    begins = np.flatnonzero(codec.begun(ids) > 0)
    return np.add.reduceat(log_probs, begins).astype(np.float32) if len(begins) else log_probs[:0]
