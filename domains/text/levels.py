"""The codecs of text by name: which one a text is learned with, and which one a model has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .codec import Characters
from .division import Division, Item, text_of
from .documents import Documents

TextCodec = Characters | Documents


def fit_codec(items: Sequence[Item], *, documents: str = "", field: str = "", **reading: Any) -> TextCodec:
    """The codec of these texts; `reading` are settings that only the reader needs."""
    level, division = Characters.fit(map(text_of, items)), Division(documents, field)
    return Documents(level, division) if division else level


def load_codec(data: Mapping[str, Any]) -> TextCodec:
    """The codec that wrote `data`. Raises ModelError for anything else."""
    return (Documents if data.get("kind") == "documents" else Characters).from_dict(data)
