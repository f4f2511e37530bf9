"""A model that gives every position of an item a label (sequence labelling, tagging; many to many)."""

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
class Tagger(ReadsLabels):
    """A network over an example's steps, and the labels 0 .. `labels` - 1, of which its `source` has one a step; a value.

    A bidirectional network knows all of an item at every position (Graves & Schmidhuber 2005). Raises UsageError for
    fewer than two labels and a network that is itself conditioned on something.

    >>> from seqgen import Continuous, Network
    >>> tagger = Tagger(Network(Continuous(3), layers=1, units=8, bidirectional=True), labels=4)
    >>> params = tagger.init(jax.random.key(0))
    >>> tagger.read(params, np.zeros((20, 3), np.float32)).shape
    (20,)
    """

    def init(self, key: Array) -> Params:
        """New parameters, `{"network": ..., "head": ...}`."""
        for_network, for_head = jax.random.split(key)
        return {"network": self.network.init(for_network), "head": self.head.init(for_head, self.network.width)}

    def logits(self, params: Params, batch: Batch, key: Array | None = None) -> Array:
        """Scores of labels at every position, `[B, T, labels]`."""
        return self.head.logits(params["head"], features(self.network, params, batch, key))

    def nll(self, params: Params, carry: Carry, batch: Batch, key: Array | None = None) -> tuple[Array, Array, Carry]:
        """See `seqgen.models.trainable.Trainable`: a prediction a position, `[B, T]`."""
        log_probs = jax.nn.log_softmax(self.logits(params, batch, key))
        said = jnp.take_along_axis(log_probs, jnp.asarray(batch.source)[..., None], axis=-1)[..., 0]
        return jnp.where(batch.valid, -said, 0.0), batch.valid, carry

    def check(self, source: Source) -> None:
        """Raises DataError for examples without labels, with some that are unknown, or not one a step."""
        check_labels(source, self.labels, lambda steps: steps)

    def log_probs(self, params: Params, steps: Any) -> np.ndarray:
        """Log-probabilities of labels at every position of one item, nats, float32 `[T, labels]`."""
        return self.log_probs_of(params, [steps])[0]

    def log_probs_of(self, params: Params, items: Sequence[Any]) -> list[np.ndarray]:
        """Those of several items, read side by side."""
        read, lengths = log_probs_of(self, params, items)
        return [row[:length] for row, length in zip(read, lengths, strict=False)]

    def read(self, params: Params, steps: Any) -> np.ndarray:
        """The likeliest label of each position of one item, int32 `[T]`."""
        return np.asarray(self.log_probs(params, steps).argmax(axis=-1), np.int32)

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values with `kind`, read back by `from_dict`."""
        return {"kind": "tagger", "network": self.network.to_dict(), "labels": self.labels}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Tagger:
        """The tagger with these settings; `seqgen.models.kinds` says what is wrong with others."""
        return cls(network_from_dict(data["network"]), data["labels"])
