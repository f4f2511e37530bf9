"""How much of what was written is read wrong: character and word error rates."""

from __future__ import annotations

from collections.abc import Sequence


def distance(one: Sequence[object], other: Sequence[object]) -> int:
    """Insertions, deletions and replacements that turn one into the other (Levenshtein 1966).

    >>> distance("kitten", "sitting"), distance(["two", "words"], ["words"])
    (3, 1)
    """
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        last, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (a != b))
    return row[-1]


def cer(read: Sequence[str], written: Sequence[str]) -> float:
    """The character error rate: `distance` over the characters that were written, of all lines together.

    >>> cer(["helo", "pen"], ["hello", "pen"])
    0.125
    """
    return _rate(read, written)


def wer(read: Sequence[str], written: Sequence[str]) -> float:
    """The word error rate, of words between spaces, as `cer`.

    >>> wer(["helo pen"], ["hello pen"])
    0.5
    """
    return _rate([line.split() for line in read], [line.split() for line in written])


def _rate(read: Sequence[Sequence[str]], written: Sequence[Sequence[str]]) -> float:
    return sum(map(distance, read, written)) / max(sum(map(len, written)), 1)
