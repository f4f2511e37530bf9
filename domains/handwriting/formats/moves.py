"""Rows of moves as JSON, [[dx, dy, pen], ...]: stroke-3 of sketch-rnn (Ha and Eck 2017) and its stroke-5."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqgen.errors import DataError

from ..ink import Floats, Ink
from .limits import Budget
from .sketch import ink_of_moves

LARGEST = 3 * 2**20  # bytes: as lists of lists it is up to 30 times as large
MOST = 10_000  # drawings
_FEW = 8  # rows: fewer say nothing about what the numbers mean
_ROWS = "[dx, dy, pen], pen 1 where it lifts after the point, or [dx, dy, down, lifts, ends]"


def inks_of_moves(found: list[Any], name: str) -> list[Ink]:
    """The drawing of a JSON list of rows, or those of a list of such lists.

    A row is [dx, dy, pen] or [dx, dy, down, lifts, ends], of which one is 1, as sketch-rnn has them: dx and dy from the
    point before, y down. In rows of five, those from the first that ends are left out.

    Raises DataError for other lists, and for rows that are places and not moves, or whose pen is 1 while it is down:
    read as moves they would be another drawing.
    """
    several = isinstance(found[0], list) and bool(found[0]) and isinstance(found[0][0], list)
    drawings = found if several else [found]
    if len(drawings) > MOST:
        raise DataError(f"{name} has more than {MOST:,} drawings; split it into several files, or save .npz")
    budget = Budget(name)
    inks = []
    for number, drawing in enumerate(drawings):
        where = f"{name}[{number}]" if several else name
        rows = _rows(drawing, where)
        budget.spend(len(rows), 1 + int(np.count_nonzero(rows[:, 2])))
        inks.append(ink_of_moves(where, _checked(rows, where)))
    return inks


def moves_of(ink: Ink) -> NDArray[np.int64]:
    """Rows [dx, dy, pen], rounded to a thousandth of an x-height, in thousandths; the first is the place itself.

    >>> moves_of(Ink([[[0, 0], [1, 2]], [[3, 2]]], height=1)).tolist()
    [[0, 0, 0], [1000, 2000, 1], [2000, 0, 1]]

    Raises DataError for ink that is 2 million x-heights away.
    """
    far = np.rint(np.concatenate(ink.strokes) * (1000 / ink.x_height()))
    if not np.abs(far).max() < 2**31:
        raise DataError(
            f"the ink lies too far away for moves: {np.abs(far).max() / 1000:.3g} x-heights; move it to 0, 0"
        )
    places = far.astype(np.int64)
    lifts = np.zeros((len(places), 1), np.int64)
    lifts[np.cumsum([len(stroke) for stroke in ink.strokes]) - 1] = 1
    return np.hstack([np.diff(places, axis=0, prepend=0), lifts])


def _rows(drawing: Any, name: str) -> Floats:
    try:
        rows = np.asarray(drawing)
    except (ValueError, TypeError, OverflowError):
        rows = np.zeros(0)
    if rows.ndim != 2 or rows.dtype.kind not in "iuf" or rows.shape[1] not in (3, 5):
        raise DataError(f"{name} is no list of moves: wanted rows of {_ROWS}")
    rows = rows.astype(np.float64)
    if rows.shape[1] == 3:
        return rows
    pens = rows[:, 2:]
    if not (np.isin(pens, (0, 1)).all() and (pens.sum(axis=1) == 1).all()):
        raise DataError(f"{name} has a row in which not one of down, lifts and ends is 1; wanted rows of {_ROWS}")
    ended = np.flatnonzero(pens[:, 2])
    return rows[: ended[0] if len(ended) else None, [0, 1, 3]]


def _checked(rows: Floats, name: str) -> Floats:
    if not len(rows):
        raise DataError(f"{name} has no rows before its end; there is nothing to read in it")
    if len(rows) >= _FEW:
        if (rows[:, :2] >= 0).all():
            raise DataError(
                f"{name} looks like places and not like moves: no row goes left or up; wanted rows of {_ROWS}"
            )
        if 2 * np.count_nonzero(rows[:, 2]) > len(rows):
            raise DataError(f"{name} has a pen that is 1 in most rows, as if 1 were down; wanted rows of {_ROWS}")
    return rows
