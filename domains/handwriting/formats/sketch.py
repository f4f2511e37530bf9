"""Drawings of sketch-rnn in .npz files, as offsets and lifts of the pen; pickled ones are read, and never run."""

from __future__ import annotations

import math
import os
import re

import numpy as np

from seqgen.errors import DataError

from ..ink import Floats, Ink
from .limits import MOST_READ, Budget, ink_from, members, read_bytes
from .object_arrays import NotArrays, object_array

LARGEST = 64 * 2**20  # bytes, packed and unpacked
_LENGTHS = "_lengths"
# The header as NumPy writes it, and no other: its own reader takes any Python literal.
_HEADER = re.compile(
    rb"\{'descr': '([^']{1,9})', 'fortran_order': (True|False), 'shape': \((\d{1,9}(?:, \d{1,9})*)?,?\), \}\s*"
)
_LONGEST = 1000  # bytes of it
_NUMBERS = re.compile(rb"[<>|=]?(?:[iu][1248]|f[248])")


def read_sketches(path: str | os.PathLike[str]) -> list[Ink]:
    """The drawings of an .npz file of plain arrays, in the file's order.

    A drawing is an array [N, 3] of numbers: dx, dy (y down) from the point before, and 1 where the pen lifts after the
    point, else 0. Each array of the file is a drawing; or, for many, an array `train` holds them one after the other
    and an array `train_lengths` of whole numbers says how many rows each has, under any name in the place of `train`.

    Each array of sketch-rnn's own files is an array of such drawings, pickled; what is pickled beside arrays of numbers
    is refused, since to read it is to run it. Raises DataError for all that is damaged or no drawing.
    """
    name = os.fspath(path)
    raw = read_bytes(path, LARGEST)
    if not raw.startswith(b"PK\x03\x04"):
        raise DataError(f"{name} is no .npz file; save it with np.savez(file, first_drawing, second_drawing, ...)")
    arrays: dict[str, Floats] = {}
    drawings: list[tuple[str, Floats]] = []
    for member, data in members(raw, name, LARGEST, lambda member: member.endswith(".npy")):
        key = member.removesuffix(".npy")
        found = _array(data, key, name)
        if isinstance(found, list):
            drawings += [(f"{name}[{key!r:.60}][{i}]", drawing) for i, drawing in enumerate(found)]
        else:
            arrays[key] = found
    for key, array in arrays.items():
        lengths = arrays.get(key + _LENGTHS)
        if key.endswith(_LENGTHS) and key.removesuffix(_LENGTHS) in arrays:
            continue
        _check(array, f"{name}: {key!r:.60}")
        if lengths is None:
            drawings.append((f"{name}[{key!r:.60}]", array))
        else:
            drawings += [(f"{name}[{key!r:.60}][{i}]", part) for i, part in enumerate(_cut(array, lengths, key, name))]
    if not drawings:
        raise DataError(f"{name} has no drawings; wanted arrays [N, 3]: dx, dy and lift")
    budget = Budget(name)
    for where, drawing in drawings:
        _check(drawing, where)
        budget.spend(len(drawing), 1 + int(np.count_nonzero(drawing[:-1, 2])))
    return [ink_of_moves(*drawing) for drawing in drawings]


def _check(drawing: Floats, name: str) -> None:
    if drawing.ndim != 2 or drawing.shape[1] != 3:
        shape = list(drawing.shape)
        raise DataError(f"{name} has the shape {shape}; a drawing is [N, 3]: dx, dy and lift")


def _array(data: bytes, key: str, name: str) -> Floats | list[Floats]:
    """A member of the .npz as numbers, or many; its header is read first, and what it promises must be there."""
    magic, version, rest = data[:6], data[6:8], data[8:]
    size = {b"\1\0": 2, b"\2\0": 4}.get(version, 0)  # of the number that says how long the header is
    end = size + int.from_bytes(rest[:size], "little")
    found = _HEADER.fullmatch(rest[size:end]) if magic == b"\x93NUMPY" and end <= _LONGEST else None
    if found and found[1].endswith(b"O"):
        try:
            return object_array(rest[end:], 3 * MOST_READ)
        except NotArrays as error:
            raise DataError(
                f"{name}: {key!r:.60} holds pickled objects, which can run code when read, and not arrays of numbers "
                f"alone: {error}; save each drawing with np.savez as float32 or int16"
            ) from None
    if not found or not _NUMBERS.fullmatch(found[1]):
        raise DataError(f"{name}: {key!r:.60} is no array of numbers; save it with np.savez as float32 or int16")
    kind = np.dtype(found[1].decode())
    shape = [int(length) for length in re.findall(rb"\d+", found[3] or b"")]
    count = math.prod(shape)
    if count * kind.itemsize != len(rest) - end:
        raise DataError(f"{name}: {key!r:.60} is damaged: its size is not that of its shape; save it again")
    if count > 3 * MOST_READ:
        raise DataError(f"{name} has more than {MOST_READ:,} points; split it into several files")
    numbers = np.frombuffer(rest, kind, offset=end).reshape(shape, order="F" if found[2] == b"True" else "C")
    with np.errstate(invalid="ignore"):  # of a signalling NaN; `Ink` refuses it
        return numbers.astype(np.float64)


def _cut(array: Floats, lengths: Floats, key: str, name: str) -> list[Floats]:
    sound = lengths.ndim == 1 and len(lengths) > 0 and bool(np.all((lengths >= 1) & (lengths % 1 == 0)))
    if not sound or lengths.sum() != len(array):
        raise DataError(f"{name}: {key + _LENGTHS!r:.60} does not cut {key!r:.60} into drawings; give the rows of each")
    return np.split(array, np.cumsum(lengths).astype(np.int64)[:-1])


def ink_of_moves(name: str, drawing: Floats) -> Ink:
    """Of rows dx, dy and lift. Raises DataError for a lift that is neither 0 nor 1."""
    if not np.isin(drawing[:, 2], (0, 1)).all():
        raise DataError(f"{name} has a lift other than 0 or 1; wanted dx, dy and 1 where the pen lifts after the point")
    with np.errstate(over="ignore", invalid="ignore"):  # `Ink` refuses what is infinite
        points = np.cumsum(drawing[:, :2], axis=0)
    strokes = np.split(points, np.flatnonzero(drawing[:-1, 2]) + 1)
    return ink_from(name, [stroke for stroke in strokes if len(stroke)])
