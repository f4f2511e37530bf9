"""What bends a draw by what was drawn before: rules, values that ride along in the compiled loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import jax.numpy as jnp

from ..errors import UsageError
from ..models.model import Model
from ..nn.recurrence import Array
from ..spec import Steps


class Rule(Protocol):
    """A rule for symbols: a NamedTuple of arrays that every row shares, with a state that has a row for each.

    Make it known with `seqgen.machine.programs.register`. A new shape of its arrays compiles, new values do not.

    >>> from seqgen.sampling import Penalties, Repeats
    >>> rules: tuple[Rule, ...] = (Penalties(presence=0.5), Repeats(longest=3))
    >>> rules[0].start([[0, 1, 1]], size=3).tolist()
    [[1.0, 2.0, 0.0]]
    """

    def start(self, prompts: Sequence[Steps], size: int) -> Any:
        """The state after these prompts, NumPy arrays `[B, ...]`; there are `size` symbols."""
        ...

    def scores(self, state: Any, logits: Array) -> Array:
        """Scores `[B, V]` in the place of `logits`; -inf rules a symbol out."""
        ...

    def read(self, state: Any, symbols: Array) -> Any:
        """The state after one symbol more a row, int32 `[B]`."""
        ...

    def done(self, state: Any) -> Array:
        """Which rows are finished with the symbol read last, bool `[B]`."""
        ...


Rules = tuple[Rule, ...]


def check_rules(model: Model, rules: Rules, states: Sequence[Any] | None = None) -> None:
    """Raises UsageError for rules on a model whose steps are no symbols, and for other rules than made these states."""
    if rules and not hasattr(model.head, "draw"):
        raise UsageError(f"rules are about symbols, and this model draws {model.head.spec}; leave them out")
    if states is not None and len(states) != len(rules):
        raise UsageError(f"the state knows of {len(states)} rules, {len(rules)} came; give `prime` those of `advance`")


def bent(rules: Rules, states: Sequence[Any], logits: Array) -> Array:
    """Scores as the rules leave them. Where one would leave a row nothing to draw, those before it go first."""
    for rule, state in zip(rules, states, strict=True):
        scores = rule.scores(state, logits)
        logits = jnp.where(jnp.isfinite(scores).any(axis=-1, keepdims=True), scores, logits)
    return logits
