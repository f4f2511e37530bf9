"""Batches of any number of rows from a handful of sizes, so that a few compiled programs do for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def filled(rows: Sequence[T]) -> list[T]:
    """The last row again, up to a power of two.

    >>> filled(["a", "b", "c"])
    ['a', 'b', 'c', 'c']
    """
    return [*rows, *[rows[-1]] * ((1 << (len(rows) - 1).bit_length()) - len(rows))]
