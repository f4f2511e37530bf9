"""Where examples come from: memory, a memory map, a corpus that is in steps already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..domain import Codec, Example
from ..errors import DataError
from ..spec import Discrete, Spec, Steps, Stranger, map_steps, stranger

Ints = NDArray[np.int64]


class Source(Protocol):
    """Where examples come from: memory, a memory map. Either all of them have a condition (or controls) or none.

    >>> source: Source = in_memory(Discrete(5), [Example(np.array([3, 1, 4]))])
    >>> source.read(0, 1, 3).tolist(), source.condition(0)
    ([1, 4], (None, None))
    """

    @property
    def spec(self) -> Spec:
        """What one step of it is."""
        ...

    @property
    def lengths(self) -> Sequence[int] | Ints:
        """Steps of each example."""
        ...

    def read(self, index: int, start: int, stop: int) -> Steps:
        """Steps start .. stop - 1 of one example."""
        ...

    def controls(self, index: int, start: int, stop: int) -> Any:
        """Controls of the same steps, float32 `[stop - start, C]`, or None."""
        ...

    def condition(self, index: int) -> tuple[Any, Any]:
        """The example's (source `[U, ...]` of any type, static int32 `[]`), each or None."""
        ...


class Encoded(NamedTuple):
    """Data that is in steps already, in place of `Splits` of items, such as a prepared corpus larger than memory.

    fingerprint: differs wherever data or codec do, so that nobody has to read all of it to know it again.

    >>> from seqgen import registry
    >>> codec = registry.domain("text").fit_codec(["abba"])
    >>> source = in_memory(codec.spec, [codec.encode("abba")])
    >>> Encoded(codec, train=source, valid=source, fingerprint="abba").train.lengths
    (4,)
    """

    codec: Codec[Any]
    train: Source
    valid: Source
    fingerprint: str


@dataclass(frozen=True, eq=False)
class _Memory:
    spec: Spec
    examples: tuple[Example, ...]
    lengths: tuple[int, ...]

    def read(self, index: int, start: int, stop: int) -> Steps:
        steps = map_steps(lambda leaf: leaf[start:stop], self.examples[index].steps)
        if _mapped(self.examples[index].steps) and (found := stranger(self.spec, steps)):
            raise DataError(_unknown(index, found._replace(position=start + found.position)))
        return steps

    def controls(self, index: int, start: int, stop: int) -> Any:
        controls = self.examples[index].controls
        return None if controls is None else controls[start:stop]

    def condition(self, index: int) -> tuple[Any, Any]:
        return self.examples[index].source, self.examples[index].static


def in_memory(spec: Spec, examples: Sequence[Example]) -> Source:
    """Examples as a `Source`; copies nothing, so steps may be memory maps of any integer or float type.

    Raises DataError when arrays of one example differ in length, or only some examples have a source, static, controls,
    or sources are of several kinds; and for a symbol that `spec` does not have, in a memory map when it is read.

    >>> in_memory(Discrete(5), [Example(np.array([3, 1, 4])), Example(np.array([1]))]).lengths
    (3, 1)
    """
    lengths = []
    for number, example in enumerate(examples):
        leaves = example.steps if isinstance(example.steps, tuple) else (example.steps,)
        sizes = {len(leaf) for leaf in (*leaves, *(() if example.controls is None else (example.controls,)))}
        if len(sizes) != 1:
            raise DataError(f"example {number} has arrays of {sorted(sizes)} steps; give them all the same length")
        for name in ("source", "static", "controls"):
            if (getattr(example, name) is None) != (getattr(examples[0], name) is None):
                raise DataError(f"example {number} differs from example 0 in having a {name}; give it to all or none")
        if example.source is not None:
            first, here = (blank_source(one.source) for one in (examples[0], example))
            if (first.shape, first.dtype) != (here.shape, here.dtype):
                raise DataError(
                    f"example {number} has a source {_kind(here)} and example 0 one {_kind(first)}; "
                    "give all of them the same type and shape, but for the first axis"
                )
        if not _mapped(example.steps) and (found := stranger(spec, example.steps)):
            raise DataError(_unknown(number, found))
        lengths.append(sizes.pop())
    return _Memory(spec, tuple(examples), tuple(lengths))


def blank_source(source: Any) -> NDArray[Any]:
    """No entries of the type and shape that a batch has them in: int32 or float32, or uint8 for the bytes of pictures.

    Raises DataError for what is no array of numbers.
    """
    array = np.asarray(source)
    if not array.ndim or array.dtype.kind not in "biuf":
        raise DataError(f"a source is {array.dtype} {list(array.shape)}; give numbers, [U] or [U, ...]")
    picture = array.dtype == np.uint8 and array.ndim > 1
    return np.zeros((0, *array.shape[1:]), "u1" if picture else "f4" if array.dtype.kind == "f" else "i4")


def _kind(blank: NDArray[Any]) -> str:
    return f"{blank.dtype} [{', '.join(['U', *map(str, blank.shape[1:])])}]"


def _mapped(steps: Steps) -> bool:
    """Whether to look at all of it could mean to read a whole disk."""
    return any(isinstance(leaf, np.memmap) for leaf in (steps if isinstance(steps, tuple) else (steps,)))


def _unknown(number: int, found: Stranger) -> str:
    return f"example {number} has {found}; encode it with the codec of this model"


def check_known(source: Source, symbols: int, writers: int, picture: tuple[int, ...] = ()) -> None:
    """Raises DataError for what conditions an example and is not among the symbols, or writers, that a network knows.

    picture: height, width and channels at most of what is read in place of symbols.
    """
    wanted = f"uint8 [U, {', '.join(map(str, picture[1:]))}]" if picture else "int32 [U]"
    for number in range(len(source.lengths)):
        condition, static = source.condition(number)
        if condition is None and static is None:
            return  # as in all the others
        if symbols and condition is not None:
            if _kind(kind := blank_source(condition)) != wanted:
                reads = "pictures" if picture else "symbols"
                raise DataError(f"the source of example {number} is {_kind(kind)}; this model reads {reads}, {wanted}")
            if picture and len(condition) > picture[0]:
                raise DataError(
                    f"the picture of example {number} is {len(condition)} high; this model reads {picture[0]} at most"
                )
            if found := stranger(Discrete(symbols), condition):
                raise DataError(f"the source of {_unknown(number, found)}")
        if writers and static is not None and (found := stranger(Discrete(writers), static)):
            known = f"this model knows 0 to {writers - 1}"
            raise DataError(f"example {number} is by writer {found.symbol}; {known}; give it one of these as `static`")
