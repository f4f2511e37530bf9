"""What a head is: the meaning of the network's last vector, as a distribution over one step."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import jax

from ..machine.programs import register
from ..spec import Spec, Steps

Array = jax.Array
Params = dict[str, Any]


class Options(NamedTuple):
    """How to draw. Every number is a traced float32/int32 of shape `[]` or `[B]`: changing one compiles nothing.

    temperature: 1 draws from the model as it is, 0 takes the most likely (greedy).
    top_k: keep the k most likely symbols; 0 keeps all.
    top_p: keep the fewest symbols whose probabilities reach p (nucleus); 1 keeps all.
    min_p: keep symbols at least this fraction as likely as the most likely; 0 keeps all.
    bias: Graves' probability bias (2013, section 5.4), for mixtures, and for the odds of symbols beside them, which are
    taken to the power 1 + bias as a mixture's weights are; 0 draws from the model as it is.
    allowed: bool `[size]` or `[B, size]`, the symbols that may be drawn, at least one a row; None for all.

    >>> Options(temperature=0.7, top_k=40).top_p
    1.0
    """

    temperature: Any = 1.0
    top_k: Any = 0
    top_p: Any = 1.0
    min_p: Any = 0.0
    bias: Any = 0.0
    allowed: Any = None


class Alternatives(NamedTuple):
    """The k likeliest symbols of each position, the likeliest first.

    symbols: int32 `[..., k]`. log_prob: nats, float32 `[..., k]`.

    >>> from seqgen import Categorical
    >>> head = Categorical(5)
    >>> found = head.alternatives(head.init(jax.random.key(0), 4), jax.numpy.ones((3, 4)), 2)
    >>> found.symbols.shape, bool((found.log_prob[:, 0] >= found.log_prob[:, 1]).all())
    ((3, 2), True)
    """

    symbols: Any
    log_prob: Any


register(Options, Alternatives)


class Head(Protocol):
    """Features `[..., D]` to a distribution over one step of `spec`; a frozen dataclass, a value, not a subclass.

    Law: the mean `log_prob` of its samples is minus its entropy; see tests/laws/test_heads.py.

    >>> from seqgen import Bernoulli
    >>> head: Head = Bernoulli(2)
    >>> head.spec, head.to_dict()
    (Binary(dim=2), {'kind': 'bernoulli', 'dim': 2})
    """

    @property
    def spec(self) -> Spec:
        """What one step is that it predicts."""
        ...

    def init(self, key: Array, width: int) -> Params:
        """Parameters for features of `width` values."""
        ...

    def log_prob(self, params: Params, features: Array, target: Steps) -> Array:
        """Log-probability (density) of `target`, nats, `[...]`."""
        ...

    def sample(self, params: Params, key: Array, features: Array, options: Options) -> Steps:
        """One step for features `[B, D]`; `key` is `[B]`, one key a row, so a row is the same alone or in a batch."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values with `kind`, read back by `head_from_dict`."""
        ...
