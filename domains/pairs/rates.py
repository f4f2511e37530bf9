"""How near what was written is to what should have been: chrF."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

ORDER, BETA = 6, 2.0


def chrf(written: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """chrF2 of all texts together, 0 to 100 (Popović 2015): F of character n-grams up to 6, recall counting twice.

    references: of each text one or more, of which that counts that is nearest. Spaces do not count.

    >>> chrf(["Il dort."], [["Il dort.", "Il est endormi."]])
    100.0
    """
    totals = [[0, 0, 0] for _ in range(ORDER)]
    for text, wanted in zip(written, references, strict=True):
        counts = [_counts(text, one) for one in wanted]
        best = max(counts, key=_f)
        totals = [[a + b for a, b in zip(x, y, strict=True)] for x, y in zip(totals, best, strict=True)]
    return 100 * _f(totals)


def _counts(text: str, wanted: str) -> list[list[int]]:
    """For each order how many n-grams are shared, in the text, and wanted."""
    found = []
    given, asked = ("".join(one.split()) for one in (text, wanted))
    for n in range(1, ORDER + 1):
        ours, theirs = (Counter(one[i : i + n] for i in range(len(one) - n + 1)) for one in (given, asked))
        found.append([(ours & theirs).total(), ours.total(), theirs.total()])
    return found


def _f(counts: Sequence[Sequence[int]]) -> float:
    scores = [(shared / ours, shared / theirs) for shared, ours, theirs in counts if ours and theirs]
    if not scores:
        return 0.0
    precision, recall = (sum(side) / len(scores) for side in zip(*scores, strict=True))
    weight = BETA**2
    total = weight * precision + recall
    return (1 + weight) * precision * recall / total if total else 0.0
