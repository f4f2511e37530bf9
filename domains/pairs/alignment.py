"""What a model looked at while it wrote: attention as an array and as a picture."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqgen.batching.sources import in_memory
from seqgen.batching.windows import evaluation_windows
from seqgen.files.storage import write_output
from seqgen.models.model import Model
from seqgen.nn.context import Params

from .codec import PairCodec
from .pair import Pair
from .pictures.pixels import Pixels

CELL, LETTER, MARGIN = 18, 7.5, 8  # pixels


@dataclass(frozen=True, eq=False)
class Alignment:
    """weights `[T, U]`: of what each unit of the target, and the end, was made of; rows add up to 1.

    source, target: the units.

    >>> Alignment(("Go", "."), ("Va", " !", "·"), np.full((3, 2), 0.5)).weights.shape
    (3, 2)
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    weights: NDArray[np.float32]

    def to_svg(self) -> str:
        """A picture: a row a unit of the target, a column a unit of the source, dark where it looked."""
        from xml.sax.saxutils import escape

        left = MARGIN * 2 + LETTER * max(map(len, self.target))
        top = MARGIN * 2 + LETTER * max(map(len, self.source))
        width, height = left + CELL * len(self.source) + MARGIN, top + CELL * len(self.target) + MARGIN
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
            f'height="{height:g}" font-family="monospace" font-size="12">'
        )
        parts = [head, f'<rect width="{width:g}" height="{height:g}" fill="white"/>']
        for column, name in enumerate(self.source):
            x = left + CELL * (column + 0.7)
            parts.append(f'<text transform="translate({x:g} {top - MARGIN:g}) rotate(-90)">{escape(name)}</text>')
        for row, name in enumerate(self.target):
            y = top + CELL * (row + 0.7)
            parts.append(
                f'<text x="{left - MARGIN:g}" y="{y:g}" text-anchor="end" xml:space="preserve">{escape(name)}</text>'
            )
            for column, weight in enumerate(self.weights[row]):
                place = f'x="{left + CELL * column:g}" y="{top + CELL * row:g}" width="{CELL}" height="{CELL}"'
                parts.append(f'<rect {place} fill="black" fill-opacity="{weight:.3f}" stroke="#ddd"/>')
        return "\n".join([*parts, "</svg>\n"])

    def save(self, path: str | os.PathLike[str]) -> None:
        """The picture as SVG."""
        write_output(path, self.to_svg().encode())


def align(codec: PairCodec, model: Model, params: Params, pair: Pair) -> Alignment:
    """The alignment of one pair."""
    network = model.network
    example = codec.encode(pair)
    (batch,) = evaluation_windows(in_memory(codec.spec, [example]), 1, len(example.steps))
    context = model.encode(params, batch)
    start = model.start(params, 1, context)
    weights = network.align(params["network"], start, batch.inputs, context=context)  # type: ignore[attr-defined]
    if isinstance(codec.source, Pixels):  # places have no names: their row and column
        side = math.isqrt(weights.shape[-1])
        names = [f"{row} {column}" for row in range(1, side + 1) for column in range(1, side + 1)]
    else:
        names = [codec.source.names[i].replace(" ", "␣") for i in example.source]
    target = [codec.target.names[i].replace(" ", "␣") if i != codec.end else "·" for i in example.steps.tolist()]
    return Alignment(tuple(names), tuple(target), np.asarray(weights[0]))
