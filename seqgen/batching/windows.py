"""Examples to batches of fixed shape: a pure function of (seed, step, attempt, since), so a resume needs no state.

Two layouts of an epoch. Examples without a condition are *packed*: laid end to end and cut into long rows, windows
following one another, so a carried state has real history (truncated back-propagation through time, TBPTT). Examples
with a source or a static condition are *aligned*: each begins at a window boundary, because a condition belongs to a
whole row of a window.

NumPy only, and nothing is kept for each step: a memory-mapped corpus of any size costs what its example count costs.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..errors import DataError, UsageError
from ..spec import Inputs, Steps, empty_steps, map_steps, null_step
from .sources import Ints, Source, blank_source


class Batch(NamedTuple):
    """One window of B rows. Row b of window w + 1 continues row b of window w until an epoch ends.

    reset: bool `[B, T]`, this position begins a sequence: its input is the null step and the carry starts anew.
    valid: bool `[B, T]`, the padding mask, False is padding: inputs and targets are zeros, reset is False.
    source, source_valid: `[B, U, ...]` (int32, float32 or uint8) and bool `[B, U]`, or None; U is the same for every
    batch of a run.
    static: int32 `[B]`, or None.

    >>> from seqgen import Discrete, Example, in_memory
    >>> source = in_memory(Discrete(5), [Example(np.array([3, 1])), Example(np.array([4]))])
    >>> first, last = evaluation_windows(source, batch=1, window=2)
    >>> first.targets.tolist(), first.reset.tolist(), first.valid.tolist()
    ([[3, 1]], [[True, False]], [[True, True]])
    >>> last.targets.tolist(), last.reset.tolist(), last.valid.tolist()
    ([[4, 0]], [[True, False]], [[True, False]])
    """

    inputs: Inputs
    targets: Steps
    reset: Any
    valid: Any
    source: Any = None
    source_valid: Any = None
    static: Any = None


def fit(total: int, batch: int, window: int) -> tuple[int, int]:
    """The (batch, window) that `total` steps can fill at least once: fewer rows first, then a shorter window.

    >>> fit(1_000_000, 64, 128), fit(800, 64, 128), fit(50, 64, 128)
    ((64, 128), (6, 128), (1, 50))
    """
    batch = min(batch, max(1, total // window))
    return batch, min(window, total // batch)


@dataclass(frozen=True, eq=False)
class Windows:
    """The training batches of a source, numbered by step; any step can be asked for at any time, in any order.

    rows, window: the batch wanted; `shape` is what the data can fill (see `fit`).
    augment: epoch -> the same examples as they are to be seen in that epoch, say transposed; a pure function, like all
    of this. Where they come out longer than in `source`, what no window has room for is left out.
    Raises UsageError for sizes below 1 or a negative seed, DataError when there is not one step to learn from.

    >>> from seqgen import Discrete, Example, in_memory
    >>> source = in_memory(Discrete(9), [Example(np.arange(9)), Example(np.arange(4))])
    >>> windows = Windows(source, rows=2, window=3, seed=1)
    >>> windows.per_epoch, windows.batch(step=7).targets.shape
    (2, (2, 3))
    """

    source: Source
    rows: int
    window: int
    seed: int = 0
    augment: Callable[[int], Source] | None = None
    _plan: _Plan = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise UsageError(f"the seed is {self.seed}; give 0 or more")
        object.__setattr__(self, "_plan", _plan(self.source, self.rows, self.window))

    @property
    def shape(self) -> tuple[int, int]:
        """(B, T) of every batch: no more than asked for, less when the data is small."""
        return self._plan.rows, self._plan.window

    @cached_property
    def per_epoch(self) -> int:
        """Windows of an epoch, the same for each."""
        return self._plan.lay_out(np.arange(len(self._plan.lengths)), 0).windows

    def batch(self, step: int, attempt: int = 0, rows: slice = slice(None), since: int = 0) -> Batch:
        """The batch of one training step; `rows` reads a shard.

        attempt: deals the data anew after a roll-back. since: the step to which that went, where an epoch begins: amid
        one the rows would go on with sequences of which nobody has read the beginning.
        """
        epoch, number = divmod(step - since, self.per_epoch)
        plan, layout = self._layout(epoch - (-since // self.per_epoch), attempt)
        return plan.read(layout, number, range(plan.rows)[rows])

    @cached_property
    def _layout(self) -> Callable[[int, int], tuple[_Plan, _Packed | _Aligned]]:
        def lay_out(epoch: int, attempt: int) -> tuple[_Plan, _Packed | _Aligned]:
            plan = self._plan if self.augment is None else self._plan.with_source(self.augment(epoch))
            seeds = np.random.SeedSequence(self.seed, spawn_key=(epoch, attempt))
            random = np.random.Generator(np.random.Philox(seeds))
            order = random.permutation(len(plan.lengths))
            return plan, plan.lay_out(order, int(random.integers(plan.total)))

        return lru_cache(maxsize=3)(lay_out)  # this epoch, the one a prefetch looks into, and one to spare


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What `evaluation_windows` returns: a sequence of batches, each read when it is asked for.

    >>> from seqgen import Discrete, Example, in_memory
    >>> windows = evaluation_windows(in_memory(Discrete(9), [Example(np.arange(9))]), batch=1, window=4)
    >>> len(windows), windows[2].valid.tolist()
    (3, [[True, False, False, False]])
    """

    _plan: _Plan
    _layout: _Packed | _Aligned

    @property
    def shape(self) -> tuple[int, int]:
        """(B, T) of every batch."""
        return self._plan.rows, self._plan.window

    def __len__(self) -> int:
        return self._layout.windows

    def __getitem__(self, number: int) -> Batch:
        return self._plan.read(self._layout, range(len(self))[number], range(self._plan.rows))

    def __iter__(self) -> Iterator[Batch]:
        return (self[number] for number in range(len(self)))


def evaluation_windows(source: Source, batch: int, window: int) -> Evaluation:
    """Batches in the order of the source in which every step of every example is a valid target exactly once.

    Nothing is shuffled, rotated or dropped; what is over is padded. Rows begin with a reset, so fewer rows mean more
    context and a slightly better score. Raises as `Windows` does.

    >>> from seqgen import Discrete, Example, in_memory
    >>> source = in_memory(Discrete(9), [Example(np.arange(9))])
    >>> [batch.targets.tolist() for batch in evaluation_windows(source, batch=1, window=5)]
    [[[0, 1, 2, 3, 4]], [[5, 6, 7, 8, 0]]]
    """
    plan = _plan(source, batch, window)
    return Evaluation(plan, plan.lay_out(np.arange(len(plan.lengths)), 0, whole=True))


class _Segment(NamedTuple):
    """Steps start .. stop - 1 of one example, the targets of a row from position `at` on."""

    at: int
    place: int  # which example, counted among those that have steps
    start: int
    stop: int
    begins: bool


@dataclass(frozen=True, eq=False)
class _Packed:
    """Examples end to end as one circle of `total` steps from `offset` on; rows are equal arcs of it."""

    order: Ints  # places of the examples
    starts: Ints  # their first positions on the circle, then the total
    offset: int
    rows: int
    window: int
    windows: int

    def segments(self, number: int, row: int) -> Iterator[_Segment]:
        total = int(self.starts[-1])
        low, high = row * total // self.rows, (row + 1) * total // self.rows
        first = low + number * self.window
        left = min(self.window, high - first)
        if left <= 0:
            return
        position = (first + self.offset) % total
        place = int(self.starts.searchsorted(position, "right")) - 1
        start, at = position - int(self.starts[place]), 0
        while left > 0:
            length = int(self.starts[place + 1] - self.starts[place])
            count = min(left, length - start)
            yield _Segment(at, int(self.order[place]), start, start + count, start == 0 or at == number == 0)
            place, start, at, left = (place + 1) % len(self.order), 0, at + count, left - count


@dataclass(frozen=True, eq=False)
class _Aligned:
    """Each row is a list of examples, each from a window boundary on."""

    places: list[list[int]]  # of the examples of each row
    starts: list[list[int]]  # the window in which each begins
    lengths: Ints
    window: int
    windows: int

    def place(self, number: int, row: int) -> int:
        """The example whose condition the row carries: its last one where the row has run out."""
        return self.places[row][bisect_right(self.starts[row], number) - 1]

    def segments(self, number: int, row: int) -> Iterator[_Segment]:
        turn = bisect_right(self.starts[row], number) - 1
        place, start = self.places[row][turn], (number - self.starts[row][turn]) * self.window
        length = int(self.lengths[place])
        if start < length:
            yield _Segment(0, place, start, min(start + self.window, length), start == 0)


@dataclass(frozen=True, eq=False)
class _Plan:
    """What all epochs share."""

    source: Source
    indices: Ints  # examples that have steps
    lengths: Ints  # theirs
    rows: int
    window: int
    aligned: bool
    source_size: int  # U

    @property
    def total(self) -> int:
        return int(self.lengths.sum())

    def with_source(self, source: Source) -> _Plan:
        """The same examples, changed: batches keep their shape."""
        return replace(self, source=source, lengths=np.asarray(source.lengths, np.int64)[self.indices])

    def lay_out(self, order: Ints, offset: int, whole: bool = False) -> _Packed | _Aligned:
        """`whole` keeps what does not fill a window of every row."""
        if not self.aligned:
            starts = np.concatenate([[0], np.cumsum(self.lengths[order])])
            arc = -(-self.total // self.rows) + self.window - 1 if whole else self.total // self.rows
            return _Packed(order, starts, offset, self.rows, self.window, arc // self.window)
        # Longest first into the shortest row, equals in the order given: tight, and the number of windows depends on
        # the lengths alone, so every epoch has the same. Inside a row the order given decides.
        counts = -(-self.lengths // self.window)
        heap = [(0, row) for row in range(self.rows)]
        row_of = np.empty(len(order), np.int64)
        for place in order[np.argsort(-counts[order], kind="stable")]:
            filled, row = heap[0]
            row_of[place] = row
            heapq.heapreplace(heap, (filled + int(counts[place]), row))
        places: list[list[int]] = [[] for _ in range(self.rows)]
        starts_of: list[list[int]] = [[] for _ in range(self.rows)]
        ends = [0] * self.rows
        for place in order.tolist():
            row = int(row_of[place])
            places[row].append(place)
            starts_of[row].append(ends[row])
            ends[row] += int(counts[place])
        return _Aligned(places, starts_of, self.lengths, self.window, max(ends))

    def read(self, layout: _Packed | _Aligned, number: int, rows: range) -> Batch:
        shape = (len(rows), self.window + 1)  # the step before the window, then the window
        flat = empty_steps(self.source.spec, shape[0] * shape[1])
        steps = map_steps(lambda leaf: leaf.reshape(*shape, *leaf.shape[1:]), flat)
        reset, valid = np.zeros((len(rows), self.window), bool), np.zeros((len(rows), self.window), bool)
        probe = self.source.controls(int(self.indices[0]), 0, 0)
        controls = None if probe is None else np.zeros((*valid.shape, *np.shape(probe)[1:]), np.float32)
        for line, row in enumerate(rows):
            for at, place, start, stop, begins in layout.segments(number, row):
                index = int(self.indices[place])
                back = 0 if begins else 1  # a sequence that began before this window looks back one step
                end = at + stop - start
                _put(steps, (line, slice(at + 1 - back, end + 1)), self.source.read(index, start - back, stop))
                reset[line, at] = begins
                valid[line, at:end] = True
                if controls is not None:
                    controls[line, at:end] = self.source.controls(index, start, stop)
        inputs = map_steps(lambda leaf: leaf[:, :-1].copy(), steps)
        _put(inputs, ~valid, map_steps(lambda leaf: 0, inputs))
        _put(inputs, reset, null_step(self.source.spec))
        batch = Batch(Inputs(inputs, controls), map_steps(lambda leaf: leaf[:, 1:], steps), reset, valid)
        return self._with_conditions(batch, layout, number, rows) if isinstance(layout, _Aligned) else batch

    def _with_conditions(self, batch: Batch, layout: _Aligned, number: int, rows: range) -> Batch:
        conditions = [self.source.condition(int(self.indices[layout.place(number, row)])) for row in rows]
        first_source, first_static = self.source.condition(int(self.indices[0]))
        if first_source is not None:
            blank = blank_source(first_source)
            source = np.zeros((len(rows), self.source_size, *blank.shape[1:]), blank.dtype)
            sizes = np.array([len(condition) for condition, _ in conditions])
            for line, (condition, _) in enumerate(conditions):
                source[line, : sizes[line]] = condition
            batch = batch._replace(source=source, source_valid=np.arange(self.source_size) < sizes[:, None])
        if first_static is not None:
            batch = batch._replace(static=np.array([static for _, static in conditions], np.int32))
        return batch


def read_rows(source: Source, indices: Ints, rows: int, width: int, source_size: int, wanted: range) -> Batch:
    """A batch whose rows are the examples of `indices`, from their beginnings on; of those that are over nothing is valid.

    width, source_size: T and U. wanted: which of the rows are read.
    """
    lengths = np.asarray(source.lengths, np.int64)[indices]
    plan = _Plan(source, indices, lengths, rows, width, True, source_size)
    over = rows - len(indices)
    # One that began a window ago has nothing left, and a condition.
    places, starts = [[place] for place in range(len(indices))] + [[0]] * over, [[0]] * len(indices) + [[-1]] * over
    return plan.read(_Aligned(places, starts, lengths, width, 1), 0, wanted)


def _plan(source: Source, rows: int, window: int) -> _Plan:
    if rows < 1 or window < 1:
        raise UsageError(f"a batch of {rows} rows of {window} steps was asked for; give at least 1 of each")
    lengths = np.asarray(source.lengths, np.int64)
    indices = np.flatnonzero(lengths)
    if not len(indices):
        raise DataError(f"there is nothing to learn from: {len(lengths)} examples, 0 steps; give longer data")
    lengths = lengths[indices]
    conditions = source.condition(int(indices[0]))
    if all(condition is None for condition in conditions):
        return _Plan(source, indices, lengths, *fit(int(lengths.sum()), rows, window), False, 0)
    size = 0 if conditions[0] is None else max(len(source.condition(index)[0]) for index in indices.tolist())
    shape = min(rows, len(indices)), min(window, int(lengths.max()))
    return _Plan(source, indices, lengths, *shape, True, size)


def _put(steps: Steps, where: Any, values: Steps) -> None:
    """`steps[where] = values`, part by part for a Product."""
    if isinstance(steps, tuple):
        for leaf, value in zip(steps, values, strict=True):
            leaf[where] = value
    else:
        steps[where] = values
