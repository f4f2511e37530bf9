"""Where a hand leans on another: at characters that its person hardly wrote, and in words that hardly anybody writes.

A hand is a vector that the network sees at every point. Here there is one for each character of a text, the hand's own or one
between that and the one of the hand that wrote most, and the network sees that of the character it is at (`seqgen.nn.window.entries`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from .hands import Vector

# Of the other hand, where one leans on it: of oak and larch more was read with a part of it than with all.
SHARE = 0.6
# A word as in a book: letters, a capital at most in front, hyphens and apostrophes, and what stands around it.
_PLAIN = re.compile(r"[\"'(]*[A-Za-z][a-z]*(?:[-'][a-z]+)*[\"'),.;:!?]*")


def leans(text: str, weak: str) -> list[bool]:
    """Which characters lean: those of `weak`, all of a word that is none of a book, and spaces beside them.

    >>> "".join("^" if lean else "." for lean in leans("To A4: Ann, hi", weak="A4:"))
    '..^^^^^......'
    """
    found: list[bool] = []
    for word in re.split("( )", text):
        odd = not _PLAIN.fullmatch(word) and word.strip() != ""
        found += [odd or character in weak for character in word]
    beside = [False, *found, False]
    return [
        lean or (character == " " and (beside[number] or beside[number + 2]))
        for number, (character, lean) in enumerate(zip(text, found, strict=True))
    ]


def leaning(own: Vector, other: Vector, texts: Sequence[str], weak: Sequence[str | None], size: int) -> Vector:
    """A vector for each of `size` entries of each text, `[B, size, S]`, of `own`, `[B, S]`; `own` where nothing leans.

    weak: what is weak in the hand of each text; None for one that leans nowhere.
    """
    share = np.zeros((len(texts), size, 1), np.float32)
    for row, (text, characters) in enumerate(zip(texts, weak, strict=True)):
        if characters is not None:
            share[row, : len(text), 0] = leans(text, characters)
    return own[:, None] + SHARE * share * (other - own)[:, None] if share.any() else own
