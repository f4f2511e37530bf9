"""Spectrograms with the phones under them, as PNG."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from seqgen.errors import DataError, UsageError
from seqgen.files.storage import write_output

from ..clip import PAUSE, RATE, Clip
from ..sound.analysis import resampled

PIXELS_A_SECOND, HEIGHT = 400, 260
STEP = RATE // PIXELS_A_SECOND
SPAN, SIZE = 320, 1024  # samples of a window; of its transform
SHADES = 10  # of grey: a fifth of the file that all of them would make, and hardly another picture
TITLE, LABELS, LEFT = 26, 34, 44
MOST_SECONDS = 20.0
RANGE = 6.5  # of ln amplitude, from white to dark
_INK, _PALE, _LINE = (28, 34, 48), (110, 118, 132), (208, 64, 48)


def write_picture(path: str | os.PathLike[str], clips: Sequence[Clip]) -> None:
    """Writes the spectrograms of clips one under the other, on one scale of time, each with its phones if they are known.

    Raises DataError for no clips, and beyond 20 seconds, UsageError for a place that cannot be written.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_picture(f"{folder}/hm.png", [Clip(np.random.default_rng(0).normal(0, 0.1, 8000))])
    ...     Path(folder, "hm.png").exists()
    True
    """
    if not str(path).lower().endswith(".png"):
        raise UsageError(f"a spectrogram is written as PNG, and {path} is none; end it in .png")
    write_output(path, picture(clips))


def picture(clips: Sequence[Clip]) -> bytes:
    """The same as the bytes of a PNG file."""
    from PIL import Image, ImageDraw, ImageFont

    if not clips or max(clip.seconds for clip in clips) > MOST_SECONDS:
        raise DataError(
            f"spectrograms are drawn of one clip or more, none longer than {MOST_SECONDS:.0f} s; give shorter ones"
        )
    width = LEFT + int(max(clip.seconds for clip in clips) * PIXELS_A_SECOND) + 12
    each = TITLE + HEIGHT + LABELS
    image = Image.new("RGB", (width, each * len(clips) + 8), "white")
    brush = ImageDraw.Draw(image)
    small, usual = (ImageFont.load_default(size=size) for size in (13, 15))
    for number, clip in enumerate(clips):
        top = number * each + TITLE
        seen = Image.fromarray(_pixels(clip))
        image.paste(seen, (LEFT, top))
        title = f"{clip.name}: {clip.text}" if clip.name else clip.text
        brush.text((LEFT, top - 21), title[: width // 8], _INK, usual)
        for kilohertz in (0, 2, 4, 6, 8):
            y = top + HEIGHT - 1 - kilohertz * (HEIGHT - 1) // 8
            brush.line((LEFT - 5, y, LEFT - 1, y), _PALE)
            brush.text((LEFT - 9, y), f"{kilohertz} k" if kilohertz else "0", _PALE, small, anchor="rm")
        begin = 0.0
        for phone, end in zip(clip.phones, clip.ends, strict=False):
            x0, x1 = (LEFT + round(at * PIXELS_A_SECOND) for at in (begin, end))
            brush.line((x1, top + HEIGHT - 10, x1, top + HEIGHT + LABELS - 12), _LINE)
            if phone.name != PAUSE:
                low = 4 if x1 - x0 >= 9 * len(phone.name) else 14  # where there is no room, a line below
                brush.text(((x0 + x1) / 2, top + HEIGHT + low), phone.name, _INK, small, anchor="mt")
            begin = end
    file = io.BytesIO()
    image.quantize(64, Image.Quantize.FASTOCTREE).save(file, "PNG", optimize=True)
    return file.getvalue()


def _pixels(clip: Clip) -> NDArray[np.uint8]:
    samples = resampled(clip)
    sharp = np.append(samples[:1], samples[1:] - 0.9 * samples[:-1])
    windows = sliding_window_view(np.pad(sharp, (SPAN // 2, SPAN)), SPAN)[: len(samples) : STEP]
    loud = np.log(np.abs(np.fft.rfft(windows * np.hanning(SPAN), SIZE)) + 1e-6)
    rows = np.linspace(0, SIZE // 2, HEIGHT)
    low = np.minimum(rows.astype(int), SIZE // 2 - 1)
    picked = loud[:, low] * (1 - (rows - low)) + loud[:, low + 1] * (rows - low)
    dark = np.clip((picked - np.percentile(picked, 99.7) + RANGE) / RANGE, 0, 1).T[::-1, :, None]
    dark = np.round(dark * SHADES) / SHADES
    found: NDArray[np.uint8] = np.round(255 + dark * (np.array([18.0, 30.0, 62.0]) - 255)).astype(np.uint8)
    return found
