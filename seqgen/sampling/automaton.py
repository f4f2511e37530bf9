"""A finite automaton says what may come: regular languages, kept while they are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from ..machine.programs import register
from ..nn.recurrence import Array
from ..spec import Steps


class Automaton(NamedTuple):
    """A `Rule`: a deterministic finite automaton whose transitions are what may be drawn, from state 0 after the prompt.

    table: the next state, int32 `[S, V]`, -1 for a symbol that may not come.
    last: bool `[S]`, a row that comes there is finished.
    Willard & Louf 2023 prune a model's vocabulary so.

    >>> import jax
    >>> from seqgen import Categorical, Discrete, Model, Network, sample
    >>> model = Model(Network(Discrete(3), layers=1, units=8), Categorical(3))
    >>> params = model.init(jax.random.key(0))
    >>> rule = Automaton(np.array([[1, -1, -1], [-1, 1, 2], [-1, -1, -1]]), np.array([False, False, True]))  # 0 1* 2
    >>> (row,) = sample(model, params, jax.random.key(1), [[]], length=40, rules=(rule,))
    >>> int(row[0]), int(row[-1]), set(row[1:-1].tolist()) <= {1}
    (0, 2, True)
    """

    table: Any
    last: Any

    def start(self, prompts: Sequence[Steps], size: int) -> Any:
        """State 0 for each, int32 `[B]`."""
        return np.zeros(len(prompts), np.int32)

    def scores(self, state: Any, logits: Array) -> Array:
        """Without the symbols that have no transition."""
        return jnp.where(jnp.asarray(self.table)[state] >= 0, logits, -jnp.inf)

    def read(self, state: Any, symbols: Array) -> Any:
        """Where the symbol leads; where there is no way, as another rule went first, it stays."""
        found = jnp.asarray(self.table)[state, symbols].astype(jnp.int32)
        return jnp.where(found < 0, state, found)

    def done(self, state: Any) -> Array:
        """Rows in a last state."""
        return jnp.asarray(self.last)[state]


register(Automaton)
