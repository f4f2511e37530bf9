"""Softmax over symbols, with the usual ways to draw from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from ..errors import UsageError
from ..nn.products import matmul
from ..spec import Discrete
from .head import Array, Options, Params


@dataclass(frozen=True)
class Categorical:
    """A softmax over `size` symbols.

    tied: the scores are products with the network's own embedding table (weight tying, Press & Wolf 2017), which
    arrives as `params["table"]`, `[>= size, E]`; only a projection to E values is learned here.

    >>> head = Categorical(3)
    >>> params = head.init(jax.random.key(0), width=8)
    >>> head.log_prob(params, jnp.zeros((2, 8)), jnp.array([0, 2])).shape
    (2,)
    """

    size: int
    tied: int = 0  # the embedding's width, 0 for a table of the head's own

    def __post_init__(self) -> None:
        if self.size < 1 or self.tied < 0:
            raise UsageError(
                f"a softmax over {self.size} symbols tied to {self.tied} values cannot be; ask for >= 1, >= 0"
            )

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
        kernel, bias = params["kernel"], params["bias"]
        if self.tied:
            features, kernel = matmul(features, kernel, "f32"), params["table"][: self.size].T
        scores: Array = matmul(features, kernel, "f32", bias)
        return scores

    def log_prob(self, params: Params, features: Array, target: Array) -> Array:
        """Log-probability of symbols `[...]`, int: nats, `[...]`."""
        logits = self.logits(params, features)
        # A one-hot product, not an index: its gradient is elementwise, where indexing's is a scatter (slow on a CPU).
        chosen = jnp.sum(jnp.where(jnp.arange(self.size) == target[..., None], logits, 0.0), axis=-1)
        return chosen - jax.nn.logsumexp(logits, axis=-1)

    def sample(self, params: Params, key: Array, features: Array, options: Options) -> Array:
        """One symbol a row, int32 `[B]`, with a key a row `[B]`."""
        logits = self.logits(params, features)
        if options.allowed is not None:
            logits = jnp.where(options.allowed, logits, -jnp.inf)
        logits = filter_logits(logits, options)
        return jax.vmap(jax.random.categorical)(key, logits).astype(jnp.int32)

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values, read back by `head_from_dict`."""
        return {"kind": "categorical", "size": self.size, "tied": self.tied}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Categorical:
        """The head of these settings, `kind` left out. Raises TypeError or UsageError for others."""
        return cls(**data)


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
