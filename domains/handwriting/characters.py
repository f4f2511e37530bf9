"""Where each character of a text lies in its ink, as the model that reads both finds it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqgen.batching.filling import filled
from seqgen.errors import UsageError

from .api import HandwritingModel
from .following import follow
from .ink import Ink
from .writing import ROWS


class Character(NamedTuple):
    """A character of a line, and the box around its ink: left, top, right, bottom, in the ink's unit.

    A box is None where a character has no ink, as a space has none.
    """

    character: str
    box: tuple[float, float, float, float] | None


def places(model: HandwritingModel, inks: Sequence[Ink]) -> list[list[NDArray[np.int64]]]:
    """Which character of its text each point of each stroke belongs to, counted from 0; lines in x-heights.

    It is where the model's window was. Raises UsageError for a model that knows no texts, DataError for ink that it cannot
    score.

    >>> from seqgen.domains import handwriting
    >>> model = handwriting.load()
    >>> (found,) = places(model, model.write("at me", seed=1))
    >>> int(found[0][0]), int(found[-1][-1])
    (0, 4)
    """
    if not model.codec.alphabet:
        raise UsageError(f"{model.name} knows no texts: where characters are is seen by a model that writes some")
    made = []
    for begin in range(0, len(inks), ROWS):
        part = inks[begin : begin + ROWS]
        for ink in part:
            model.check(ink)
        rows = filled(part)
        context = model.context([str(ink.text) for ink in rows], model.vectors(rows), [ink.hand for ink in rows])
        found = follow(model.model, model.params, [model.codec.encode(ink).steps for ink in rows], context)
        for ink, followed in zip(part, found, strict=False):
            last = len(str(ink.text)) - 1
            read = np.minimum(followed.places, last)
            kept = model.codec.canonical(ink)  # perhaps of fewer points: those between belong where the next one does
            ends = np.cumsum([len(stroke) for stroke in kept.strokes])
            made.append(
                [
                    _spread(part, len(stroke))
                    for part, stroke in zip(np.split(read, ends[:-1]), ink.strokes, strict=True)
                ]
            )
    return made


def boxes(model: HandwritingModel, ink: Ink) -> list[Character]:
    """Each character of a line with the box around it. Raises as `places`."""
    (found,) = places(model, [ink])
    points, owners = np.concatenate(ink.strokes), np.concatenate(found)
    made = []
    for number, character in enumerate(str(ink.text)):
        own = points[owners == number]
        box = None
        if len(own) and character != " ":
            (left, top), (right, bottom) = own.min(axis=0).tolist(), own.max(axis=0).tolist()
            box = left, top, right, bottom
        made.append(Character(character, box))
    return made


def _spread(owners: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The same for a stroke of `count` points, evenly."""
    return owners[np.rint(np.linspace(0, len(owners) - 1, count)).astype(np.int64)]
