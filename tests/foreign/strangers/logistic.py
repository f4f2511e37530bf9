"""A head for any number of real values, each with a logistic density: log p = -z - 2 log(1 + exp(-z)) - log s, z = (x - m) / s."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from seqgen.heads import Options
from seqgen.spec import Continuous


@dataclass(frozen=True)
class Logistic:
    """`dim` values, independent given the features."""

    dim: int

    @property
    def spec(self) -> Continuous:
        return Continuous(self.dim)

    def init(self, key: jax.Array, width: int) -> dict[str, Any]:
        kernel = jax.nn.initializers.lecun_normal()(key, (width, 2 * self.dim), jnp.float32)
        return {"kernel": kernel, "bias": jnp.zeros(2 * self.dim)}

    def log_prob(self, params: Any, features: jax.Array, target: jax.Array) -> jax.Array:
        middle, scale = self._moments(params, features)
        z = (target - middle) / scale
        return -(z + 2 * jax.nn.softplus(-z) + jnp.log(scale)).sum(axis=-1)

    def sample(self, params: Any, key: jax.Array, features: jax.Array, options: Options) -> jax.Array:
        middle, scale = self._moments(params, features)
        noise = jax.vmap(lambda one: jax.random.logistic(one, (self.dim,)))(key)
        temperature = jnp.broadcast_to(jnp.asarray(options.temperature, jnp.float32), noise.shape[:1])[:, None]
        return middle + temperature * scale * noise

    def _moments(self, params: Any, features: jax.Array) -> list[jax.Array]:
        out = jnp.matmul(features, params["kernel"], precision=jax.lax.Precision.HIGHEST) + params["bias"]
        middle, scale = jnp.split(out, 2, axis=-1)
        return [middle, 0.4 + jax.nn.sigmoid(scale)]

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "strangers/logistic", "dim": self.dim}

    @classmethod
    def from_dict(cls, data: Any) -> Logistic:
        return cls(**data)
