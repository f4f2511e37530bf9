"""What a score says besides its notes: key signatures and chord symbols."""

from __future__ import annotations

import re
from typing import NamedTuple

from seqgen.errors import UsageError

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}  # semitones above C
MODES = ("major", "minor")
FIFTHS = "FCGDAEB"  # in the order in which they are sharpened
_ROOT = re.compile(r"([A-G])(##|bb|#|b)?")


class Key(NamedTuple):
    """From `time` (seconds) on the signature has so many sharps, or flats below 0; the mode is major or minor.

    >>> Key(0.0, -3, "minor").transposed(2)  # from C minor to D minor
    Key(time=0.0, fifths=-1, mode='minor')
    """

    time: float
    fifths: int
    mode: str = "major"

    def transposed(self, semitones: int) -> Key:
        """Higher by `semitones`, with at most six flats or sharps."""
        return self._replace(fifths=(self.fifths + 7 * semitones + 5) % 12 - 5) if semitones % 12 else self


class Chord(NamedTuple):
    """From `time` (seconds) on the harmony is `symbol`, such as "Am7" or "C/E"; "N.C." is none.

    >>> Chord(0.0, "Bbmaj7/D").transposed(2).symbol
    'Cmaj7/E'
    """

    time: float
    symbol: str

    def transposed(self, semitones: int) -> Chord:
        """Higher by `semitones`: the root and the bass; no more than five flats or six sharps are spelled."""
        root, slash, bass = self.symbol.partition("/")
        moved = _moved(root, semitones) + slash + _moved(bass, semitones)
        return self._replace(symbol=moved) if semitones % 12 else self


def spelled(fifths: int) -> str:
    """The name of a note by its place in the circle of fifths, C being 0.

    >>> spelled(6), spelled(-2), spelled(8)
    ('F#', 'Bb', 'G#')
    """
    sharps, place = divmod(fifths + 1, 7)
    return FIFTHS[place] + ("#" * sharps if sharps > 0 else "b" * -sharps)


def place(name: str) -> int:
    """The place of a name such as "Bb" in the circle of fifths, C being 0.

    >>> place("Bb"), place("F#")
    (-2, 6)
    """
    return FIFTHS.index(name[0]) - 1 + 7 * (name.count("#") - name[1:].count("b"))


def key_named(name: str, mode: str = "major") -> Key:
    """The key of a tonic such as "Bb", from the beginning on. Raises UsageError for no such key.

    >>> key_named("F#", "minor")
    Key(time=0.0, fifths=3, mode='minor')
    """
    if not _ROOT.fullmatch(name) or mode not in MODES:
        raise UsageError(f"a key is a letter from A to G, with # or b, and {' or '.join(MODES)}, not {name!r} {mode!r}")
    return Key(0.0, (place(name) - 3 * (mode == "minor") + 5) % 12 - 5, mode)


def _moved(symbol: str, semitones: int) -> str:
    root = _ROOT.match(symbol)
    if root is None or symbol.startswith("N.C"):
        return symbol
    return spelled((place(root[0]) + 7 * semitones + 5) % 12 - 5) + symbol[root.end() :]
