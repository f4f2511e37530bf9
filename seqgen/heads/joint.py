"""Several heads side by side, each with its own share of the step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from .. import spec
from ..errors import UsageError
from .head import Array, Head, Options, Params


@dataclass(frozen=True)
class Joint:
    """Heads over the parts of a `seqgen.spec.Product`, independent given the features; a step is a tuple, one a head.

    Its parameters are the heads' own under "0", "1", ...; every head draws with the same options.

    >>> from seqgen.heads import Bernoulli, Mixture
    >>> Joint((Mixture(20), Bernoulli(1))).spec
    Product(parts=(Continuous(dim=2), Binary(dim=1)))
    """

    heads: tuple[Head, ...]

    def __post_init__(self) -> None:
        if not self.heads or any(isinstance(head, Joint) for head in self.heads):
            raise UsageError(f"a joint head takes one or more plain heads side by side, not {self.heads}")

    @property
    def spec(self) -> spec.Product:
        """The heads' specs side by side."""
        parts: tuple[Any, ...] = tuple(head.spec for head in self.heads)
        return spec.Product(parts)

    def init(self, key: Array, width: int) -> Params:
        """The parameters of every head, for features of `width` values, under "0", "1", ..."""
        return {str(i): head.init(jax.random.fold_in(key, i), width) for i, head in enumerate(self.heads)}

    def log_prob(self, params: Params, features: Array, target: tuple[Array, ...]) -> Array:
        """Log-probability (density) of a step, the sum over its parts: nats, `[...]`."""
        parts = [head.log_prob(params[str(i)], features, target[i]) for i, head in enumerate(self.heads)]
        return sum(parts, start=jnp.zeros(()))

    def sample(self, params: Params, key: Array, features: Array, options: Options) -> tuple[Array, ...]:
        """One step a row, a tuple of what the heads draw; `key` is `[B]`, a key a row."""

        def draw(i: int, head: Head) -> Any:
            part_key = jax.vmap(jax.random.fold_in, (0, None))(key, i)
            return head.sample(params[str(i)], part_key, features, options)

        return tuple(draw(i, head) for i, head in enumerate(self.heads))

    def to_dict(self) -> dict[str, Any]:
        """The heads' settings as plain JSON values, read back by `head_from_dict`."""
        return {"kind": "joint", "heads": [head.to_dict() for head in self.heads]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Joint:
        """The head of these settings, `kind` left out. Raises ModelError for a part that is no head."""
        from . import head_from_dict  # here, not above: the package imports this file

        return cls(**{**data, "heads": tuple(head_from_dict(head) for head in data["heads"])})
