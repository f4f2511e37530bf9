"""Arrays of arrays, as old sketch-rnn files hold them: pickled, but read here by what NumPy writes, and nothing else.

A pickle is a program; this reads the few instructions that arrays of numbers are made of and runs none of it: names such as
numpy's `_reconstruct` are compared with a list, never looked up, and whatever is not an array of numbers is refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from ..ink import Floats

MOST = 5_000_000  # instructions: an array takes some 30
_ARRAY, _DTYPE, _ENCODE = "array", "dtype", "encode"
_NAMES = {
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _ARRAY for core in ("core", "_core")},
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): _DTYPE,
    ("_codecs", "encode"): _ENCODE,  # Python 3 writes bytes so in its second protocol
}
_NUMBERS = re.compile(r"[iu][1248]|f[248]")


class NotArrays(ValueError):
    """The bytes are damaged, or hold something else than arrays of numbers."""


class _Array:
    def __init__(self) -> None:
        self.value: Any = None


class _Kind:
    """A dtype: `code` such as i2, or O for objects."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.order = "<"

    def numbers(self) -> np.dtype[Any]:
        if not _NUMBERS.fullmatch(self.code):
            raise NotArrays(f"an array of {self.code!r:.20}")
        return np.dtype(("<" if self.order in "|=" else self.order) + self.code)


def object_array(raw: bytes, most: int) -> list[Floats]:
    """The arrays in a pickled array of arrays of numbers, at most `most` numbers together. Raises NotArrays.

    >>> import io
    >>> file, both = io.BytesIO(), np.empty(2, object)
    >>> both[:] = [np.ones((1, 3), np.int16), np.zeros((2, 3), np.int16)]
    >>> np.save(file, both, allow_pickle=True)
    >>> [array.shape for array in object_array(file.getvalue()[128:], most=100)]
    [(1, 3), (2, 3)]
    """
    try:
        found = _Machine(raw, most).run()
    except (IndexError, KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise error if isinstance(error, NotArrays) else NotArrays("it is damaged") from None
    if not isinstance(found, _Array) or not isinstance(found.value, list):
        raise NotArrays("no array of arrays")
    arrays = [_plain(item) for item in found.value]
    if sum(array.size for array in arrays) > most:  # one array may be named many times
        raise NotArrays("more numbers than ink needs")
    with np.errstate(invalid="ignore"):  # of a signalling NaN; `Ink` refuses it
        return [array.astype(np.float64) for array in arrays]


def _plain(item: Any) -> np.ndarray[Any, np.dtype[Any]]:
    if not isinstance(item, _Array) or not isinstance(item.value, np.ndarray):
        raise NotArrays("not all of it arrays of numbers")
    return item.value


class _Machine:
    """A stack, a memo and the instructions of protocols 2 to 4 that arrays need."""

    def __init__(self, raw: bytes, most: int) -> None:
        self.raw, self.at, self.most = raw, 0, most
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        for _ in range(MOST):
            code = self.take(1)
            if code == b".":
                return self.stack[-1]
            if code not in _CODES:
                raise NotArrays("more than arrays of numbers")
            _CODES[code](self)
        raise NotArrays("too many parts")

    def take(self, count: int) -> bytes:
        part = self.raw[self.at : self.at + count]
        if len(part) < count:
            raise NotArrays("it is cut off")
        self.at += count
        return part

    def number(self, size: int, signed: bool = False) -> int:
        return int.from_bytes(self.take(size), "little", signed=signed)

    def line(self) -> str:
        end = self.raw.index(b"\n", self.at, self.at + 80)
        return self.take(end + 1 - self.at)[:-1].decode("ascii")

    def since_mark(self) -> list[Any]:
        mark = self.marks.pop()
        items = self.stack[mark:]
        del self.stack[mark:]
        return items

    def last(self, count: int) -> list[Any]:
        if count > len(self.stack):
            raise NotArrays("it is damaged")
        items = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return items

    def name(self, module: str, name: str) -> None:
        if (module, name) not in _NAMES:
            raise NotArrays(f"{module:.40}.{name:.40}, which is no array")
        self.stack.append(_NAMES[module, name])

    def call(self) -> None:
        what, arguments = self.last(2)
        if what == _ARRAY and arguments[0] == "ndarray":
            self.stack.append(_Array())
        elif what == _DTYPE:
            self.stack.append(_Kind(_text(arguments[0])))
        elif what == _ENCODE and arguments[1] == "latin1":
            self.stack.append(arguments[0].encode("latin-1"))
        else:
            raise NotArrays("more than arrays of numbers")

    def build(self) -> None:
        made, state = self.last(2)
        self.stack.append(made)
        if isinstance(made, _Kind):
            made.order = _text(state[1])
            return
        _, shape, kind, columns_first, content = state
        small = len(shape) <= 3 and all(type(length) is int and length >= 0 for length in shape)
        if not isinstance(made, _Array) or made.value is not None or not small:
            raise NotArrays("it is damaged")
        count = math.prod(shape)
        if kind.code == "O8" or kind.code == "O":
            if not isinstance(content, list) or len(content) != count:
                raise NotArrays("it is damaged")
            made.value = content
            return
        self.most -= count
        if self.most < 0:
            raise NotArrays("more numbers than ink needs")
        content = content.encode("latin-1") if isinstance(content, str) else content
        numbers = np.frombuffer(content, kind.numbers())
        made.value = numbers.reshape(shape, order="F" if columns_first is True else "C")


def _text(item: Any) -> str:
    return item.decode("ascii") if isinstance(item, bytes) else str(item)


def _push(value: Callable[[_Machine], Any]) -> Callable[[_Machine], None]:
    return lambda machine: machine.stack.append(value(machine))


def _append(machine: _Machine) -> None:
    items = machine.since_mark()
    machine.stack[-1].extend(items)


def _append_one(machine: _Machine) -> None:
    item = machine.stack.pop()
    machine.stack[-1].append(item)


def _keep(size: int) -> Callable[[_Machine], None]:
    def keep(machine: _Machine) -> None:
        number = machine.number(size) if size else len(machine.memo)
        machine.memo[number] = machine.stack[-1]

    return keep


def _bytes(size: int) -> Callable[[_Machine], None]:
    return _push(lambda machine: machine.take(machine.number(size)))


def _unicode(size: int) -> Callable[[_Machine], None]:
    return _push(lambda machine: machine.take(machine.number(size)).decode("utf-8", "surrogatepass"))


def _stack_name(machine: _Machine) -> None:
    machine.name(*machine.last(2))


_CODES: dict[bytes, Callable[[_Machine], None]] = {
    b"\x80": lambda machine: None if 2 <= machine.number(1) <= 4 else machine.name("a protocol", "of its own"),
    b"\x95": lambda machine: (machine.take(8), None)[1],  # a frame
    b"(": lambda machine: machine.marks.append(len(machine.stack)),
    b"N": _push(lambda machine: None),
    b"\x88": _push(lambda machine: True),
    b"\x89": _push(lambda machine: False),
    b"J": _push(lambda machine: machine.number(4, signed=True)),
    b"K": _push(lambda machine: machine.number(1)),
    b"M": _push(lambda machine: machine.number(2)),
    b"\x8a": _push(lambda machine: machine.number(min(machine.number(1), 9), signed=True)),
    b"T": _bytes(4),
    b"U": _bytes(1),
    b"B": _bytes(4),
    b"C": _bytes(1),
    b"\x8e": _bytes(8),
    b"X": _unicode(4),
    b"\x8c": _unicode(1),
    b"]": _push(lambda machine: []),
    b"e": _append,
    b"a": _append_one,
    b")": _push(lambda machine: ()),
    b"t": _push(lambda machine: tuple(machine.since_mark())),
    b"\x85": _push(lambda machine: tuple(machine.last(1))),
    b"\x86": _push(lambda machine: tuple(machine.last(2))),
    b"\x87": _push(lambda machine: tuple(machine.last(3))),
    b"q": _keep(1),
    b"r": _keep(4),
    b"\x94": _keep(0),
    b"h": _push(lambda machine: machine.memo[machine.number(1)]),
    b"j": _push(lambda machine: machine.memo[machine.number(4)]),
    b"c": lambda machine: machine.name(machine.line(), machine.line()),
    b"\x93": _stack_name,
    b"R": lambda machine: machine.call(),
    b"b": lambda machine: machine.build(),
}
