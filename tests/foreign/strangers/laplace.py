"""A head for any number of real values, each with a Laplace density: log p = -|x - m| / b - log(2 b)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from seqgen.heads import Options
from seqgen.spec import Continuous


@dataclass(frozen=True)
class Laplace:
    """`dim` values, independent given the features."""

    dim: int

    @property
    def spec(self) -> Continuous:
        return Continuous(self.dim)

    def init(self, key: jax.Array, width: int) -> dict[str, Any]:
        kernel = jax.nn.initializers.lecun_normal()(key, (width, 2 * self.dim), jnp.float32)
        return {"kernel": kernel, "bias": jnp.zeros(2 * self.dim)}

    def log_prob(self, params: Any, features: jax.Array, target: jax.Array) -> jax.Array:
        middle, log_scale = self._moments(params, features)
        return -(jnp.abs(target - middle) * jnp.exp(-log_scale) + log_scale + jnp.log(2.0)).sum(axis=-1)

    def sample(self, params: Any, key: jax.Array, features: jax.Array, options: Options) -> jax.Array:
        middle, log_scale = self._moments(params, features)
        noise = jax.vmap(lambda one: jax.random.laplace(one, (self.dim,)))(key)
        temperature = jnp.broadcast_to(jnp.asarray(options.temperature, jnp.float32), noise.shape[:1])[:, None]
        return middle + temperature * jnp.exp(log_scale) * noise

    def _moments(self, params: Any, features: jax.Array) -> list[jax.Array]:
        out = jnp.matmul(features, params["kernel"], precision=jax.lax.Precision.HIGHEST) + params["bias"]
        middle, log_scale = jnp.split(out, 2, axis=-1)
        return [middle, jnp.clip(log_scale, -20.0, 20.0)]

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "strangers/laplace", "dim": self.dim}

    @classmethod
    def from_dict(cls, data: Any) -> Laplace:
        return cls(**data)
