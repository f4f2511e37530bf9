"""Against loops: no sequence of symbols longer than so many is drawn twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..machine.programs import register
from ..nn.recurrence import Array
from ..spec import Steps

MEMORY = 1024  # symbols back that a repeat is looked for; what is further off is no loop


class Repeating(NamedTuple):
    """recent: the last symbols, the newest last, int32 `[B, MEMORY]`, -1 before the first.

    lengths: of the match that ends at each with what ends at the newest, int32 `[B, MEMORY]`.

    >>> Repeats(2).start([[5, 6, 7, 5, 6]], size=8).lengths[0, -5:].tolist()
    [0, 2, 0, 0, 0]
    """

    recent: Any
    lengths: Any


class Repeats(NamedTuple):
    """A `Rule`: what would extend a repeat of more than `longest` symbols, int32 `[]`, of the last 1,024 is ruled out.

    The prompt counts. For blocking repeated n-grams see Paulus and others 2017, section 2.5.

    >>> rule = Repeats(longest=2)
    >>> state = rule.start([[5, 6, 7, 5, 6]], size=8)
    >>> jnp.isinf(rule.scores(state, jnp.zeros((1, 8)))).tolist()  # another 7 would be the second 5, 6, 7
    [[False, False, False, False, False, False, False, True]]
    """

    longest: Any

    def start(self, prompts: Sequence[Steps], size: int) -> Repeating:
        """The state after the prompts' last `MEMORY` symbols."""
        state = Repeating(np.full((len(prompts), MEMORY), -1, np.int32), np.zeros((len(prompts), MEMORY), np.int32))
        for row, prompt in enumerate(prompts):
            recent, lengths = state.recent[row], state.lengths[row]
            for symbol in np.asarray(prompt, np.int32)[-MEMORY:]:
                recent[:-1] = recent[1:]
                recent[-1] = symbol
                lengths[:] = np.where(recent == symbol, lengths + 1, 0)
                lengths[-1] = 0
        return state

    def scores(self, state: Any, logits: Array) -> Array:
        """Without the symbols that follow a match of `longest` or more."""
        long = state.lengths[:, :-1] >= self.longest

        def ruled_out(logits: Array) -> Array:
            rows = jnp.arange(len(logits))[:, None]
            # In a row's symbols that do not count, what is written lies outside and is dropped.
            following = jnp.where(long, state.recent[:, 1:], logits.shape[-1])
            return logits.at[rows, following].set(-jnp.inf, mode="drop")

        scores: Array = jax.lax.cond(long.any(), ruled_out, lambda logits: logits, logits)
        return scores

    def read(self, state: Any, symbols: Array) -> Any:
        """Matches that the symbol goes on with are longer by one, the others over."""
        recent = jnp.concatenate([state.recent[:, 1:], symbols[:, None]], axis=1)
        lengths = jnp.where(recent == symbols[:, None], state.lengths + 1, 0)
        return Repeating(recent, lengths.at[:, -1].set(0))

    def done(self, state: Any) -> Array:
        """No row ends by it."""
        return jnp.zeros(len(state.recent), bool)


register(Repeats, Repeating)
