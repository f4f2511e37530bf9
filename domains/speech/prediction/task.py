"""The domain of speech where it goes on from a clip: its networks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from seqgen.config import TrainingConfig
from seqgen.domain import Codec, Domain, Size

from ..clip import Clip
from .codec import SoundCodec

if TYPE_CHECKING:
    from seqgen.models.model import Model

FLOOR = 0.1  # of a movement: what one cannot be foretold more exactly than


def _size(layers: int, units: int, dropout: float, learning_rate: float) -> Size:
    """LSTMs that see how the voice moves and, as the sum of that, where it is, under a diagonal Gaussian."""

    def model(codec: Codec[Clip]) -> Model:
        from seqgen.heads import Gaussian  # here: a domain's value must not cost JAX
        from seqgen.models.model import Model
        from seqgen.nn.network import Network

        assert isinstance(codec, SoundCodec)
        dim = codec.spec.dim
        network = Network(codec.spec, layers, units, dropout=dropout, running=tuple(range(dim)))
        return Model(network, Gaussian(dim, FLOOR))

    return Size(model, TrainingConfig(rows=16, window=128, learning_rate=learning_rate))


SIZES = {
    "tiny": _size(1, 64, 0.0, 4e-3),
    "small": _size(1, 256, 0.1, 3e-3),
    "medium": _size(2, 320, 0.2, 2e-3),
    "large": _size(3, 512, 0.3, 1.5e-3),
}


def predicting(domain: Domain[Clip]) -> Domain[Clip]:
    """The domain with these."""
    return replace(domain, sizes=SIZES)
