"""Files and folders of pieces: which are used and why the others are not, and which are held out."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from seqgen.domain import Splits
from seqgen.errors import DataError, UsageError
from seqgen.files.folders import walk
from seqgen.files.report import printable, tell_use

from .drums import as_drums
from .formats.abc import read_book
from .formats.grid_json import read_grid_json
from .formats.guard import MAX_EVENTS
from .formats.midi import read_midi
from .formats.musicxml import read_musicxml
from .grid import to_grid
from .inspection import SHORTEST, Row, inspect
from .score import DRUMS, Score

READERS = {
    ".mid": read_midi,
    ".midi": read_midi,
    ".kar": read_midi,  # with lyrics
    ".rmi": read_midi,  # in a RIFF wrapper
    ".xml": read_musicxml,
    ".musicxml": read_musicxml,
    ".mxl": read_musicxml,
}
BOOKS: dict[str, Callable[[Path], Sequence[Score | DataError]]] = {
    ".json": read_grid_json,
    ".abc": read_book,
}  # of many
ENDINGS = (*READERS, *BOOKS)
MELODY = 16  # moves of the melody that tell a piece from others


class Pieces(NamedTuple):
    """What was found. rows: one a piece, used or not; scores, names: those that are used."""

    scores: tuple[Score, ...]
    names: tuple[str, ...]
    rows: tuple[Row, ...]


def read_score(path: str | os.PathLike[str], max_events: int = MAX_EVENTS) -> Score:
    """One piece from a file, by the ending of its name; the only one of a file of many. Raises DataError."""
    name, ending = os.fspath(path), Path(path).suffix.lower()
    if ending in READERS:
        return READERS[ending](path, max_events)
    if ending not in BOOKS:
        raise DataError(f"{name} is not named like music; seqgen reads {', '.join(ENDINGS)}")
    pieces = BOOKS[ending](Path(path))
    if len(pieces) > 1:
        raise DataError(f"{name} holds {len(pieces)} pieces, and one is wanted; put it into a file of its own")
    if isinstance(pieces[0], DataError):
        raise DataError(f"{name}: {pieces[0]}")
    return pieces[0]


def read_pieces(
    paths: Iterable[str | os.PathLike[str]],
    max_events: int = MAX_EVENTS,
    accept: Callable[[Score], object] = lambda score: None,
    drums: str = "guess",
    shortest: int = SHORTEST,
) -> Pieces:
    """Files, and folders with all that is in them, in order of their names; nothing here is an error.

    accept: raises DataError, with the reason, for a piece that cannot be used.
    drums: which parts are drums besides those on channel 10, see `as_drums`; a guess is said in the row.
    shortest: notes that a piece must have.
    """
    scores: list[Score] = []
    names: list[str] = []
    rows: list[Row] = []
    seen: dict[tuple[object, ...], str] = {}

    def add(path: Path, read: Callable[[Path], Score], name: str) -> None:
        guessed: list[int] = []

        def with_drums(path: Path) -> Score:
            score, found = as_drums(read(path), drums)
            guessed.extend(found if drums == "guess" else ())
            return score

        row, score = inspect(path, with_drums, shortest)
        row = dataclasses.replace(row, name=name, guessed=len(guessed))
        if score is not None and row.used:
            try:
                accept(score)
            except DataError as error:
                row = dataclasses.replace(row, used=False, reason=str(error))
        if score is not None and row.used:
            first = seen.setdefault(tuple(score.notes), row.name)
            if first is not row.name:
                row = dataclasses.replace(row, used=False, reason=f"the same notes as {first}")
        rows.append(row)
        if score is not None and row.used:
            scores.append(score)
            names.append(row.name)

    for file, name in _files(paths):
        if file.suffix.lower() in BOOKS:
            for number, piece in enumerate(_pieces(file)):
                add(Path(f"{name}[{number}]"), _giving(piece), f"{name}[{number}]")
        else:
            add(file, functools.partial(read_score, max_events=max_events), str(name))
    return Pieces(tuple(scores), tuple(names), tuple(rows))


def read(name: str, encoding: str = "auto", max_events: int = MAX_EVENTS, drums: str = "channel10") -> Splits[Score]:
    """A file or a folder, to learn from; says on stderr what of it is used, and in how many pieces drums are a guess."""
    accept = to_grid if encoding == "grid" else lambda score: None
    pieces = read_pieces([name], max_events, accept, drums)
    tell_use(pieces.rows, "pieces", "music")
    tell_drums(pieces.rows)
    if not pieces.scores:
        nothing = f"it holds no file named {', '.join(ENDINGS)}"
        raise DataError(f"no piece in {name} can be used: {pieces.rows[0].reason if pieces.rows else nothing}")
    return split(pieces.scores)


def tell_drums(rows: Iterable[Row]) -> None:
    """Says on stderr which pieces have parts that were taken for drums."""
    names = [row.name for row in rows if row.guessed]
    if names:
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        print(
            f"seqgen: {printable(names[0])}{others}: parts that look like a drum kit are read as drums, though not on "
            "channel 10; --drums channel10 believes the file",
            file=sys.stderr,
        )


def split(scores: Sequence[Score], fraction: float = 0.1) -> Splits[Score]:
    """Holds out whole pieces, about `fraction` of them and never none; those that open alike stay together.

    Which are held out follows from their melodies, not from their names or order. A single piece, or one kind of
    opening, is cut in time instead: its last `fraction` is held out. Raises DataError for no piece, UsageError for a
    fraction that is none.

    >>> from seqgen.domains.music import Note
    >>> tunes = [Score([Note(i, 60 + (i * step) % 13, 1) for i in range(20)]) for step in range(1, 11)]
    >>> parts = split([tune.transposed(up) for tune in tunes for up in (0, 5)])
    >>> len(parts.train), len(parts.valid)
    (18, 2)
    """
    if not 0 < fraction < 1:
        raise UsageError(f"the fraction held out for validation is {fraction}; it must lie between 0 and 1")
    if not scores:
        raise DataError("there is no piece to learn from; give it one or more")
    alike: dict[str, list[int]] = {}
    for index, score in enumerate(scores):
        alike.setdefault(opening(score), []).append(index)
    if len(alike) == 1:
        cuts = [score.time_at(round((1 - fraction) * score.beat_at(score.seconds))) for score in scores]
        pairs = list(zip(scores, cuts, strict=True))
        return Splits(tuple(s.until(cut) for s, cut in pairs), tuple(s.since(cut) for s, cut in pairs))
    held: set[int] = set()
    for key in sorted(alike)[:-1]:
        if len(held) >= fraction * len(scores):
            break
        held.update(alike[key])
    train = tuple(score for index, score in enumerate(scores) if index not in held)
    return Splits(train, tuple(scores[index] for index in sorted(held)))


def opening(score: Score) -> str:
    """What pieces that begin with the same melody share, in whatever key and tempo: a SHA-256 in hex."""
    parts: dict[int, list[int]] = {}
    for note in score.notes:
        if note.program != DRUMS:
            parts.setdefault(note.part, []).append(note.pitch)
    top = max(parts, key=lambda part: sum(parts[part]) / len(parts[part]), default=None)
    highest: dict[int, int] = {}
    for note in score.notes:
        if top is None or (note.part == top and note.program != DRUMS):
            moment = round(100 * note.onset)
            highest[moment] = max(highest.get(moment, 0), note.pitch)
    melody = list(highest.values())[: MELODY + 1]
    moves = [after - before for before, after in pairwise(melody)]
    return hashlib.sha256(repr(moves).encode()).hexdigest()


def _files(paths: Iterable[str | os.PathLike[str]]) -> Iterable[tuple[Path, Path]]:
    """Files named outright, and those of folders that are named like music; each with a name to call it by."""
    for path in map(Path, paths):
        if path.is_dir():
            found = (file for file in walk(path, []) if file.suffix.lower() in ENDINGS)
            yield from ((file, file.relative_to(path)) for file in found)
        else:
            yield path, path


def _pieces(file: Path) -> Sequence[Score | DataError]:
    """The pieces of a file of many, or why there are none."""
    try:
        return BOOKS[file.suffix.lower()](file)
    except DataError as error:
        return [error]


def _giving(score: Score | DataError) -> Callable[[Path], Score]:
    def read(_: Path) -> Score:
        if isinstance(score, DataError):
            raise score
        return score

    return read
