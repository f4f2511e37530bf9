"""Chord symbols as numbers: a root, one of the usual kinds, and the note below where it is another."""

from __future__ import annotations

import re

from seqgen.errors import UsageError

from .signs import place, spelled

TONES = {  # of each kind, in the order of their numbers: semitones above the root
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "7": (0, 4, 7, 10),
    "m7": (0, 3, 7, 10),
    "maj7": (0, 4, 7, 11),
    "dim": (0, 3, 6),
    "dim7": (0, 3, 6, 9),
    "m7b5": (0, 3, 6, 10),
    "aug": (0, 4, 8),
    "sus4": (0, 5, 7),
    "sus2": (0, 2, 7),
    "6": (0, 4, 7, 9),
    "m6": (0, 3, 7, 9),
    "9": (0, 4, 7, 10, 2),
    "m9": (0, 3, 7, 10, 2),
    "maj9": (0, 4, 7, 11, 2),
    "7sus4": (0, 5, 7, 10),
    "11": (0, 4, 7, 10, 2, 5),
    "13": (0, 4, 7, 10, 2, 9),
    "add9": (0, 4, 7, 2),
    "7b9": (0, 4, 7, 10, 1),
    "mmaj7": (0, 3, 7, 11),
    "5": (0, 7),
}
KINDS = tuple(TONES)
_SPELT = {kind: kind for kind in KINDS} | {
    "maj": "", "M": "", "min": "m", "-": "m", "M7": "maj7", "min7": "m7", "-7": "m7", "min7b5": "m7b5", "-7b5": "m7b5", "ø": "m7b5",
    "o": "dim", "°": "dim", "o7": "dim7", "°7": "dim7", "+": "aug", "sus": "sus4",
}  # fmt: skip
BASS = 12
NO_CHORD = 12 * len(KINDS)
_ROOT = re.compile(r"[A-G](?:##|bb|#|b)?")
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
    kind = _SPELT[max((kind for kind in _SPELT if match[2].startswith(kind)), key=len)]
    return _pitch_class(match[1]) * len(KINDS) + KINDS.index(kind), None if below is None else _pitch_class(below[1])


def chord_named(symbol: str) -> tuple[int, int | None]:
    """The same of a symbol that is spelt as one of the usual kinds is. Raises UsageError for others.

    >>> chord_named("Cmaj") == chord_symbols("C"), chord_named("F#ø") == chord_symbols("F#m7b5")
    (True, True)
    """
    name, slash, bass = symbol.partition("/")
    match = _NAME.fullmatch(name)
    if symbol != "N.C." and (match is None or match[2] not in _SPELT or (slash and not _ROOT.fullmatch(bass))):
        known = ", ".join(f"C{kind}" for kind in _SPELT if kind)
        raise UsageError(
            f"no chord is called {symbol!r:.40}; write one as C, F#m, Bb7 or C/E, or N.C. for none; kinds are {known}"
        )
    return chord_symbols(symbol)


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
