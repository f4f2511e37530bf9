"""Chord symbols as numbers: a root, one of the usual kinds, and the note below where it is another."""

from __future__ import annotations

import re

from .signs import place, spelled

KINDS = (
    "", "m", "7", "m7", "maj7", "dim", "dim7", "m7b5", "aug", "sus4", "sus2", "6", "m6", "9", "m9", "maj9", "7sus4", "11",
    "13", "add9", "7b9", "mmaj7", "5",
)  # fmt: skip
BASS = 12
NO_CHORD = 12 * len(KINDS)
_NAME = re.compile(r"([A-G](?:##|bb|#|b)?)(.*)")


def chord_symbols(symbol: str) -> tuple[int, int | None]:
    """The number of a chord symbol, below `NO_CHORD` or that, and the pitch class of its bass, where one is named.

    A kind that is not among the usual ones counts as the longest of these that it begins with.

    >>> chord_symbols("Bbm7/Db"), chord_symbols("N.C.") == (NO_CHORD, None)
    ((233, 1), True)
    """
    name, _, bass = symbol.partition("/")
    match, below = _NAME.fullmatch(name), _NAME.match(bass)
    if match is None or symbol.startswith("N.C"):
        return NO_CHORD, None
    kind = max((kind for kind in KINDS if match[2].startswith(kind)), key=len)
    return _pitch_class(match[1]) * len(KINDS) + KINDS.index(kind), None if below is None else _pitch_class(below[1])


def symbol_of(number: int) -> str:
    """The symbol of a number.

    >>> symbol_of(chord_symbols("F#m7b5")[0])
    'F#m7b5'
    """
    if number == NO_CHORD:
        return "N.C."
    root, kind = divmod(number, len(KINDS))
    return spelled((7 * root + 5) % 12 - 5) + KINDS[kind]


def _pitch_class(name: str) -> int:
    return 7 * place(name) % 12
