"""What one position of a sequence is: the one contract between a domain and the core."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .errors import ModelError

Steps = Any  # a NumPy or JAX array with time leading, or a tuple of them for Product


@dataclass(frozen=True)
class Discrete:
    """One symbol out of `size`: int32 `[T]`, values 0 .. size - 1.

    >>> empty_steps(Discrete(65), length=2)
    array([0, 0], dtype=int32)
    """

    size: int


@dataclass(frozen=True)
class Continuous:
    """A real vector: float32 `[T, dim]`.

    >>> empty_steps(Continuous(2), length=3).shape
    (3, 2)
    """

    dim: int


@dataclass(frozen=True)
class Binary:
    """`dim` independent yes/no values: float32 `[T, dim]`, each 0 or 1.

    >>> empty_steps(Binary(88), length=3).shape
    (3, 88)
    """

    dim: int


@dataclass(frozen=True)
class Product:
    """Several specs side by side: a tuple of step arrays, one a part.

    >>> offsets, pens = empty_steps(Product((Continuous(2), Discrete(3))), length=4)
    >>> offsets.shape, pens.shape
    ((4, 2), (4,))
    """

    parts: tuple[Spec, ...]


Spec = Discrete | Continuous | Binary | Product


class Inputs(NamedTuple):
    """What the network sees: the step before each target (teacher forcing), and the controls of the target itself.

    steps: `[B, T, ...]`, the null step where a sequence begins.
    controls: float32 `[B, T, C]` or None.

    >>> from seqgen import Example, evaluation_windows, in_memory
    >>> source = in_memory(Discrete(5), [Example(np.array([3, 1, 4]))])
    >>> (batch,) = evaluation_windows(source, batch=1, window=3)
    >>> batch.inputs.steps.tolist(), batch.targets.tolist()
    ([[5, 3, 1]], [[3, 1, 4]])
    """

    steps: Steps
    controls: Any = None


def null_step(spec: Spec) -> Steps:
    """The input that opens every sequence, before anything was seen.

    A symbol spec has the extra id `size` for it, a start token or BOS (the network embeds `size + 1` ids, a head
    predicts `size`); vectors open with zeros, as in Graves (2013), section 4.2.

    >>> int(null_step(Discrete(65)))
    65
    """
    match spec:
        case Discrete(size):
            return np.int32(size)
        case Continuous(dim) | Binary(dim):
            return np.zeros(dim, np.float32)
        case Product(parts):
            return tuple(null_step(part) for part in parts)


def empty_steps(spec: Spec, length: int = 0) -> Steps:
    """`length` blank positions of this spec, zeros: padding, and the prompt of someone who has none."""
    match spec:
        case Discrete():
            return np.zeros(length, np.int32)
        case Continuous(dim) | Binary(dim):
            return np.zeros((length, dim), np.float32)
        case Product(parts):
            return tuple(empty_steps(part, length) for part in parts)


def vector_width(spec: Spec) -> int:
    """How many of a step's values are numbers, and no symbols."""
    match spec:
        case Discrete():
            return 0
        case Continuous(dim) | Binary(dim):
            return dim
        case Product(parts):
            return sum(map(vector_width, parts))


class Stranger(NamedTuple):
    """A symbol that is none of a spec's `size`, and where it stands."""

    symbol: Any
    position: int
    size: int

    def __str__(self) -> str:
        return f"symbol {self.symbol} at position {self.position}; this model knows 0 to {self.size - 1}"


def stranger(spec: Spec, steps: Steps) -> Stranger | None:
    """The first symbol out of range, if there is one: a table has no row for it, and NaN or another's would be read.

    >>> print(stranger(Discrete(5), [0, 4, 5]))
    symbol 5 at position 2; this model knows 0 to 4
    """
    match spec:
        case Discrete(size):
            leaf = np.asarray(steps)
            if not leaf.size or (leaf.min() >= 0 and leaf.max() < size):
                return None
            position = int(np.flatnonzero(~((leaf >= 0) & (leaf < size)))[0])
            return Stranger(leaf.flat[position], position, size)
        case Product(parts):
            found = (stranger(part, leaf) for part, leaf in zip(parts, steps, strict=True))
            return next((one for one in found if one), None)
        case _:
            return None


def spec_to_dict(spec: Spec) -> dict[str, Any]:
    """A spec as plain JSON values, read back by `spec_from_dict`."""
    match spec:
        case Discrete(size):
            return {"kind": "discrete", "size": size}
        case Continuous(dim):
            return {"kind": "continuous", "dim": dim}
        case Binary(dim):
            return {"kind": "binary", "dim": dim}
        case Product(parts):
            return {"kind": "joint", "parts": [spec_to_dict(part) for part in parts]}


def spec_from_dict(data: Mapping[str, Any]) -> Spec:
    """The spec that wrote `data`. Raises ModelError for anything else."""
    match dict(data):
        case {"kind": "discrete", "size": int(size)} if size > 0:
            return Discrete(size)
        case {"kind": "continuous", "dim": int(dim)} if dim > 0:
            return Continuous(dim)
        case {"kind": "binary", "dim": int(dim)} if dim > 0:
            return Binary(dim)
        case {"kind": "joint", "parts": [*parts]} if parts:
            return Product(tuple(spec_from_dict(part) for part in parts))
    raise ModelError(f"a step specification reads {data!r}, which this version does not know; the model is damaged")


def map_steps(function: Callable[..., Any], steps: Steps) -> Steps:
    return tuple(function(leaf) for leaf in steps) if isinstance(steps, tuple) else function(steps)
