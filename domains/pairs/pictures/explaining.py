"""Where a picture was looked at, word by word: attention as an array and as a picture (Xu et al. 2015, figure 5)."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqgen.errors import UsageError
from seqgen.files.storage import write_output
from seqgen.nn.cells import places_left

from .picture import Picture

if TYPE_CHECKING:
    from ..api import PairModel

TILE, GAP, LABEL = 176, 12, 26  # pixels of a picture, between two, and of the word above it
ACROSS = 5  # tiles of a line
SMALLEST = 0.12  # of the light that is left where nobody looked
INK, FAINT = "#24292f", "#8b949e"


@dataclass(frozen=True, eq=False)
class Look:
    """words: of the caption, and its end. weights `[words, H, W]`: how much of each place was looked at; each adds up to 1.

    >>> Look(("a", "·"), np.full((2, 4, 4), 1 / 16)).weights[0].sum()
    np.float64(1.0)
    """

    words: tuple[str, ...]
    weights: NDArray[np.floating]


def look(model: PairModel, picture: Picture, caption: str) -> Look:
    """Where the model looks while it writes this caption of this picture; a word is looked for where its units are."""
    found = model.align(picture, caption)
    encoder = model.model.network.encoder  # type: ignore[attr-defined]
    places = places_left(encoder.height, encoder.width, len(encoder.filters))
    words: list[str] = []
    shares: list[list[NDArray[np.float32]]] = []
    for unit, weights in zip(found.target, found.weights, strict=True):
        if not words or unit.startswith("␣") or unit == "·":
            words.append("")
            shares.append([])
        words[-1] += unit.strip("␣")
        shares[-1].append(weights.reshape(places))
    return Look(tuple(words), np.stack([np.mean(own, axis=0) for own in shares]))


def explain(model: PairModel, picture: Picture, caption: str, path: str | os.PathLike[str]) -> None:
    """Writes a PNG: the picture, then once for each word, bright where it was looked at while that was written.

    Raises UsageError for a place that cannot be written, and for one that is no PNG.
    """
    from PIL import Image, ImageDraw, ImageFont

    if not os.fspath(path).lower().endswith(".png"):
        raise UsageError(f"where a picture was looked at is written as PNG, and {path} is none; end it in .png")
    seen = look(model, picture, caption)
    whole = picture.fitted(TILE).pixels.astype(np.float32)
    tiles = [("", whole)] + [
        (word, _lit(whole, weights)) for word, weights in zip(seen.words, seen.weights, strict=True) if word != "·"
    ]
    lines = -(-len(tiles) // ACROSS)
    wide = min(ACROSS, len(tiles)) * (TILE + GAP) + GAP
    sheet = Image.new("RGB", (wide, lines * (TILE + LABEL + GAP) + GAP), "white")
    brush, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=17)
    for number, (word, pixels) in enumerate(tiles):
        left, top = GAP + number % ACROSS * (TILE + GAP), GAP + number // ACROSS * (TILE + LABEL + GAP)
        brush.text((left, top), word[:18] or "the picture", INK if word else FAINT, font)
        sheet.paste(Image.fromarray(np.rint(pixels).astype(np.uint8)), (left, top + LABEL))
        brush.rectangle((left - 1, top + LABEL - 1, left + TILE, top + LABEL + TILE), outline=FAINT)
    file = io.BytesIO()
    sheet.save(file, "PNG", optimize=True)
    write_output(path, file.getvalue())


def _lit(pixels: NDArray[np.float32], weights: NDArray[np.floating]) -> NDArray[np.float32]:
    """The picture, dark but for where it was looked at, with soft edges."""
    from PIL import Image

    shades = Image.fromarray((weights / weights.max()).astype(np.float32)).resize(
        (TILE, TILE), Image.Resampling.BICUBIC
    )
    light = np.clip(np.asarray(shades), 0, 1)[..., None]
    lit: NDArray[np.float32] = pixels * (SMALLEST + (1 - SMALLEST) * np.sqrt(light))
    return lit
