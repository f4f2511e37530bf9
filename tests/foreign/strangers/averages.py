"""A network that is no stack of layers: a table, and what was looked up averaged at several learned speeds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import jax
import jax.numpy as jnp

from seqgen.nn.context import Context
from seqgen.nn.recurrence import where
from seqgen.spec import Discrete, spec_from_dict, spec_to_dict


@dataclass(frozen=True)
class Averages:
    spec: Discrete
    embedding: int
    speeds: int
    precision: str = "f32"
    causal, controls, source, static = True, 0, 0, 0

    @property
    def width(self) -> int:
        return self.speeds * self.embedding

    def init(self, key: jax.Array) -> Any:
        return {
            "table0": jax.random.normal(key, (self.spec.size + 1, self.embedding)),
            "decay": jnp.linspace(-1.0, 3.0, self.speeds),
        }

    def encode(self, params: Any, source: Any = None, static: Any = None, source_valid: Any = None) -> Context:
        return Context()

    def start(self, params: Any, batch: int, context: Context = Context()) -> Any:
        return jnp.zeros((batch, self.width)) if context.start is None else context.start

    def step(self, params: Any, carry: Any, inputs: Any, *, context: Context = Context()) -> Any:
        decay = jnp.repeat(jax.nn.sigmoid(params["decay"]), self.embedding)
        carry = decay * carry + (1 - decay) * jnp.tile(params["table0"][inputs.steps], self.speeds)
        return carry, carry

    def unroll(self, params: Any, carry: Any, inputs: Any, *, context: Any = Context(), **masks: Any) -> Any:
        start, reset, valid = self.start(params, len(inputs.steps), context), masks.get("reset"), masks.get("valid")
        reset = jnp.zeros(inputs.steps.shape, bool) if reset is None else reset
        valid = jnp.ones(inputs.steps.shape, bool) if valid is None else valid

        def body(before: Any, at: Any) -> Any:
            before = where(at[1], start, before)
            after, y = self.step(params, before, inputs._replace(steps=at[0]))
            return where(at[2], after, before), where(at[2], y, 0 * y)

        xs = [jnp.asarray(a).T for a in (jnp.where(valid, inputs.steps, 0), reset, valid)]
        carry, features = jax.lax.scan(body, carry, xs)
        return carry, jnp.swapaxes(features, 0, 1)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "strangers/averages", **asdict(self), "spec": spec_to_dict(self.spec)}

    @classmethod
    def from_dict(cls, data: Any) -> Averages:
        return cls(**{**data, "spec": spec_from_dict(data["spec"])})
