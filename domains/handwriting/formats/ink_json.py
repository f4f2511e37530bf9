"""Ink as JSON: the format of our own, readable by any program and by eye."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any, NoReturn

import numpy as np

from seqgen.errors import DataError
from seqgen.files.storage import write_output

from ..ink import Ink
from . import moves
from .limits import Budget, read_bytes

LARGEST = 16 * 2**20  # bytes: as lists of lists it is up to 24 times as large
FORMAT = "seqgen-ink"
VERSION = 1


def ink_json(inks: Ink | Iterable[Ink]) -> str:
    """Lines of ink as JSON, a line of text each.

    {"format": "seqgen-ink", "version": 1, "lines": [{"text": ..., "hand": ..., "strokes": [[[x, y], ...], ...]}]}; a
    point of ink with times is [x, y, seconds], y is down. A line whose height of letters like x is known has it as
    "x_height"; "pressures", a number from 0 to 1 a point, which the studio's page keeps of a pen, is not read. Numbers are written in full: reading gives equal ink.

    >>> print(ink_json(Ink([[[0, 1.5]]], text="."))) # doctest: +NORMALIZE_WHITESPACE
    {"format": "seqgen-ink", "version": 1, "lines": [
    {"text": ".", "hand": null, "strokes": [[[0, 1.5]]]}
    ]}
    """
    given = [inks] if isinstance(inks, Ink) else list(inks)
    lines = ",\n".join(json.dumps(_written(ink)) for ink in given)
    return f'{{"format": "{FORMAT}", "version": {VERSION}, "lines": [\n{lines}\n]}}\n'


def write_ink_json(inks: Ink | Iterable[Ink], path: str | os.PathLike[str]) -> None:
    """Writes what `ink_json` gives. Raises DataError for more than can be read again, see `read_ink_json`."""
    given = [inks] if isinstance(inks, Ink) else list(inks)
    Budget(os.fspath(path)).spend(sum(ink.points for ink in given), sum(len(ink.strokes) for ink in given))
    data = ink_json(given).encode()
    if len(data) > LARGEST:
        raise DataError(f"{os.fspath(path)} would be larger than {LARGEST // 2**20} MB; write several files")
    write_output(path, data)


def read_ink_json(path: str | os.PathLike[str]) -> list[Ink]:
    """The lines of a file of `ink_json`'s layout, in order; text, hand and x_height may be missing. A list is taken for
    moves of a pen, see `moves.inks_of_moves`.

    Raises DataError for a file that is missing, larger than 16 MB, no JSON, of another layout or a newer version, or of
    more than 5,000,000 points or 500,000 strokes.
    """
    name = os.fspath(path)
    try:
        raw = read_bytes(path, LARGEST)
        if raw.lstrip()[:1] == b"[" and len(raw) > moves.LARGEST:
            raise DataError(f"{name} is larger than {moves.LARGEST // 2**20} MB of moves; save .npz, or split it")
        found = json.loads(raw, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:  # JSONDecodeError and UnicodeDecodeError are ValueErrors
        raise DataError(f"{name} is not JSON: {error}; it is damaged or another file") from None
    if isinstance(found, list) and found and isinstance(found[0], list):
        return moves.inks_of_moves(found, name)
    lines = found.get("lines") if isinstance(found, dict) and found.get("format") == FORMAT else None
    if not isinstance(lines, list) or not lines:
        wanted = f'{{"format": "{FORMAT}", "version": {VERSION}, "lines": [{{"strokes": [[[x, y], ...], ...]}}, ...]}}'
        raise DataError(f"{name} is JSON but no ink: wanted {wanted}")
    if type(found.get("version")) is not int or not 1 <= found["version"] <= VERSION:
        raise DataError(f"{name} is ink of another version than {VERSION}; install a newer seqgen to read it")
    budget = Budget(name)
    return [_line(line, f"{name}[{number}]", budget) for number, line in enumerate(lines)]


def _written(ink: Ink) -> dict[str, Any]:
    arrays = ink.strokes
    if ink.times:
        arrays = [np.column_stack(pair) for pair in zip(arrays, ink.times, strict=True)]
    strokes = [[[_short(number) for number in point] for point in stroke.tolist()] for stroke in arrays]
    height = {} if ink.height is None else {"x_height": _short(ink.height)}
    return {"text": ink.text, "hand": ink.hand, **height, "strokes": strokes}


def _short(number: float) -> float:
    return int(number) if number.is_integer() else number


def _line(line: Any, name: str, budget: Budget) -> Ink:
    strokes = line.get("strokes") if isinstance(line, dict) else None
    if not isinstance(strokes, list) or not strokes:
        raise DataError(f'{name} has no strokes; a line is {{"text": ..., "strokes": [[[x, y], ...], ...]}}')
    budget.spend(sum(len(stroke) for stroke in strokes if isinstance(stroke, list)), len(strokes))
    try:
        arrays = [np.asarray(stroke) for stroke in strokes]
    except (ValueError, TypeError, OverflowError):  # points of different lengths
        arrays = []
    columns = {stroke.shape[1] if stroke.ndim == 2 else 0 for stroke in arrays}
    if columns not in ({2}, {3}):
        raise DataError(f"{name} has a stroke that is no list of points; all are [x, y], or all [x, y, seconds]")
    times = [stroke[:, 2] for stroke in arrays] if columns == {3} else None
    try:
        return Ink(
            [stroke[:, :2] for stroke in arrays], times, line.get("text"), line.get("hand"), line.get("x_height")
        )
    except DataError as error:
        raise DataError(f"{name}: {error}") from None


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")
