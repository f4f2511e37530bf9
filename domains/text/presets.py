"""The text domain as one value, and the networks behind its sizes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from seqgen.config import TrainingConfig
from seqgen.domain import Codec, Domain
from seqgen.models.sizes import Preset, pick, symbol_model

from .codec import Characters, match

if TYPE_CHECKING:
    from seqgen.models.model import Model


SHIPPED = Path(__file__).parent / "pretrained"

# Wider networks see the same text more often before they stop learning, so they need more dropout.
PRESETS = {
    "tiny": Preset(1, 128, 32, 0.0, 1e-2),
    "small": Preset(2, 256, 64, 0.1, 6e-3),
    "medium": Preset(2, 512, 128, 0.4, 4e-3),
    "large": Preset(3, 1024, 128, 0.4, 2e-3),
}


def make_model(codec: Codec[str], size: str) -> Model:
    """An LSTM of the size under a softmax over the codec's symbols."""
    return symbol_model(codec.spec, pick(PRESETS, size))


def training(size: str) -> TrainingConfig:
    """The settings for a size."""
    return TrainingConfig(learning_rate=pick(PRESETS, size).learning_rate)


DOMAIN: Domain[str] = Domain(
    name="text",
    fit_codec=Characters.fit,
    load_codec=Characters.from_dict,
    make_model=make_model,
    training=training,
    sizes=tuple(PRESETS),
    unit="char",
    match=match,
    shipped=SHIPPED,
    examples=("To be, or not to be.\n" * 8, "naïve café ☕ 日本\r\nline\rends"),
)
