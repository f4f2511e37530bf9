"""A network and a head under one set of parameters, and the likelihood they give a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp

from ..batching.sources import Source, check_known
from ..batching.windows import Batch
from ..errors import ModelError, UsageError
from ..heads import Categorical, Head, head_from_dict, in_precision
from ..nn.context import Context, Params
from ..nn.networks import NetworkLike, network_from_dict
from ..nn.recurrence import Array, Carry


@dataclass(frozen=True)
class Model:
    """A network that reads steps and a head that predicts them: a value, with its functions.

    Raises UsageError when the head predicts other steps than the network reads.

    >>> from seqgen import Discrete, Network
    >>> model = Model(Network(Discrete(5), layers=1, units=8), Categorical(5))
    >>> sorted(model.init(jax.random.key(0)))
    ['head', 'network']
    """

    network: NetworkLike
    head: Head

    def __post_init__(self) -> None:
        if self.network.spec != self.head.spec:
            raise UsageError(
                f"the network reads {self.network.spec} but the head predicts {self.head.spec}; "
                "a sequence model feeds its own steps back, so both must be the same"
            )
        if isinstance(self.head, Categorical) and self.head.tied not in (0, self.network.embedding):
            raise UsageError(f"a tied head needs the embedding's width {self.network.embedding}, not {self.head.tied}")

    @property
    def whole(self) -> bool:
        """False where a sequence is read window by window, its carry handed on; True of what an encoder opens."""
        return bool(getattr(self.network, "whole", False))

    def init(self, key: Array) -> Params:
        """New parameters, `{"network": ..., "head": ...}`, nested dicts of float32 arrays."""
        for_network, for_head = jax.random.split(key)
        return {
            "network": self.network.init(for_network),
            "head": self.head.init(for_head, self.network.width),
        }

    def head_params(self, params: Params) -> Params:
        """What the head is called with: its own parameters, and the embedding table if it is tied to one."""
        if isinstance(self.head, Categorical) and self.head.tied:
            return {**params["head"], "table": params["network"]["table0"]}
        return params["head"]  # type: ignore[no-any-return]

    def encode(self, params: Params, batch: Batch, key: Array | None = None) -> Context:
        """What conditions the rows of a batch; `key` turns an encoder's dropout on."""
        keys: Any = {"key": jax.random.fold_in(key, 1)} if self.whole and key is not None else {}
        return self.network.encode(params["network"], batch.source, batch.static, batch.source_valid, **keys)

    def start(self, params: Params, rows: int, context: Context = Context()) -> Carry:
        """The carry that opens `rows` sequences."""
        return self.network.start(params["network"], rows, context)

    def log_prob(self, params: Params, carry: Carry, batch: Batch, key: Array | None = None) -> tuple[Array, Carry]:
        """Log-probability of every target, nats `[B, T]`, exactly 0 where not valid or given; and the carry after the window."""
        carry, features = self.network.unroll(
            params["network"],
            carry,
            batch.inputs,
            reset=batch.reset,
            valid=batch.valid,
            context=self.encode(params, batch, key),
            key=key,
        )
        log_prob = self.head.log_prob(self.head_params(params), features, batch.targets)
        return jnp.where(self.predicted(batch), log_prob, 0.0), carry

    def predicted(self, batch: Batch) -> Array:
        """Which positions are predictions, bool `[B, T]`: those of items, but for the steps that controls say are given."""
        given = getattr(self.network, "given", False)
        predicted: Array = batch.valid & (batch.inputs.controls[..., 0] == 0) if given else batch.valid
        return predicted

    def check(self, source: Source) -> None:
        """Raises DataError for what conditions an example and is not among what the network knows."""
        encoder = getattr(self.network, "encoder", None)
        check_known(source, self.network.source, self.network.static, encoder.picture if encoder else ())

    def in_precision(self, precision: str) -> Model:
        """The same with its products in "f32" or "bf16"."""
        network: Any = self.network
        return Model(replace(network, precision=precision), in_precision(self.head, precision))

    def nll(self, params: Params, carry: Carry, batch: Batch, key: Array | None = None) -> tuple[Array, Array, Carry]:
        """See `seqgen.models.trainable.Trainable`: a prediction a position, `[B, T]`."""
        log_prob, carry = self.log_prob(params, carry, batch, key)
        return -log_prob, self.predicted(batch), carry

    def loss(self, params: Params, carry: Carry, batch: Batch, key: Any) -> tuple[Array, tuple[Array, Carry]]:
        """Negative log-likelihood (cross-entropy) of a batch: the `Loss` that `seqgen.training` minimises.

        It has gradients in reverse mode, and those have any; `jax.jvp` and `jax.jacfwd` of it raise TypeError.
        """
        log_prob, carry = self.log_prob(params, carry, batch, key)
        return -log_prob.sum(), (self.predicted(batch).sum(), carry)

    def to_dict(self) -> dict[str, Any]:
        """Network and head as plain JSON values."""
        return {"network": self.network.to_dict(), "head": self.head.to_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Model:
        """Raises ModelError for settings that are unknown or do not fit together."""
        try:
            return cls(network_from_dict(data["network"]), head_from_dict(data["head"]))
        except (KeyError, UsageError) as error:
            raise ModelError(f"the model's settings do not fit together: {error}; the model is damaged") from None
