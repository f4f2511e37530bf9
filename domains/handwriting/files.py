"""Files and folders of ink: which lines are used and why the others are not, and which are held out."""

from __future__ import annotations

import hashlib
import os
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seqgen.domain import Splits
from seqgen.errors import DataError, UsageError
from seqgen.files.folders import walk
from seqgen.files.report import tell_use

from .formats.iam import iam_lines, is_iam, read_iam_line
from .formats.kinds import READERS, Reader, reader_of
from .formats.unipen import read_unipen
from .ink import Ink
from .inspection import Row, inspect, refused
from .resampling import as_dense


class Inks(NamedTuple):
    """What was found. rows: one a line, used or not, and one a file without any; inks, names: those that are used."""

    inks: tuple[Ink, ...]
    names: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def unread(self) -> int:
        """How many files could not be read: their rows are of no line."""
        return sum(not row.points for row in self.rows)


def read_ink(path: str | os.PathLike[str]) -> list[Ink]:
    """The lines of one file, by the ending of its name, or of a folder, those of it that can be used.

    Raises DataError for a file that is no ink, as the reader of its kind does, for a picture of paper, and for a folder
    without a line.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Ink([[[0, 0], [3, 4]]], text="l").save(f"{folder}/mine.json")
    ...     read_ink(f"{folder}/mine.json")
    [<Ink of 1 strokes, 2 points, text='l', hand=None>]
    """
    if Path(path).is_dir():
        found = read_inks([path])
        if not found.inks:
            why = f": {found.rows[0].name}: {found.rows[0].reason}" if found.rows else f"; wanted {', '.join(READERS)}"
            raise DataError(f"no ink in folder {os.fspath(path)}{why}")
        return list(found.inks)
    return reader_of(path)(path)


def read_inks(paths: Iterable[str | os.PathLike[str]], accept: Callable[[Ink], object] = lambda ink: None) -> Inks:
    """Files, and folders with all that is in them, in order of their names; nothing here is an error.

    A folder in IAM-OnDB's layout is read as such. accept: raises DataError, with the reason, for a line that cannot be
    used; where a line should have a text and the folder says why it has none, that is the reason.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Ink([[[0, 0], [3, 4]]], text="l").save(f"{folder}/mine.json")
    ...     found = read_inks([folder])
    >>> found.names, found.inks[0].text
    (('mine.json',), 'l')
    """
    inks: list[Ink] = []
    names: list[str] = []
    rows: list[Row] = []
    seen: dict[Ink, str] = {}
    for name, found, textless in _found(paths):
        if isinstance(found, DataError):
            rows.append(refused(name, found))
            continue
        row = inspect(found, name, textless)
        if row.used:
            try:
                accept(found)
            except DataError as error:
                row = replace(row, used=False, reason=textless or str(error))
        if row.used:
            first = seen.setdefault(found, name)
            if first is not name:
                row = replace(row, used=False, reason=f"the same ink as {first}")
        rows.append(row)
        if row.used:
            inks.append(found)
            names.append(name)
    return Inks(tuple(inks), tuple(names), tuple(rows))


def read(name: str, network: str = "auto") -> Splits[Ink]:
    """A file or a folder of ink, to learn from, in x-heights; says on stderr what of it is used."""
    found = read_inks([name])
    with_text = sum(bool(ink.text) for ink in found.inks)
    if network in ("synthesis", "recognition") or (network == "auto" and 2 * with_text > len(found.inks)):
        found = read_inks([name], needs_text)
    tell_use(found.rows, "lines", "handwriting", found.unread)
    if not found.inks:
        why = found.rows[0].reason if found.rows else f"it holds no file named {', '.join(READERS)}"
        raise DataError(f"no line of ink in {name} can be used: {why}")
    return split(in_x_heights(found.inks))


def needs_text(ink: Ink) -> None:
    """Raises DataError for ink whose text is not known."""
    if not ink.text:
        raise DataError("it has no text, which writing is learned from, and reading")


def in_x_heights(inks: Sequence[Ink]) -> tuple[Ink, ...]:
    """The lines with letters like x one unit high, as models take them: by their height, if it is known; else by one factor
    for each hand, from the median of its lines.

    A line of capitals or figures alone says little about that height, so that lines are not measured one by one: where
    the texts of a hand tell which of its lines are mostly letters like x, those are what counts. Lines whose points are
    much denser than a model's, as pens give them, or much sparser are resampled, see `resampling.as_dense`.

    >>> zigzag = Ink([[[10 * i, 40 * (i % 2)] for i in range(20)]])
    >>> (line,) = in_x_heights([zigzag])
    >>> zigzag.x_height() > 35, line.height, in_x_heights([line]) == (line,)
    (True, 1.0, True)
    """
    hands: dict[str | None, list[Ink]] = {}
    for ink in inks:
        if ink.height is None:
            hands.setdefault(ink.hand, []).append(ink)
    heights = {
        hand: statistics.median(ink.x_height() for ink in list(filter(_mostly_low, lines)) or lines)
        for hand, lines in hands.items()
    }
    factors = (1 / (heights[ink.hand] if ink.height is None else ink.height) for ink in inks)
    return as_dense([replace(ink.scaled(factor), height=1.0) for ink, factor in zip(inks, factors, strict=True)])


def _mostly_low(ink: Ink) -> bool:
    """Whether more than half of what is written are letters like x: what its height is measured by."""
    text = "".join((ink.text or "").split())
    return 2 * sum(map(text.count, "acegijmnopqrsuvwxyz")) > len(text)


def split(inks: Sequence[Ink], fraction: float = 0.1) -> Splits[Ink]:
    """Holds out whole lines, about `fraction` of them and never none; no text is on both sides.

    Lines without a text are kept together by their hand, if there is one. Which are held out follows from texts, hands
    and ink, not from names or order. If all lines have one text, or one hand and no text, they are held out one by
    one; a single line is cut between two strokes, or within its only one, into ink without a text.
    Raises DataError for no line and for a single dot, UsageError for a fraction that is none.

    >>> lines = [Ink([[[0, 0], [number, 1]]], text=word) for word in "abcdefghij" for number in range(4)]
    >>> parts = split(lines)
    >>> len(parts.train), len(parts.valid)
    (36, 4)
    """
    if not 0 < fraction < 1:
        raise UsageError(f"the fraction held out for validation is {fraction}; it must lie between 0 and 1")
    if not inks:
        raise DataError("there is no line to learn from; give it one or more")
    if len(inks) == 1:
        return _cut(inks[0], fraction)
    alike: dict[str, list[int]] = {}
    for index, ink in enumerate(inks):
        alike.setdefault(_digest(("text", ink.text) if ink.text else ("hand", ink.hand or _content(ink))), []).append(
            index
        )
    if len(alike) == 1:
        alike = {_digest((_content(ink), index)): [index] for index, ink in enumerate(inks)}
    held: set[int] = set()
    for key in sorted(alike)[:-1]:
        if len(held) >= fraction * len(inks):
            break
        held.update(alike[key])
    train = tuple(ink for index, ink in enumerate(inks) if index not in held)
    return Splits(train, tuple(inks[index] for index in sorted(held)))


def _cut(ink: Ink, fraction: float) -> Splits[Ink]:
    """The beginning and the end of a line, each with a point or more."""
    if ink.points < 2:
        raise DataError("a single dot is too little ink to learn from and to validate; give it a line or more")
    strokes, times = ink.strokes, ink.times or ()
    if len(strokes) == 1:
        at = min(max(round((1 - fraction) * ink.points), 1), ink.points - 1)
        strokes, times = (strokes[0][:at], strokes[0][at:]), tuple(part for t in times for part in (t[:at], t[at:]))
    written = np.cumsum([len(stroke) for stroke in strokes])
    after = int(np.argmin(np.abs(written[:-1] - (1 - fraction) * ink.points))) + 1
    parts = (
        Ink(strokes[part], times[part] or None, None, ink.hand, ink.height)
        for part in (slice(None, after), slice(after, None))
    )
    return Splits(*((part,) for part in parts))


def _content(ink: Ink) -> str:
    return _digest([stroke.tobytes() for stroke in ink.strokes])


def _digest(key: object) -> str:
    return hashlib.sha256(repr(key).encode()).hexdigest()


def _found(paths: Iterable[str | os.PathLike[str]]) -> Iterator[tuple[str, Ink | DataError, str]]:
    """Every line with its name, or the error of a file; and why the line has no text, where that is known."""
    # One person is one hand in all files, and nobody's name is kept.
    readers = READERS | {".dat": partial(read_unipen, hands={})}
    for path in map(Path, paths):
        if path.is_dir() and is_iam(path):
            for line in iam_lines(path):
                name = str(line.path.relative_to(path))
                try:
                    yield name, read_iam_line(line.path, line.text, line.hand), line.problem
                except DataError as error:
                    yield name, _renamed(error, line.path, name), ""
        elif path.is_dir():
            for file in walk(path, []):
                if file.suffix.lower() in READERS:
                    yield from _lines(file, str(file.relative_to(path)), readers)
        else:
            yield from _lines(path, str(path), readers)


def _lines(file: Path, name: str, readers: Mapping[str, Reader]) -> Iterator[tuple[str, Ink | DataError, str]]:
    try:
        inks = reader_of(file, readers)(file)
    except DataError as error:
        yield name, _renamed(error, file, name), ""
        return
    for number, ink in enumerate(inks):
        yield name if len(inks) == 1 else f"{name}[{number}]", ink, ""


def _renamed(error: DataError, file: Path, name: str) -> DataError:
    return DataError(str(error).replace(str(file), name, 1))
