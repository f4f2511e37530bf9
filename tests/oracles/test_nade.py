"""Values that know of one another, against the definition in float64 and against all outcomes counted."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
import scipy.stats

from seqgen.errors import UsageError
from seqgen.heads import Nade, Options

HEAD = Nade(4, units=3)
OUTCOMES = np.array(list(itertools.product((0.0, 1.0), repeat=4)), np.float32)


def parameters(seed: int = 0, width: int = 5) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    shapes = {name: leaf.shape for name, leaf in HEAD.init(jax.random.key(0), width).items()}
    return {name: random.normal(0, 1.5, shape).astype(np.float32) for name, shape in shapes.items()}


def definition(params: dict[str, np.ndarray], features: np.ndarray, values: np.ndarray) -> float:
    """Larochelle & Murray 2011, algorithm 1, a value after the other."""
    exact = {name: leaf.astype(np.float64) for name, leaf in params.items()}
    said = features.astype(np.float64) @ exact["kernel"] + exact["bias"]
    hidden, total = said[4:], 0.0
    for place, value in enumerate(values):
        odds = said[place] + scipy.special.expit(hidden) @ exact["write"][place]
        total += scipy.special.log_expit(odds if value else -odds)
        hidden = hidden + value * exact["read"][place]
    return float(total)


def test_log_prob_is_the_definition_s() -> None:
    params, random = parameters(), np.random.default_rng(1)
    features = (random.normal(size=(50, 5)) * 10 ** random.uniform(-1, 2, (50, 1))).astype(np.float32)
    values = random.integers(2, size=(50, 4)).astype(np.float32)
    found = jax.jit(HEAD.log_prob)(params, jnp.asarray(features), jnp.asarray(values))
    wanted = [definition(params, *row) for row in zip(features, values, strict=True)]
    np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("seed", range(3))
def test_all_outcomes_together_are_certain(seed: int) -> None:
    features = np.random.default_rng(seed).normal(size=5).astype(np.float32)
    found = HEAD.log_prob(parameters(seed), jnp.tile(features, (16, 1)), jnp.asarray(OUTCOMES))
    assert scipy.special.logsumexp(np.asarray(found, np.float64)) == pytest.approx(0, abs=1e-5)


def test_what_is_drawn_is_as_frequent_as_it_is_likely() -> None:
    params, draws = parameters(), 20_000
    features = jnp.tile(jnp.asarray(np.random.default_rng(2).normal(size=5), jnp.float32), (draws, 1))
    drawn = jax.jit(HEAD.sample)(params, jax.random.split(jax.random.key(0), draws), features, Options())
    counts = np.bincount((np.asarray(drawn) @ [8, 4, 2, 1]).astype(int), minlength=16)
    chances = np.exp(np.asarray(HEAD.log_prob(params, features[:16], jnp.asarray(OUTCOMES)), np.float64))
    likely = chances > 1e-3
    chances = np.append(chances[likely], chances[~likely].sum())
    counts = np.append(counts[likely], counts[~likely].sum())
    assert scipy.stats.chisquare(counts, draws * chances / chances.sum()).pvalue > 1e-3


def test_temperature_0_takes_the_likelier_answer_each_time() -> None:
    params = parameters()
    features = jnp.asarray(np.random.default_rng(3).normal(size=(9, 5)), jnp.float32)
    drawn = HEAD.sample(params, jax.random.split(jax.random.key(0), 9), features, Options(temperature=0.0))
    logits = HEAD.logits(params, features, drawn)
    np.testing.assert_array_equal(drawn, (np.asarray(logits) > 0).astype(np.float32))


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(UsageError, match="a NADE head needs dim and units of 1 or more, not 88 and 0"):
        Nade(88, 0)
