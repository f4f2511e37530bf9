"""Batches: every step a target once, inputs one behind, resets where sequences begin, all from (seed, step, attempt)."""

import subprocess
import sys
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqgen.batching import Batch, Evaluation, Windows, evaluation_windows, fit, in_memory
from seqgen.batching.sources import check_known
from seqgen.domain import Example
from seqgen.errors import DataError, UsageError
from seqgen.spec import Binary, Continuous, Discrete, Product, empty_steps

lengths_strategy = st.lists(st.integers(0, 40), min_size=1, max_size=12).filter(any)
small = st.integers(1, 12)
unhurried = settings(deadline=None)  # a loaded machine is no failure


def numbered(lengths, conditioned=False):
    """Examples whose values are their own places: step s of example i is the number sum(lengths[:i]) + s."""
    starts = np.concatenate([[0], np.cumsum(lengths)])
    examples = []
    for i, (start, length) in enumerate(zip(starts, lengths, strict=False)):
        steps = np.arange(start, start + length)
        extra = {"source": np.arange(1, 2 + i), "static": i} if conditioned else {}
        examples.append(Example(steps, controls=steps[:, None] + [0.25, 0.5], **extra))
    return in_memory(Discrete(int(starts[-1])), examples), set(starts[:-1].tolist())


def epoch_of(windows, number=0, attempt=0):
    return [windows.batch(number * windows.per_epoch + w, attempt) for w in range(windows.per_epoch)]


def check_epoch(batches, null, firsts):
    """The laws that hold for every layout; returns the targets seen, in no order."""
    for number, batch in enumerate(batches):
        assert isinstance(batch, Batch)
        given_inputs, targets, reset, valid = batch.inputs.steps, batch.targets, batch.reset, batch.valid
        assert given_inputs.dtype == targets.dtype == np.int32 and reset.dtype == valid.dtype == bool
        assert not reset[~valid].any()
        assert not given_inputs[~valid].any() and not targets[~valid].any() and not batch.inputs.controls[~valid].any()
        np.testing.assert_array_equal(valid & (given_inputs == null), reset)
        carried = valid & ~reset
        np.testing.assert_array_equal(given_inputs[carried], targets[carried] - 1)  # the step before, same example
        np.testing.assert_array_equal(reset[:, 1:], valid[:, 1:] & np.isin(targets[:, 1:], list(firsts)))
        if number:  # only an epoch cuts into an example
            np.testing.assert_array_equal(reset[:, 0], valid[:, 0] & np.isin(targets[:, 0], list(firsts)))
        np.testing.assert_array_equal(batch.inputs.controls[valid], targets[valid][:, None] + [0.25, 0.5])
    for before, after in pairwise(batches):
        carried = after.valid[:, 0] & ~after.reset[:, 0]
        assert before.valid[carried, -1].all()
        np.testing.assert_array_equal(after.inputs.steps[carried, 0], before.targets[carried, -1])
    return np.concatenate([batch.targets[batch.valid] for batch in batches]).tolist()


def same(first, second):
    flat = [
        [leaf.tobytes() for leaf in (b.inputs.steps, b.inputs.controls, b.targets, b.reset, b.valid)]
        for b in (first, second)
    ]
    return flat[0] == flat[1]


@unhurried
@given(lengths_strategy, small, small, st.integers(0, 2**40), st.integers(0, 3))
def test_a_packed_epoch_shows_no_step_twice_and_fills_every_window(lengths, rows, window, seed, number):
    source, firsts = numbered(lengths)
    windows = Windows(source, rows, window, seed)
    batches = epoch_of(windows, number)
    seen = check_epoch(batches, sum(lengths), firsts)
    assert windows.shape == fit(sum(lengths), rows, window) == batches[0].targets.shape
    assert all(batch.valid.all() for batch in batches) and batches[0].reset[:, 0].all()
    assert len(set(seen)) == len(seen) == windows.per_epoch * np.prod(windows.shape)
    # What an epoch leaves out is less than one window of every row, and a row's share of the division.
    assert sum(lengths) - len(seen) < windows.shape[0] * (windows.shape[1] + 1)


@unhurried
@given(lengths_strategy, small, small, st.integers(0, 9), st.integers(0, 3))
def test_an_aligned_epoch_shows_every_step_once_beside_its_condition(lengths, rows, window, seed, number):
    source, firsts = numbered(lengths, conditioned=True)
    windows = Windows(source, rows, window, seed)
    batches = epoch_of(windows, number)
    assert sorted(check_epoch(batches, sum(lengths), firsts)) == list(range(sum(lengths)))
    check_conditions(batches, lengths)
    assert all(batch.valid.any() for batch in batches)
    assert windows.batch((number + 1) * windows.per_epoch).reset[:, 0].all()
    # Greedy, longest first: no row outlasts a shorter one by more than the example that was put on it last.
    counts = -(-np.array(lengths) // windows.shape[1])
    assert len(batches) <= counts.sum() / windows.shape[0] + counts.max()


@unhurried
@given(lengths_strategy, small, st.integers(1, 2), st.integers(0, 50), st.booleans(), st.integers(1, 5))
def test_what_is_dealt_anew_begins_with_an_epoch(lengths, rows, window, since, conditioned, attempt):
    """A roll-back may go to any step; amid an example its row would be learned from without what came before."""
    source, firsts = numbered(lengths, conditioned)
    windows = Windows(source, rows, window, 3)
    epochs = [windows.batch(since + number, attempt, since=since) for number in range(2 * windows.per_epoch)]
    for batches in (epochs[: windows.per_epoch], epochs[windows.per_epoch :]):
        seen = check_epoch(batches, sum(lengths), firsts)
        assert batches[0].reset[:, 0].all() and len(set(seen)) == len(seen)
    assert not conditioned or sorted(seen) == list(range(sum(lengths)))
    first = windows.batch(since, attempt, slice(0, 1), since)
    np.testing.assert_array_equal(first.targets, epochs[0].targets[:1])


def check_conditions(batches, lengths):
    owner = np.repeat(np.arange(len(lengths)), lengths)
    width = 1 + max(i for i, length in enumerate(lengths) if length)
    for batch in batches:
        assert batch.source.shape == batch.source_valid.shape == (len(batch.targets), width)
        assert batch.source.dtype == batch.static.dtype == np.int32 and batch.source_valid.dtype == bool
        assert not batch.reset[:, 1:].any()
        np.testing.assert_array_equal(batch.source, np.where(batch.source_valid, np.arange(1, width + 1), 0))
        np.testing.assert_array_equal(batch.source_valid.sum(1), batch.static + 1)  # never empty, idle rows included
        used = batch.valid.any(1)
        np.testing.assert_array_equal(batch.static[used], owner[batch.targets[used, 0]])


@unhurried
@given(lengths_strategy, small, small, st.booleans())
def test_evaluation_scores_every_step_once_in_order(lengths, rows, window, conditioned):
    source, firsts = numbered(lengths, conditioned)
    batches = evaluation_windows(source, rows, window)
    assert isinstance(batches, Evaluation) and len(list(batches)) == len(batches)
    assert same(batches[-1], list(batches)[-1])
    seen = check_epoch(list(batches), sum(lengths), firsts)
    assert sorted(seen) == list(range(sum(lengths)))
    whole = np.concatenate([batch.valid for batch in batches], axis=1)
    targets = np.concatenate([batch.targets for batch in batches], axis=1)
    if conditioned:
        check_conditions(batches, lengths)
        assert all((np.diff(row[valid]) > 0).all() for row, valid in zip(targets, whole, strict=True))
    else:
        assert targets[whole].tolist() == list(range(sum(lengths)))  # row after row
        assert not (np.diff(whole.astype(int)) > 0).any()  # padding only at the end of a row
        assert np.ptp(whole.sum(1)) <= 1


@unhurried
@given(lengths_strategy, small, small, st.integers(0, 9), st.booleans(), st.permutations(range(9)))
def test_a_batch_is_a_pure_function_of_seed_and_step(lengths, rows, window, seed, conditioned, calls):
    source, _ = numbered(lengths, conditioned)
    forward = Windows(source, rows, window, seed)
    expected = [forward.batch(step) for step in range(9)]
    shuffled = Windows(source, rows, window, seed)
    assert all(same(shuffled.batch(step), expected[step]) for step in calls)
    assert same(Windows(source, rows, window, seed).batch(8), expected[8])


@pytest.mark.parametrize("conditioned", [False, True])
def test_seed_epoch_and_attempt_each_deal_anew(conditioned):
    source, _ = numbered(range(5, 30), conditioned)
    windows, other = Windows(source, 4, 8, seed=1), Windows(source, 4, 8, seed=2)
    batches = [windows.batch(0), windows.batch(windows.per_epoch), windows.batch(0, attempt=1), other.batch(0)]
    assert not any(same(a, b) for i, a in enumerate(batches) for b in batches[:i])


@pytest.mark.parametrize("conditioned", [False, True])
def test_examples_of_a_single_row_come_in_another_order_each_epoch(conditioned):
    source, firsts = numbered([8] * 20, conditioned)
    windows = Windows(source, 1, 8)
    for epoch in range(3):
        begun = np.concatenate([batch.targets[batch.reset] for batch in epoch_of(windows, epoch)]).tolist()
        begun = [first for first in begun if first in firsts]
        assert len(begun) >= 19 and sum(b - a == 8 for a, b in pairwise(begun)) < 6


def test_what_one_epoch_leaves_out_others_show():
    source, _ = numbered([103])
    windows = Windows(source, 4, 16)
    assert windows.per_epoch == 1
    seen = [set(windows.batch(epoch).targets.ravel().tolist()) for epoch in range(12)]
    assert all(len(targets) == 64 for targets in seen) and len(set.union(*seen)) == 103


@unhurried
@given(lengths_strategy, small, small, st.integers(0, 40), st.booleans(), st.integers(1, 4))
def test_a_shard_reads_its_rows_of_the_global_batch(lengths, rows, window, step, conditioned, shards):
    source, _ = numbered(lengths, conditioned)
    windows = Windows(source, rows, window)
    whole = windows.batch(step)
    for shard in range(shards):
        part = slice(shard * windows.shape[0] // shards, (shard + 1) * windows.shape[0] // shards)
        read = windows.batch(step, rows=part)
        for got, wanted in zip((*read.inputs, *read[1:]), (*whole.inputs, *whole[1:]), strict=True):
            assert got is wanted is None or got.tobytes() == wanted[part].tobytes()


def test_parts_of_a_joint_step_move_together():
    spec = Product((Discrete(50), Continuous(2), Binary(1)))
    clock = np.arange(50)
    steps = (clock.astype(np.uint8), np.stack([clock, -clock], 1) + 0.5, clock[:, None] % 2)
    source = in_memory(spec, [Example(tuple(part[:30] for part in steps)), Example(tuple(part[30:] for part in steps))])
    for batch in [*evaluation_windows(source, 2, 7), *epoch_of(Windows(source, 2, 7))]:
        for given_inputs, targets, part in zip(batch.inputs.steps, batch.targets, empty_steps(spec), strict=True):
            assert given_inputs.dtype == targets.dtype == part.dtype
            assert given_inputs.shape == targets.shape == (*batch.valid.shape, *part.shape[1:])
        inputs, valid, carried = batch.inputs.steps, batch.valid, batch.valid & ~batch.reset
        for (symbol, vector, bit), at in ((batch.targets, valid), (inputs, carried)):
            np.testing.assert_array_equal(vector[at], np.stack([symbol[at], -symbol[at]], 1) + 0.5)
            np.testing.assert_array_equal(bit[at], symbol[at][:, None] % 2)
        np.testing.assert_array_equal(inputs[0][carried], batch.targets[0][carried] - 1)
        assert (inputs[0][batch.reset] == 50).all()
        assert not inputs[1][batch.reset].any() and not inputs[2][batch.reset].any()
        assert batch.inputs.controls is batch.source is batch.source_valid is batch.static is None


def test_a_static_condition_alone_aligns_too():
    source = in_memory(Continuous(1), [Example(np.ones((length, 1)), static=length) for length in (3, 9, 4)])
    for batch in epoch_of(Windows(source, 2, 4)):
        assert batch.source is batch.source_valid is None and set(batch.static.tolist()) <= {3, 4, 9}


def pictures(heights, dtype=np.uint8, trail=(4, 3)):
    random = np.random.default_rng(4)
    return [random.integers(1, 255, (height, *trail)).astype(dtype) for height in heights]


@pytest.mark.parametrize(
    ("sources", "dtype"),
    [
        (pictures([5, 2, 7]), np.uint8),
        (pictures([5, 2, 7], np.float64), np.float32),
        (pictures([5, 2, 7], np.float16, (6,)), np.float32),  # frames
        (pictures([5, 2, 7], np.float32, ()), np.float32),  # a sound
        (pictures([5, 2, 7], np.int64, (2,)), np.int32),
        (pictures([5, 2, 7], np.uint8, ()), np.int32),  # symbols
    ],
)
def test_a_source_of_any_shape_and_type_lies_beside_its_steps(sources, dtype):
    examples = [
        Example(np.full(length, n), source) for n, (length, source) in enumerate(zip((3, 9, 4), sources, strict=True))
    ]
    source = in_memory(Discrete(3), examples)
    for batch in [*epoch_of(Windows(source, 2, 4)), *evaluation_windows(source, 3, 5)]:
        assert batch.source.shape == (len(batch.valid), 7, *sources[0].shape[1:]) and batch.source.dtype == dtype
        assert batch.source_valid.shape == batch.source.shape[:2]
        for row in np.flatnonzero(batch.valid.any(axis=1)):
            own = sources[batch.targets[row, 0]]
            np.testing.assert_array_equal(batch.source[row, : len(own)], own)
            assert not batch.source[row, len(own) :].any()
            assert batch.source_valid[row].tolist() == [True] * len(own) + [False] * (7 - len(own))


@pytest.mark.parametrize(
    ("first", "other", "message"),
    [
        (*pictures([3, 4]), None),
        (
            pictures([3])[0],
            pictures([3], np.float32)[0],
            r"example 1 has a source float32 \[U, 4, 3\] and example 0 one uint8",
        ),
        (
            pictures([3])[0],
            pictures([3], trail=(5, 3))[0],
            r"source uint8 \[U, 5, 3\] and example 0 one uint8 \[U, 4, 3\]; give",
        ),
        (
            np.arange(3),
            np.zeros((3, 1), int),
            r"source int32 \[U, 1\] and example 0 one int32 \[U\]; give all of them the same",
        ),
        (np.array(["a"]), None, r"a source is <U1 \[1\]; give numbers, \[U\] or \[U, ...\]"),
        (7, None, r"a source is int64 \[\]; give numbers"),
    ],
)
def test_sources_of_several_kinds_are_refused(first, other, message):
    examples = [Example(np.zeros(4, int), source) for source in (first, other) if source is not None]
    if message is None:
        in_memory(Discrete(2), examples)
        return
    with pytest.raises(DataError, match=message):
        in_memory(Discrete(2), examples)


def test_in_memory_copies_nothing_and_casts_on_reading():
    steps = np.arange(9, dtype=np.uint8)
    source = in_memory(Discrete(9), [Example(steps)])
    assert np.shares_memory(source.read(0, 2, 5), steps)
    assert Windows(source, 1, 4).batch(0).targets.dtype == np.int32


class Corpus:
    """A trillion steps that exist only when they are read."""

    spec = Discrete(256)
    lengths = (10**12,)

    def read(self, index, start, stop):
        return np.arange(start, stop) % 251

    def controls(self, index, start, stop):
        return None

    def condition(self, index):
        return None, None


def test_a_corpus_larger_than_memory_costs_no_memory():
    tracemalloc.start()
    windows = Windows(Corpus(), 8, 32)
    batch, again = windows.batch(10**7), windows.batch(10**7 + 1)
    evaluation = evaluation_windows(Corpus(), 8, 32)
    assert len(evaluation) == 10**12 // 8 // 32 and evaluation[10**6].valid.all()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e6
    assert windows.per_epoch == len(evaluation) and not batch.reset.any()
    np.testing.assert_array_equal(again.inputs.steps[:, 0], batch.targets[:, -1])


@unhurried
@given(st.integers(1, 10**6), st.integers(1, 300), st.integers(1, 300))
def test_fit_shrinks_rows_before_the_window_and_never_more_than_needed(total, batch, window):
    rows, steps = fit(total, batch, window)
    assert 1 <= rows <= batch and 1 <= steps <= window and rows * steps <= total
    if rows < batch:
        assert (rows + 1) * window > total
    if steps < window:
        assert rows == 1 and steps == total


@pytest.mark.parametrize("function", [Windows, evaluation_windows])
def test_requests_that_cannot_be_met_are_refused(function):
    source, _ = numbered([5])
    with pytest.raises(UsageError, match=r"0 rows of 4 steps.* give at least 1 of each"):
        function(source, 0, 4)
    with pytest.raises(UsageError, match=r"4 rows of -1 steps"):
        function(source, 4, -1)
    with pytest.raises(DataError, match=r"nothing to learn from: 0 examples, 0 steps; give longer data"):
        function(in_memory(Discrete(2), []), 2, 2)
    with pytest.raises(DataError, match=r"nothing to learn from: 2 examples, 0 steps"):
        function(in_memory(Discrete(2), [Example(np.zeros(0, np.int32))] * 2), 2, 2)


def test_each_epoch_shows_the_examples_as_they_are_augmented_for_it():
    def shifted(epoch):  # longer each time, and all values moved
        return in_memory(Discrete(10_000), [Example(1000 * epoch + np.arange(30 + 7 * epoch)) for _ in range(3)])

    windows = Windows(shifted(0), rows=2, window=10, seed=3, augment=shifted)
    assert windows.per_epoch == 4
    for epoch in (0, 1, 2, 9):
        batches = epoch_of(windows, epoch)
        for batch in batches:
            assert batch.targets.shape == (2, 10) and batch.valid.all()
            assert set((batch.targets // 1000).reshape(-1)) == {epoch}
    again = Windows(shifted(0), rows=2, window=10, seed=3, augment=shifted)
    for step in (38, 3, 17, 38):
        np.testing.assert_array_equal(windows.batch(step).targets, again.batch(step).targets)


def test_augmented_examples_that_shrink_leave_blank_windows():
    def shrunk(epoch):
        return in_memory(Discrete(100), [Example(np.arange(40 - 30 * epoch))])

    windows = Windows(in_memory(Discrete(100), [Example(np.arange(40))]), rows=2, window=10, augment=shrunk)
    assert windows.per_epoch == 2
    assert [int(batch.valid.sum()) for batch in epoch_of(windows, 1)] == [10, 0]


def test_a_negative_seed_is_refused():
    with pytest.raises(UsageError, match=r"the seed is -1; give 0 or more"):
        Windows(numbered([5])[0], 1, 2, seed=-1)


def test_examples_that_do_not_match_are_refused():
    with pytest.raises(DataError, match=r"example 0 has arrays of \[2, 3\] steps"):
        in_memory(Discrete(2), [Example(np.zeros(3), controls=np.zeros((2, 1)))])
    with pytest.raises(DataError, match=r"example 1 differs from example 0 in having a static; give it to all or none"):
        in_memory(Discrete(2), [Example(np.zeros(3)), Example(np.zeros(3), static=1)])


def test_no_jax_is_loaded():
    code = "import sys, seqgen.batching; assert 'jax' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("symbol", [5, 99, -1])
def test_a_symbol_that_the_model_does_not_know_is_refused_where_data_enters(symbol, tmp_path):
    steps = np.zeros(20, np.int32)
    steps[17] = symbol
    told = f"example 1 has symbol {symbol} at position 17; this model knows 0 to 4; encode it"
    with pytest.raises(DataError, match=told):
        in_memory(Discrete(5), [Example(steps[:17]), Example(steps)])
    parts = [Example((np.zeros((20, 2)), leaf)) for leaf in (np.zeros(20, int), steps)]
    with pytest.raises(DataError, match=told):
        in_memory(Product((Continuous(2), Discrete(5))), parts)
    # What may be larger than memory is looked at when it is read.
    steps.tofile(tmp_path / "steps")
    mapped = in_memory(Discrete(5), [Example(steps[:17]), Example(np.memmap(tmp_path / "steps", np.int32, "r"))])
    assert len(mapped.read(1, 3, 17)) == 14
    with pytest.raises(DataError, match=told):
        mapped.read(1, 10, 20)


def test_a_condition_that_the_network_does_not_know_is_refused():
    steps = np.zeros(4, np.int32)
    source = in_memory(Discrete(5), [Example(steps, np.array([0, n]), n) for n in range(4)])
    check_known(source, 4, 4)
    check_known(in_memory(Discrete(5), [Example(steps)]), 4, 4)
    with pytest.raises(DataError, match="the source of example 3 has symbol 3 at position 1; this model knows 0 to 2"):
        check_known(source, 3, 4)
    frames = in_memory(Discrete(5), [Example(steps, np.full((2, 3), 99.0))])
    check_known(frames, 0, 4)  # a network that takes something else than symbols
    with pytest.raises(
        DataError, match=r"the source of example 0 is float32 \[U, 3\]; this model reads symbols, int32"
    ):
        check_known(frames, 3, 4)
    with pytest.raises(DataError, match="example 2 is by writer 2; this model knows 0 to 1; give it one of these"):
        check_known(source, 4, 2)
