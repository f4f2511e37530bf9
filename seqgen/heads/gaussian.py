"""Real vectors, each value with a mean and a width of its own: what squared error is the likelihood of (Bishop 1994)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from ..errors import UsageError
from ..nn.products import matmul
from ..spec import Continuous
from .head import Array, Options, Params


@dataclass(frozen=True)
class Gaussian:
    """`dim` real values, independent given the features: a diagonal Gaussian over `Continuous(dim)`.

    floor: no width is below, sigma = exp(raw) + floor, in training units: the step to which the data was rounded, or what
    difference is none. Without one, data that can be foretold exactly drives the density to infinity.

    Samples: `temperature` T draws with sigma sqrt(T), 0 gives the mean; `bias` b with sigma exp(-b) (Graves 2013, section
    5.4). The other options have no meaning for a value and change nothing.

    >>> head = Gaussian(3, floor=0.01)
    >>> params = head.init(jax.random.key(0), width=8)
    >>> head.log_prob(params, jnp.zeros((2, 8)), jnp.zeros((2, 3))).shape
    (2,)
    """

    dim: int
    floor: float

    def __post_init__(self) -> None:
        if self.dim < 1:
            raise UsageError(f"a Gaussian of {self.dim} values has no density; ask for 1 or more")
        if not 0 < self.floor < math.inf:
            raise UsageError(
                f"floor {self.floor} is no width; give the data's rounding step, or what else is too small"
            )

    @property
    def spec(self) -> Continuous:
        """Vectors of `dim` values."""
        return Continuous(self.dim)

    def init(self, key: Array, width: int) -> Params:
        """Parameters for features of `width` values: a kernel `[width, 2 dim]` and a bias."""
        kernel = jax.nn.initializers.lecun_normal()(key, (width, 2 * self.dim), jnp.float32)
        return {"kernel": 0.1 * kernel, "bias": jnp.zeros(2 * self.dim)}

    def moments(self, params: Params, features: Array) -> tuple[Array, Array]:
        """Means and logs of the standard deviations, `[..., dim]` each."""
        raw = matmul(features, params["kernel"], "f32", params["bias"])
        return raw[..., : self.dim], jnp.logaddexp(raw[..., self.dim :], math.log(self.floor))

    def log_prob(self, params: Params, features: Array, target: Array) -> Array:
        """Log-density of vectors `[..., dim]`: nats, `[...]`."""
        means, log_sigmas = self.moments(params, features)
        z = (target - means) * jnp.exp(-log_sigmas)
        found: Array = -(0.5 * z**2 + log_sigmas + 0.5 * math.log(2 * math.pi)).sum(axis=-1)
        return found

    def sample(self, params: Params, key: Array, features: Array, options: Options) -> Array:
        """One vector a row, float32 `[B, dim]`, with a key a row `[B]`."""
        means, log_sigmas = self.moments(params, features)
        bias, temperature = (
            jnp.broadcast_to(jnp.asarray(value, jnp.float32), means.shape[:1])[:, None]
            for value in (options.bias, options.temperature)
        )
        noise = jax.vmap(lambda key: jax.random.normal(key, (self.dim,)))(key)
        return means + jnp.sqrt(temperature) * jnp.exp(log_sigmas - bias) * noise

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values, read back by `head_from_dict`."""
        return {"kind": "gaussian", "dim": self.dim, "floor": self.floor}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Gaussian:
        """The head of these settings, `kind` left out. Raises TypeError or UsageError for others."""
        return cls(**data)
