"""Piano rolls of a score, as SVG and as PNG: one layout, drawn by two small backends."""

from __future__ import annotations

import io
import os
from collections.abc import Callable

from seqgen.files.storage import by_ending, write_output

from ..score import Score
from .layout import WIDTH, Line, Rect, Text, layout


def roll_svg(score: Score) -> str:
    """The piano roll as an SVG document. The same score gives the same text."""
    import svgwrite

    drawing = layout(score)
    size = (WIDTH, drawing.height)
    # debug=False: svgwrite's own checks cost twenty times the drawing. All numbers are finite, all words ours.
    picture = svgwrite.Drawing(size=size, viewBox=f"0 0 {size[0]} {size[1]}", debug=False)
    picture.set_desc(title="Piano roll", desc=drawing.summary)
    picture.add(picture.rect((0, 0), size, fill="white"))
    canvas = picture.add(picture.g(font_family="system-ui, Helvetica, Arial, sans-serif"))
    for shape in drawing.shapes:
        if isinstance(shape, Rect):
            corners = {"rx": shape.radius} if shape.radius else {}
            canvas.add(picture.rect(shape[:2], (shape.width, shape.height), fill=shape.fill, **corners))
        elif isinstance(shape, Line):
            canvas.add(picture.line(shape[:2], shape[2:4], stroke=shape.color))
        else:
            style = {"font_size": shape.size, "fill": shape.color, "text_anchor": shape.anchor}
            canvas.add(picture.text(shape.text, (shape.x, shape.y), **style))
    return str(picture.tostring())


def write_roll(score: Score, path: str | os.PathLike[str]) -> None:
    """Writes the piano roll, by the ending of the name as .svg or .png (at twice the size, for sharp screens).

    Raises UsageError for another ending and for a place that cannot be written.
    """
    writers: dict[str, Callable[[Score], bytes]] = {".svg": lambda score: roll_svg(score).encode(), ".png": _png}
    write_output(path, by_ending(path, writers, "a piano roll")(score))


def _png(score: Score) -> bytes:
    from PIL import Image, ImageDraw, ImageFont

    drawing = layout(score)
    image = Image.new("RGB", (2 * WIDTH, round(2 * drawing.height)), "white")
    brush = ImageDraw.Draw(image)
    sizes = {shape.size for shape in drawing.shapes if isinstance(shape, Text)}
    fonts = {size: ImageFont.load_default(size=2 * size) for size in sizes}
    for shape in drawing.shapes:
        if isinstance(shape, Rect):
            # Pixels are named by their upper left corner, and both ends belong to the rectangle.
            x0, y0 = round(2 * shape.x), round(2 * shape.y)
            x1, y1 = round(2 * (shape.x + shape.width)) - 1, round(2 * (shape.y + shape.height)) - 1
            brush.rounded_rectangle((x0, y0, max(x0, x1), max(y0, y1)), 2 * shape.radius, shape.fill)
        elif isinstance(shape, Line):
            brush.line([round(2 * number) for number in shape[:4]], shape.color, 2)
        else:
            anchor = {"start": "ls", "middle": "ms", "end": "rs"}[shape.anchor]
            brush.text((2 * shape.x, 2 * shape.y), shape.text, shape.color, fonts[shape.size], anchor)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
