"""A piece as if it were in C major or A minor, and back: what is learned of one key is known of all."""

from __future__ import annotations

import dataclasses

from .keys import key_of
from .score import DRUMS, Score
from .signs import Chord, Key
from .ticks import KEYS, Ticked, ticked

PITCHES = 128


def home(key: Key) -> int:
    """How many semitones lead from a key to the one without sharps and flats: -6 to 5.

    >>> home(Key(0.0, 1)), home(Key(0.0, -3, "minor")), home(Key(0.0, 6))  # G, C minor, F sharp
    (5, -3, -6)
    """
    return (-7 * key.fifths + 6) % 12 - 6


def keyed(score: Score) -> Score:
    """The piece with a key from its beginning: its first, or that of its notes.

    >>> from seqgen.domains.music import Note
    >>> keyed(Score([Note(0.5 * i, pitch, 0.5) for i, pitch in enumerate((67, 71, 74, 66, 67))])).keys
    (Key(time=0.0, fifths=1, mode='major'),)
    """
    first = key_of(score) if not score.keys else score.keys[0]._replace(time=0.0)
    return dataclasses.replace(score, keys=(first, *score.keys[1:]))


def at_home(score: Score) -> tuple[Ticked, int]:
    """The piece on the grid as if its first key had no sharps and flats, and how much higher that is."""
    piece = ticked(keyed(score))
    higher = home(first_key(piece))
    return moved(piece, higher), higher


def first_key(piece: Ticked) -> Key:
    """The key that a piece begins in, C major where it says none."""
    return Key(0.0, *KEYS[piece.keys[0][1]]) if piece.keys else Key(0.0, 0)


def moved(piece: Ticked, semitones: int) -> Ticked:
    """Higher by `semitones`, all but its first key and its drums. Pitches go around beyond 0 and 127, so that there is a way back."""
    notes = [
        note if note.program == DRUMS else note._replace(pitch=(note.pitch + semitones) % PITCHES)
        for note in piece.notes
    ]
    keys = [(tick, KEYS.index(Key(0.0, *KEYS[key]).transposed(semitones)[1:])) for tick, key in piece.keys[1:]]
    chords = [(tick, Chord(0.0, symbol).transposed(semitones).symbol) for tick, symbol in piece.chords]
    return piece._replace(notes=tuple(sorted(notes)), keys=(*piece.keys[:1], *keys), chords=tuple(chords))
