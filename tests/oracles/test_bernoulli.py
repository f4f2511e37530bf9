"""Yes/no values against SciPy in float64, and what temperature promises."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
import scipy.stats

from seqgen.errors import UsageError
from seqgen.heads import Bernoulli, Options

LOGITS = np.array([-2.0, 0.0, 0.5, 30.0], np.float32)
HEAD = Bernoulli(4)
PARAMS = {"kernel": np.zeros((1, 4), np.float32), "bias": LOGITS}
sample = jax.jit(HEAD.sample)


def test_log_prob_equals_scipy_without_a_floor() -> None:
    """Log-odds up to +-1000, where a clipped probability would have no gradient."""
    random = np.random.default_rng(0)
    features = (random.normal(size=(200, 4)) * 10 ** random.uniform(-1, 2.5, (200, 1))).astype(np.float32)
    target = random.integers(2, size=(200, 4)).astype(np.float32)
    params = {"kernel": jnp.eye(4), "bias": jnp.zeros(4)}
    found = jax.jit(HEAD.log_prob)(params, jnp.asarray(features), jnp.asarray(target))
    wanted = scipy.special.log_expit(np.where(target > 0, features, -features).astype(np.float64)).sum(axis=-1)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    slope = jax.grad(lambda logits: HEAD.log_prob(params, logits, jnp.ones(4)))(jnp.array([-1e3, 0.0, 0.0, 1e3]))
    np.testing.assert_allclose(slope, [1, 0.5, 0.5, 0], atol=1e-6)


@pytest.mark.parametrize(("temperature", "bias"), [(0.5, 0.0), (1.0, 0.0), (3.0, 0.0), (1.0, 1.5), (2.0, 0.5)])
def test_temperature_divides_the_log_odds_and_bias_multiplies_them(temperature: float, bias: float) -> None:
    draws = 40_000
    options = Options(temperature=jnp.full(draws, temperature), bias=jnp.full(draws, bias))
    drawn = np.asarray(sample(PARAMS, jax.random.split(jax.random.key(1), draws), jnp.zeros((draws, 1)), options))
    odds = LOGITS.astype(np.float64) * (1 + bias) / temperature
    for yes, p in zip(drawn.sum(axis=0), scipy.special.expit(odds), strict=True):
        assert scipy.stats.binomtest(int(yes), draws, p).pvalue > 1e-3


def test_temperature_0_takes_the_likelier_answer() -> None:
    drawn = HEAD.sample(PARAMS, jax.random.split(jax.random.key(0), 50), jnp.zeros((50, 1)), Options(temperature=0.0))
    np.testing.assert_array_equal(drawn, [[0, 0, 1, 1]] * 50)


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(UsageError, match="a Bernoulli head of 0 values says nothing; ask for 1 or more"):
        Bernoulli(0)
