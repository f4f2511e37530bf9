"""Byte-pair encoding on letters: which parts of words are joined, and joining them (Sennrich, Haddow & Birch 2016)."""

from __future__ import annotations

import heapq
import re
from collections import defaultdict
from collections.abc import Mapping
from itertools import pairwise

Merge = tuple[str, str]
# Letters, digits or signs, each with the space before it; what else is a space.
_WORDS = re.compile(r" ?[^\W\d_]+| ?\d| ?[^\w\s]+|\s+|_+")


def words(text: str) -> list[str]:
    """A text in pieces that merges do not cross; end to end they are the text.

    >>> words("Il a 12 ans !")
    ['Il', ' a', ' 1', '2', ' ans', ' !']
    """
    return _WORDS.findall(text)


def learned(counts: Mapping[str, int], most: int) -> tuple[Merge, ...]:
    """At most so many merges of words with these counts: each time the commonest pair, the first of equals by its letters.

    >>> learned({"low": 5, "lower": 2, "new": 3}, 2)
    (('l', 'o'), ('lo', 'w'))
    """
    spelt = [[*word] for word in counts]
    weight = [*counts.values()]
    pairs: dict[Merge, int] = defaultdict(int)
    where: dict[Merge, set[int]] = defaultdict(set)
    for number, parts in enumerate(spelt):
        for pair in pairwise(parts):
            pairs[pair] += weight[number]
            where[pair].add(number)
    heap = [(-count, pair) for pair, count in pairs.items()]
    heapq.heapify(heap)
    found: list[Merge] = []
    while heap and len(found) < most:
        count, best = heapq.heappop(heap)
        if -count != pairs.get(best, 0):  # it has changed since
            continue
        if -count < 2:
            break
        found.append(best)
        changed: set[Merge] = set()
        for number in where.pop(best):
            parts = spelt[number]
            for pair in pairwise(parts):
                pairs[pair] -= weight[number]
                changed.add(pair)
            spelt[number] = parts = _joined(parts, best)
            for pair in pairwise(parts):
                pairs[pair] += weight[number]
                where[pair].add(number)
                changed.add(pair)
        for pair in changed:
            if pairs[pair] > 0:
                heapq.heappush(heap, (-pairs[pair], pair))
    return tuple(found)


def merged(word: str, ranks: Mapping[Merge, int]) -> list[str]:
    """The parts of a word, by merges in the order of their ranks.

    >>> merged("lower", {("l", "o"): 0, ("lo", "w"): 1})
    ['low', 'e', 'r']
    """
    parts = [*word]
    while len(parts) > 1:
        best = min(pairwise(parts), key=lambda pair: ranks.get(pair, len(ranks)))
        if best not in ranks:
            break
        parts = _joined(parts, best)
    return parts


def _joined(parts: list[str], pair: Merge) -> list[str]:
    made: list[str] = []
    at = 0
    while at < len(parts):
        if at + 1 < len(parts) and (parts[at], parts[at + 1]) == pair:
            made.append(parts[at] + parts[at + 1])
            at += 2
        else:
            made.append(parts[at])
            at += 1
    return made
