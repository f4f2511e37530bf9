"""What people own: a text or a picture, and the text that is to be written for it."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from .pictures.picture import Picture


class Pair(NamedTuple):
    """A source, a line without line ends or a picture, and its target, such a line.

    >>> Pair("Go.", "Va !").target
    'Va !'
    """

    source: str | Picture
    target: str


def clean(text: str) -> str:
    r"""One line, composed (NFC), with single spaces and no control characters.

    >>> clean("  cafe\u0301 \n noir ")
    'café noir'
    """
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", unicodedata.normalize("NFC", text)).split())
