"""The songs that ship: held-out composers beside a model that counts, all songs to symbols and back, and how tonal samples are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from seqgen import Splits
from seqgen.counting.ngrams import NGrams
from seqgen.domains.music import Key, MusicModel, Score
from seqgen.domains.music.grid import key_number

ORDER = 5
EDGE = 1e-6  # seconds
STEPS_OF = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10, 11)}  # both sevenths of minor


class Held(NamedTuple):
    """Of the test songs, each from its beginning: nats a note and a symbol of the model, and a note of the one that counts."""

    note: float
    symbol: float
    counted: float


class Kept(NamedTuple):
    """Songs in all, those that do not come back exact on the grid, notes in all, and notes that lie off the grid or are lost."""

    songs: int
    wrong: int
    notes: int
    moved: int


def held(model: MusicModel, splits: Splits[Score]) -> Held:
    """See `Held`. The counting model is the modified Kneser-Ney one of five symbols, of the training songs."""
    train, test = ([model.codec.encode(song).steps for song in part] for part in (splits.train, splits.test))
    used = np.unique(np.concatenate([*train, *test]))
    read = np.searchsorted(used, np.concatenate(train)).astype(np.int32)
    counting = NGrams.of(read, order=ORDER, size=len(used))
    counted = sum(float(counting.nats(np.searchsorted(used, song).astype(np.int32)).sum()) for song in test)
    scores = [model.score(song) for song in splits.test]
    nats, notes = sum(score.nats for score in scores), sum(score.notes for score in scores)
    return Held(nats / notes, nats / sum(score.events for score in scores), counted / notes)


def kept(model: MusicModel, splits: Splits[Score]) -> Kept:
    """See `Kept`: every song of every part."""
    songs = [song for part in splits for song in part]
    wrong = moved = 0
    for song in songs:
        on_grid = model.codec.canonical(song)
        wrong += model.codec.decode(model.codec.encode(song).steps) != on_grid
        moved += len(_written(song) - _written(on_grid))
    return Kept(len(songs), wrong, sum(len(song.notes) for song in songs), moved)


def in_scale(songs: Sequence[Score]) -> float:
    """The share of notes that belong to the scale of the key they stand in, C major where none is said."""
    inside = []
    for song in songs:
        keys = song.keys or (Key(0.0, 0),)
        for note in song.notes:
            key = [key for key in keys if key.time <= max(note.onset, keys[0].time) + EDGE][-1]
            inside.append((note.pitch - key_number(key)) % 12 in STEPS_OF[key.mode])
    return float(np.mean(inside))


def _written(song: Score) -> set[tuple[float, float, int]]:
    """Notes as they are written, beats to a hundredth: what is exact on the grid stays as it is."""
    return {
        (round(song.beat_at(n.onset), 2), round(song.beat_at(n.end) - song.beat_at(n.onset), 2), n.pitch)
        for n in song.notes
    }
