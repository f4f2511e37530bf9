"""The multiplicative LSTM (Krause, Lu, Murray & Renals 2016, equations 18 to 22): two kernels in the loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from seqgen.nn import recurrence
from seqgen.nn.products import matmul
from seqgen.nn.recurrence import LSTMCarry


@dataclass(frozen=True)
class Multiplicative:
    """A layer of `units` multiplicative LSTM cells."""

    units: int
    reads = False

    def build(self, inputs: int, entry: int, *, precision: str, rngs: nnx.Rngs) -> Any:
        return MultiplicativeCell(inputs, self.units, precision, rngs)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "strangers/multiplicative", "units": self.units}

    @classmethod
    def from_dict(cls, data: Any) -> Multiplicative:
        return cls(**data)


class MultiplicativeCell(nnx.Module):
    small, scan = (), recurrence.scan

    def __init__(self, inputs: int, units: int, precision: str, rngs: nnx.Rngs) -> None:
        new = nnx.initializers.lecun_normal()
        self.units, self.precision = units, precision
        self.inputs = nnx.Param(new(rngs.params(), (inputs, 5 * units)))
        self.bias = nnx.Param(jnp.zeros(5 * units))
        self.factor, self.gates = (nnx.Param(new(rngs.params(), (units, n * units))) for n in (1, 4))

    @property
    def kernels(self) -> tuple[jax.Array, ...]:
        return self.factor[...], self.gates[...]

    def start(self, batch: int, memory: Any = None) -> LSTMCarry:
        return LSTMCarry(*jnp.zeros((2, batch, self.units)))

    def project(self, inputs: jax.Array) -> jax.Array:
        return matmul(inputs, self.inputs[...], self.precision, self.bias[...])

    @staticmethod
    def update(small: Any, carry: LSTMCarry, x: jax.Array, memory: Any, times: Any) -> tuple[LSTMCarry, jax.Array]:
        factor, given = jnp.split(x, [x.shape[-1] // 5], axis=-1)
        i, f, g, o = jnp.split(given + times(1, factor * times(0, carry.hidden)), 4, axis=-1)
        cell = jax.nn.sigmoid(f) * carry.cell + jax.nn.sigmoid(i) * g
        return LSTMCarry(hidden := jnp.tanh(cell) * jax.nn.sigmoid(o), cell), hidden
