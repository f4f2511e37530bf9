"""A model that reads an item and says which labels it holds, in their order, without being told where each stands.

Connectionist temporal classification, CTC (Graves, Fernandez, Gomez & Schmidhuber 2006): the network gives a softmax
over labels and a blank at every position; the probability of labels is the sum over all ways to lay them out.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..batching.sources import Source, check_known, in_memory
from ..batching.windows import Batch, read_rows
from ..domain import Example
from ..errors import DataError, UsageError
from ..heads import Categorical
from ..machine.programs import kept, register
from ..nn.context import Context, Params
from ..nn.networks import NetworkLike, network_from_dict
from ..nn.recurrence import Array, Carry
from ..spec import Inputs
from .decoding import greedy

register(Batch)


@dataclass(frozen=True)
class CTC:
    """A network over an example's steps, and the labels 0 .. `labels` - 1 that its `source` names; a value.

    The blank is one symbol more, the last. Raises UsageError for a network that is itself conditioned on something.

    >>> from seqgen import Continuous, Network
    >>> reader = CTC(Network(Continuous(3), layers=1, units=8, bidirectional=True), labels=26)
    >>> params = reader.init(jax.random.key(0))
    >>> reader.read(params, np.zeros((20, 3), np.float32)).dtype
    dtype('int32')
    """

    network: NetworkLike
    labels: int

    def __post_init__(self) -> None:
        if self.labels < 1:
            raise UsageError(f"a reader of {self.labels} labels has nothing to say; give 1 or more")
        if self.network.source or self.network.static:
            raise UsageError("a reader is told nothing but the item: give it a network without a source and writers")

    @property
    def whole(self) -> bool:
        """The likelihood is that of all labels of an item."""
        return True

    @property
    def head(self) -> Categorical:
        """The softmax over labels and blank, `labels` + 1."""
        return Categorical(self.labels + 1)

    def init(self, key: Array) -> Params:
        """New parameters, `{"network": ..., "head": ...}`; blanks begin as likely as all labels together, as they will be."""
        for_network, for_head = jax.random.split(key)
        head = dict(self.head.init(for_head, self.network.width))
        head["bias"] = head["bias"].at[self.labels].set(jnp.log(self.labels))
        return {"network": self.network.init(for_network), "head": head}

    def encode(self, params: Params, batch: Batch) -> Context:
        """Nothing: a reader is told no more than the item."""
        return Context()

    def start(self, params: Params, rows: int, context: Context = Context()) -> Carry:
        """The carry that opens `rows` items."""
        return self.network.start(params["network"], rows, context)

    def logits(self, params: Params, batch: Batch, key: Array | None = None) -> Array:
        """Scores of labels and blank at every position, `[B, T, labels + 1]`; the items are read as they are."""
        start = self.start(params, len(batch.reset))
        steps = Inputs(batch.targets, batch.inputs.controls)
        _, features = self.network.unroll(
            params["network"], start, steps, reset=batch.reset, valid=batch.valid, key=key
        )
        return self.head.logits(params["head"], features)

    def in_precision(self, precision: str) -> CTC:
        """The same with its network's products in "f32" or "bf16"."""
        network: Any = self.network
        return replace(self, network=replace(network, precision=precision))

    def nll(self, params: Params, carry: Carry, batch: Batch, key: Array | None = None) -> tuple[Array, Array, Carry]:
        """See `seqgen.models.trainable.Trainable`: a likelihood an item, of as many predictions as it has labels, `[B]`."""
        import optax

        logits, there = self.logits(params, batch, key), jnp.any(batch.valid, axis=1)
        paddings = [1.0 - jnp.asarray(mask, jnp.float32) for mask in (batch.valid, batch.source_valid)]
        nats = optax.ctc_loss(logits, paddings[0], batch.source, paddings[1], blank_id=self.labels)
        count = jnp.asarray(batch.source_valid).sum(axis=1)
        return jnp.where(there, nats, 0.0), jnp.where(there, count, 0), carry

    def loss(self, params: Params, carry: Carry, batch: Batch, key: Any) -> tuple[Array, tuple[Array, Carry]]:
        """Negative log-likelihood of the labels of a batch."""
        nats, count, carry = self.nll(params, carry, batch, key)
        return nats.sum(), (count.sum(), carry)

    def check(self, source: Source) -> None:
        """Raises DataError for examples without labels, with some that are unknown, or more than there are positions."""
        check_known(source, self.labels, 0)
        for number, length in enumerate(source.lengths):
            labels = source.condition(number)[0]
            if labels is None:
                raise DataError("these examples have no labels to learn; give each a `source`, int32 [U]")
            repeats = int(np.sum(np.asarray(labels[1:]) == np.asarray(labels[:-1])))  # a blank must part these
            if len(labels) + repeats > length:
                raise DataError(
                    f"example {number} has {len(labels)} labels, {repeats} of them repeated, in {length} steps; "
                    "each takes a step, and one more between equal ones: leave it out, or give finer steps"
                )

    def log_probs(self, params: Params, steps: Any) -> np.ndarray:
        """Log-probabilities of labels and blank at every position of one item, nats, float32 `[T, labels + 1]`.

        `seqgen.models.decoding` says which labels they make likely.
        """
        return self.log_probs_of(params, [steps])[0]

    def log_probs_of(self, params: Params, items: Sequence[Any]) -> list[np.ndarray]:
        """Those of several items, read side by side."""
        source = in_memory(self.network.spec, [Example(steps, source=np.zeros(0, np.int32)) for steps in items])
        lengths = [int(length) for length in source.lengths]
        if not any(lengths):
            return [np.zeros((0, self.labels + 1), np.float32) for _ in items]
        # Both padded to powers of two: items of any length and number share a handful of compiled programs.
        rows, width = (1 << (size - 1).bit_length() for size in (len(items), max(lengths)))
        batch = read_rows(source, np.arange(rows) % len(items), 1, width, 1, range(rows))
        batch = batch._replace(source=None, source_valid=None)
        read = np.asarray(_log_probs(self)(params, batch))
        return [row[:length] for row, length in zip(read, lengths, strict=False)]

    def read(self, params: Params, steps: Any) -> np.ndarray:
        """The labels of one item, as `decoding.greedy` finds them."""
        return greedy(self.log_probs(params, steps))

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values with `kind`, read back by `from_dict`."""
        return {"kind": "ctc", "network": self.network.to_dict(), "labels": self.labels}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CTC:
        """The reader with these settings; `seqgen.models.kinds` says what is wrong with others."""
        return cls(network_from_dict(data["network"]), data["labels"])


@functools.lru_cache(maxsize=8)
def _log_probs(model: CTC) -> Callable[[Params, Batch], Array]:
    def log_probs(params: Params, batch: Batch) -> Array:
        return jax.nn.log_softmax(model.logits(params, batch))

    return kept(log_probs, model.to_dict(), parts=(model,))
