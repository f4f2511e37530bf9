"""How far one sequence is from another, in edits: what error rates of words, characters and phonemes are made of."""

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


def error_rate(made: Sequence[Sequence[object]], wanted: Sequence[Sequence[object]]) -> float:
    """`distance` for each element that was wanted, of all sequences together.

    >>> error_rate(["helo", "pen"], ["hello", "pen"])
    0.125
    """
    return sum(map(distance, made, wanted)) / max(sum(map(len, wanted)), 1)
