"""Diagonal Gaussians against SciPy in float64, and what temperature, bias and the floor promise."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from seqgen.errors import UsageError
from seqgen.heads import Gaussian, Options

HEAD = Gaussian(3, floor=0.05)
MEANS, RAW = np.array([-1.0, 0.0, 4.0]), np.array([-1.0, 0.5, -30.0])
SIGMAS = np.exp(RAW) + 0.05
PARAMS = {"kernel": np.zeros((1, 6), np.float32), "bias": np.concatenate([MEANS, RAW]).astype(np.float32)}
sample = jax.jit(HEAD.sample)


def test_log_prob_equals_scipy() -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(200, 6)).astype(np.float32)
    target = (random.normal(size=(200, 3)) * 10 ** random.uniform(-1, 3, (200, 1))).astype(np.float32)
    found = jax.jit(HEAD.log_prob)({"kernel": jnp.eye(6), "bias": jnp.zeros(6)}, features, target)
    wide = features.astype(np.float64)
    wanted = scipy.stats.norm(wide[:, :3], np.exp(wide[:, 3:]) + 0.05).logpdf(target.astype(np.float64)).sum(axis=-1)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


def test_with_widths_at_the_floor_it_is_squared_error() -> None:
    params = {"kernel": jnp.eye(6), "bias": jnp.array([0.0] * 3 + [-100.0] * 3)}
    features, target = jnp.arange(6.0) / 100, jnp.array([0.02, 0.0, 0.0])
    slope = jax.grad(lambda features: HEAD.log_prob(params, features, target))(features)
    np.testing.assert_allclose(slope[:3], (target - features[:3]) / 0.05**2, rtol=1e-5)
    assert not np.any(slope[3:])


@pytest.mark.parametrize(("temperature", "bias"), [(1.0, 0.0), (0.25, 0.0), (2.0, 0.7)])
def test_temperature_and_bias_scale_the_widths(temperature: float, bias: float) -> None:
    draws = 20_000
    options = Options(temperature=jnp.full(draws, temperature), bias=jnp.full(draws, bias))
    drawn = np.asarray(sample(PARAMS, jax.random.split(jax.random.key(1), draws), jnp.zeros((draws, 1)), options))
    scale = SIGMAS * np.sqrt(temperature) * np.exp(-bias)
    for values, mean, sigma in zip(drawn.T, MEANS, scale, strict=True):
        assert scipy.stats.kstest(values, scipy.stats.norm(mean, sigma).cdf).pvalue > 1e-3


def test_temperature_0_is_the_mean() -> None:
    drawn = HEAD.sample(PARAMS, jax.random.split(jax.random.key(0), 4), jnp.zeros((4, 1)), Options(temperature=0.0))
    np.testing.assert_allclose(drawn, [MEANS] * 4)


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(UsageError, match="a Gaussian of 0 values has no density; ask for 1 or more"):
        Gaussian(0, 0.1)
    for floor in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="is no width; give the data's rounding step"):
            Gaussian(1, floor)
