"""The softmax head against NumPy in float64, and each way to draw against a slow one written for reading."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any

import hypothesis
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
import scipy.stats

from seqgen.errors import UsageError
from seqgen.heads import Categorical, Joint, Mixture, Options, categorical, head_from_dict, in_precision
from seqgen.heads.categorical import BLOCK, WIDE, filter_logits

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


def plain(head: Categorical, params: Any, features: Any, target: Any) -> Any:
    """`jax.nn.log_softmax` of the scores, and the target's."""
    exact = functools.partial(jnp.matmul, precision="highest")
    if head.tied:
        scores = exact(exact(features, params["kernel"]), params["table"][: head.size].T) + params["bias"]
    else:
        scores = exact(features, params["kernel"]) + params["bias"]
    return jnp.take_along_axis(jax.nn.log_softmax(scores), target[..., None], axis=-1)[..., 0]


def slopes(log_prob: Any, params: Any, features: Any, target: Any) -> Any:
    """Values and gradients, of what the positions give with weights of their own."""
    weights = jnp.asarray(np.random.default_rng(2).normal(size=target.shape), jnp.float32)

    def total(params: Any, features: Any) -> Any:
        found = log_prob(params, features, target)
        return (weights * found).sum(), found

    return jax.jit(jax.value_and_grad(total, argnums=(0, 1), has_aux=True))(params, features)


def a_case(head: Categorical, *shape: int) -> tuple[Any, jax.Array, jax.Array]:
    random = np.random.default_rng(3)
    params = head.init(jax.random.key(0), 6) | {"bias": jnp.asarray(random.normal(0, 2, head.size), jnp.float32)}
    if head.tied:
        params |= {"table": jnp.asarray(random.normal(size=(head.size + 1, head.tied)), jnp.float32)}
    features = jnp.asarray(random.normal(0, 2, (*shape, 6)), jnp.float32)
    return params, features, jnp.asarray(random.integers(head.size, size=shape), jnp.int32)


@pytest.mark.parametrize("tied", [0, 3])
@pytest.mark.parametrize("block", [None, 65 * 16, 65, 7], ids=["whole", "8 blocks", "a position", "less than one"])
def test_values_and_gradients_are_those_of_a_plain_softmax(
    tied: int, block: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = Categorical(65, tied=tied)
    case = a_case(head, 3, 39)  # 117 positions, which no block but of one divides
    if block:
        monkeypatch.setattr(categorical, "WIDE", 65)
        monkeypatch.setattr(categorical, "BLOCK", block)
    loops = str(jax.make_jaxpr(head.log_prob)(*case)).count("scan[")
    assert loops == (1 if block else 0)
    found, wanted = slopes(head.log_prob, *case), slopes(functools.partial(plain, head), *case)
    for ours, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("tied", [0, 5])
def test_many_symbols_are_plain_too(tied: int) -> None:
    head = Categorical(2 * WIDE, tied=tied)
    case = a_case(head, 11, 200)  # more than a block
    found, wanted = slopes(head.log_prob, *case), slopes(functools.partial(plain, head), *case)
    for ours, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("tied", [0, 64])
def test_a_vocabulary_of_words_needs_the_memory_of_a_few_blocks(tied: int) -> None:
    """The scores of 4,096 positions would be 524 MB, and a gradient would hold three of them."""
    head = Categorical(32_000, tied=tied)
    shapes = jax.eval_shape(lambda: head.init(jax.random.key(0), 64))
    if tied:
        shapes |= {"table": jax.ShapeDtypeStruct((32_001, 64), jnp.float32)}
    features, target = (jax.ShapeDtypeStruct(s, t) for s, t in (((32, 128, 64), jnp.float32), ((32, 128), jnp.int32)))

    def total(params: Any, features: Any, target: Any) -> Any:
        return head.log_prob(params, features, target).sum()

    compiled = jax.jit(jax.value_and_grad(total, argnums=(0, 1))).lower(shapes, features, target).compile()
    assert compiled.memory_analysis().temp_size_in_bytes < 6 * 4 * BLOCK


def test_the_products_of_many_symbols_are_in_the_precision_asked_for() -> None:
    head = Categorical(WIDE, tied=5)
    exact = slopes(head.log_prob, *a_case(head, 40))
    rounded = slopes(dataclasses.replace(head, precision="bf16").log_prob, *a_case(head, 40))
    for ours, theirs in zip(jax.tree.leaves(rounded), jax.tree.leaves(exact), strict=True):
        assert 1e-5 < np.linalg.norm(ours - theirs) / np.linalg.norm(theirs) < 3e-2
    few, rounded_few = Categorical(65), Categorical(65, precision="bf16")  # which cost little, and are never rounded
    case = a_case(few, 40)
    jax.tree.map(np.testing.assert_array_equal, slopes(few.log_prob, *case), slopes(rounded_few.log_prob, *case))


def test_a_precision_that_nobody_set_is_in_no_config() -> None:
    assert Categorical(7).to_dict() == {"kind": "categorical", "size": 7, "tied": 0}
    half = Categorical(7, precision="bf16")
    assert head_from_dict(half.to_dict()) == half == in_precision(Categorical(7), "bf16")
    parts = Joint((Mixture(2), Categorical(7)))
    assert in_precision(parts, "bf16") == Joint((Mixture(2), half)) and in_precision(Mixture(2), "bf16") == Mixture(2)
    with pytest.raises(UsageError, match="precision is 'f32' or 'bf16', not 'f16'"):
        Categorical(7, precision="f16")


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


@pytest.mark.parametrize("bias", [0.5, 2.0])
def test_bias_takes_probabilities_to_a_power(bias: float) -> None:
    logits = np.array([1.5, 0.5, 0.0, -1.0], np.float32)
    params, draws = {"kernel": jnp.zeros((1, 4)), "bias": jnp.asarray(logits)}, 50_000
    keys = jax.random.split(jax.random.key(2), draws)
    drawn = np.asarray(Categorical(4).sample(params, keys, jnp.zeros((draws, 1)), Options(bias=jnp.full(draws, bias))))
    power = scipy.special.softmax(logits.astype(np.float64)) ** (1 + bias)
    assert scipy.stats.chisquare(np.bincount(drawn, minlength=4), draws * power / power.sum()).pvalue > 1e-4
    once = Categorical(4).sample(params, keys, jnp.zeros((draws, 1)), Options(bias=bias))
    np.testing.assert_array_equal(once, drawn)


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(UsageError, match="a softmax over 0 symbols"):
        Categorical(0)
