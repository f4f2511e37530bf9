"""Prefix beam search and alignment against every layout there is, of items so short that all can be listed."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from seqgen import CTC, Continuous, Network
from seqgen.errors import UsageError
from seqgen.models.decoding import Weights, align, beam_search, log_prob

Layouts = dict[tuple[int, ...], float]


def log_probs(seed: int, length: int, labels: int, sharp: float = 1.0) -> NDArray[np.float64]:
    scores = sharp * np.random.default_rng(seed).normal(0, 2, (length, labels + 1))
    return scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)


def labelling(layout: tuple[int, ...], blank: int) -> tuple[int, ...]:
    return tuple(symbol for symbol, _ in itertools.groupby(layout) if symbol != blank)


def every_labelling(given: NDArray[np.float64]) -> Layouts:
    """The exact log-probability of all labels, by adding up all layouts."""
    length, symbols = given.shape
    found: Layouts = {}
    for layout in itertools.product(range(symbols), repeat=length):
        labels = labelling(layout, symbols - 1)
        nats = float(sum(given[t, symbol] for t, symbol in enumerate(layout)))
        found[labels] = float(np.logaddexp(found.get(labels, -np.inf), nats))
    return found


class Bigrams:
    """A language model by a table: log-probabilities of a label, or the end, by the label before it."""

    def __init__(self, seed: int, labels: int) -> None:
        self.table = log_probs(seed, labels + 1, labels)  # [before, next]; the last row opens, the last column ends

    def start(self) -> tuple[Any, NDArray[np.float64]]:
        return np.array([len(self.table) - 1]), self.table[-1:]

    def step(self, states: Any, labels: NDArray[np.int32]) -> tuple[Any, NDArray[np.float64]]:
        assert len(states) == len(labels) and labels.dtype == np.int32
        return labels.astype(np.int64), self.table[labels]

    def log_prob(self, labels: tuple[int, ...]) -> float:
        steps = zip((-1, *labels), (*labels, -1), strict=True)
        return float(sum(self.table[before, after] for before, after in steps))


CASES = st.tuples(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 3))


@given(CASES)
def test_a_beam_as_wide_as_all_prefixes_is_exact(case: tuple[int, int, int]) -> None:
    given = log_probs(*case)
    exact, found = every_labelling(given), beam_search(given, beam=2000)
    assert {one.labels for one in found} == exact.keys()
    for one in found:
        assert one.log_prob == pytest.approx(exact[one.labels], abs=1e-9) and one.score == one.log_prob
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert np.logaddexp.reduce([one.log_prob for one in found]) == pytest.approx(0, abs=1e-9)


@given(CASES, st.floats(0, 2), st.floats(-1, 2))
def test_with_a_language_model_it_is_exact_too(case: tuple[int, int, int], language: float, label: float) -> None:
    given, scorer = log_probs(*case), Bigrams(case[0] + 1, case[2])
    found = beam_search(given, beam=2000, scorer=scorer, weights=Weights(language, label))
    exact = every_labelling(given)
    assert {one.labels for one in found} == exact.keys()
    for one in found:
        bonus = language * scorer.log_prob(one.labels) + label * len(one.labels)
        assert one.score == pytest.approx(exact[one.labels] + bonus, abs=1e-9)
        assert one.log_prob == pytest.approx(exact[one.labels], abs=1e-9)


@given(CASES, st.integers(1, 6))
def test_a_narrow_beam_says_no_more_than_there_is(case: tuple[int, int, int], beam: int) -> None:
    given = log_probs(*case)
    exact, found = every_labelling(given), beam_search(given, beam)
    assert 1 <= len(found) <= beam
    assert all(one.log_prob <= exact[one.labels] + 1e-9 for one in found)


@given(CASES)
def test_it_finds_nothing_less_likely_than_the_likeliest_layout(case: tuple[int, int, int]) -> None:
    given = log_probs(*case)
    exact = every_labelling(given)
    greedy = labelling(tuple(given.argmax(axis=1).tolist()), case[2])
    assert exact[beam_search(given, beam=2000)[0].labels] >= exact[greedy]


@given(CASES, st.integers(1, 8))
def test_a_language_model_of_no_weight_changes_nothing(case: tuple[int, int, int], beam: int) -> None:
    given, scorer = log_probs(*case), Bigrams(1, case[2])
    plain = beam_search(given, beam)
    weighed = beam_search(given, beam, scorer=scorer, weights=Weights(0, 0))
    assert [one.labels for one in plain] == [one.labels for one in weighed]
    np.testing.assert_allclose([one[1:] for one in plain], [one[1:] for one in weighed])


def test_a_language_model_decides_between_what_looks_alike() -> None:
    given = np.log(np.array([[0.45, 0.45, 0.1]] * 1))
    scorer = Bigrams(0, 2)
    scorer.table = np.log(np.array([[0.1, 0.1, 0.8]] * 2 + [[0.05, 0.9, 0.05]]))
    assert beam_search(given, 4, scorer=scorer, weights=Weights(1, 0))[0].labels == (1,)


def test_a_label_that_is_hardly_likely_is_not_tried() -> None:
    given = np.log(np.array([[0.9, 0.001, 0.099]]))
    assert {one.labels for one in beam_search(given, 10, least=np.log(0.01))} == {(), (0,)}
    assert beam_search(given[:0], 3)[0].labels == () == beam_search(np.full((2, 3), -np.inf), 3)[0].labels


@given(CASES)
def test_the_alignment_is_the_likeliest_layout(case: tuple[int, int, int]) -> None:
    given = log_probs(*case)
    blank = case[2]
    best: dict[tuple[int, ...], tuple[float, tuple[int, ...]]] = {}
    for layout in itertools.product(range(blank + 1), repeat=len(given)):
        nats = float(sum(given[t, symbol] for t, symbol in enumerate(layout)))
        labels = labelling(layout, blank)
        best[labels] = max(best.get(labels, (-np.inf, ())), (nats, layout))
    for labels, (nats, _) in best.items():
        spans = align(given, labels)
        assert spans.shape == (len(labels), 2)
        layout = np.full(len(given), blank)
        for label, (first, last) in zip(labels, spans.tolist(), strict=True):
            layout[first : last + 1] = label
        assert labelling(tuple(layout.tolist()), blank) == labels
        assert given[np.arange(len(given)), layout].sum() == pytest.approx(nats, abs=1e-9)


def test_labels_without_room_are_refused() -> None:
    given = log_probs(0, 3, 2)
    for labels in ((0, 0, 1), (0, 1, 0, 1)):
        with pytest.raises(UsageError, match=f"{len(labels)} labels have no room in 3 positions"):
            align(given, labels)
    with pytest.raises(UsageError, match="1 labels have no room in 0 positions"):
        align(given[:0], (0,))
    assert align(given[:0], ()).shape == (0, 2) == align(given, ()).shape


def test_what_cannot_be_searched_is_refused() -> None:
    with pytest.raises(UsageError, match="a beam of 0 follows nothing"):
        beam_search(log_probs(0, 3, 2), 0)
    for shape in ((3,), (3, 1), (1, 3, 3)):
        with pytest.raises(UsageError, match="log-probabilities of shape"):
            beam_search(np.zeros(shape))


def test_a_new_reader_finds_a_blank_as_likely_as_all_labels() -> None:
    reader = CTC(Network(Continuous(3), layers=1, units=8, bidirectional=True), labels=95)
    given = reader.log_probs(reader.init(jax.random.key(0)), np.zeros((4, 3), np.float32))
    np.testing.assert_allclose(np.exp(given[:, -1]), 0.5, atol=0.1)


def test_a_reader_s_log_probabilities_are_those_it_reads_by() -> None:
    reader = CTC(Network(Continuous(3), layers=1, units=8, bidirectional=True), labels=5)
    params = reader.init(jax.random.key(0))
    steps = np.random.default_rng(0).normal(0, 3, (37, 3)).astype(np.float32)
    given = reader.log_probs(params, steps)
    assert given.shape == (37, 6) and given.dtype == np.float32
    np.testing.assert_allclose(np.logaddexp.reduce(given, axis=1), 0, atol=1e-5)
    assert labelling(tuple(given.argmax(axis=1).tolist()), 5) == tuple(reader.read(params, steps).tolist())
    assert reader.log_probs(params, steps[:0]).shape == (0, 6)
    # optax's likelihood of a whole batch, against the beam's.
    found = beam_search(given[:5], 5000)
    import optax

    for one in found[:20]:
        labels = np.array([[*one.labels, *[0] * (5 - len(one.labels))]])
        padding = np.array([[0.0] * len(one.labels) + [1.0] * (5 - len(one.labels))])
        loss = optax.ctc_loss(given[None, :5], np.zeros((1, 5)), labels, padding, blank_id=5)
        assert float(loss[0]) == pytest.approx(-one.log_prob, abs=1e-4)


@given(CASES)
def test_the_forward_recursion_adds_up_every_layout(case: tuple[int, int, int]) -> None:
    seed, length, labels = case
    given = log_probs(seed, length, labels)
    every = every_labelling(given)
    for wanted, nats in every.items():
        assert log_prob(given, wanted) == pytest.approx(nats, abs=1e-9)
    assert log_prob(given, [0] * (length + 1)) == -np.inf
