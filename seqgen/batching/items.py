"""Whole items to batches: of about one length each, so that little of what is computed is padding.

What `windows` cuts and carries over is read here from beginning to end at once: by a network that looks both ways, or by
a loss over all of an item. Batches are of few widths, since each compiles a program of its own, and a pure function of
(seed, step, attempt, since), as windows are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..errors import DataError, UsageError
from .sources import Ints, Source
from .windows import Batch, read_rows

WIDTHS, SOURCE_WIDTHS = 6, 3  # of steps; of sources, for each of these
FULL = 8  # batches, on average, of a width, or there are fewer widths: the last batch of each is not full
FINEST = 256  # lengths that are told apart when widths are chosen


class _Bucket(NamedTuple):
    """Items that are padded to the same width, and their sources to the same; `used`: entries that they have of both."""

    indices: Ints
    width: int
    source_width: int
    used: int


@dataclass(frozen=True, eq=False)
class Items:
    """The training batches of whole items, numbered by step.

    rows: items a batch; fewer where there are fewer. augment: as for `seqgen.batching.Windows`, and no item may come out
    longer. Raises UsageError for sizes below 1, DataError when there is not one step to learn from.

    >>> from seqgen import Discrete, Example, in_memory
    >>> source = in_memory(Discrete(9), [Example(np.arange(n)) for n in (2, 9, 3, 8)])
    >>> items = Items(source, rows=2, seed=1)
    >>> items.per_epoch, items.batch(step=7).targets.shape
    (2, (2, 9))
    """

    source: Source
    rows: int
    seed: int = 0
    augment: Callable[[int], Source] | None = None
    _buckets: tuple[_Bucket, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise UsageError(f"the seed is {self.seed}; give 0 or more")
        object.__setattr__(self, "_buckets", _buckets(self.source, self.rows))

    @property
    def shape(self) -> tuple[int, int]:
        """(B, T) of the widest batch."""
        return _rows(self._buckets, self.rows), max(bucket.width for bucket in self._buckets)

    @property
    def per_epoch(self) -> int:
        """Batches of an epoch, the same for each."""
        return sum(-(-len(bucket.indices) // self.shape[0]) for bucket in self._buckets)

    @property
    def padding(self) -> float:
        """The share of an epoch's positions that are no step of an item, the sources' among them."""
        rows = self.shape[0]
        widths = np.array([bucket.width + bucket.source_width for bucket in self._buckets])
        computed = widths @ np.array([-(-len(bucket.indices) // rows) * rows for bucket in self._buckets])
        return 1 - sum(bucket.used for bucket in self._buckets) / int(computed)

    def batch(self, step: int, attempt: int = 0, rows: slice = slice(None), since: int = 0) -> Batch:
        """The batch of one training step; arguments as for `seqgen.batching.Windows`."""
        epoch, number = divmod(step - since, self.per_epoch)
        source, layout = self._layout(epoch - (-since // self.per_epoch), attempt)
        return _read(source, *layout[number], self.shape[0], rows)

    @cached_property
    def _layout(self) -> Callable[[int, int], tuple[Source, list[tuple[_Bucket, Ints]]]]:
        def lay_out(epoch: int, attempt: int) -> tuple[Source, list[tuple[_Bucket, Ints]]]:
            source = self.source if self.augment is None else self.augment(epoch)
            seeds = np.random.SeedSequence(self.seed, spawn_key=(epoch, attempt))
            random = np.random.Generator(np.random.Philox(seeds))
            batches = _batches(self._buckets, self.shape[0], random.permutation)
            return source, [batches[place] for place in random.permutation(len(batches))]

        return lru_cache(maxsize=2)(lay_out)  # this epoch and the one before, of a roll-back


@dataclass(frozen=True, eq=False)
class EvaluationItems:
    """Batches in which every item of a source is a row exactly once: a sequence, each read when it is asked for."""

    source: Source
    rows: int
    _batches: list[tuple[_Bucket, Ints]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        buckets = _buckets(self.source, self.rows)
        object.__setattr__(self, "rows", _rows(buckets, self.rows))
        object.__setattr__(self, "_batches", _batches(buckets, self.rows, lambda indices: indices))

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, number: int) -> Batch:
        return _read(self.source, *self._batches[number], self.rows, slice(None))

    def __iter__(self) -> Iterator[Batch]:
        return (self[number] for number in range(len(self)))


def _rows(buckets: tuple[_Bucket, ...], rows: int) -> int:
    return min(rows, sum(len(bucket.indices) for bucket in buckets))


def _batches(buckets: tuple[_Bucket, ...], rows: int, order: Any) -> list[tuple[_Bucket, Ints]]:
    found = []
    for bucket in buckets:
        indices = order(bucket.indices)
        found += [(bucket, indices[first : first + rows]) for first in range(0, len(indices), rows)]
    return found


def _read(source: Source, bucket: _Bucket, indices: Ints, rows: int, mine: slice) -> Batch:
    return read_rows(source, indices, rows, bucket.width, bucket.source_width, range(rows)[mine])


def _buckets(source: Source, rows: int) -> tuple[_Bucket, ...]:
    if rows < 1:
        raise UsageError(f"a batch of {rows} rows was asked for; give at least 1")
    lengths = np.asarray(source.lengths, np.int64)
    indices = np.flatnonzero(lengths)
    if not len(indices):
        raise DataError(f"there is nothing to learn from: {len(lengths)} examples, 0 steps; give longer data")
    conditions = (source.condition(index)[0] for index in range(len(lengths)))
    beside = np.array([0 if condition is None else len(condition) for condition in conditions], np.int64)
    found = []
    for group in _alike(indices, lengths, WIDTHS, rows):
        for part in _alike(group, beside, SOURCE_WIDTHS, rows):
            here, there = lengths[part], beside[part]
            found.append(_Bucket(part, int(here.max()), int(there.max()), int((here + there).sum())))
    return tuple(found)


def _alike(indices: Ints, sizes: Ints, most: int, rows: int) -> list[Ints]:
    """The items in groups of about one size, at most `most`, of which each fills a few batches."""
    ends = widths(sizes[indices], max(1, min(most, len(indices) // (FULL * rows))))
    group = np.searchsorted(ends, sizes[indices])
    return [indices[group == number] for number in range(len(ends)) if np.any(group == number)]


def widths(sizes: Ints, count: int) -> Ints:
    """At most `count` widths to which to pad items of these sizes, such that the least is padding.

    >>> widths(np.array([2, 3, 3, 20, 21]), 2)
    array([ 3, 21])
    """
    unit = -(-int(sizes.max()) // FINEST) or 1
    ends, counts = np.unique(-(-sizes // unit) * unit, return_counts=True)
    before = np.concatenate([[0], np.cumsum(counts)])
    # best[j]: what the items of the first j sizes cost in so many groups; a group costs its width for each of its items.
    group = np.concatenate([[0], ends])[None] * (before[None] - before[:, None])
    group = np.where(np.tri(len(before), k=-1, dtype=bool), np.inf, group)
    best, chosen = group[0], []
    for _ in range(min(count, len(ends)) - 1):
        costs = best[:, None] + group
        chosen.append(costs.argmin(axis=0))
        best = costs.min(axis=0)
    found, at = [], len(ends)
    for turn in [*reversed(chosen), np.zeros(len(before), np.int64)]:
        if at:
            found.append(ends[at - 1])
            at = int(turn[at])
    return np.array(found[::-1])
