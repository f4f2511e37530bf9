"""A model that reads an item and says which labels it holds, in their order, without being told where each stands.

Connectionist temporal classification, CTC (Graves, Fernandez, Gomez & Schmidhuber 2006): the network gives a softmax
over labels and a blank at every position; the probability of labels is the sum over all ways to lay them out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..batching.sources import Source
from ..batching.windows import Batch
from ..errors import DataError
from ..heads import Categorical
from ..nn.context import Params
from ..nn.networks import NetworkLike, network_from_dict
from ..nn.recurrence import Array, Carry
from .decoding import greedy
from .readers.reading import ReadsItems, check_labels, check_reader, features, log_probs_of


@dataclass(frozen=True)
class CTC(ReadsItems):
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
        check_reader(self.network, self.labels, 1)

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

    def logits(self, params: Params, batch: Batch, key: Array | None = None) -> Array:
        """Scores of labels and blank at every position, `[B, T, labels + 1]`; the items are read as they are."""
        return self.head.logits(params["head"], features(self.network, params, batch, key))

    def nll(self, params: Params, carry: Carry, batch: Batch, key: Array | None = None) -> tuple[Array, Array, Carry]:
        """See `seqgen.models.trainable.Trainable`: a likelihood an item, of as many predictions as it has labels, `[B]`."""
        import optax

        logits, there = self.logits(params, batch, key), jnp.any(batch.valid, axis=1)
        paddings = [1.0 - jnp.asarray(mask, jnp.float32) for mask in (batch.valid, batch.source_valid)]
        nats = optax.ctc_loss(logits, paddings[0], batch.source, paddings[1], blank_id=self.labels)
        count = jnp.asarray(batch.source_valid).sum(axis=1)
        return jnp.where(there, nats, 0.0), jnp.where(there, count, 0), carry

    def check(self, source: Source) -> None:
        """Raises DataError for examples without labels, with some that are unknown, or more than there are positions."""
        check_labels(source, self.labels, lambda steps: None)
        for number, length in enumerate(source.lengths):
            labels = source.condition(number)[0]
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
        read, lengths = log_probs_of(self, params, items)
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
