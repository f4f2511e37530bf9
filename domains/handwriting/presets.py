"""The handwriting domain as one value, and the networks behind its sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqgen.config import TrainingConfig
from seqgen.domain import Codec, Domain, Reading, Size
from seqgen.errors import DataError, pick

from .files import read
from .ink import Ink
from .offsets import GRID, Offsets
from .recognition.features import Features
from .recognition.task import reading

if TYPE_CHECKING:
    from seqgen.models.model import Model

SHIPPED = Path(__file__).parent / "pretrained"


def _size(layers: int, units: int, window: int, components: int, learning_rate: float) -> Size:
    """Graves' synthesis network where the codec has an alphabet, his prediction network where it has none.

    window: Gaussians that read the text; components: Gaussians of a move. A window of training is about four letters, and
    what the window reads is carried on.
    """

    def model(codec: Codec[Ink]) -> Model:
        from seqgen.heads import Categorical, Joint, Mixture  # here: a domain's value must not cost JAX
        from seqgen.models.model import Model
        from seqgen.nn.network import Network

        assert isinstance(codec, Offsets)
        network = Network(
            codec.spec,
            layers,
            units,
            embedding=8,  # of the pen's three states
            skip=True,
            source=codec.symbols,
            window=window if codec.symbols else 0,
            static=len(codec.hands),
            static_width=32,
            running=(1,),  # the height: letters stay on their line
        )
        # Rounded points: without a floor, a move that is often the same would drive its density to infinity.
        return Model(network, Joint((Mixture(components, sigma_floor=GRID / max(codec.std)), Categorical(3))))

    return Size(model, TrainingConfig(rows=128, window=64, learning_rate=learning_rate))


# Graves (2013) has 3 x 400, a window of 10, 20 components.
SIZES = {
    "tiny": _size(1, 128, 5, 5, 4e-3),
    "small": _size(2, 256, 8, 20, 3e-3),
    "medium": _size(3, 256, 10, 20, 2e-3),
    "large": _size(3, 400, 10, 20, 1e-3),
}


def _with_alphabet(inks: Sequence[Ink]) -> Offsets:
    codec = Offsets.fit(inks)
    if not codec.alphabet:
        raise DataError("writing is learned from two lines or more, all with their texts; train for prediction instead")
    return codec


# What to fit, by the name on the command line.
NETWORKS: dict[str, Callable[[Sequence[Ink]], Offsets | Features]] = {
    "auto": Offsets.fit,
    "synthesis": _with_alphabet,
    "prediction": lambda inks: replace(Offsets.fit(inks), alphabet=""),
    "recognition": Features.fit,
}


def fit_codec(inks: Sequence[Ink], *, network: str = "auto") -> Offsets | Features:
    """The scale, the hands and what the network writes, or what it reads. Raises UnknownName."""
    return pick("network", network, NETWORKS)(inks)


def load_codec(data: Mapping[str, Any]) -> Offsets | Features:
    """The codec that wrote `data`. Raises ModelError for anything else."""
    return (Features if data.get("kind") == "features" else Offsets).from_dict(data)


def network_of(codec: Offsets | Features) -> str:
    """What a codec is for, one of `NETWORKS`."""
    if isinstance(codec, Features):
        return "recognition"
    return "synthesis" if codec.alphabet else "prediction"


def _wave(count: int, text: str, hand: str) -> Ink:
    x = np.linspace(0, count, 16 * count)
    strokes = [np.stack([x, 0.5 * np.sin(6 * x)], axis=1), np.array([[count / 2, -1.5]])]
    return Ink(strokes, text=text, hand=hand)


DOMAIN: Domain[Ink] = Domain(
    name="handwriting",
    fit_codec=fit_codec,
    load_codec=load_codec,
    sizes=SIZES,
    reading=Reading(read, {"network": "auto"}, lambda codec: {"network": network_of(codec)}),
    unit="point",
    extend=Offsets.extended,
    task=lambda codec: reading(DOMAIN) if isinstance(codec, Features) else DOMAIN,
    shipped=SHIPPED,
    examples=(_wave(4, "nuin", "round"), _wave(2, "mi", "flat"), Ink([np.array([[7.0, 3.0]])], text=".", hand="flat")),
)
