"""The marks that turn what a model can write into what was wanted, drawn where their letters lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .ink import Ink
from .marks import composed

if TYPE_CHECKING:
    from .api import HandwritingModel


def compose(model: HandwritingModel, inks: Sequence[Ink], wanted: Sequence[str], seed: int = 0) -> list[Ink]:
    """The lines that a model wrote turned into those wanted, see `marks.composed`; one wanted line for each."""
    from .characters import places

    rows = [row for row, (ink, line) in enumerate(zip(inks, wanted, strict=True)) if ink.strokes and ink.text != line]
    made = list(inks)
    for row, found in zip(rows, places(model, [inks[row] for row in rows]), strict=True):
        made[row] = composed(inks[row], inks[row].text or "", wanted[row], found, seed)
    return made
