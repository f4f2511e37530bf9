"""Tables, CSV or TSV: a row an item, or a row a position and an empty line between items."""

from __future__ import annotations

import csv
import hashlib
import io
import math
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from seqgen.domain import Splits
from seqgen.errors import DataError, UsageError
from seqgen.files.reading import read_text

from .row import EACH, Row

FEWEST = 4  # items: below, there is nothing to hold out
LONGEST = 20_000  # positions of an item
LAST = "last"  # the column of labels where none is named
NONE = ""  # where there are none


def read_rows(
    path: str | os.PathLike[str], each: str = "row", label: str = LAST, encoding: str = "utf-8"
) -> tuple[list[Row], list[str]]:
    """The items of a table, and a line for each that cannot be used, with the reason.

    each: "row", where each row is an item: a series of numbers, as many as there are, or one text; or "position", where
    each row is a position, of numbers or a word, and an empty line ends an item.
    label: the column of labels, by its name or number from 1, "last", or "" where there are none.
    The first row is passed over as names of columns where most of what follows are numbers and it has none, where `label` is one
    of its names, and where its label stands in no other row.
    Raises DataError for a table of which no item can be used, UsageError for a column that it has not.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "moods.csv")
    ...     _ = path.write_text("text,mood\\nwhat a day,good\\nrain again,bad\\nsun,good\\n", encoding="utf-8")
    ...     rows, unused = read_rows(path)
    >>> rows[1].labels, len(rows), unused
    (('bad',), 3, [])
    """
    if each not in EACH:
        raise UsageError(f"each is {each!r}; give {' or '.join(EACH)}")
    name, text = os.fspath(path), read_text(path, encoding)
    if not text.strip():
        raise DataError(f"{name} holds no rows; it is empty")
    table = list(_table(text, name))
    filled = [cells for _, cells in table if cells]
    place, named = _place(filled, label, name)
    some = [_number(cell) is not None for cells in filled[1:21] or filled for cell in _without(cells, place)]
    numeric = 2 * sum(some) > len(some)
    if named or (len(filled) > 1 and _is_header(filled, place, numeric)):
        table.remove(next(row for row in table if row[1]))
    items, unused = _items(table, each, place, numeric)
    if not items:
        raise DataError(f"{name} holds no rows that can be used: {unused[0] if unused else 'only names of columns'}")
    return items, unused


def read(name: str, each: str, label: str, encoding: str) -> Splits[Row]:
    """Rows to learn from; says on stderr what is passed over."""
    found, unused = read_rows(name, each, label, encoding)
    if unused:
        print(f"skipped: {len(unused):,} of {len(unused) + len(found):,} items, {unused[0]}", file=sys.stderr)
    return split(found)


def split(rows: Sequence[Row]) -> Splits[Row]:
    """Held out to validate is a tenth, by the SHA-256 of the values, so that equal ones are in one part.

    Raises DataError below 4 rows.

    >>> parts = split([Row(f"line {number}", ("x",)) for number in range(1000)])
    >>> len(parts.train), len(parts.valid)
    (903, 97)
    """
    if len(rows) < FEWEST:
        raise DataError(f"there are {len(rows)} items with labels; give {FEWEST} or more")
    parts: tuple[list[Row], list[Row]] = ([], [])
    for row in rows:
        parts[int(hashlib.sha256(repr(row.values).encode()).hexdigest()[:8], 16) % 10 == 1].append(row)
    train, valid = parts
    if not valid or not train:  # by chance
        train, valid = list(rows[:-1]), list(rows[-1:])
    return Splits(train, valid)


def _table(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """The number of each row and its cells, without the empty ones at its end."""
    first = text.lstrip("\n").partition("\n")[0]
    delimiter = "\t" if "\t" in first else ";" if first.count(";") > first.count(",") else ","
    rows = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        for cells in rows:
            cells = [cell.strip() for cell in cells]
            while cells and not cells[-1]:
                cells.pop()
            yield rows.line_num, cells
    except csv.Error as error:
        raise DataError(f"{name} is no table at line {rows.line_num}: {error}; save it as CSV again") from None


def _place(filled: Sequence[list[str]], label: str, name: str) -> tuple[int | None, bool]:
    """Where the label stands in a row, -1 for last, and whether that was found by name."""
    if label in (LAST, NONE):
        return (-1 if label == LAST else None), False
    first = filled[0] if filled else []
    if label in first:
        return first.index(label), True
    if label.isascii() and label.isdigit() and 0 < int(label[:9]) <= len(first):
        return int(label) - 1, False
    raise UsageError(f"{name} has no column {label!r}: its first row is {', '.join(first)[:60]}; name one, or a number")


def _without(cells: Sequence[str], place: int | None) -> list[str]:
    at = len(cells) - 1 if place == -1 else place
    return [cell for number, cell in enumerate(cells) if number != at]


def _is_header(filled: Sequence[list[str]], place: int | None, numeric: bool) -> bool:
    first, *others = filled
    values = _without(first, place)
    if numeric:
        return bool(values) and all(_number(cell) is None for cell in values)
    if place is None or len(first) <= max(place, 1):
        return False
    return first[place] not in {cells[place] for cells in others if len(cells) > max(place, 1)}


def _items(
    table: Sequence[tuple[int, list[str]]], each: str, place: int | None, numeric: bool
) -> tuple[list[Row], list[str]]:
    items, unused = [], []
    groups: list[list[tuple[int, list[str]]]] = [[]]
    for line in table:
        if each == "row" or not line[1]:
            groups.append([])
        if line[1]:
            groups[-1].append(line)
    width = None
    for group in filter(None, groups):
        where = f"line {group[0][0]}"
        cut = [_without(cells, place) for _, cells in group]
        labels = [] if place is None else [cells[place] if len(cells) > max(place, 0) else "" for _, cells in group]
        if not all(cut) or not all(labels):
            unused.append(f"{where}: there is no label, or nothing beside it")
            continue
        values = [[_number(cell) for cell in cells] for cells in cut] if numeric else []
        count = len(cut[0]) if each == "row" and numeric else len(cut[0][0]) if each == "row" else len(cut)
        if any(value is None for numbers in values for value in numbers):
            unused.append(f"{where}: a cell is no number, or none")
        elif not numeric and any(len(cells) > 1 for cells in cut):
            unused.append(f"{where}: there is more than a text and a label; quote commas, or separate by tabs")
        elif count > LONGEST:
            unused.append(f"{where}: it has {count:,} positions; give {LONGEST:,} at most")
        elif numeric and each == "position" and len({width or len(cut[0]), *map(len, cut)}) > 1:
            unused.append(f"{where}: its positions have other numbers of values than those before")
        else:
            width = len(cut[0])
            items.append(Row(_values(cut, values, each), tuple(labels)))
    return items, unused


def _values(cut: list[list[str]], values: list[list[float | None]], each: str) -> Any:
    if values:
        whole = values if each == "position" else [[value] for value in values[0]]
        return tuple(map(tuple, whole))
    return tuple(cells[0] for cells in cut) if each == "position" else cut[0][0]


def _number(cell: str) -> float | None:
    """The number that a cell is, of those that float32 has."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) < 1e30 else None
