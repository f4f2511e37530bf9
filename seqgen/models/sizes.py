"""Sizes by name, for domains whose steps are symbols: an LSTM under a softmax."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ..errors import UnknownName
from ..spec import Discrete, Spec

if TYPE_CHECKING:
    from .model import Model


Sizes = TypeVar("Sizes")  # what a domain's presets say of a size


class Preset(NamedTuple):
    """layers, units, embedding: of the network; dropout: between layers; learning_rate: the peak."""

    layers: int
    units: int
    embedding: int
    dropout: float
    learning_rate: float


def pick(presets: Mapping[str, Sizes], size: str) -> Sizes:
    """The preset of this name. Raises UnknownName."""
    if size not in presets:
        raise UnknownName("size", size, presets)
    return presets[size]


def symbol_model(spec: Spec, preset: Preset) -> Model:
    """An LSTM of the preset's size under a softmax over the symbols of `spec`."""
    from ..heads import Categorical  # here: a domain's value must not cost JAX
    from ..nn.network import Network
    from .model import Model

    assert isinstance(spec, Discrete)
    network = Network(spec, preset.layers, preset.units, preset.embedding, dropout=preset.dropout)
    return Model(network, Categorical(spec.size))
