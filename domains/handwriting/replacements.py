"""What a model cannot write, written otherwise: typographic signs, letters with marks, currencies."""
# ruff: noqa: RUF001 - signs that look like others are what it is about

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

from seqgen.errors import UnknownName

from .marks import base_of

WAYS = ("error", "replace", "compose")
# Several, best first: the first that the model can write is taken.
_OTHERWISE = {
    **dict.fromkeys("‘’‚‛′ʼ`´", ("'",)),
    **dict.fromkeys("“”„‟″«»", ('"', "''")),
    **dict.fromkeys("‹", ("<", "'")),
    **dict.fromkeys("›", (">", "'")),
    **dict.fromkeys("‐‑‒–—―−", ("-",)),
    **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", ("",)),
    **dict.fromkeys("•·‣", ("*", "-", ".")),
    "⁄": ("/",),
    **{high: (f"^{figure}", figure) for high, figure in zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True)},
    "¦": ("|", "/"),
    "‖": ("||",),
    "†": ("+",),
    "‡": ("++",),
    "‰": (" per mille",),
    "¬": ("not ",),
    "¶": ("P.", "paragraph "),
    "¤": ("*", "o"),
    "ƒ": ("f",),
    "ˆ": ("^", ""),
    "←": ("<-",),
    "€": ("EUR", "euro"),
    "£": ("GBP", "pounds"),
    "¥": ("JPY", "yen"),
    "¢": ("ct",),
    "°": (" deg", " degrees"),
    "×": ("x",),
    "÷": ("/", ":"),
    "±": ("+/-",),
    "≈": ("~",),
    "≠": ("!=",),
    "≤": ("<=",),
    "≥": (">=",),
    "→": ("->",),
    "µ": ("u",),
    "§": ("S.", "section "),
    "©": ("(c)",),
    "®": ("(R)",),
    "¿": ("?",),
    "¡": ("!",),
    "ß": ("ss",),
    "ẞ": ("SS",),
    "æ": ("ae",),
    "Æ": ("AE",),
    "œ": ("oe",),
    "Œ": ("OE",),
    "ø": ("o",),
    "Ø": ("O",),
    **dict.fromkeys("łŀ", ("l",)),
    **dict.fromkeys("ŁĿ", ("L",)),
    "ħ": ("h",),
    "Ħ": ("H",),
    "ŧ": ("t",),
    "Ŧ": ("T",),
    "ŋ": ("ng",),
    "Ŋ": ("Ng",),
    "ĸ": ("k",),
    "đ": ("d",),
    "Đ": ("D",),
    "ð": ("d",),
    "Ð": ("D",),
    "þ": ("th",),
    "Þ": ("Th",),
    "ı": ("i",),
}
_MIXED = re.compile(r"(?<=[0-9])(?=[¼½¾⅐-⅞])")  # 5½, which is no 51/2


def replaced(text: str, alphabet: Container[str], way: str = "replace") -> tuple[str, dict[str, str]]:
    """The text with characters of the alphabet in place of others, and what stands for each of these.

    way: "replace" knows quotes, dashes, currencies and letters with marks, which lose them; what it does not know stays.
    "compose" leaves those, too, that `marks.composed` makes of the letters that `marks.bases` says.
    "error" replaces nothing, so that the model names what it cannot write. Raises UnknownName for another way.

    >>> import string
    >>> replaced("Café — “hi”, 5 €", string.printable)
    ('Cafe - "hi", 5 EUR', {'é': 'e', '—': '-', '“': '"', '”': '"', '€': 'EUR'})
    >>> replaced("5 € für 2½ µm", string.printable, "compose")
    ('5 € für 2 1/2 um', {'½': '1/2', 'µ': 'u'})
    """
    if way not in WAYS:
        raise UnknownName("way with unknown characters", way, WAYS)
    if way == "error":
        return text, {}
    whole = unicodedata.normalize("NFC", text)
    others = {
        character: other
        for character in dict.fromkeys(whole)
        if character not in alphabet
        and not character.isspace()
        and not (way == "compose" and base_of(character, alphabet))
        if (other := _otherwise(character, alphabet)) is not None
    }
    if any("/" in other for other in others.values()):
        whole = _MIXED.sub(" ", whole)
    return "".join(others.get(character, character) for character in whole), others


def _otherwise(character: str, alphabet: Container[str]) -> str | None:
    plain = unicodedata.normalize("NFKD", character)
    base = "".join(part for part in plain if not unicodedata.combining(part))
    ways = (
        *_OTHERWISE.get(character, ()),
        *(["".join(_OTHERWISE.get(part, (part,))[0] for part in base)] if base else []),
    )
    return next((way for way in ways if all(part == " " or part in alphabet for part in way)), None)
