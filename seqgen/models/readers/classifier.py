"""A model that says what an item as a whole is (sequence classification; many to one)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...batching.sources import Source
from ...batching.windows import Batch
from ...nn.context import Params
from ...nn.networks import network_from_dict
from ...nn.recurrence import Array, Carry
from .reading import ReadsLabels, check_labels, features, log_probs_of


@dataclass(frozen=True)
class Classifier(ReadsLabels):
    """A network over an example's steps, and the labels 0 .. `labels` - 1, of which its `source` has one; a value.

    The label follows from what the network says at the end, and from the mean of what it says at all positions, in which
    a bidirectional one says what it knows at the beginning. Raises UsageError for fewer than two labels and a network
    that is itself conditioned on something.

    >>> from seqgen import Continuous, Network
    >>> classifier = Classifier(Network(Continuous(1), layers=1, units=8), labels=4)
    >>> params = classifier.init(jax.random.key(0))
    >>> classifier.log_probs(params, np.zeros((20, 1), np.float32)).shape, classifier.read(params, np.zeros((9, 1))) < 4
    ((4,), True)
    """

    def init(self, key: Array) -> Params:
        """New parameters, `{"network": ..., "head": ...}`."""
        for_network, for_head = jax.random.split(key)
        return {"network": self.network.init(for_network), "head": self.head.init(for_head, 2 * self.network.width)}

    def logits(self, params: Params, batch: Batch, key: Array | None = None) -> Array:
        """Scores of labels, `[B, labels]`."""
        said = features(self.network, params, batch, key)
        length = jnp.asarray(batch.valid).sum(axis=1)[:, None]
        last = jnp.take_along_axis(said, jnp.maximum(length - 1, 0)[..., None], axis=1)[:, 0]
        mean = said.sum(axis=1) / jnp.maximum(length, 1).astype(jnp.float32)  # what is no position says 0
        return self.head.logits(params["head"], jnp.concatenate([last, mean], axis=-1))

    def nll(self, params: Params, carry: Carry, batch: Batch, key: Array | None = None) -> tuple[Array, Array, Carry]:
        """See `seqgen.models.trainable.Trainable`: a prediction an item, `[B]`."""
        log_probs, there = jax.nn.log_softmax(self.logits(params, batch, key)), jnp.any(batch.valid, axis=1)
        said = jnp.take_along_axis(log_probs, jnp.asarray(batch.source), axis=-1)[:, 0]
        return jnp.where(there, -said, 0.0), there, carry

    def check(self, source: Source) -> None:
        """Raises DataError for examples without a label, with one that is unknown, or several."""
        check_labels(source, self.labels, lambda steps: 1)

    def log_probs(self, params: Params, steps: Any) -> np.ndarray:
        """Log-probabilities of the labels of one item, nats, float32 `[labels]`."""
        found: np.ndarray = self.log_probs_of(params, [steps])[0]
        return found

    def log_probs_of(self, params: Params, items: Sequence[Any]) -> np.ndarray:
        """Those of several items, read side by side, `[items, labels]`."""
        read, _ = log_probs_of(self, params, items)
        return read[: len(items)]

    def read(self, params: Params, steps: Any) -> int:
        """The likeliest label of one item."""
        return int(self.log_probs(params, steps).argmax())

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values with `kind`, read back by `from_dict`."""
        return {"kind": "classifier", "network": self.network.to_dict(), "labels": self.labels}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Classifier:
        """The classifier with these settings; `seqgen.models.kinds` says what is wrong with others."""
        return cls(network_from_dict(data["network"]), data["labels"])
