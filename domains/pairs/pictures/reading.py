"""A file with a picture, from a stranger: PNG, JPEG, GIF or WebP through Pillow, bounded before anything is unpacked."""

from __future__ import annotations

import io
import os
import struct
import warnings
import zlib
from typing import TYPE_CHECKING

import numpy as np

from seqgen.errors import DataError
from seqgen.files.reading import read_bytes

from .picture import Picture, fitting

if TYPE_CHECKING:
    from PIL import Image

LARGEST = 32 << 20  # bytes of a file
MOST_PIXELS = 16_000_000  # 4 bytes each while they are unpacked
MOST_OF_WEBP = 10_000_000  # whose library holds them three times
THINNEST = 64  # times as long as it is wide
SIDE = 512  # pixels of the longer side that are kept
FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".webp")
MARKS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"RIFF")  # how their files begin

# A stranger's bytes can fail anywhere in Pillow, and nothing but them is on the way.
_FAILURES = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    EOFError,
    RuntimeError,
    MemoryError,
    AssertionError,
    struct.error,
    zlib.error,
)


def read_picture(path: str | os.PathLike[str], side: int = SIDE) -> Picture:
    """The picture of a file, upright, on white where it is transparent; of an animation the first.

    side: it is made smaller, not larger, until neither side is longer. Raises DataError for a file that is missing,
    damaged, no picture, or too large: of more than 32 MB, 16 million pixels (10 million of WebP).

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.NamedTemporaryFile(suffix=".png") as file:
    ...     Image.new("RGBA", (30, 20), (255, 0, 0, 128)).save(file.name)
    ...     picture = read_picture(file.name)
    >>> picture.width, picture.height, picture.pixels[0, 0].tolist()
    (30, 20, [255, 127, 127])
    """
    name = os.fspath(path)
    data = read_bytes(path, LARGEST, too_large=", more than a picture should be; save it smaller")
    if not data.startswith(MARKS):
        raise DataError(f"{name} is no picture that is known here; save it as PNG, JPEG, GIF or WebP")
    with warnings.catch_warnings():  # what Pillow warns of is refused here, or does not matter
        warnings.simplefilter("ignore")
        try:
            pixels = _pixels(data, name, side)
        except _FAILURES as error:
            said = " ".join(str(error).split())[:120] or type(error).__name__
            raise DataError(f"{name} cannot be read as a picture: {said}; get the file again") from None
    return Picture.of(pixels, os.path.basename(name))


def _pixels(data: bytes, name: str, side: int) -> np.ndarray:
    from PIL import Image, ImageOps

    try:
        opened = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError:
        raise DataError(f"{name} has more than {MOST_PIXELS:,} pixels; save it smaller") from None
    with opened as image:
        width, height = image.size
        most = MOST_OF_WEBP if image.format == "WEBP" else MOST_PIXELS
        if width * height > most:
            raise DataError(f"{name} has {width:,} x {height:,} pixels, more than {most:,} in all; save it smaller")
        if max(width, height) > THINNEST * min(width, height):
            raise DataError(f"{name} has {width:,} x {height:,} pixels: a line is no picture; cut it into pieces")
        image.draft("RGB", (side, side))  # a JPEG is unpacked no finer than it is needed
        image.load()
        small = _on_white(image)
    if max(small.size) > side:
        small = small.resize(fitting(*small.size, side), Image.Resampling.BILINEAR, reducing_gap=3.0)
    return np.array(ImageOps.exif_transpose(small).convert("RGB"))


def _on_white(image: Image.Image) -> Image.Image:
    from PIL import Image

    if image.mode.startswith("I"):  # 16 bits of grey
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    whole = image if image.mode == "RGBA" else image.convert("RGBA")
    paper = Image.new("RGB", image.size, "white")
    paper.paste(whole, mask=whole)
    paper.info.update(image.info)
    return paper
