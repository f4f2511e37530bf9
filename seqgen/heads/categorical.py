"""Softmax over symbols, with the usual ways to draw from it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from ..errors import UsageError
from ..nn.products import matmul
from ..spec import Discrete
from .head import Alternatives, Array, Options, Params

# From so many symbols on, a position has more scores than the layers under a head keep of it: they are then multiplied
# in a run's precision, and held a block at a time. With fewer symbols neither would save anything to speak of, and what
# a run learns stays what it was, to the bit.
WIDE = 2048
BLOCK = 2**23  # scores, 32 MB: far more rows than a product needs to be fast, far less than a batch


@dataclass(frozen=True)
class Categorical:
    """A softmax over `size` symbols.

    tied: the scores are products with the network's own embedding table (weight tying, Press & Wolf 2017), which arrives as
    `params["table"]`, `[>= size, E]`; only a projection to E values is learned here.
    precision: of the products, where there are `WIDE` symbols or more; "f32", or "bf16" while a run in bf16 learns (see
    `seqgen.nn.products.matmul` and `in_precision`).

    >>> head = Categorical(3)
    >>> params = head.init(jax.random.key(0), width=8)
    >>> head.log_prob(params, jnp.zeros((2, 8)), jnp.array([0, 2])).shape
    (2,)
    """

    size: int
    tied: int = 0  # the embedding's width, 0 for a table of the head's own
    precision: str = "f32"

    def __post_init__(self) -> None:
        if self.size < 1 or self.tied < 0:
            raise UsageError(
                f"a softmax over {self.size} symbols tied to {self.tied} values cannot be; ask for >= 1, >= 0"
            )
        if self.precision not in ("f32", "bf16"):
            raise UsageError(f"precision is 'f32' or 'bf16', not {self.precision!r}")

    @property
    def spec(self) -> Discrete:
        """One of `size` symbols."""
        return Discrete(self.size)

    def init(self, key: Array, width: int) -> Params:
        """Parameters for features of `width` values: a kernel `[width, size]`, or `[width, tied]`, and a bias."""
        kernel = jax.nn.initializers.lecun_normal()(key, (width, self.tied or self.size), jnp.float32)
        return {"kernel": kernel, "bias": jnp.zeros(self.size)}

    def logits(self, params: Params, features: Array) -> Array:
        """Unnormalised log-probabilities `[..., size]`."""
        features, kernel, precision = self._factors(params, features)
        scores: Array = matmul(features, kernel, precision, params["bias"])
        return scores

    def _factors(self, params: Params, features: Array) -> tuple[Array, Array, str]:
        """What is multiplied, `[..., E]` and `[E, size]`, and in which precision."""
        precision = self.precision if self.size >= WIDE else "f32"
        if not self.tied:
            return features, params["kernel"], precision
        return matmul(features, params["kernel"], precision), params["table"][: self.size].T, precision

    def log_prob(self, params: Params, features: Array, target: Array) -> Array:
        """Log-probability of symbols `[...]`, int: nats, `[...]`."""
        features, kernel, precision = self._factors(params, features)

        def likely(features: Array, target: Array) -> Array:
            logits = matmul(features, kernel, precision, params["bias"])
            # A one-hot product, not an index: its gradient is elementwise, where indexing's is a scatter (slow on a CPU).
            chosen = jnp.sum(jnp.where(jnp.arange(self.size) == target[..., None], logits, 0.0), axis=-1)
            return chosen - jax.nn.logsumexp(logits, axis=-1)

        if self.size < WIDE or math.prod(features.shape[:-1]) * self.size <= BLOCK:
            return likely(features, target)
        return _in_blocks(likely, features, target, max(1, BLOCK // self.size))

    def sample(self, params: Params, key: Array, features: Array, options: Options) -> Array:
        """One symbol a row, int32 `[B]`, with a key a row `[B]`."""
        return self.draw(key, self.logits(params, features), options)

    def draw(self, key: Array, logits: Array, options: Options) -> Array:
        """One symbol a row of scores `[B, V]`, int32 `[B]`, with a key a row `[B]`."""
        if options.allowed is not None:
            logits = jnp.where(options.allowed, logits, -jnp.inf)
        power = 1 + jnp.asarray(options.bias, jnp.float32)
        logits = filter_logits(logits * power.reshape(*power.shape, *[1] * power.ndim), options)
        return jax.vmap(jax.random.categorical)(key, logits).astype(jnp.int32)

    def alternatives(self, params: Params, features: Array, count: int) -> Alternatives:
        """The `count` likeliest symbols of the distribution as it is, and how likely each is, `[..., count]`."""
        logits = self.logits(params, features)
        scores, symbols = jax.lax.top_k(logits, count)
        return Alternatives(symbols, scores - jax.nn.logsumexp(logits, axis=-1, keepdims=True))

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values, read back by `head_from_dict`."""
        own = {} if self.precision == "f32" else {"precision": self.precision}  # older versions read the rest
        return {"kind": "categorical", "size": self.size, "tied": self.tied, **own}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Categorical:
        """The head of these settings, `kind` left out. Raises TypeError or UsageError for others."""
        return cls(**data)


def _in_blocks(function: Callable[[Array, Array], Array], features: Array, target: Array, most: int) -> Array:
    """`function` of features `[..., E]` and targets `[...]`, of at most so many positions at once.

    What it computes inside is not kept for the way back but computed again, a product more to the three of a gradient.
    """
    shape = features.shape[:-1]
    target = jnp.broadcast_to(target, shape)
    count = -(-target.size // most)
    each = -(-target.size // count)  # equal blocks, so that little is padded
    blank = count * each - target.size
    rows = jnp.pad(features.reshape(-1, features.shape[-1]), ((0, blank), (0, 0)))
    blocks = rows.reshape(count, each, -1), jnp.pad(target.reshape(-1), (0, blank)).reshape(count, each)
    found: Array = jax.lax.map(jax.checkpoint(lambda block: function(*block)), blocks)
    return found.reshape(-1)[: target.size].reshape(shape)


def filter_logits(logits: Array, options: Options) -> Array:
    """Logits `[B, V]` after temperature, top-k, top-p and min-p, in this order; dropped symbols are -inf.

    top-p counts what top-k left, made to sum to 1. The most likely symbol always stays (the first, of several), so
    there is one to draw; temperature 0 keeps only that one.
    """
    rows = logits.shape[0]
    temperature, top_k, top_p, min_p = (
        jnp.broadcast_to(jnp.asarray(value, jnp.float32), (rows,))[:, None]
        for value in (options.temperature, options.top_k, options.top_p, options.min_p)
    )
    greedy = temperature <= 0
    likeliest = jnp.arange(logits.shape[-1]) == jnp.argmax(logits, axis=-1, keepdims=True)
    # From 0 downwards, so that a temperature near 0 cannot overflow.
    scaled = (logits - logits.max(axis=-1, keepdims=True)) / jnp.where(greedy, 1.0, temperature)
    keep = ~greedy & (jnp.exp(scaled) >= min_p)

    def by_rank(keep: Array) -> Array:
        order = jnp.argsort(-logits, axis=-1)
        position = jnp.arange(logits.shape[-1], dtype=jnp.float32)
        within = (top_k <= 0) | (position < top_k)
        ranked = jax.nn.softmax(jnp.where(within, jnp.take_along_axis(scaled, order, axis=-1), -jnp.inf))
        before = jnp.cumsum(ranked, axis=-1) - ranked
        within &= (top_p >= 1) | (before < top_p)  # a sum that rounds up to 1 must not cost a tail that nobody cut
        return keep & jnp.take_along_axis(within, jnp.argsort(order, axis=-1), axis=-1)

    # Sorting costs as much as a small network's step: only when somebody asked for it.
    keep = jax.lax.cond(jnp.any((top_k > 0) | (top_p < 1)), by_rank, lambda keep: keep, keep)
    return jnp.where(keep | likeliest, scaled, -jnp.inf)
