"""Pictures of what a model looked at while it wrote, and of where it expected its pen: Graves (2013), figures 13, 10."""

from __future__ import annotations

import io
import json
import math
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seqgen.files.storage import write_output

from ..api import HandwritingModel
from ..characters import boxes
from ..ink import Floats, Ink
from ..marks import bases
from .trace import Trace, density, trace

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

INK, FAINT, GRID = "#24292f", "#59636e", "#d8dde3"
# From white on, ever darker, so that paper is paper and grey prints keep the order.
BLUES = ("#ffffff", "#d5e5f5", "#8fbce0", "#3f86c6", "#0b4f95", "#082c5c")
FIRES = ("#ffffff", "#fff0c2", "#fdc878", "#f98e52", "#dc4a3d", "#8e1552")
EDGE, SPACE = 32, 12  # pixels around a picture, and between things that belong together
TITLE, LABEL = 30, 22  # sizes of letters, pixels
WIDEST, HIGHEST = 4000, 1200  # pixels of densities


def explain(model: HandwritingModel, ink: Ink, out: str | os.PathLike[str]) -> list[Path]:
    """Writes NAME-window.png, NAME-density.png and NAME-characters.json beside `out`, NAME with any ending.

    The last one has the box around each character, left, top, right and bottom in x-heights. Returns their paths.

    ink: a line in x-heights with its text, as `write` returns it. It is read from its beginning, as a model without
    bias and prime would foresee it, and with the text that the model was given: of a composed é its e.
    A model that knows no texts has no window, and no picture of it.
    Raises DataError and UsageError as `trace` does, UsageError for a place that cannot be written.
    """
    if ink.text and model.codec.alphabet:
        ink = replace(ink, text=bases(ink.text, model.codec.learned))
    seen = trace(model, ink)
    pictures = {"density": density_picture(seen)}
    if seen.window is not None:
        pictures = {"window": window_picture(seen, ink.text or ""), **pictures}
    paths = []
    for name, picture in pictures.items():
        buffer = io.BytesIO()
        picture.save(buffer, "PNG")
        paths.append(Path(out).with_name(f"{Path(out).stem}-{name}.png"))
        write_output(paths[-1], buffer.getvalue())
    if seen.window is not None:
        paths.append(Path(out).with_name(f"{Path(out).stem}-characters.json"))
        found = [one._asdict() for one in boxes(model, ink)]
        write_output(paths[-1], json.dumps({"text": ink.text, "characters": found}).encode())
    return paths


def window_picture(seen: Trace, text: str) -> Image.Image:
    """A row for each character of the text and for its end, a column for each point; the darker, the more was read.

    Above it is the ink, stretched so that letters stand over the points that were written while they were read.
    """
    assert seen.window is not None
    count, entries = seen.window.shape
    column = min(max(1800 // count, 2 if count <= WIDEST // 2 else 1), 14)
    row = min(max(480 // entries, LABEL + 4), 48)
    width, height = column * count, row * entries
    font = _font(LABEL)
    labels = [_label(letter, font) for letter in text] + ["end"]
    left = EDGE + round(max(font.getlength(label) for label in labels)) + SPACE
    span = np.maximum(np.ptp(seen.points, axis=0), 0.5)
    scale = min(width / span[0], 240 / span[1])
    heights = (seen.points[:, 1] - seen.points[:, 1].min()) * scale
    above = EDGE + TITLE + 2 * SPACE
    top = above + math.ceil(heights.max()) + 2 * SPACE
    image, brush = _page(left + width + EDGE, top + height, "What was read at each point")
    _draw_ink(image, np.stack([left + _over_columns(seen) * column, above + heights], axis=1), seen.lifts, 3, INK)
    shades = np.sqrt(seen.window / max(np.quantile(seen.window.max(axis=1), 0.98), 1e-30))
    image.paste(_image(_colored(shades.T, BLUES)).resize((width, height), 0), (left, top))
    for number, label in enumerate(labels):
        y = top + row * number
        brush.line((left, y, left + width, y), GRID)
        color = INK if label == text[number : number + 1] else FAINT
        brush.text((left - SPACE, y + row / 2), label, color, font, "rm")
    _frame(brush, left, top, width, height)
    _axis(brush, left, top + height, width, count, "points")
    return image


def density_picture(seen: Trace) -> Image.Image:
    """Where each of the points was expected, summed over all of them, under the ink; the darker, the more surely."""
    margin = np.array([0.8, 0.6])
    low = seen.points.min(axis=0) - margin
    extent = seen.points.max(axis=0) + margin - low
    scale = min(150, max(1400 / extent[0], 70), WIDEST / extent[0], HIGHEST / extent[1])
    width, height = (max(math.ceil(side * scale), 1) for side in extent)
    found = density(seen, (low[0], low[1]), (height, width), 1 / scale)
    # Moves with the pen down are foreseen a hundred times more closely than those to the next stroke: show both.
    most = np.quantile(found[found >= found.max() * 1e-3], 0.98) or 1.0
    shades = np.log1p(found / most * 300) / math.log1p(300)
    top = EDGE + TITLE + 2 * SPACE
    image, brush = _page(width + 2 * EDGE, top + height, "Where each next point was expected")
    image.paste(_image(_colored(shades, FIRES)), (EDGE, top))
    _draw_ink(image, (seen.points - low) * scale + (EDGE, top), seen.lifts, 2, FAINT)
    _frame(brush, EDGE, top, width, height)
    _axis(brush, EDGE, top + height, width, extent[0], "x-heights")
    return image


def _over_columns(seen: Trace) -> Floats:
    """The column that each point would be over if all letters stood over the points at which they were read."""
    assert seen.window is not None
    x, read = seen.points[:, 0], seen.window.argmax(axis=1)
    groups = [np.flatnonzero(read == entry) for entry in np.unique(read)]
    middles = np.maximum.accumulate([[np.median(x[group]), np.median(group)] for group in groups])
    # Beyond the middle of the first letter and of the last, as far as the ink and the columns go.
    middles = np.concatenate([[[x.min(), 0]], middles, [[x.max(), len(x) - 1]]])
    return np.interp(x, *middles.T) + 0.5


def _page(width: int, bottom: int, title: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """White paper with a title, and with room for an axis below `bottom`."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (max(width, 640), bottom + SPACE + LABEL + EDGE), "white")
    brush = ImageDraw.Draw(image)
    brush.text((EDGE, EDGE), title, INK, _font(TITLE), "lt")
    return image, brush


def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size=size)


def _label(letter: str, font: Any) -> str:
    """The letter, or what it is called where it cannot be seen or the font has none."""
    if letter == " ":
        return "space"
    unseen = b"", bytes(font.getmask("\uffff"))
    return letter if letter.isprintable() and bytes(font.getmask(letter)) not in unseen else f"U+{ord(letter):04X}"


def _colored(shades: Floats, colors: Sequence[str]) -> NDArray[np.uint8]:
    """Numbers from 0 to 1 as `[..., 3]`, from the first colour to the last."""
    table = np.array([[int(color[i : i + 2], 16) for i in (1, 3, 5)] for color in colors], float)
    fine = np.stack([np.interp(np.linspace(0, len(table) - 1, 256), range(len(table)), part) for part in table.T], 1)
    picked: NDArray[np.uint8] = np.rint(fine).astype(np.uint8)[np.rint(np.clip(shades, 0, 1) * 255).astype(np.uint8)]
    return picked


def _image(cells: NDArray[np.uint8]) -> Image.Image:
    from PIL import Image

    return Image.fromarray(cells)


def _draw_ink(image: Image.Image, places: Floats, lifts: NDArray[np.bool_], thick: int, color: str) -> None:
    """Strokes with smooth edges, drawn four times as large and averaged."""
    from PIL import Image, ImageDraw

    low = np.floor(places.min(axis=0)).astype(int) - thick
    high = np.ceil(places.max(axis=0)).astype(int) + thick
    mask = Image.new("L", tuple((4 * (high - low)).tolist()))
    brush = ImageDraw.Draw(mask)
    half = 2 * thick
    for stroke in np.split((places - low) * 4, np.flatnonzero(lifts[:-1]) + 1):
        corners = [tuple(place) for place in stroke.tolist()]
        if len(corners) > 1:
            brush.line(corners, 255, 4 * thick, "curve")
        for x, y in (corners[0], corners[-1]):
            brush.ellipse((x - half, y - half, x + half, y + half), 255)
    image.paste(color, tuple(low.tolist()), mask.reduce(4))


def _frame(brush: ImageDraw.ImageDraw, left: int, top: int, width: int, height: int) -> None:
    brush.rectangle((left - 1, top - 1, left + width, top + height), outline=FAINT)


def _axis(brush: ImageDraw.ImageDraw, left: int, top: int, width: int, length: float, unit: str) -> None:
    """Round numbers below a picture of `length` units."""
    font = _font(LABEL)
    rough = max(length / max(width / 160, 1), 1e-9)
    power = 10.0 ** math.floor(math.log10(rough))
    gap = max(next(size * power for size in (1, 2, 5, 10) if size * power >= rough * 0.999), 1)
    for number in range(int(length / gap) + 1):
        x = left + width * number * gap / length
        brush.line((x, top, x, top + 8), FAINT, 2)
        text, anchor = (f"{number * gap:,.0f}", "mt") if number else (f"0 {unit}", "lt")
        brush.text((x, top + SPACE), text, FAINT, font, anchor)
