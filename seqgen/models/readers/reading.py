"""What models that read have in common: the item as it is goes through the network, and nothing of it is predicted."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

import jax
import numpy as np

from ...batching.sources import Source, check_known, in_memory
from ...batching.windows import Batch, read_rows
from ...domain import Example
from ...errors import DataError, UsageError
from ...heads import Categorical
from ...machine.programs import kept, register
from ...nn.context import Context, Params
from ...nn.networks import NetworkLike
from ...nn.recurrence import Array, Carry
from ...spec import Inputs

register(Batch)


class Reader(Protocol):
    """A frozen dataclass: a network, and scores of labels from what it says."""

    def __hash__(self) -> int: ...
    @property
    def network(self) -> NetworkLike: ...
    @property
    def labels(self) -> int: ...
    def logits(self, params: Params, batch: Batch, key: Array | None = None) -> Array: ...
    def to_dict(self) -> dict[str, Any]: ...


class ReadsItems(ABC):
    """What every such model is besides: a dataclass with a `network`, told no more than an item, and all of that at once."""

    network: NetworkLike

    @abstractmethod
    def nll(self, params: Params, carry: Carry, batch: Batch, key: Array | None = None) -> tuple[Array, Array, Carry]:
        """See `seqgen.models.trainable.Trainable`."""

    @property
    def whole(self) -> bool:
        """An item is read from its beginning to its end at once."""
        return True

    def encode(self, params: Params, batch: Batch) -> Context:
        """Nothing: a reader is told no more than the item."""
        return Context()

    def start(self, params: Params, rows: int, context: Context = Context()) -> Carry:
        """The carry that opens `rows` items."""
        return self.network.start(params["network"], rows, context)

    def in_precision(self, precision: str) -> Self:
        """The same with its network's products in "f32" or "bf16"."""
        whole: Any = self
        network: Any = self.network
        return replace(whole, network=replace(network, precision=precision))  # type: ignore[no-any-return]

    def loss(self, params: Params, carry: Carry, batch: Batch, key: Any) -> tuple[Array, tuple[Array, Carry]]:
        """Negative log-likelihood of the labels of a batch."""
        nats, count, carry = self.nll(params, carry, batch, key)
        return nats.sum(), (count.sum(), carry)


@dataclass(frozen=True)
class ReadsLabels(ReadsItems):
    """What models that tell labels apart are: a network, and a softmax over two labels or more of what it says."""

    network: NetworkLike
    labels: int

    def __post_init__(self) -> None:
        check_reader(self.network, self.labels, 2)

    @property
    def head(self) -> Categorical:
        """The softmax over labels."""
        return Categorical(self.labels)


def check_reader(network: NetworkLike, labels: int, least: int) -> None:
    """Raises UsageError for too few labels, and for a network that is itself conditioned on something."""
    if labels < least:
        raise UsageError(f"a reader of {labels} labels has nothing to say; give {least} or more")
    if network.source or network.static:
        raise UsageError("a reader is told nothing but the item: give it a network without a source and writers")


def features(network: NetworkLike, params: Params, batch: Batch, key: Array | None = None) -> Array:
    """What the network says at every position, `[B, T, D]`, 0 where there is none; the items are read as they are."""
    start = network.start(params["network"], len(batch.reset))
    steps = Inputs(batch.targets, batch.inputs.controls)
    _, found = network.unroll(params["network"], start, steps, reset=batch.reset, valid=batch.valid, key=key)
    return found


def check_labels(source: Source, labels: int, wanted: Callable[[int], int | None]) -> None:
    """Raises DataError for examples without labels, some that are unknown, or not so many as `wanted(steps)` says."""
    check_known(source, labels, 0)
    for number, length in enumerate(source.lengths):
        given = source.condition(number)[0]
        if given is None:
            raise DataError("these examples have no labels to learn; give each a `source`, int32 [U]")
        count = wanted(int(length))
        if count is not None and len(given) != count:
            raise DataError(
                f"example {number} has {len(given)} labels in {length} steps; this model learns from {count} there"
            )


def log_probs_of(model: Reader, params: Params, items: Sequence[Any]) -> tuple[np.ndarray, list[int]]:
    """Log-probabilities as the model's `logits` has them, a row an item and some more, and the items' lengths.

    Both are padded to powers of two: items of any length and number share a handful of compiled programs.
    """
    source = in_memory(model.network.spec, [Example(steps, source=np.zeros(0, np.int32)) for steps in items])
    lengths = [int(length) for length in source.lengths]
    rows, width = (1 << (size - 1).bit_length() for size in (len(items), max([1, *lengths])))
    batch = read_rows(source, np.arange(rows) % len(items), 1, width, 1, range(rows))
    batch = batch._replace(source=None, source_valid=None)
    return np.asarray(_log_probs(model)(params, batch)), lengths


@functools.lru_cache(maxsize=8)
def _log_probs(model: Reader) -> Callable[[Params, Batch], Array]:
    def log_probs(params: Params, batch: Batch) -> Array:
        return jax.nn.log_softmax(model.logits(params, batch))

    return kept(log_probs, model.to_dict(), parts=(model,))
