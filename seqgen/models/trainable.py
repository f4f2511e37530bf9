"""What a run asks of a model, be it one that continues what it reads or one that says what it is; and the kinds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ..batching.sources import Source
from ..batching.windows import Batch
from ..nn.context import Context, Params
from ..nn.networks import NetworkLike
from ..nn.recurrence import Array, Carry

# (params, carry, batch, key) -> (nll_sum, (count, carry)); nats summed over what the batch predicts.
Loss = Callable[[Params, Carry, Batch, Any], tuple[Array, tuple[Array, Carry]]]


class Trainable(Protocol):
    """Something that learns from batches: a frozen dataclass, a value, with its functions.

    `seqgen.models.model.Model` predicts the next step of what it reads, `seqgen.models.ctc.CTC` and those of
    `seqgen.models.readers` labels.

    whole: whether it must see an item from its beginning to its end at once.
    """

    def __hash__(self) -> int: ...
    @property
    def network(self) -> NetworkLike: ...
    @property
    def whole(self) -> bool: ...

    def init(self, key: Array) -> Params: ...
    def encode(self, params: Params, batch: Batch) -> Context: ...
    def start(self, params: Params, rows: int, context: Context = Context()) -> Carry: ...

    def check(self, source: Source) -> None:
        """Raises DataError, naming it, for an example that this model cannot learn from."""
        ...

    def in_precision(self, precision: str) -> Trainable:
        """The same with its products in "f32" or "bf16"."""
        ...

    def nll(self, params: Params, carry: Carry, batch: Batch, key: Array | None = None) -> tuple[Array, Array, Carry]:
        """Negative log-likelihoods, in nats, one for each of the batch's rows or positions, of how many predictions each
        is, and the carry after the batch; rows lead. What is no prediction has 0 of both. `key` turns dropout on.
        """
        ...

    def loss(self, params: Params, carry: Carry, batch: Batch, key: Any) -> tuple[Array, tuple[Array, Carry]]:
        """The sums of `nll`: the `Loss` that is minimised."""
        ...

    def to_dict(self) -> dict[str, Any]: ...
