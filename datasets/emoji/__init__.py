"""Emoji: pictures with Unicode's names in four styles, three to learn from and one to be tested on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from seqgen.domain import Splits
from seqgen.domains.pairs.pair import Pair
from seqgen.domains.pairs.pictures.picture import Picture
from seqgen.domains.pairs.pictures.pixels import SIDE

from .packages import NAMES, PACKAGES, STYLES, TESTED
from .reading import from_font, from_tar, names_of

__all__ = ["load", "pictures"]

DOMAIN = "caption"
ORIGIN = (
    "Noto, Twemoji, Fluent and OpenMoji, names of Unicode's CLDR, as npm and PyPI have them (datasets/emoji/SOURCE.md)"
)
LICENCE = (
    "OFL-1.1 or Apache-2.0 (Noto), CC-BY-4.0 (Twemoji), MIT (Fluent), CC-BY-SA-4.0 (OpenMoji), Unicode-3.0 (names)"
)


def load(*, download: bool = False, language: str = "en", side: int = SIDE) -> Splits[Pair]:
    """A picture and its name each: Noto's, Twemoji's and Fluent's to learn from, OpenMoji's of what they have to test.

    Of ten emoji by their SHA-256 one has the picture of one of its styles validated on. language: of the names, as CLDR calls it,
    such as "de"; side: pixels, wide and high. Raises DataError for packages that are not here or damaged, UsageError for a
    language that has no names.

    >>> import contextlib
    >>> from seqgen.errors import DataError
    >>> with contextlib.suppress(DataError):  # where it is not on this machine
    ...     assert load(side=16).test[0].source.width == 16
    """
    names = names_of(NAMES.path(download), NAMES.inside, language)
    found = {style: dict(pictures(style, names, side, download)) for style in STYLES}
    train: list[Pair] = []
    valid: list[Pair] = []
    test: list[Pair] = []
    for emoji, name in names.items():
        having = [style for style in STYLES if style != TESTED and emoji in found[style]]
        held = _held(emoji, having)
        for style in having:
            (valid if style == held else train).append(Pair(found[style][emoji], name))
        if having and emoji in found[TESTED]:
            test.append(Pair(found[TESTED][emoji], name))
    return Splits(train, valid, test)


def pictures(
    style: str, names: Mapping[str, str], side: int = SIDE, download: bool = False
) -> Iterator[tuple[str, Picture]]:
    """The emoji among these names that a style has, and what it looks like. Raises DataError.

    >>> import contextlib
    >>> from seqgen.errors import DataError
    >>> with contextlib.suppress(DataError):  # where it is not on this machine
    ...     assert dict(pictures("noto", {"A": "letter A"}, side=16)).keys() <= {"A"}
    """
    path = PACKAGES[style].path(download)
    read = from_font if style == TESTED else from_tar
    return read(path, PACKAGES[style].inside, names, side)


def _held(emoji: str, styles: list[str]) -> str:
    """The style whose picture is validated on; "" for most, and where there would be nothing left to learn from."""
    drawn = hashlib.sha256(emoji.encode()).hexdigest()
    return styles[int(drawn[8:16], 16) % len(styles)] if len(styles) > 1 and int(drawn[:8], 16) % 10 == 0 else ""
