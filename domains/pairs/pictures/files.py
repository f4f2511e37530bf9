"""Pictures with their captions from a folder or a list: which of them are used, and why others are not."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from seqgen.domain import Splits
from seqgen.errors import DataError, SeqgenError
from seqgen.files.folders import walk
from seqgen.files.reading import read_bytes, read_text
from seqgen.files.report import tell_use

from ..files import LONGEST, split
from ..pair import Pair, clean
from .picture import Picture
from .reading import ENDINGS, read_picture

LIST = ".jsonl"
LARGEST_LIST = 64 << 20  # bytes


class Use(NamedTuple):
    """Whether a picture is used, and if not, why.

    >>> Use("a.png", False, "there is no text to it").reason
    'there is no text to it'
    """

    name: str
    used: bool
    reason: str = ""


class _Listed(NamedTuple):
    """A picture that there should be, and its captions; or what is wrong with the line that says so."""

    name: str
    image: Path | None
    texts: list[Any]
    wrong: str = ""


def read_captions(path: str | os.PathLike[str], side: int) -> tuple[list[Pair], list[Use]]:
    """The captioned pictures of a folder or list, `side` pixels wide and high, and what became of each.

    path: a folder with NAME.txt, a caption a line, beside each NAME.png (or .jpg, .gif, .webp), in its folders, too; or a
    file .jsonl with a line {"image": "NAME.png", "text": "..."} each, whose pictures lie in its folder.
    Raises DataError where no picture can be used.

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("RGB", (20, 10), "red").save(f"{folder}/a.png")
    ...     _ = Path(folder, "a.txt").write_text("a red field\\nall red\\n")
    ...     found, uses = read_captions(folder, 16)
    >>> [pair.target for pair in found], found[0].source.height, uses[0].used
    (['a red field', 'all red'], 16, True)
    """
    place = Path(path)
    listed = _of_list(place) if place.suffix.lower() == LIST and place.is_file() else _of_folder(place)
    found: list[Pair] = []
    uses: list[Use] = []
    for one in listed:
        try:
            captions = _captions(one)
            picture = _picture(one, side)
        except SeqgenError as error:
            uses.append(Use(one.name, False, str(error)))
            continue
        found += [Pair(picture, caption) for caption in captions]
        uses.append(Use(one.name, True))
    if not found:
        why = f": {uses[0].name}: {uses[0].reason}" if uses else "; put NAME.png and NAME.txt into it"
        raise DataError(f"{place} holds no picture that can be used{why}")
    return found, uses


def read(name: str, *, side: int, **_: object) -> Splits[Pair]:
    """Captioned pictures to learn from; says on stderr what is passed over."""
    found, uses = read_captions(name, side)
    if not all(use.used for use in uses):
        tell_use(uses, "pictures", "caption")
    return split(found)


def _captions(listed: _Listed) -> list[str]:
    if listed.wrong:
        raise DataError(listed.wrong)
    if not listed.texts:
        raise DataError(f"there is no text to it; write its caption into {Path(listed.name).stem}.txt")
    if not all(isinstance(text, str) for text in listed.texts):
        raise DataError("its caption is no text; write what is to be seen")
    captions = [clean(text) for text in listed.texts]
    if not all(captions):
        raise DataError("its caption is empty; write what is to be seen")
    if max(map(len, captions)) > LONGEST:
        raise DataError(f"its caption is longer than {LONGEST:,} characters; say it in fewer words")
    return captions


def _picture(listed: _Listed, side: int) -> Picture:
    if listed.image is None:
        raise DataError(f"there is no picture to it: none with one of the endings {', '.join(ENDINGS)}")
    return read_picture(listed.image).fitted(side)


def _of_folder(folder: Path) -> Iterator[_Listed]:
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder, and no list {LIST}; give one with pictures and their captions")
    files = walk(folder, [])
    images = {path.with_suffix(""): path for path in files if path.suffix.lower() in ENDINGS}
    texts = {path.with_suffix(""): path for path in files if path.suffix.lower() == ".txt"}
    for stem in sorted({*images, *texts}):
        image = images.get(stem)
        name = os.fspath((image or texts[stem]).relative_to(folder))
        try:
            lines = read_text(texts[stem]).splitlines() if stem in texts else []
        except DataError as error:
            yield _Listed(name, image, [], str(error))
            continue
        yield _Listed(name, image, [line for line in lines if line.strip()])


def _of_list(path: Path) -> Iterator[_Listed]:
    """A path that leads out of the list's folder is not followed."""
    inside = path.resolve().parent
    lines = read_bytes(path, LARGEST_LIST, too_large="; cut it into several").decode(errors="replace").split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        match row:
            case {"image": str(name), "text": text}:
                image = _inside(inside, name)
                told = "" if image else f"{name!r:.80} is no file in the folder of the list; put the picture there"
                yield _Listed(f"{where}, {name!r:.80}", image, text if isinstance(text, list) else [text], told)
            case _:
                yield _Listed(where, None, [], 'it is none of {"image": "NAME.png", "text": "..."}')


def _inside(folder: Path, name: str) -> Path | None:
    try:
        path = (folder / name).resolve()
        return path if path.is_relative_to(folder) and path.is_file() else None
    except (OSError, ValueError):  # a name that no system takes
        return None
