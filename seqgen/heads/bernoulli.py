"""Independent yes/no values: does the pen lift here, does this key sound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from ..errors import UsageError
from ..nn.products import matmul
from ..spec import Binary
from .head import Array, Options, Params


@dataclass(frozen=True)
class Bernoulli:
    """`dim` yes/no values, independent given the features.

    Samples: `temperature` divides the log-odds, 0 takes the likelier answer (no, where both are). The other options
    have no meaning for a single yes or no and change nothing.

    >>> head = Bernoulli(1)
    >>> params = head.init(jax.random.key(0), width=8)
    >>> head.log_prob(params, jnp.zeros((2, 8)), jnp.array([[0.0], [1.0]]))
    Array([-0.6931472, -0.6931472], dtype=float32)
    """

    dim: int

    def __post_init__(self) -> None:
        if self.dim < 1:
            raise UsageError(f"a Bernoulli head of {self.dim} values says nothing; ask for 1 or more")

    @property
    def spec(self) -> Binary:
        """Binary values, `dim` of them."""
        return Binary(self.dim)

    def init(self, key: Array, width: int) -> Params:
        """Parameters for features of `width` values: a kernel `[width, dim]` and a bias."""
        kernel = jax.nn.initializers.lecun_normal()(key, (width, self.dim), jnp.float32)
        return {"kernel": kernel, "bias": jnp.zeros(self.dim)}

    def logits(self, params: Params, features: Array) -> Array:
        """Log-odds of yes `[..., dim]`."""
        scores: Array = matmul(features, params["kernel"], "f32", params["bias"])
        return scores

    def log_prob(self, params: Params, features: Array, target: Array) -> Array:
        """Log-probability of yes/no values `[..., dim]`, 0 or 1: nats, `[...]`."""
        return jax.nn.log_sigmoid((2 * target - 1) * self.logits(params, features)).sum(axis=-1)

    def sample(self, params: Params, key: Array, features: Array, options: Options) -> Array:
        """One answer a row, float32 `[B, dim]`, with a key a row `[B]`."""
        logits = self.logits(params, features)
        temperature, power = (
            jnp.broadcast_to(jnp.asarray(value, jnp.float32), logits.shape[:1])
            for value in (options.temperature, 1 + jnp.asarray(options.bias, jnp.float32))
        )
        # Log-odds plus logistic noise are positive with the probability of yes; scaled noise needs no case for 0.
        noise = jax.vmap(lambda key: jax.random.logistic(key, (self.dim,)))(key)
        return (power[:, None] * logits + temperature[:, None] * noise > 0).astype(jnp.float32)

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values, read back by `head_from_dict`."""
        return {"kind": "bernoulli", "dim": self.dim}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Bernoulli:
        """The head of these settings, `kind` left out. Raises TypeError or UsageError for others."""
        return cls(**data)
