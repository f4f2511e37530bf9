"""Sizes for domains whose steps are symbols: an LSTM under a softmax."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..config import TrainingConfig
from ..domain import Codec, Size
from ..spec import Discrete

if TYPE_CHECKING:
    from .model import Model


LABEL = 32  # values of its vector


def symbols(layers: int, units: int, embedding: int, dropout: float, training: TrainingConfig) -> Size:
    """An LSTM under a softmax over the codec's symbols, with a vector for each of its labels, if it has some; dropout: between layers."""

    def model(codec: Codec[Any]) -> Model:
        from ..heads import Categorical  # here: a domain's value must not cost JAX
        from ..nn.network import Network
        from .model import Model

        assert isinstance(codec.spec, Discrete)
        labels = len(getattr(codec, "labels", ()))
        told: dict[str, Any] = {"static": labels, "static_width": LABEL, "static_read": True} if labels else {}
        network = Network(codec.spec, layers, units, embedding, dropout=dropout, **told)
        return Model(network, Categorical(codec.spec.size))

    return Size(model, training)
