"""The mixture of bivariate Gaussians against SciPy in float64, integrals, and what its options promise."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
import scipy.stats

from seqgen.errors import UsageError
from seqgen.heads import Mixture, Options
from seqgen.heads.mixture import MAX_R

K = 4
ROWS = 200
DRAWS = 40_000
HEAD = Mixture(K)
value_and_slope = jax.jit(jax.value_and_grad(lambda features, params, at: HEAD.log_prob(params, features, at).sum()))


def through(raw: np.ndarray, dtype: Any = np.float32) -> tuple[dict[str, jax.Array], jax.Array]:
    """Parameters and features `[N, 6 K]` that hand the head exactly these raw values."""
    width = raw.shape[-1]
    params = {"kernel": jnp.eye(width, dtype=dtype), "bias": jnp.zeros(width, dtype)}
    return params, jnp.asarray(raw, dtype)


def draw_raw(random: np.random.Generator, rows: int, max_r: float) -> np.ndarray:
    """Raw values `[rows, 6 K]`, rounded to float32: weights within e^+-3, means +-3, sigmas e^-3 .. e^1, |r| <= max_r."""
    parts = [
        random.uniform(-3, 3, (rows, K)),
        random.uniform(-3, 3, (rows, 2 * K)),
        random.uniform(-3, 1, (rows, 2 * K)),
        MAX_R * np.arctanh(random.uniform(-max_r, max_r, (rows, K)) / MAX_R),
    ]
    return np.concatenate(parts, axis=1).astype(np.float32)


def parts_of(raw: np.ndarray) -> tuple[np.ndarray, ...]:
    """Weights `[K]`, means `[K, 2]` and covariances `[K, 2, 2]` of one row, in float64."""
    weights, mx, my, sx, sy, r = raw.astype(np.float64).reshape(6, K)
    rho = np.tanh(MAX_R * np.tanh(r / MAX_R))
    sx, sy = np.exp(sx), np.exp(sy)
    covariances = np.moveaxis(np.array([[sx * sx, rho * sx * sy], [rho * sx * sy, sy * sy]]), -1, 0)
    return scipy.special.softmax(weights), np.stack([mx, my], axis=1), covariances


def near(random: np.random.Generator, raw: np.ndarray) -> np.ndarray:
    """A target for every row: a draw from one of its components, or one spread `[-6, 6]` wide."""
    targets = random.uniform(-6, 6, (len(raw), 2))
    for i in range(0, len(raw), 2):
        _, means, covariances = parts_of(raw[i])
        targets[i] = random.multivariate_normal(means[i % K], covariances[i % K])
    return targets.astype(np.float32)


def scipy_log_prob(raw: np.ndarray, target: np.ndarray) -> float:
    weights, means, covariances = parts_of(raw)
    each = [
        np.log(weight) + scipy.stats.multivariate_normal(mean, covariance).logpdf(target.astype(np.float64))
        for weight, mean, covariance in zip(weights, means, covariances, strict=True)
    ]
    return float(scipy.special.logsumexp(each))


def compare(max_r: float, dtype: Any, rtol: float, atol: float) -> None:
    random = np.random.default_rng(0)
    raw = draw_raw(random, ROWS, max_r)
    targets = near(random, raw)
    found = jax.jit(HEAD.log_prob)(*through(raw, dtype), jnp.asarray(targets, dtype))
    assert found.dtype == dtype
    wanted = [scipy_log_prob(*row) for row in zip(raw, targets, strict=True)]
    np.testing.assert_allclose(found, wanted, rtol=rtol, atol=atol)


def test_log_prob_equals_scipy() -> None:
    """Correlations up to 0.96, sigmas down to 0.05, targets up to 180 sigmas off; `atol` is for log-densities near 0."""
    compare(max_r=2.0, dtype=np.float32, rtol=1e-5, atol=1e-5)


def test_log_prob_equals_scipy_up_to_the_bound_in_float64() -> None:
    """Correlations up to 1 - 4e-7, where float32 targets themselves are too coarse to compare."""
    with jax.enable_x64(True):
        compare(max_r=7.9, dtype=np.float64, rtol=1e-7, atol=1e-7)


def test_gaussians_are_the_parts_of_the_density() -> None:
    raw = draw_raw(np.random.default_rng(1), 3, max_r=2.0)
    gaussians = jax.jit(HEAD.gaussians)(*through(raw))
    for i in range(3):
        weights, means, covariances = parts_of(raw[i])
        sigmas = np.sqrt(np.diagonal(covariances, axis1=1, axis2=2))
        np.testing.assert_allclose(np.exp(gaussians.log_weights[i]), weights, rtol=1e-5)
        np.testing.assert_allclose(gaussians.means[i].T, means, rtol=1e-6)
        np.testing.assert_allclose(np.exp(gaussians.log_sigmas[i]).T, sigmas, rtol=1e-5)
        np.testing.assert_allclose(gaussians.correlation[i], covariances[:, 0, 1] / sigmas.prod(axis=1), rtol=1e-5)


@pytest.mark.parametrize("r", [0.0, -2.0, 3.5])
def test_the_density_integrates_to_one(r: float) -> None:
    """Over a grid of 0.02 in [-6, 6]^2, with correlations up to 0.998."""
    raw = np.zeros((6, K))
    raw[1:3] = [[-1, 0, 1, 2], [1, 0, -1, 0.5]]
    raw[3:5] = np.log(0.5)
    raw[5] = MAX_R * np.arctanh(r / MAX_R)
    axis = np.arange(-6, 6, 0.02)
    grid = jnp.asarray(np.stack(np.meshgrid(axis, axis), axis=-1), jnp.float32)
    density = np.exp(jax.jit(HEAD.log_prob)(*through(raw.reshape(1, -1)), grid), dtype=np.float64)
    np.testing.assert_allclose(density.sum() * 0.02**2, 1, atol=1e-4)


@pytest.mark.parametrize("raw_r", [0.0, 3.0, -1000.0, 1000.0])
@pytest.mark.parametrize("u", [0.0, 1.0, 1e4])
def test_far_outliers_and_strong_correlations_have_finite_gradients(raw_r: float, u: float) -> None:
    """A clipped density has gradient 0 out there; an unbounded correlation overflows."""
    raw = np.zeros((1, 6, K))
    raw[0, 1:3] = np.linspace(-1, 1, K)
    raw[0, 5] = raw_r
    params, features = through(raw.reshape(1, -1))
    for target in ([u, u], [u, -u], [0.0, u]):
        at = jnp.array([target], jnp.float32)
        log_p, gradient = value_and_slope(features, params, at)
        assert np.isfinite(log_p), target
        assert np.all(np.isfinite(gradient)), target
        if u == 1e4:
            assert np.abs(gradient[0, K : 3 * K]).max() > 100, "the nearest mean is pulled towards the outlier"


def test_the_sigma_floor_is_smooth_and_holds() -> None:
    """sigma = exp(raw) + floor: never below, and with a gradient on both sides."""
    head = Mixture(1, sigma_floor=0.01)
    raw = np.zeros((4, 6))
    raw[:, 3:5] = np.array([-30.0, np.log(0.01), 0.0, 2.0])[:, None]
    params, features = through(raw)
    sigmas = np.exp(jax.jit(head.gaussians)(params, features).log_sigmas[:, 0, 0])
    np.testing.assert_allclose(sigmas, [0.01, 0.02, 1.01, np.exp(2) + 0.01], rtol=1e-5)
    peaks = jax.jit(jax.value_and_grad(lambda features: head.log_prob(params, features, jnp.zeros((4, 2))).sum()))
    total, slope = peaks(features)
    np.testing.assert_allclose(total, -np.sum(np.log(2 * np.pi * sigmas**2)), rtol=1e-5)
    assert np.all(slope[1:, 3:5] < -0.4)


# Two components far apart, so that a sample tells which it came from.
SIGMAS = np.array([[0.2, 3.0], [1.5, 0.5]])
MEANS = np.array([[-50.0, 20.0], [50.0, -20.0]])
RHOS = np.array([0.9, -0.6])
LOGITS = np.array([0.3, -0.2])
TWO = Mixture(2)
draw = jax.jit(TWO.sample)


def sample_two(options: Options) -> np.ndarray:
    raw = np.concatenate(
        [LOGITS, MEANS.T.ravel(), np.log(SIGMAS).T.ravel(), MAX_R * np.arctanh(np.arctanh(RHOS) / MAX_R)]
    )
    params, features = through(np.tile(raw, (DRAWS, 1)))
    return np.asarray(draw(params, jax.random.split(jax.random.key(3), DRAWS), features, options), np.float64)


@pytest.mark.parametrize(
    ("options", "power", "scale"),
    [
        (Options(), 1.0, 1.0),
        (Options(bias=0.75), 1.75, np.exp(-0.75)),
        (Options(temperature=0.25), 4.0, 0.5),
        (Options(temperature=2.0), 0.5, np.sqrt(2)),
        (Options(temperature=2.0, bias=1.0), 1.0, np.sqrt(2) * np.exp(-1)),
    ],
    ids=["as it is", "bias", "cold", "hot", "hot, with bias"],
)
def test_bias_and_temperature_scale_weights_and_sigmas(options: Options, power: float, scale: float) -> None:
    """Weights to a power, sigmas times a scale, correlation untouched: frequencies, means and covariances of samples.

    A sampler that multiplied by the covariance in place of its Cholesky factor would fail the covariances.
    """
    samples = sample_two(options)
    second = samples[:, 0] > 0
    weight = scipy.special.softmax(power * LOGITS)[1]
    assert scipy.stats.binomtest(int(second.sum()), DRAWS, weight).pvalue > 1e-4
    for k, chosen in enumerate([samples[~second], samples[second]]):
        z = (chosen - MEANS[k]) / (scale * SIGMAS[k])
        error = 4 / np.sqrt(len(z))  # four standard deviations of a mean of unit variance
        np.testing.assert_allclose(z.mean(axis=0), 0, atol=error)
        np.testing.assert_allclose(np.cov(z.T), [[1, RHOS[k]], [RHOS[k], 1]], atol=1.5 * error)
        whole = np.linalg.solve(np.linalg.cholesky([[1, RHOS[k]], [RHOS[k], 1]]), z.T)
        assert scipy.stats.kstest(whole.ravel(), "norm").pvalue > 1e-4


@pytest.mark.parametrize("options", [Options(temperature=0.0), Options(bias=80.0)], ids=["temperature", "bias"])
def test_no_temperature_or_all_bias_gives_the_mean_of_the_heaviest(options: Options) -> None:
    np.testing.assert_allclose(sample_two(options), np.tile(MEANS[0], (DRAWS, 1)))


def test_top_k_and_min_p_cut_components_by_weight() -> None:
    for options in (Options(top_k=1), Options(min_p=0.7), Options(top_p=0.5)):
        assert np.all(sample_two(options)[:, 0] < 0)
    assert np.any(sample_two(Options(min_p=0.5))[:, 0] > 0)


def test_a_new_head_is_near_the_unit_normal() -> None:
    """Where training begins: means near 0, sigmas near 1, no component far heavier than another, none alike."""
    params = HEAD.init(jax.random.key(0), 64)
    gaussians = jax.jit(HEAD.gaussians)(params, jax.random.normal(jax.random.key(1), (100, 64)))
    assert np.abs(gaussians.means).max() < 0.6
    assert np.abs(gaussians.log_sigmas).max() < 0.6
    assert np.abs(gaussians.correlation).max() < 0.6
    assert np.abs(gaussians.log_weights + np.log(K)).max() < 0.6
    assert np.ptp(gaussians.means, axis=-1).min() > 0.005


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(UsageError, match="a mixture of 0 components has no density; ask for 1 or more"):
        Mixture(0)
    for floor in (-0.1, float("nan"), float("inf")):
        with pytest.raises(UsageError, match=f"sigma_floor {floor} is no width; .*0 for none"):
            Mixture(3, sigma_floor=floor)
