"""Whose hand: a writer's vector, by name, between others, or fitted to ink and kept in a file."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from seqgen.errors import DataError, ModelError, UnknownName, UsageError
from seqgen.files.reading import read_bytes
from seqgen.files.storage import write_output
from seqgen.nn.context import Params

Vector = NDArray[np.float32]
ENDING = ".style"
_MOST_BYTES = 1 << 20
_WIDEST = 4096


@dataclass(frozen=True)
class Style:
    """A hand of one's own: the vector that a model writes it by.

    vector: `static_width` numbers. model: which model they mean something to, `fingerprint` of its parameters.
    notes: what was measured when it was made, plain JSON values.

    Raises ModelError for a vector that is none.

    >>> Style((0.5, -1.0), "d4f1").vector
    (0.5, -1.0)
    """

    vector: tuple[float, ...]
    model: str
    notes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        numbers = all(type(value) in (int, float) and math.isfinite(value) for value in self.vector)
        if not (numbers and 0 < len(self.vector) <= _WIDEST):
            raise ModelError("the vector of a hand is no list of numbers; the file is damaged: make it again")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes it as JSON. Raises UsageError for a place that cannot be written."""
        value = {"kind": "style", "model": self.model, "vector": list(self.vector), "notes": self.notes}
        write_output(path, json.dumps(value, indent=1).encode())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Style:
        """What `save` wrote. Raises DataError for a file that cannot be read or is no style."""
        try:
            found = json.loads(
                read_bytes(path, _MOST_BYTES, too_large="; a hand is some hundred numbers: is it the right file?")
            )
        except (ValueError, RecursionError):
            found = None
        match found:
            case {"kind": "style", "model": str(model), "vector": [*vector], "notes": dict(notes)}:
                return cls(tuple(vector), model, notes)
        raise DataError(f"{path} is no hand; give a file that `seqgen handwriting adopt` wrote")


def fingerprint(params: Params) -> str:
    """Which network a vector belongs to: a hash of all its parameters but the hands themselves."""
    network = {name: leaf for name, leaf in params["network"].items() if name != "static_table"}
    sums = hashlib.sha256()
    for leaf in jax.tree.leaves([network, params["head"]]):
        sums.update(np.asarray(leaf, np.float32).tobytes())
    return sums.hexdigest()[:32]


def vector_of(asked: str | Style, hands: Sequence[str], params: Params) -> Vector:
    """The vector of a hand, float32 `[static_width]`.

    asked: a name; names with weights, `oak:0.6,birch:0.4`; a `Style`, or the name of its file, NAME.style.
    Raises UnknownName for a hand that the model has not, UsageError for weights that are none, ModelError for a style of another
    model.
    """
    table = np.asarray(params["network"]["static_table"], np.float32)
    if isinstance(asked, str) and asked.endswith(ENDING) and asked not in hands:
        asked = Style.load(asked)
    if isinstance(asked, Style):
        if asked.model != fingerprint(params) or len(asked.vector) != table.shape[1]:
            raise ModelError("this hand was made for another model; give that model, or adopt the samples again")
        return np.array(asked.vector, np.float32)
    total, vector = 0.0, np.zeros(table.shape[1], np.float64)
    for part in [asked] if asked in hands else asked.split(","):
        name, weight = _weighed(part, asked, hands)
        total += weight
        vector += weight * table[hands.index(name)]
    if not 0 < total < math.inf:
        raise UsageError(
            f"the weights of {asked!r:.60} are {total:g} together; give numbers above 0, oak:0.6,birch:0.4"
        )
    return np.asarray(vector / total, np.float32)


def _weighed(part: str, asked: str, hands: Sequence[str]) -> tuple[str, float]:
    name, colon, weight = (part, "", "") if part in hands else part.strip().partition(":")
    if name not in hands:
        raise UnknownName("hand", name, hands)
    try:
        return name, float(weight) if colon else 1.0
    except ValueError:
        raise UsageError(f"{weight!r:.40} in {asked!r:.60} is no weight; give numbers, oak:0.6,birch:0.4") from None
