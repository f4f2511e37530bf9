"""The kinds of models that config.json may name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..registry import from_table
from .ctc import CTC
from .model import Model
from .readers.classifier import Classifier
from .readers.renderer import Renderer
from .readers.tagger import Tagger
from .trainable import Trainable

# Beside these, what installed packages offer as entry points of the group seqgen.models.
MODELS: dict[str, Any] = {
    "sequence": Model,
    "ctc": CTC,
    "tagger": Tagger,
    "classifier": Classifier,
    "renderer": Renderer,
}


def model_from_dict(data: Mapping[str, Any]) -> Trainable:
    """The model that wrote `data` with `to_dict`; one of sequences does not name its kind.

    Raises ModelError for settings that are unknown or do not fit together.
    """
    return from_table("model", MODELS, {"kind": "sequence", **data})  # type: ignore[no-any-return]
