"""An interpolated Kneser-Ney model of n symbols: what counting alone predicts."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

DISCOUNT = 0.75
Context = tuple[int, ...]


class KneserNey:
    """Counts of sequences over `size` symbols, each begun from nothing.

    Absolute discounting of 0.75; lower orders count in how many contexts a symbol was seen, not how often (Chen &
    Goodman 1998, section 3.2); below the lowest, all symbols alike.
    """

    def __init__(self, sequences: Sequence[Sequence[int]], size: int, order: int = 5) -> None:
        self.size, self.order = size, order
        counts: list[defaultdict[Context, Counter[int]]] = [defaultdict(Counter) for _ in range(order)]
        for sequence in sequences:
            padded = self._padded(sequence)
            for end in range(order - 1, len(padded)):
                counts[-1][tuple(padded[end - order + 1 : end])][padded[end]] += 1
        for shorter, longer in zip(reversed(counts[:-1]), reversed(counts[1:]), strict=True):
            for context, symbols in longer.items():
                shorter[context[1:]].update(dict.fromkeys(symbols, 1))
        self.counts = counts
        self.totals = [{context: symbols.total() for context, symbols in table.items()} for table in counts]

    def nats(self, sequence: Sequence[int]) -> list[float]:
        """-ln p of every symbol, each given those before it."""
        padded = self._padded(sequence)
        return [-math.log(self._probability(padded, end)) for end in range(self.order - 1, len(padded))]

    def _probability(self, padded: list[int], end: int) -> float:
        probability = 1 / self.size
        for length, (table, totals) in enumerate(zip(self.counts, self.totals, strict=True)):
            context = tuple(padded[end - length : end])
            if context not in totals:
                break
            symbols, total = table[context], totals[context]
            backed_off = DISCOUNT * len(symbols) / total * probability
            probability = max(symbols[padded[end]] - DISCOUNT, 0) / total + backed_off
        return probability

    def _padded(self, sequence: Sequence[int]) -> list[int]:
        return [self.size] * (self.order - 1) + list(sequence)
