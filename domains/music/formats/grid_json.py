"""Four-part pieces on a grid of sixteenths, as the chorale data sets keep them in JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from seqgen.errors import DataError

from ..score import Meter, Note, Score, Tempo
from .limits import read_bytes

LARGEST = 4 * 2**20  # bytes: as lists of lists it is 25 times as large
VOICES = 4
SILENCE = -1
VELOCITY = 80
CHOIR = 52  # the General MIDI program
SPLITS = ("train", "valid", "test")


def read_grid_json(path: str | os.PathLike[str]) -> list[Score]:
    """The pieces of a file in either layout, in its order: train, then valid, then test where it has such parts.

    {"train": [piece, ...], "valid": [...], "test": [...]}, a piece being a list of steps [S, A, T, B] (the Jsb16th
    files); or [{"pitches": piece}, ...] (JS Fakes). A step is a sixteenth, a number a MIDI pitch or -1 for silence.

    Raises DataError for a file that is missing, larger than 4 MB, no JSON, or of another layout.
    """
    name = os.fspath(path)
    found = _read(path, name)
    if isinstance(found, dict):
        return [score for part in _splits(found, name).values() for score in part]
    if not isinstance(found, list) or not found:
        raise _layout(name)
    return [
        _piece(item.get("pitches") if isinstance(item, dict) else None, f"{name}[{i}]") for i, item in enumerate(found)
    ]


def read_grid_json_splits(path: str | os.PathLike[str]) -> dict[str, list[Score]]:
    """The parts "train", "valid" and "test" of a file in the first layout of `read_grid_json`; raises DataError as it."""
    name = os.fspath(path)
    found = _read(path, name)
    if not isinstance(found, dict):
        raise DataError(f"{name} is not divided into {', '.join(SPLITS)}; read it with read_grid_json")
    return _splits(found, name)


def score_from_grid(pitches: Sequence[Sequence[int]], *, step_seconds: float = 0.15) -> Score:
    """One piece from its steps, each [S, A, T, B]: MIDI pitches, or -1 for silence.

    Parts 0 to 3 are S, A, T, B, sung by a choir. Equal pitches of a voice one after the other are one held note: the
    grid does not tell it from a repeated one. A step is a sixteenth of a 4/4 bar; 0.15 s is 100 quarter notes a
    minute.

    >>> [(n.part, n.pitch, n.duration) for n in score_from_grid([[67, 64, 60, -1], [67, 65, 60, -1]]).notes]
    [(2, 60, 0.3), (1, 64, 0.15), (0, 67, 0.3), (1, 65, 0.15)]
    """
    notes = []
    for part, voice in enumerate(zip(*pitches, strict=True)):
        start = 0
        for step in range(1, len(voice) + 1):
            if step < len(voice) and voice[step] == voice[start]:
                continue
            if voice[start] != SILENCE:
                onset = start * step_seconds
                notes.append(Note(onset, voice[start], (step - start) * step_seconds, VELOCITY, CHOIR, part))
            start = step
    return Score(notes, (Tempo(0.0, 15 / step_seconds),), (Meter(0.0, 4, 4),))


def _read(path: str | os.PathLike[str], name: str) -> Any:
    try:
        return json.loads(read_bytes(path, LARGEST))
    except (ValueError, RecursionError) as error:  # JSONDecodeError and UnicodeDecodeError are ValueErrors
        raise DataError(f"{name} is not JSON: {error}; it is damaged or another file") from None


def _splits(found: dict[str, Any], name: str) -> dict[str, list[Score]]:
    if set(found) != set(SPLITS) or not all(isinstance(part, list) and part for part in found.values()):
        raise _layout(name)
    return {
        split: [_piece(pitches, f"{name}[{split}][{i}]") for i, pitches in enumerate(found[split])] for split in SPLITS
    }


def _piece(pitches: Any, name: str) -> Score:
    if not isinstance(pitches, list) or not pitches:
        raise DataError(f"{name} is no list of steps; a piece is [[S, A, T, B], ...]")
    for number, step in enumerate(pitches):
        if not isinstance(step, list) or len(step) != VOICES:
            raise DataError(f"{name} has at step {number} something else than four voices; a step is [S, A, T, B]")
        for pitch in step:
            if type(pitch) is not int or not SILENCE <= pitch <= 127:  # True is no pitch
                raise DataError(f"{name} has no pitch at step {number}; wanted 0-127, or -1 for silence")
    return score_from_grid(pitches)


def _layout(name: str) -> DataError:
    return DataError(
        f'{name} is JSON but no chorales: wanted {{"train": [...], "valid": [...], "test": [...]}} '
        'or [{"pitches": [[S, A, T, B], ...]}, ...]'
    )
