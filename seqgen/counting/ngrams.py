"""What counting predicts: the modified Kneser-Ney model of n symbols (Chen & Goodman 1998, section 3), by sorting."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]


class _Order(NamedTuple):
    """The sequences of one length. keys: (context, last symbol) as one number, sorted; shares: of the context's mass that is
    the symbol's after the discount; back: what each context leaves to shorter ones.
    """

    keys: Ids
    shares: NDArray[np.float64]
    back: NDArray[np.float64]


class NGrams(NamedTuple):
    """Counts of sequences up to `len(orders)` symbols in one text. Make them with `of`.

    >>> model = NGrams.of(np.array([0, 1] * 50), order=3, size=2)
    >>> bool(model.nats(np.array([0, 1] * 20)).mean() < 0.1)
    True
    """

    orders: tuple[_Order, ...]
    size: int

    @classmethod
    def of(cls, text: NDArray[np.int32], *, order: int, size: int) -> NGrams:
        """Counts of a text of symbols below `size`; what stands before its beginning counts as a symbol of its own."""
        return cls.up_to(order, text, size)[-1]

    @classmethod
    def up_to(cls, longest: int, text: NDArray[np.int32], size: int) -> tuple[NGrams, ...]:
        """Those of order 1, 2, ... `longest` of one text: all but the counts of their longest sequences is the same."""
        padded = np.concatenate([np.full(longest - 1, size), np.asarray(text)]).astype(np.int64)
        width = size + 1
        ends = longest - 1 + np.arange(len(text))  # positions of the text itself
        ids, found = np.zeros(len(padded), np.int64), []
        own: list[Ids] = []  # own[k - 1][t]: which sequence of k symbols ends at t
        for _ in range(longest):
            before = np.concatenate([[0], ids[:-1]])
            keys, ids = np.unique(before * width + padded, return_inverse=True)
            found.append(keys)
            own.append(ids[ends])
        shorter: list[_Order] = []
        models = []
        for k, (keys, sequences) in enumerate(zip(found, own, strict=True)):
            contexts = len(found[k - 1]) if k else 1
            counts = np.bincount(sequences, minlength=len(keys))
            models.append(cls((*shorter, _order(keys, counts, width, contexts)), size))
            if k + 1 < longest:  # beneath longer ones what counts is in how many contexts, not how often
                once = np.unique(own[k + 1], return_index=True)[1]
                counts = np.bincount(sequences[once], minlength=len(keys))
                shorter.append(_order(keys, counts, width, contexts))
        return tuple(models)

    def nats(self, text: NDArray[np.int32]) -> NDArray[np.float64]:
        """-ln p of each symbol, given those before it, float64 `[T]`."""
        longest, width = len(self.orders), self.size + 1
        padded = np.concatenate([np.full(longest - 1, self.size), np.asarray(text)]).astype(np.int64)
        likely = np.full(len(padded), 1 / self.size)
        ended = np.zeros(len(padded), np.int64)  # which sequence ends at each position, -1 for one that was not counted
        for own in self.orders:
            context = np.concatenate([[0 if own is self.orders[0] else -1], ended[:-1]])
            wanted = np.where(context >= 0, context * width + padded, -1)
            at = np.minimum(np.searchsorted(own.keys, wanted), len(own.keys) - 1)
            ended = np.where(own.keys[at] == wanted, at, -1)
            back = np.where(context >= 0, own.back[np.maximum(context, 0)], 1.0)
            likely = np.where(ended >= 0, own.shares[at], 0.0) + back * likely
        nats: NDArray[np.float64] = -np.log(likely[longest - 1 :])
        return nats


def _order(keys: Ids, counts: Ids, width: int, contexts: int) -> _Order:
    """Shares of each sequence after its discount (D1, D2, D3+), and what that leaves."""
    n1, n2, n3, n4 = (max(int((counts == number).sum()), 1) for number in (1, 2, 3, 4))
    y = n1 / (n1 + 2 * n2)
    # At least a tenth: of little text the estimates may be none, and what was not counted would have no share.
    discounts = np.clip(
        [0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3], [0, 0.1, 0.1, 0.1], [0, 1, 2, 3]
    )
    discount = discounts[np.minimum(counts, 3)]
    context = keys // width
    totals = np.bincount(context, counts, minlength=contexts)
    left = np.bincount(context, discount, minlength=contexts)
    back = np.where(totals > 0, left / np.maximum(totals, 1), 1.0)
    return _Order(keys, (counts - discount) / np.maximum(totals[context], 1), back)
