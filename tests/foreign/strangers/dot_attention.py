"""An LSTM that looks at its memory by dot product (Luong, Pham & Manning 2015, section 3.1, "general", input feeding)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from seqgen.nn import recurrence
from seqgen.nn.lstm import LSTMCell
from seqgen.nn.recurrence import LSTMCarry


class Attending(NamedTuple):
    lstm: LSTMCarry
    seen: jax.Array  # [B, E]


@dataclass(frozen=True)
class DotAttention:
    units: int
    reads = True

    def build(self, inputs: int, entry: int, **given: Any) -> Any:
        return DotAttentionCell(inputs, self.units, entry, **given)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "strangers/dot-attention", "units": self.units}

    @classmethod
    def from_dict(cls, data: Any) -> DotAttention:
        return cls(**data)


class DotAttentionCell(nnx.Module):
    small, scan = (), recurrence.scan

    def __init__(self, inputs: int, units: int, entry: int, precision: str, rngs: nnx.Rngs) -> None:
        new, self.entry, self.precision = nnx.initializers.lecun_normal(), entry, precision
        self.lstm = LSTMCell(inputs, units, precision=precision, rngs=rngs)
        self.seen, self.query = (nnx.Param(new(rngs.params(), s)) for s in ((entry, 4 * units), (units, entry)))

    @property
    def kernels(self) -> tuple[jax.Array, ...]:
        return *self.lstm.kernels, self.seen[...], self.query[...]

    def project(self, inputs: jax.Array) -> jax.Array:
        return self.lstm.project(inputs)

    def start(self, batch: int, memory: Any = None) -> Attending:
        return Attending(self.lstm.start(batch), jnp.zeros((batch, self.entry)))

    def update(self, small: Any, carry: Attending, x: Any, memory: Any, times: Any) -> tuple[Attending, jax.Array]:
        inner, hidden = self.lstm.update((), carry.lstm, x + times(1, carry.seen), None, times)
        scores = jnp.where(memory.valid > 0, memory.match(times(2, hidden)), -jnp.inf)
        seen = memory.read(jax.nn.softmax(scores, axis=-1))
        return Attending(inner, seen), jnp.concatenate([hidden, seen], axis=-1)
