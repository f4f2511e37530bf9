"""What a model asks of a network, whichever it is, and the kinds that there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ..registry import from_table
from ..spec import Inputs, Spec
from .context import Context, Params
from .network import Network
from .recurrence import Array, Carry


class NetworkLike(Protocol):
    """Steps to features: a frozen dataclass, a value, with its functions, as `seqgen.nn.network.Network` is one.

    Laws (tests/laws/test_networks.py): `unroll` equals `step` T times, padding is nowhere seen, a reset forgets.

    causal: whether it has a `step`, and so can be sampled from. width: values of a feature vector.
    controls: width of the known side inputs of every step, 0 for none.
    source, static: how many symbols, writers what conditions a sequence is made of; 0 where nothing does.
    embedding: width of the table `params["table0"]` that a tied head multiplies with, 0 where there is none.
    precision: "f32" or "bf16"; a run has its own, so `dataclasses.replace` must be able to set it.
    """

    @property
    def spec(self) -> Spec: ...
    @property
    def width(self) -> int: ...
    @property
    def causal(self) -> bool: ...
    @property
    def controls(self) -> int: ...
    @property
    def source(self) -> int: ...
    @property
    def static(self) -> int: ...
    @property
    def embedding(self) -> int: ...
    @property
    def precision(self) -> str: ...

    def init(self, key: Array) -> Params: ...
    def encode(self, params: Params, source: Any = None, static: Any = None, source_valid: Any = None) -> Context: ...
    def start(self, params: Params, batch: int, context: Context = Context()) -> Carry: ...
    def unroll(
        self,
        params: Params,
        carry: Carry,
        inputs: Inputs,
        *,
        reset: Array | None = None,
        valid: Array | None = None,
        context: Context = Context(),
        key: Array | None = None,
    ) -> tuple[Carry, Array]: ...
    def step(
        self, params: Params, carry: Carry, inputs: Inputs, *, context: Context = Context()
    ) -> tuple[Carry, Array]: ...
    def to_dict(self) -> dict[str, Any]: ...


# What config.json may name, beside what installed packages offer as entry points of the group seqgen.networks.
NETWORKS: dict[str, Any] = {"stack": Network}


def network_from_dict(data: Mapping[str, Any]) -> NetworkLike:
    """The network that wrote `data` with `to_dict`; a stack of layers does not name its kind.

    Raises ModelError for an unknown kind or setting.
    """
    return from_table("network", NETWORKS, {"kind": "stack", **data})  # type: ignore[no-any-return]
