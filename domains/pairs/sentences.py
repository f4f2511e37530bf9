"""A text in sentences and what stands between them, so that each is written for itself and the text keeps its shape."""

from __future__ import annotations

import re
from typing import NamedTuple

_ENDS = re.compile("(?<=[.!?…])[\"'\u201d\u2019»)\\]]*\\s+(?=\\S)")


class Piece(NamedTuple):
    """A sentence, or, where `between`, what stands between two: spaces, line ends."""

    text: str
    between: bool


def pieces(text: str) -> list[Piece]:
    r"""The sentences of a text and what is between; end to end they are the text, blank lines among it.

    >>> [piece.text for piece in pieces("He sleeps. She reads.\n\nWhy?")]
    ['He sleeps.', ' ', 'She reads.', '\n\n', 'Why?']
    """
    found: list[Piece] = []
    for part in re.split(r"(\s*\n\s*)", text):
        if not part.strip():
            found += [Piece(part, True)] * bool(part)
            continue
        at = 0
        for end in _ENDS.finditer(part):
            stop = end.start() + len(end.group().rstrip())
            found += [Piece(part[at:stop], False), Piece(part[stop : end.end()], True)]
            at = end.end()
        found.append(Piece(part[at:], False))
    return found
