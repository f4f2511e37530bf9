"""Where in the ink each character lies, as the model that wrote it reads it, and the marks that are drawn there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .ink import Ink
from .marks import Places, composed

if TYPE_CHECKING:
    from .api import HandwritingModel


def compose(model: HandwritingModel, inks: Sequence[Ink], wanted: Sequence[str], seed: int = 0) -> list[Ink]:
    """The lines that a model wrote turned into those wanted, see `marks.composed`; one wanted line for each."""
    return [
        composed(ink, ink.text or "", line, places_of(model, ink), seed) if ink.strokes and ink.text != line else ink
        for ink, line in zip(inks, wanted, strict=True)
    ]


def places_of(model: HandwritingModel, ink: Ink) -> Places:
    """The character that the model's window was on at each point of ink in x-heights, an array a stroke."""
    from .drawing.trace import trace

    window = trace(model, ink).window
    assert window is not None and ink.text  # it wrote the text
    characters = window[:, : len(ink.text)].argmax(axis=1)
    return np.split(characters, np.cumsum([len(stroke) for stroke in ink.strokes])[:-1])
