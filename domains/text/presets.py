"""The text domain as one value, and the networks behind its sizes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from seqgen.config import TrainingConfig
from seqgen.domain import Domain, Reading, Splits
from seqgen.models.sizes import symbols

from .division import Item
from .documents import fit_codec, level_of, load_codec, match_texts, unit_of
from .files import read

SHIPPED = Path(__file__).parent / "pretrained"

# Wider networks see the same text more often before they stop learning, so they need more dropout.
SIZES = {
    "tiny": symbols(1, 128, 32, 0.0, TrainingConfig(learning_rate=1e-2)),
    "small": symbols(2, 256, 64, 0.1, TrainingConfig(learning_rate=6e-3)),
    "medium": symbols(2, 512, 128, 0.4, TrainingConfig(learning_rate=4e-3)),
    "large": symbols(3, 1024, 128, 0.4, TrainingConfig(learning_rate=2e-3)),
}


def _begin_from(splits: Splits[Item], settings: dict[str, Any]) -> str | None:
    from .beginning import shipped_for  # here: it scores, which costs JAX

    return shipped_for(splits, settings)


DOMAIN: Domain[Item] = Domain(
    name="text",
    fit_codec=fit_codec,
    load_codec=load_codec,
    sizes=SIZES,
    # What runs of before there were documents have; `api.train` has defaults of its own.
    reading=Reading(
        read,
        {"encoding": "utf-8", "documents": "", "field": "", "labels": "", "hold_out": "end", "level": "characters"},
        lambda codec: {"level": level_of(codec)},
    ),
    unit="char",
    task=lambda codec: DOMAIN if unit_of(codec) == "char" else replace(DOMAIN, unit=unit_of(codec)),
    fit_training=TrainingConfig.for_steps,
    match=match_texts,
    begin_from=_begin_from,
    shipped=SHIPPED,
    examples=("To be, or not to be.\n" * 8, "naïve café ☕ 日本\r\nline\rends"),
)
