"""Symbols that were there already become less likely."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..machine.programs import register
from ..nn.recurrence import Array
from ..spec import Steps


class Penalties(NamedTuple):
    """A `Rule`: makes symbols of the prompt or of what was drawn less likely; all numbers are float32 `[]`.

    repetition: their log-probability is multiplied by it (Keskar and others 2019, section 4.1; there scores are divided,
    which depends on where their zero is); 1 changes nothing.
    presence: nats taken from each that occurred; frequency: nats for each time that it did. 0 changes nothing.

    >>> import jax
    >>> rule = Penalties(presence=1.0, frequency=0.5)
    >>> state = rule.start([[0, 0, 1]], size=3)
    >>> scores = rule.scores(state, jnp.log(jnp.array([[0.4, 0.4, 0.2]])))
    >>> [[round(float(score), 2) for score in row] for row in scores]
    [[-2.92, -2.42, -1.61]]
    """

    repetition: Any = 1.0
    presence: Any = 0.0
    frequency: Any = 0.0

    def start(self, prompts: Sequence[Steps], size: int) -> Any:
        """How often each symbol occurred, float32 `[B, V]`."""
        return np.stack([np.bincount(np.asarray(prompt, np.int64), minlength=size) for prompt in prompts]).astype(
            np.float32
        )

    def scores(self, state: Any, logits: Array) -> Array:
        """Log-probabilities with the penalties taken off."""
        likely = jax.nn.log_softmax(logits)
        seen = state > 0
        bent = jnp.where(seen, likely * self.repetition, likely)
        scores: Array = bent - jnp.where(seen, self.presence, 0.0) - self.frequency * state
        return scores

    def read(self, state: Any, symbols: Array) -> Any:
        """One more of each row's symbol."""
        return state + (jnp.arange(state.shape[1]) == symbols[:, None]).astype(jnp.float32)

    def done(self, state: Any) -> Array:
        """No row ends by it."""
        return jnp.zeros(len(state), bool)


register(Penalties)
