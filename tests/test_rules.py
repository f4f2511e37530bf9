"""Rules of sampling: what is drawn keeps to them, whatever else is asked for."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from seqgen.errors import UsageError
from seqgen.heads import Categorical, Joint, Mixture, Options
from seqgen.models.model import Model
from seqgen.nn.network import Network
from seqgen.sampling import Automaton, Copies, Penalties, Repeats, advance, drawing, prime, sample
from seqgen.spec import Continuous, Discrete, Product

MODEL = Model(Network(Discrete(5), layers=1, units=8), Categorical(5))
KEY = jax.random.key(4)
PROMPTS = [np.array([0, 1, 2]), np.array([], np.int32), np.array([4, 4, 4, 4, 4, 4])]


@functools.cache
def parameters() -> Any:
    random = np.random.default_rng(1)
    shapes = jax.eval_shape(lambda: MODEL.init(jax.random.key(0)))
    return jax.tree.map(lambda leaf: random.normal(0, 0.8, leaf.shape).astype(np.float32), shapes)


def drawn(*rules: Any, temperature: float = 1.0, allowed: Any = None, length: int = 96) -> list[np.ndarray]:
    options = Options(temperature, allowed=allowed)
    return sample(MODEL, parameters(), KEY, PROMPTS, length=length, options=options, rules=rules)  # type: ignore[return-value]


def grams(symbols: Any, length: int) -> list[tuple[int, ...]]:
    return [tuple(symbols[at : at + length]) for at in range(len(symbols) - length + 1)]


@pytest.mark.parametrize("temperature", [0.0, 0.4])
def test_no_sequence_longer_than_asked_for_comes_twice(temperature: float) -> None:
    free = drawn(temperature=temperature)
    assert any(len(set(found := grams(row, 5))) < len(found) for row in free)
    for prompt, row in zip(PROMPTS, drawn(Repeats(4), temperature=temperature), strict=True):
        whole, before = [*prompt, *row], len(grams(prompt, 5))
        found = grams(whole, 5)
        assert all(gram not in found[: before + at] for at, gram in enumerate(found[before:]))


def test_no_copy_of_the_corpus_is_longer_than_asked_for() -> None:
    corpus = drawn(temperature=0.7, length=64)  # what it writes anyway
    index = Copies.of([*corpus, np.array([1])], 3)
    known = {gram for sequence in corpus for gram in grams(sequence, 4)}
    assert any(gram in known for row in drawn(temperature=0.7) for gram in grams(row, 4))
    for prompt, row in zip(PROMPTS, drawn(index, temperature=0.7), strict=True):
        whole = [*prompt, *row]
        assert not known & set(grams(whole, 4)[len(grams(prompt, 4)) :])


def test_an_index_knows_every_gram_and_no_other() -> None:
    random = np.random.default_rng(0)
    sequences = [random.integers(0, 5, length) for length in (0, 2, 3, 4, 400)]
    index = Copies.of(sequences, 3)
    known = {gram for sequence in sequences for gram in grams(sequence, 4)}
    for start in np.ndindex(5, 5, 5):
        scores = index.scores(index.start([np.array(start)], 5), jnp.zeros((1, 5)))
        assert [bool(jnp.isinf(score)) for score in scores[0]] == [(*start, symbol) in known for symbol in range(5)]
    with pytest.raises(UsageError, match="copies of 0 symbols at the most cannot be; give 1 or more"):
        Copies.of([], 0)
    nothing = Copies.of([], 3)
    assert jnp.isfinite(nothing.scores(nothing.start(PROMPTS, 5), jnp.zeros((3, 5)))).all()


def test_an_automaton_is_followed_to_its_end() -> None:
    table = np.full((4, 5), -1, np.int32)
    table[0, 1], table[1, [2, 3]], table[2, 4] = 1, (1, 2), 3  # 1 2* 3 4
    for row in drawn(Automaton(table, np.arange(4) == 3)):
        assert row[0] == 1 and row[-2:].tolist() == [3, 4] and set(row[1:-2].tolist()) <= {2}


def test_what_was_there_is_less_likely_by_so_many_nats() -> None:
    logits = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    likely = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    counts = np.array([[1, 1, 1, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 6]])
    rule = Penalties(repetition=1.5, presence=0.25, frequency=0.125)
    state = rule.start(PROMPTS, 5)
    np.testing.assert_array_equal(state, counts)
    expected = np.where(counts > 0, likely * 1.5, likely) - 0.25 * (counts > 0) - 0.125 * counts
    np.testing.assert_allclose(rule.scores(state, logits), expected, rtol=1e-5)
    np.testing.assert_array_equal(rule.read(state, np.array([3, 0, 4], np.int32))[:, 3:], [[1, 0], [0, 0], [0, 7]])
    few, many = (len(set(np.concatenate(rows).tolist())) for rows in (drawn(temperature=0), drawn(rule, temperature=0)))
    assert many > few


def test_rules_that_change_nothing_change_nothing() -> None:
    """Also the check that a rule's keys and its place in the loop are those of plain sampling."""
    idle = (Penalties(), Repeats(2000), Copies.of([], 2), Automaton(np.zeros((1, 5), np.int32), np.zeros(1, bool)))
    for plain, ruled in zip(drawn(), drawn(*idle), strict=True):
        np.testing.assert_array_equal(plain, ruled)


def test_where_two_leave_nothing_the_first_goes_first() -> None:
    only, other = (Automaton(np.where(np.arange(5) == symbol, 0, -1)[None], np.zeros(1, bool)) for symbol in (2, 3))
    assert {symbol for row in drawn(only, other, length=32) for symbol in row.tolist()} == {2}
    assert {symbol for row in drawn(other, only, length=32) for symbol in row.tolist()} == {3}
    assert {symbol for row in drawn(only, allowed=np.arange(5) == 1, length=32) for symbol in row.tolist()} == {1}


def test_rules_that_do_not_fit_are_refused() -> None:
    pen = Model(Network(Product((Continuous(2), Discrete(3))), layers=1, units=4), Joint((Mixture(2), Categorical(3))))
    with pytest.raises(UsageError, match=r"rules are about symbols, and this model draws Product.*; leave them out"):
        sample(pen, {}, KEY, [], length=4, rules=(Repeats(2),)) or prime(pen, {}, KEY, [], rules=(Repeats(2),))
    state = prime(MODEL, parameters(), KEY, PROMPTS)
    with pytest.raises(UsageError, match="the state knows of 0 rules, 1 came; give `prime` those of `advance`"):
        advance(MODEL, parameters(), state, rules=(Repeats(2),))


def test_the_source_of_a_rule_is_part_of_a_programs_name(monkeypatch: pytest.MonkeyPatch) -> None:
    class Mine(Penalties):
        """A rule of somebody else's, who may edit it."""

    told: list[Any] = []
    monkeypatch.setattr(drawing, "kept", lambda run, *follows_from, parts: told.extend(parts))
    drawing._advance(MODEL, 7, None, None, (Mine,))
    assert told == [MODEL, Mine]
