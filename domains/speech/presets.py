"""The domain of speech as a value, and the networks behind its sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.config import TrainingConfig
from seqgen.domain import Codec, Domain, Reading, Size
from seqgen.errors import pick

from .clip import RATE, Clip
from .codec import VoiceCodec
from .files import read
from .front.languages import ENGLISH
from .prediction.codec import SoundCodec
from .prediction.task import predicting

SHIPPED = Path(__file__).parent / "pretrained"
FLOOR = 0.2  # of a value's deviation: what a frame cannot be foretold more exactly than


def _size(reading: int, layers: int, units: int, dropout: float, training: TrainingConfig) -> Size:
    """A bidirectional LSTM over phones, `reading` units each way, and `layers` of them over frames (Fan et al. 2014)."""

    def model(codec: Codec[Clip]) -> Any:
        from seqgen.models.readers.renderer import PLACES, Renderer  # here: a domain's value must not cost JAX
        from seqgen.nn.network import Network
        from seqgen.spec import Continuous

        assert isinstance(codec, VoiceCodec)
        phones = Network(codec.spec, 1, reading, 64, dropout=dropout, bidirectional=True)
        frames = Network(Continuous(phones.width + PLACES), layers, units, dropout=dropout, bidirectional=True)
        return Renderer(phones, frames, codec.width, FLOOR)

    return Size(model, training)


SIZES = {
    "tiny": _size(48, 1, 64, 0.0, TrainingConfig(rows=8, learning_rate=4e-3)),
    "small": _size(96, 2, 128, 0.1, TrainingConfig(rows=16, learning_rate=3e-3)),
    "medium": _size(160, 2, 224, 0.35, TrainingConfig(rows=16, learning_rate=2e-3)),
    "large": _size(256, 3, 320, 0.4, TrainingConfig(rows=16, learning_rate=1.5e-3)),
}


# What to fit, by the name on the command line.
NETWORKS: dict[str, Callable[[Sequence[Clip], str], VoiceCodec | SoundCodec]] = {
    "synthesis": VoiceCodec.fit,
    "prediction": lambda clips, language: SoundCodec.fit(clips),
}


def fit_codec(clips: Sequence[Clip], *, network: str = "synthesis", language: str = ENGLISH) -> VoiceCodec | SoundCodec:
    """What a voice needs, or what goes on from clips. Raises UnknownName, UsageError for unknown languages."""
    return pick("network", network, NETWORKS)(clips, language)


def load_codec(data: Mapping[str, Any]) -> VoiceCodec | SoundCodec:
    """The codec that wrote `data`. Raises ModelError for anything else."""
    return (SoundCodec if data.get("kind") == "sound" else VoiceCodec).from_dict(data)


def settled(codec: VoiceCodec | SoundCodec) -> dict[str, str]:
    """What a model that is learned on from decides: what it is for, one of `NETWORKS`, and its language."""
    if isinstance(codec, SoundCodec):
        return {"network": "prediction"}
    return {"network": "synthesis", "language": codec.language}


def _hum(pitch: float, text: str) -> Clip:
    """Something like a voice: what laws need."""
    time = np.arange(RATE) / RATE
    tone = np.sum([np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 12)], axis=0)
    return Clip(0.05 * tone * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time)), text=text)


DOMAIN: Domain[Clip] = Domain(
    name="speech",
    fit_codec=fit_codec,
    load_codec=load_codec,
    sizes=SIZES,
    reading=Reading(read, {"network": "synthesis", "language": ENGLISH}, settled),
    unit="frame",
    task=lambda codec: predicting(DOMAIN) if isinstance(codec, SoundCodec) else DOMAIN,
    shipped=SHIPPED,
    examples=(_hum(120.0, "We are one."), _hum(180.0, "She was not?")),
)
