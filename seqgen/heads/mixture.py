"""A mixture of bivariate Gaussians: where the pen goes next (mixture density network; Bishop 1994, Graves 2013)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ..errors import UsageError
from ..nn.products import matmul
from ..spec import Continuous
from .categorical import filter_logits
from .head import Array, Options, Params

# |r| <= 8 keeps 1 - rho^2 above 4.5e-7: what float32 can hold of a correlation, and far from where exp(2 r) overflows.
MAX_R = 8.0


class Gaussians(NamedTuple):
    """K weighted bivariate Gaussians; K comes last, so the compiler vectorises over it and not over x and y.

    log_weights: `[..., K]`, normalised.
    means: `[..., 2, K]`, x and y.
    log_sigmas: `[..., 2, K]`, logs of the standard deviations.
    r: `[..., K]`, the inverse hyperbolic tangent of the correlation, which keeps what 1 - rho loses by rounding.
    """

    log_weights: Array
    means: Array
    log_sigmas: Array
    r: Array

    @property
    def correlation(self) -> Array:
        """Correlation of x and y, rho `[..., K]`."""
        return jnp.tanh(self.r)


@dataclass(frozen=True)
class Mixture:
    """`components` bivariate Gaussians with full correlation over `Continuous(2)` (Graves 2013, section 4.1).

    sigma_floor: the step to which the data was rounded, in training units; sigma = exp(raw) + sigma_floor. Without
    it a model that finds the lattice of rounded data drives its density to infinity. 0 sets no floor.

    The density itself has no floor: every target, however far off, has a finite log-density and a gradient. The
    correlation is tanh(r) with |r| < 8.

    Samples: `bias` b narrows (Graves 2013, section 5.4): sigma exp(-b), weights to the power 1 + b. `temperature` T
    raises the weights and each Gaussian to the power 1 / T: sigma sqrt(T); 0 gives the mean of the heaviest component.
    top-k, top-p and min-p choose among the components by weight, as they do among symbols.

    >>> head = Mixture(20, sigma_floor=0.01)
    >>> params = head.init(jax.random.key(0), width=8)
    >>> head.log_prob(params, jnp.zeros((3, 8)), jnp.zeros((3, 2))).shape
    (3,)
    >>> head.gaussians(params, jnp.zeros((3, 8))).means.shape
    (3, 2, 20)
    """

    components: int
    sigma_floor: float = 0.0

    def __post_init__(self) -> None:
        if self.components < 1:
            raise UsageError(f"a mixture of {self.components} components has no density; ask for 1 or more")
        if not 0 <= self.sigma_floor < math.inf:
            raise UsageError(
                f"sigma_floor {self.sigma_floor} is no width; give the data's rounding step, or 0 for none"
            )

    @property
    def spec(self) -> Continuous:
        """Points of two values."""
        return Continuous(2)

    def init(self, key: Array, width: int) -> Params:
        """Parameters for features of `width` values: a kernel `[width, 6 components]` and a bias."""
        kernel = jax.nn.initializers.lecun_normal()(key, (width, 6 * self.components), jnp.float32)
        return {"kernel": 0.1 * kernel, "bias": jnp.zeros(6 * self.components)}

    def gaussians(self, params: Params, features: Array) -> Gaussians:
        """The mixture at each position, for pictures of densities and for whoever wants more than `log_prob`."""
        raw = matmul(features, params["kernel"], "f32", params["bias"])
        raw = raw.reshape(*raw.shape[:-1], 6, self.components)
        log_sigmas = raw[..., 3:5, :]
        if self.sigma_floor:
            log_sigmas = jnp.logaddexp(log_sigmas, math.log(self.sigma_floor))
        return Gaussians(
            log_weights=jax.nn.log_softmax(raw[..., 0, :]),
            means=raw[..., 1:3, :],
            log_sigmas=log_sigmas,
            r=MAX_R * jnp.tanh(raw[..., 5, :] / MAX_R),
        )

    def log_prob(self, params: Params, features: Array, target: Array) -> Array:
        """Log-density of points `[..., 2]`: nats, `[...]`."""
        log_weights, means, log_sigmas, r = self.gaussians(params, features)
        u = (target[..., None] - means) * jnp.exp(-log_sigmas)
        along, across = u[..., 0, :] + u[..., 1, :], u[..., 0, :] - u[..., 1, :]
        # The exponent along the axes of the ellipse: 1 + rho and 1 - rho as 2 sigmoid(+-2 r), which never cancel.
        square = 0.25 * (along**2 * (1 + jnp.exp(-2 * r)) + across**2 * (1 + jnp.exp(2 * r)))
        log_root = math.log(2) + 0.5 * (jax.nn.log_sigmoid(2 * r) + jax.nn.log_sigmoid(-2 * r))  # log sqrt(1 - rho^2)
        log_normal = -math.log(2 * math.pi) - log_sigmas.sum(axis=-2) - log_root - 0.5 * square
        return jax.nn.logsumexp(log_weights + log_normal, axis=-1)

    def sample(self, params: Params, key: Array, features: Array, options: Options) -> Array:
        """One point a row, float32 `[B, 2]`, with a key a row `[B]`."""
        log_weights, means, log_sigmas, r = self.gaussians(params, features)
        rows = features.shape[:1]
        bias, temperature = (
            jnp.broadcast_to(jnp.asarray(value, jnp.float32), rows) for value in (options.bias, options.temperature)
        )
        log_weights = filter_logits(log_weights * (1 + bias[:, None]), options)
        scale = jnp.sqrt(temperature) * jnp.exp(-bias)

        def draw(key: Array, log_weights: Array, means: Array, log_sigmas: Array, r: Array, scale: Array) -> Array:
            pick_key, noise_key = jax.random.split(key)
            pick = jax.random.categorical(pick_key, log_weights)
            z1, z2 = jax.random.normal(noise_key, (2,))
            # The Cholesky factor of the covariance is sigma (1, 0; rho, sqrt(1 - rho^2)), and the root is 1 / cosh r.
            z = jnp.stack([z1, jnp.tanh(r[pick]) * z1 + z2 / jnp.cosh(r[pick])])
            return means[:, pick] + scale * jnp.exp(log_sigmas[:, pick]) * z

        return jax.vmap(draw)(key, log_weights, means, log_sigmas, r, scale)

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values, read back by `head_from_dict`."""
        return {"kind": "mixture", "components": self.components, "sigma_floor": self.sigma_floor}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Mixture:
        """The head of these settings, `kind` left out. Raises TypeError or UsageError for others."""
        return cls(**data)
