"""Yes/no values that know of one another: which keys of a piano sound together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ..errors import UsageError
from ..nn.products import matmul
from ..spec import Binary
from .head import Array, Options, Params


@dataclass(frozen=True)
class Nade:
    """`dim` yes/no values, each given the features and all values before it; `units` hidden ones carry what these were.

    The neural autoregressive distribution estimator (Larochelle & Murray 2011, section 3), its biases read from the features
    as in the RNN-NADE of Boulanger-Lewandowski, Bengio & Vincent (2012, section 4.3): the probability of a chord is exact.

    Samples: values are drawn from the first on. `temperature` divides the log-odds of each, 0 takes the likelier answer (no,
    where both are), `bias` multiplies them as in `Bernoulli`. The other options change nothing.

    >>> head = Nade(3, units=4)
    >>> params = head.init(jax.random.key(0), width=8)
    >>> chords = jnp.array([[0.0, 0, 0], [0, 0, 1], [0, 1, 0], [0, 1, 1], [1, 0, 0], [1, 0, 1], [1, 1, 0], [1, 1, 1]])
    >>> round(float(jnp.exp(head.log_prob(params, jnp.ones((8, 8)), chords)).sum()), 4)
    1.0
    """

    dim: int
    units: int

    def __post_init__(self) -> None:
        if min(self.dim, self.units) < 1:
            raise UsageError(f"a NADE head needs dim and units of 1 or more, not {self.dim} and {self.units}")

    @property
    def spec(self) -> Binary:
        """Binary values, `dim` of them."""
        return Binary(self.dim)

    def init(self, key: Array, width: int) -> Params:
        """Parameters for features of `width` values: a kernel `[width, dim + units]` and a bias; what a value that is yes
        adds to the hidden ones, and what these say of a value, both `[dim, units]`."""
        kernels = jax.random.split(key, 3)
        normal = jax.nn.initializers.lecun_normal()
        return {
            "kernel": normal(kernels[0], (width, self.dim + self.units), jnp.float32),
            "bias": jnp.zeros(self.dim + self.units),
            "read": normal(kernels[1], (self.dim, self.units), jnp.float32),
            "write": 0.1 * normal(kernels[2], (self.units, self.dim), jnp.float32).T,
        }

    def logits(self, params: Params, features: Array, target: Array) -> Array:
        """Log-odds of yes of each value, those before it being the target's, `[..., dim]`."""
        said, hidden = self._biases(params, features)
        added = jnp.asarray(target, jnp.float32)[..., None] * params["read"]
        before = hidden[..., None, :] + jnp.cumsum(added, axis=-2) - added
        scores: Array = said + (jax.nn.sigmoid(before) * params["write"]).sum(axis=-1)
        return scores

    def log_prob(self, params: Params, features: Array, target: Array) -> Array:
        """Log-probability of yes/no values `[..., dim]`, 0 or 1: nats, `[...]`."""
        return jax.nn.log_sigmoid((2 * target - 1) * self.logits(params, features, target)).sum(axis=-1)

    def sample(self, params: Params, key: Array, features: Array, options: Options) -> Array:
        """One answer a row, float32 `[B, dim]`, with a key a row `[B]`."""
        said, hidden = self._biases(params, features)
        temperature, power = (
            jnp.broadcast_to(jnp.asarray(value, jnp.float32), said.shape[:1])
            for value in (options.temperature, 1 + jnp.asarray(options.bias, jnp.float32))
        )
        noise = jax.vmap(lambda key: jax.random.logistic(key, (self.dim,)))(key)

        def draw(hidden: Array, at: Any) -> tuple[Array, Array]:
            said, noise, read, write = at
            score = said + (jax.nn.sigmoid(hidden) * write).sum(axis=-1)
            value = (power * score + temperature * noise > 0).astype(jnp.float32)
            return hidden + value[:, None] * read, value

        _, values = lax.scan(draw, hidden, (said.T, noise.T, params["read"], params["write"]))
        return jnp.asarray(values.T)

    def _biases(self, params: Params, features: Array) -> tuple[Array, Array]:
        """What the features say of each value, `[..., dim]`, and to the hidden ones, `[..., units]`."""
        found = matmul(features, params["kernel"], "f32", params["bias"])
        return found[..., : self.dim], found[..., self.dim :]

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values, read back by `head_from_dict`."""
        return {"kind": "nade", **asdict(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Nade:
        """The head of these settings, `kind` left out. Raises TypeError or UsageError for others."""
        return cls(**data)
