"""The gated recurrent unit (Cho et al. 2014, equations 5 to 8): two kernels in the loop, one array as the carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from seqgen.nn import recurrence
from seqgen.nn.products import matmul


@dataclass(frozen=True)
class Gated:
    """A layer of `units` gated recurrent units."""

    units: int
    reads = False

    def build(self, inputs: int, entry: int, *, precision: str, rngs: nnx.Rngs) -> Any:
        return GatedCell(inputs, self.units, precision, rngs)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "strangers/gated", "units": self.units}

    @classmethod
    def from_dict(cls, data: Any) -> Gated:
        return cls(**data)


class GatedCell(nnx.Module):
    small, scan = (), recurrence.scan

    def __init__(self, inputs: int, units: int, precision: str, rngs: nnx.Rngs) -> None:
        new = nnx.initializers.lecun_normal()
        self.units, self.precision = units, precision
        self.inputs = nnx.Param(new(rngs.params(), (inputs, 3 * units)))
        self.bias = nnx.Param(jnp.zeros(3 * units))
        self.gates, self.candidate = (nnx.Param(new(rngs.params(), (units, n * units))) for n in (2, 1))

    @property
    def kernels(self) -> tuple[jax.Array, ...]:
        return self.gates[...], self.candidate[...]

    def start(self, batch: int, memory: Any = None) -> jax.Array:
        return jnp.zeros((batch, self.units))

    def project(self, inputs: jax.Array) -> jax.Array:
        return matmul(inputs, self.inputs[...], self.precision, self.bias[...])

    @staticmethod
    def update(small: Any, carry: jax.Array, x: jax.Array, memory: Any, times: Any) -> tuple[jax.Array, jax.Array]:
        given, new = jnp.split(x, [2 * carry.shape[-1]], axis=-1)
        reset, keep = jnp.split(jax.nn.sigmoid(given + times(0, carry)), 2, axis=-1)
        hidden = keep * carry + (1 - keep) * jnp.tanh(new + times(1, reset * carry))
        return hidden, hidden
