"""The softmax head against NumPy in float64, and each way to draw against a slow one written for reading."""

from __future__ import annotations

import math

import hypothesis
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from seqgen.errors import UsageError
from seqgen.heads import Categorical, Options
from seqgen.heads.categorical import filter_logits

SIZE = 8
fast_filter = jax.jit(filter_logits)


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


def test_log_prob_equals_numpy() -> None:
    """Logits within about +-30."""
    random = np.random.default_rng(0)
    head = Categorical(65)
    params = {
        "kernel": jnp.asarray(random.normal(0, 2, (16, 65)), jnp.float32),
        "bias": jnp.asarray(random.normal(0, 2, 65), jnp.float32),
    }
    features = random.normal(size=(3, 40, 16)).astype(np.float32)
    target = random.integers(65, size=(3, 40))
    found = jax.jit(head.log_prob)(params, jnp.asarray(features), jnp.asarray(target, jnp.int32))
    logits = features.astype(np.float64) @ np.asarray(params["kernel"], np.float64) + np.asarray(params["bias"])
    wanted = [np.log(softmax(row)[symbol]) for row, symbol in zip(logits.reshape(-1, 65), target.ravel(), strict=True)]
    np.testing.assert_allclose(found.ravel(), wanted, rtol=1e-5, atol=1e-5)


def test_log_prob_has_no_floor() -> None:
    """A symbol of probability e^-1000 says so, and pulls as hard as any other."""
    head = Categorical(3)
    params = {"kernel": jnp.eye(3), "bias": jnp.zeros(3)}
    log_prob = jax.jit(jax.value_and_grad(lambda logits: head.log_prob(params, logits, jnp.int32(0))))
    value, slope = log_prob(jnp.array([-1e3, 0, -9]))
    np.testing.assert_allclose(value, -1000 - np.log1p(np.exp(-9)), rtol=1e-6)
    np.testing.assert_allclose(slope, [1, -1, 0], atol=1e-3)


def test_tied_scores_are_products_with_the_table() -> None:
    random = np.random.default_rng(0)
    head = Categorical(5, tied=3)
    params = head.init(jax.random.key(0), 4)
    assert {name: value.shape for name, value in params.items()} == {"kernel": (4, 3), "bias": (5,)}
    params |= {"table": jnp.asarray(random.normal(size=(6, 3)), jnp.float32), "bias": jnp.arange(5.0)}
    features = jnp.asarray(random.normal(size=(2, 4)), jnp.float32)
    kernel, table = np.asarray(params["kernel"], np.float64), np.asarray(params["table"], np.float64)
    wanted = np.asarray(features, np.float64) @ kernel @ table[:5].T + np.arange(5)
    np.testing.assert_allclose(head.logits(params, features), wanted, rtol=1e-5, atol=1e-6)


def slow_filter(logits: np.ndarray, temperature: float, top_k: int, top_p: float, min_p: float) -> np.ndarray:
    """Probabilities `[V]` after the four filters, in float64, one symbol at a time."""
    order = sorted(range(len(logits)), key=lambda symbol: (-logits[symbol], symbol))
    if temperature == 0:
        return np.eye(len(logits))[order[0]]
    p = softmax(logits.astype(np.float64) / temperature)

    kept = order[:top_k] if top_k > 0 else order
    whole = sum(p[symbol] for symbol in kept)
    if top_p < 1:
        reached, nucleus = 0.0, []
        for symbol in kept:
            nucleus.append(symbol)
            reached += p[symbol] / whole
            if reached >= top_p:
                break
        kept = nucleus
    kept = [symbol for symbol in kept if symbol == order[0] or p[symbol] >= min_p * p[order[0]]]

    filtered = np.zeros(len(logits))
    filtered[kept] = p[kept] / p[kept].sum()
    return filtered


def is_close_call(logits: np.ndarray, temperature: float, top_k: int, top_p: float, min_p: float) -> bool:
    """Whether a sum meets top_p, or a ratio min_p, so nearly that float32 may fall on the other side."""
    if temperature == 0:
        return False
    p = np.sort(softmax(logits.astype(np.float64) / temperature))[::-1]
    left = p[:top_k] if top_k > 0 else p
    sums = np.cumsum(left) / left.sum()
    close_to_p = top_p < 1 and bool(np.any(np.abs(sums - top_p) < 1e-5))
    close_to_ratio = 0 < min_p < 1 and bool(np.any(np.abs(p / p[0] - min_p) < 1e-5))
    return close_to_p or close_to_ratio


def check(logits: np.ndarray, options: list[tuple[float, int, float, float]]) -> None:
    temperature, top_k, top_p, min_p = (np.array(values) for values in zip(*options, strict=True))
    settings = Options(
        jnp.asarray(temperature, jnp.float32), jnp.asarray(top_k, jnp.int32), jnp.asarray(top_p, jnp.float32),
        jnp.asarray(min_p, jnp.float32),
    )  # fmt: skip
    found = np.asarray(fast_filter(jnp.asarray(logits), settings), np.float64)
    for row, row_logits, row_options in zip(found, logits, options, strict=True):
        wanted = slow_filter(row_logits, *row_options)
        np.testing.assert_array_equal(np.isfinite(row), wanted > 0, err_msg=str(row_options))
        np.testing.assert_allclose(softmax(row), wanted, rtol=1e-4, atol=1e-6, err_msg=str(row_options))


@pytest.mark.parametrize(
    "options",
    [
        (1.0, 0, 1.0, 0.0),
        (0.5, 0, 1.0, 0.0),
        (3.0, 0, 1.0, 0.0),
        (0.0, 0, 1.0, 0.0),
        (1.0, 1, 1.0, 0.0),
        (1.0, 3, 1.0, 0.0),
        (1.0, SIZE + 5, 1.0, 0.0),
        (1.0, 0, 0.5, 0.0),
        (1.0, 0, 0.95, 0.0),
        (1.0, 0, 0.0, 0.0),
        (1.0, 0, 1.0, 0.1),
        (1.0, 0, 1.0, 1.0),
        (0.8, 5, 0.9, 0.05),
    ],
    ids=str,
)
def test_each_filter_equals_numpy(options: tuple[float, int, float, float]) -> None:
    logits = np.random.default_rng(0).normal(0, 2, (4, SIZE)).astype(np.float32)
    check(logits, [options] * 4)


settings = st.tuples(
    st.one_of(st.just(0.0), st.floats(0.125, 4, width=32)),
    st.integers(0, SIZE + 1),
    st.floats(0.0625, 1, width=32),
    st.floats(0, 1, width=32),
)
# Sixteenths: ties are common, and where two differ at all float32 can tell them apart at every temperature.
logit_rows = st.lists(st.integers(-160, 160).map(lambda n: n / 16), min_size=SIZE, max_size=SIZE)


@hypothesis.given(st.lists(st.tuples(logit_rows, settings), min_size=4, max_size=4))
def test_all_filters_together_equal_numpy_row_by_row(
    rows: list[tuple[list[float], tuple[float, int, float, float]]],
) -> None:
    logits = np.array([row for row, _ in rows], np.float32)
    options = [options for _, options in rows]
    hypothesis.assume(not any(is_close_call(row, *chosen) for row, chosen in zip(logits, options, strict=True)))
    check(logits, options)


def test_top_p_counts_what_top_k_left() -> None:
    """Of .4 .3 .2 .1, top-k 2 leaves 4/7 and 3/7; the first alone reaches .5 of that, but not of the whole."""
    logits = jnp.log(jnp.array([[0.4, 0.3, 0.2, 0.1]]))
    assert np.isfinite(fast_filter(logits, Options(top_k=2, top_p=0.5))).sum() == 1
    assert np.isfinite(fast_filter(logits, Options(top_p=0.5))).sum() == 2


def test_a_neighbour_that_sorts_does_not_cut_this_rows_tail() -> None:
    """Two halves and a symbol of e^-40 sum to 1 before the last; top_p = 1 keeps it nevertheless."""
    logits = jnp.array([[0.0, 0.0, -40.0]] * 2)
    kept = np.isfinite(fast_filter(logits, Options(top_p=jnp.array([1.0, 0.5])))).sum(axis=1)
    np.testing.assert_array_equal(kept, [3, 1])


def test_extremes_keep_the_first_of_the_most_likely() -> None:
    """A temperature of almost 0, an impossible min-p, ties under temperature 0, symbols ruled out with -inf."""
    logits = jnp.array([[-100.0, 30.0, 30.0, -jnp.inf]] * 4)
    options = Options(
        temperature=jnp.array([1e-37, 1.0, 0.0, 1.0]),
        top_k=jnp.array([0, 0, 0, 4]),
        min_p=jnp.array([0.0, 2.0, 0.0, 0.0]),
    )
    kept = np.isfinite(fast_filter(logits, options))
    np.testing.assert_array_equal(kept, [[0, 1, 1, 0], [0, 1, 0, 0], [0, 1, 0, 0], [1, 1, 1, 0]])


def test_what_is_not_allowed_is_never_drawn_and_the_rest_keeps_its_odds() -> None:
    logits = np.array([3.0, 1.0, 0.5, -1.0], np.float32)
    params, rows = {"kernel": jnp.zeros((1, 4)), "bias": jnp.asarray(logits)}, 20_000
    keys = jax.random.split(jax.random.key(1), rows)
    options = Options(allowed=jnp.array([False, True, False, True]))
    drawn = np.asarray(Categorical(4).sample(params, keys, jnp.zeros((rows, 1)), options))
    odds = math.exp(1.0) / (math.exp(1.0) + math.exp(-1.0))
    assert set(drawn) == {1, 3}
    assert abs((drawn == 1).mean() - odds) < 5 * math.sqrt(odds * (1 - odds) / rows)
    greedy = Categorical(4).sample(params, keys[:2], jnp.zeros((2, 1)), options._replace(temperature=0.0, top_k=3))
    assert greedy.tolist() == [1, 1]


def test_samples_follow_the_filtered_probabilities() -> None:
    """Chi-square over 50,000 draws a row, four rows with options of their own, greedy among them."""
    logits = np.random.default_rng(0).normal(0, 1.5, SIZE).astype(np.float32)
    options = [(1.0, 0, 1.0, 0.0), (0.7, 5, 1.0, 0.0), (1.3, 0, 0.8, 0.05), (0.0, 0, 1.0, 0.0)]
    draws = 50_000
    columns = [np.repeat(values, draws) for values in zip(*options, strict=True)]
    settings = Options(*(jnp.asarray(column, jnp.float32) for column in columns))
    head = Categorical(SIZE)
    params = {"kernel": jnp.zeros((1, SIZE)), "bias": jnp.asarray(logits)}
    keys = jax.random.split(jax.random.key(0), len(options) * draws)
    symbols = np.asarray(jax.jit(head.sample)(params, keys, jnp.zeros((len(keys), 1)), settings))
    for row, chosen in enumerate(options):
        counts = np.bincount(symbols[row * draws : (row + 1) * draws], minlength=SIZE)
        p = slow_filter(logits, *chosen)
        assert counts[p == 0].sum() == 0
        assert scipy.stats.chisquare(counts[p > 0], draws * p[p > 0]).pvalue > 1e-4 or (p > 0).sum() == 1


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(UsageError, match="a softmax over 0 symbols"):
        Categorical(0)
