"""The handwriting domain where it reads: its networks, what they are judged by, and how ink is varied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from seqgen.config import TrainingConfig
from seqgen.domain import Codec, Domain, Metric, Size

from ..ink import Ink
from .features import Features, augmented
from .rates import cer

if TYPE_CHECKING:
    from seqgen.models.ctc import CTC


def _size(layers: int, units: int, learning_rate: float, dropout: float) -> Size:
    """Bidirectional LSTMs, `units` each way, under CTC (Graves et al., A novel connectionist system for unconstrained
    handwriting recognition, 2009)."""

    def model(codec: Codec[Ink]) -> CTC:
        from seqgen.models.ctc import CTC  # here: a domain's value must not cost JAX
        from seqgen.nn.network import Network

        assert isinstance(codec, Features)
        network = Network(codec.spec, layers, units, embedding=4, dropout=dropout, bidirectional=True)
        return CTC(network, len(codec.alphabet))

    return Size(model, TrainingConfig(rows=64, learning_rate=learning_rate))


SIZES = {
    "tiny": _size(1, 64, 4e-3, 0.0),
    "small": _size(2, 96, 3e-3, 0.2),
    "medium": _size(3, 96, 3e-3, 0.2),
    "large": _size(3, 128, 2e-3, 0.3),
}


def _misread(codec: Features, model: Any, params: Any, inks: Sequence[Ink]) -> float:
    read = [codec.text(model.read(params, codec.encode(ink).steps)) for ink in inks]
    return cer(read, [ink.text or "" for ink in inks])


METRIC: Metric[Ink] = Metric("character error rate", _misread, most=400)


def reading(domain: Domain[Ink]) -> Domain[Ink]:
    """The domain with all of this."""
    return replace(domain, sizes=SIZES, metric=METRIC, augment=augmented, extend=None)
