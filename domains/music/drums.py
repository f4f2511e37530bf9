"""Drums that are not on channel 10, as Ableton and Logic export them: which parts they are, by switch or by guess."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter, defaultdict

from .score import DRUMS, Note, Score

HOW = ("guess", "channel10", "all")
ENOUGH = 8  # notes, before a part is judged by them
KIT = frozenset({35, 36, 37, 38, 39, 40, 42, 44, 46, 49, 51, 53, 57, 59})  # kicks, snares, hats, crash and ride
KICKS, SNARES, HATS = frozenset({35, 36}), frozenset({37, 38, 39, 40}), frozenset({42, 44, 46, 51, 53, 59})
TOMS = frozenset({41, 43, 45, 47, 48, 50})
_NAME = re.compile(r"\b(drums?|drum ?kit|drum ?set|percussion|beats?|kick|snare|hi-?hats?)\b", re.IGNORECASE)


def as_drums(score: Score, how: str) -> tuple[Score, list[int]]:
    """The piece with its drum parts as drums, and which parts had not been.

    how: "channel10" believes the file; "guess" also takes parts on General MIDI's piano that are named like drums, or
    whose notes are a kit's: kick, snare and hats, nearly nothing else, some at once; "all" takes every part.

    >>> beat = Score([Note(0.25 * i, pitch, 0.1) for i in range(8) for pitch in ((36, 42), (42,), (38, 42), (42,))[i % 4]])
    >>> as_drums(beat, "guess")[1], as_drums(beat, "channel10")[1]
    ([0], [])
    """
    parts: defaultdict[int, list[Note]] = defaultdict(list)
    for note in score.notes:
        if note.program != DRUMS:
            parts[note.part].append(note)
    found = [
        part for part, notes in sorted(parts.items()) if how == "all" or (how == "guess" and _is_kit(score, notes))
    ]
    if not found:
        return score, []
    notes = [note._replace(program=DRUMS) if note.part in found else note for note in score.notes]
    return dataclasses.replace(score, notes=notes), found


def _is_kit(score: Score, notes: list[Note]) -> bool:
    if any(note.program for note in notes):
        return False
    part = notes[0].part
    if part < len(score.names) and _NAME.search(score.names[part]):
        return all(27 <= note.pitch <= 87 for note in notes)
    pitches = Counter(note.pitch for note in notes)
    if len(notes) < ENOUGH or not all(pitches.keys() & group for group in (KICKS, SNARES, HATS)):
        return False
    onsets = Counter(round(100 * note.onset) for note in notes)
    together = sum(count > 1 for count in onsets.values())
    # A walking bass has these pitches too, but one at a time.
    return (
        pitches.keys() <= KIT | TOMS
        and sum(count for pitch, count in pitches.items() if pitch in KIT) >= 0.8 * len(notes)
        and together >= 0.1 * len(onsets)
    )
