"""Verbatim copies of a corpus are kept short: an index of its n-grams, asked at every symbol."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from ..errors import UsageError
from ..machine.programs import register
from ..nn.recurrence import Array
from ..spec import Steps

MULTIPLIERS = (0x9E3779B1, 0x85EBCA6B)  # odd, of the golden ratio and of MurmurHash3: any odd numbers do


class Copies(NamedTuple):
    """A `Rule`: what would extend a verbatim copy of the corpus beyond N symbols is ruled out. Make one with `of`.

    first, second: two hashes of every N-gram of the corpus that something follows, uint32 `[n]`, sorted by the first;
    followed: by which symbol, int32 `[n]`. Two N-grams of equal hashes (a pair in 2^64) would rule out a symbol too many.
    powers: what the last N symbols are multiplied by, uint32 `[2, N]`. most: int32 `[W]`, numbers to the most entries of
    one first hash.

    >>> rule = Copies.of([np.array([5, 6, 7, 5, 6, 4])], longest=2)
    >>> state = rule.start([[1, 5, 6]], size=8)
    >>> jnp.isinf(rule.scores(state, jnp.zeros((1, 8)))).tolist()[0]  # 5, 6, 4 and 5, 6, 7 are in the corpus
    [False, False, False, False, True, False, False, True]
    """

    first: Any
    second: Any
    followed: Any
    powers: Any
    most: Any

    @classmethod
    def of(cls, corpus: Iterable[Steps], longest: int) -> Copies:
        """The index of sequences of symbols. Takes 12 bytes a symbol. Raises UsageError for `longest` below 1."""
        if longest < 1:
            raise UsageError(f"copies of {longest} symbols at the most cannot be; give 1 or more")
        powers = np.array([[pow(m, k, 2**32) for k in range(longest)] for m in MULTIPLIERS], np.uint32)
        found = [np.zeros((3, 0), np.uint32)]
        for sequence in corpus:
            symbols = np.asarray(sequence, np.uint32) + 1
            if (count := len(symbols) - longest) < 1:
                continue
            entries = np.zeros((3, count), np.uint32)
            for column, own in enumerate(powers):
                for k in range(longest):
                    entries[column] += symbols[k : k + count] * own[k]
            entries[2] = symbols[longest:] - 1
            found.append(entries)
        rows = np.concatenate(found, axis=1)
        rows = rows[:, np.lexsort(rows[::-1])]
        rows = rows[:, np.append(True, (np.diff(rows.view(np.int32), axis=1) != 0).any(axis=0))[: rows.shape[1]]]
        ends = np.append(np.flatnonzero(np.diff(rows[0].view(np.int32))), rows.shape[1] - 1)
        longest_run = int(np.diff(ends, prepend=-1).max())
        # Padded to powers of two, so that corpora of like size share their program; symbol 2^31 - 1 there is none.
        size = 1 << max(rows.shape[1] - 1, 1).bit_length()
        rows = np.concatenate([rows, np.full((3, size - rows.shape[1]), 2**32 - 1, np.uint32)], axis=1)
        rows[2] &= 2**31 - 1
        most = np.arange(1 << max(longest_run - 1, 0).bit_length(), dtype=np.int32)
        return cls(rows[0], rows[1], rows[2].astype(np.int32), powers, most)

    def start(self, prompts: Sequence[Steps], size: int) -> Any:
        """The last N symbols, int32 `[B, N]`, -1 before the first."""
        longest = self.powers.shape[1]
        state = np.full((len(prompts), longest), -1, np.int32)
        for own, prompt in zip(state, prompts, strict=True):
            end = np.asarray(prompt, np.int32)[-longest:]
            own[longest - len(end) :] = end
        return state

    def scores(self, state: Any, logits: Array) -> Array:
        """Without what follows the last N symbols anywhere in the corpus."""
        first, second = (((state + 1).astype(jnp.uint32) * own).sum(axis=1, dtype=jnp.uint32) for own in self.powers)
        at = jnp.searchsorted(jnp.asarray(self.first), first)[:, None] + self.most
        at = jnp.minimum(at, len(self.first) - 1)
        same = (jnp.asarray(self.first)[at] == first[:, None]) & (jnp.asarray(self.second)[at] == second[:, None])
        following = jnp.where(same, jnp.asarray(self.followed)[at], logits.shape[-1])
        rows = jnp.arange(len(logits))[:, None]
        return logits.at[rows, following].set(-jnp.inf, mode="drop")

    def read(self, state: Any, symbols: Array) -> Any:
        """The newest symbol comes, the oldest goes."""
        return jnp.concatenate([state[:, 1:], symbols[:, None]], axis=1)

    def done(self, state: Any) -> Array:
        """No row ends by it."""
        return jnp.zeros(len(state), bool)


register(Copies)
