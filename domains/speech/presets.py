"""The domain of speech as a value, and the networks behind its sizes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from seqgen.config import TrainingConfig
from seqgen.domain import Codec, Domain, Reading, Size

from .clip import RATE, Clip
from .codec import VoiceCodec
from .files import read

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
    "medium": _size(160, 2, 224, 0.2, TrainingConfig(rows=16, learning_rate=2e-3)),
    "large": _size(256, 3, 320, 0.3, TrainingConfig(rows=16, learning_rate=1.5e-3)),
}


def _hum(pitch: float, text: str) -> Clip:
    """Something like a voice: what laws need."""
    time = np.arange(RATE) / RATE
    tone = np.sum([np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 12)], axis=0)
    return Clip(0.05 * tone * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time)), text=text)


DOMAIN: Domain[Clip] = Domain(
    name="speech",
    fit_codec=lambda clips, **reading: VoiceCodec.fit(clips),
    load_codec=VoiceCodec.from_dict,
    sizes=SIZES,
    reading=Reading(read, {}),
    unit="frame",
    shipped=SHIPPED,
    examples=(_hum(120.0, "We are one."), _hum(180.0, "She was not?")),
)
