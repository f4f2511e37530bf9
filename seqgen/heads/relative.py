"""Softmax over symbols that are values on a scale: in part by how far each lies from where its stream stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import jax
import jax.numpy as jnp

from ..errors import UsageError
from ..nn.products import matmul
from ..spec import Discrete
from .categorical import Categorical
from .head import Alternatives, Array, Options, Params


@dataclass(frozen=True)
class Relative:
    """A softmax over `size` symbols, as `seqgen.nn.inputs.registers.Registers` writes them: values, the same going on, others.

    A symbol's score is a sum: its own, as in `Categorical`; where a value begins, one for its distance from the last
    value, which features end with, and one for its distance from the origin, on a circle of `period`; where a value goes
    on, one for its being the last value. So what is learned of a step or a leap holds wherever it happens. Distances are
    counted on a circle of `values` too.

    >>> head = Relative(40, values=16, period=12)
    >>> params = head.init(jax.random.key(0), width=8)
    >>> head.log_prob(params, jnp.zeros((2, 8)), jnp.array([0, 2])).shape
    (2,)
    """

    size: int
    values: int
    period: int = 12

    def __post_init__(self) -> None:
        if min(self.values, self.period) < 1 or self.size < 2 * self.values:
            raise UsageError(f"a softmax over {self.size} symbols has no {self.values} values that begin and go on")

    @property
    def spec(self) -> Discrete:
        """One of `size` symbols."""
        return Discrete(self.size)

    def init(self, key: Array, width: int) -> Params:
        """Parameters for features of `width` values, the last two being where the stream stands and the origin."""
        count = self.size + self.values + self.period + 1
        kernel = jax.nn.initializers.lecun_normal()(key, (width - 2, count), jnp.float32)
        return {"kernel": kernel, "bias": jnp.zeros(count)}

    def logits(self, params: Params, features: Array) -> Array:
        """Unnormalised log-probabilities `[..., size]`."""
        scores = matmul(features[..., :-2], params["kernel"], "f32", params["bias"])
        own, by_step, by_degree, hold = jnp.split(
            scores, (self.size, self.size + self.values, self.size + self.values + self.period), axis=-1
        )
        last, origin = jnp.split(jnp.round(features[..., -2:]).astype(jnp.int32), 2, axis=-1)
        by_step = turned(by_step, jnp.where(last < 0, 0, last % self.values))
        by_degree = jnp.where(origin < 0, 0.0, turned(by_degree, origin % self.period))
        repeats = -(-self.values // self.period)
        begins = by_step + jnp.concatenate([by_degree] * repeats, axis=-1)[..., : self.values]
        goes_on = jnp.where(jnp.arange(self.values) == last, hold, 0.0)
        others = jnp.zeros((*own.shape[:-1], self.size - 2 * self.values))
        return own + jnp.concatenate([begins, goes_on, others], axis=-1)

    def log_prob(self, params: Params, features: Array, target: Array) -> Array:
        """Log-probability of symbols `[...]`, int: nats, `[...]`."""
        logits = self.logits(params, features)
        chosen = jnp.sum(jnp.where(jnp.arange(self.size) == target[..., None], logits, 0.0), axis=-1)
        return chosen - jax.nn.logsumexp(logits, axis=-1)

    def sample(self, params: Params, key: Array, features: Array, options: Options) -> Array:
        """One symbol a row, int32 `[B]`, with a key a row `[B]`."""
        return self.draw(key, self.logits(params, features), options)

    def draw(self, key: Array, logits: Array, options: Options) -> Array:
        """One symbol a row of scores `[B, V]`, int32 `[B]`, with a key a row `[B]`."""
        return Categorical(self.size).draw(key, logits, options)

    def alternatives(self, params: Params, features: Array, count: int) -> Alternatives:
        """The `count` likeliest symbols of the distribution as it is, and how likely each is, `[..., count]`."""
        logits = self.logits(params, features)
        scores, symbols = jax.lax.top_k(logits, count)
        return Alternatives(symbols, scores - jax.nn.logsumexp(logits, axis=-1, keepdims=True))

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values, read back by `head_from_dict`."""
        return {"kind": "relative", **asdict(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Relative:
        """The head of these settings, `kind` left out. Raises TypeError or UsageError for others."""
        return cls(**data)


@jax.custom_vjp
def turned(values: Array, by: Array) -> Array:
    """Each row `[..., D]` turned by so many places to the right, int32 `[..., 1]`, on a circle.

    Its gradient is turned back, which looks values up: autodiff would add them up one by one (a scatter, slow on a CPU).

    >>> turned(jnp.array([[1, 2, 3], [1, 2, 3]]), jnp.array([[1], [2]])).tolist()
    [[3, 1, 2], [2, 3, 1]]
    """
    count = values.shape[-1]
    return jnp.take_along_axis(values, (jnp.arange(count) - by) % count, axis=-1)


def _turned_forward(values: Array, by: Array) -> tuple[Array, Array]:
    return turned(values, by), by


def _turned_backward(by: Array, d_turned: Array) -> tuple[Array, None]:
    return turned(d_turned, -by), None


turned.defvjp(_turned_forward, _turned_backward)
