"""What people own: a text, and the text that is to be written for it."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple


class Pair(NamedTuple):
    """A source and its target, each a line without line ends.

    >>> Pair("Go.", "Va !").target
    'Va !'
    """

    source: str
    target: str


def clean(text: str) -> str:
    r"""One line, composed (NFC), with single spaces and no control characters.

    >>> clean("  cafe\u0301 \n noir ")
    'café noir'
    """
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", unicodedata.normalize("NFC", text)).split())
