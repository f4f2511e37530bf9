"""Whole items in batches of about one length: each once an epoch, little padding, the same wherever it is asked."""

from __future__ import annotations

import itertools
import lzma
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqgen import Continuous, Discrete, Example, in_memory
from seqgen.batching.items import EvaluationItems, Items, widths
from seqgen.errors import DataError, UsageError

RANDOM = np.random.default_rng(0)
# Each item's steps and source are its number, so that a batch says which items it has.
SIZES = [(int(t), int(u)) for t, u in zip(RANDOM.integers(1, 60, 300), RANDOM.integers(1, 30, 300), strict=True)]
SOURCE = in_memory(
    Discrete(300),
    [Example(np.full(t, n, np.int32), source=np.full(u, n, np.int32)) for n, (t, u) in enumerate(SIZES)],
)


def whole(batch: Any) -> list[int]:
    """The numbers of the items in a batch, each of which is there from its beginning to its end."""
    found = []
    for row in np.flatnonzero(batch.valid.any(axis=1)):
        steps, source = batch.targets[row][batch.valid[row]], batch.source[row][batch.source_valid[row]]
        number = int(steps[0])
        assert (steps == number).all() and (source == number).all() and (len(steps), len(source)) == SIZES[number]
        assert batch.reset[row].tolist() == [True] + [False] * (len(batch.reset[row]) - 1)
        assert batch.valid[row, : len(steps)].all()
        found.append(number)
    return found


def test_an_epoch_has_every_item_once_in_another_order() -> None:
    items = Items(SOURCE, rows=8, seed=3)
    first, second = (
        [whole(items.batch(step)) for step in range(items.per_epoch * epoch, items.per_epoch * (epoch + 1))]
        for epoch in (0, 1)
    )
    assert first != second
    for epoch in (first, second):
        assert sorted(itertools.chain(*epoch)) == list(range(300))
    assert items.per_epoch < 300 / 8 + 18  # one batch of each width may be short


def test_evaluation_has_every_item_once() -> None:
    batches = EvaluationItems(SOURCE, rows=8)
    assert sorted(itertools.chain(*map(whole, batches))) == list(range(300)) and len(batches) == len(list(batches))


def test_a_batch_is_a_function_of_the_step_alone() -> None:
    one, other = Items(SOURCE, rows=8, seed=3), Items(SOURCE, rows=8, seed=3)
    list(map(one.batch, range(20)))
    for step in (200, 7, 7):
        jax.tree.map(np.testing.assert_array_equal, one.batch(step), other.batch(step))
    parts = [one.batch(7, rows=slice(begin, begin + 4)) for begin in (0, 4)]
    jax.tree.map(
        lambda whole, *halves: np.testing.assert_array_equal(whole, np.concatenate(halves)), one.batch(7), *parts
    )
    assert whole(one.batch(7)) != whole(Items(SOURCE, rows=8, seed=4).batch(7))


def test_a_roll_back_deals_anew_and_begins_an_epoch() -> None:
    items = Items(SOURCE, rows=8, seed=3)
    again = [whole(items.batch(step, attempt=1, since=5)) for step in range(5, 5 + items.per_epoch)]
    assert sorted(itertools.chain(*again)) == list(range(300))
    assert again[0] != whole(items.batch(5))


def test_few_widths_and_little_padding() -> None:
    items = Items(SOURCE, rows=2)
    shapes = {(b.targets.shape, b.source.shape) for b in map(items.batch, range(items.per_epoch))}
    assert len(shapes) <= 18
    used = sum(t + u for t, u in SIZES)
    computed = sum(b.targets.size + b.source.size for b in map(items.batch, range(items.per_epoch)))
    assert items.padding == pytest.approx(1 - used / computed) and items.padding < 0.2


@pytest.fixture(scope="module")
def pairs(data: Path) -> list[list[str]]:
    with lzma.open(data / "tatoeba" / "eng-fra.tsv.xz", "rt", encoding="utf-8") as table:
        return [line.split("\t")[:2] for line in itertools.islice(table, 0, None, 5)]


def test_padding_of_real_sentences(pairs: list[list[str]]) -> None:
    """A fifth of what there is: with more, batches that are not full count for less."""
    sizes = [(np.zeros(len(french), np.int32), np.zeros(len(english), np.int32)) for english, french in pairs]
    items = Items(in_memory(Discrete(1), [Example(steps, source=source) for steps, source in sizes]), rows=64)
    assert items.padding < 0.2


@given(st.lists(st.integers(1, 12), min_size=1, max_size=12), st.integers(1, 4))
def test_widths_are_the_best_there_are(sizes: list[int], count: int) -> None:
    def cost(ends: tuple[int, ...]) -> int:
        return sum(min(end for end in ends if end >= size) for size in sizes)

    found = widths(np.array(sizes), count)
    ends = sorted(set(sizes))
    choices = (c for n in range(1, count + 1) for c in itertools.combinations(ends, n) if c[-1] == ends[-1])
    assert len(found) <= count and cost(tuple(found.tolist())) == min(map(cost, choices))


def test_long_items_are_told_apart_as_finely_as_it_pays() -> None:
    found = widths(np.array([1, 2, 100_000, 100_001]), 2)
    assert found[-1] >= 100_001 and found[0] < 1000


def test_items_without_a_source_and_few_of_them() -> None:
    source = in_memory(Continuous(2), [Example(np.ones((n, 2), np.float32)) for n in (0, 3, 1)])
    items = Items(source, rows=64)
    batch = items.batch(0)
    assert items.shape == (2, 3) and batch.source is None and batch.valid.sum() == 4
    assert [b.valid.sum() for b in EvaluationItems(source, rows=64)] == [4]


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(UsageError, match="a batch of 0 rows"):
        Items(SOURCE, rows=0)
    with pytest.raises(UsageError, match="the seed is -1"):
        Items(SOURCE, rows=1, seed=-1)
    with pytest.raises(DataError, match="1 examples, 0 steps"):
        Items(in_memory(Discrete(3), [Example(np.zeros(0, np.int32))]), rows=1)
