"""How a model learns to sing to whatever is given: what that is, drawn anew each epoch, and what it is judged by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.random import Generator

from seqgen.domain import Metric

from ..grid import REST, Grid, to_grid
from ..score import Score
from .told import Partly

if TYPE_CHECKING:
    from seqgen.models.model import Model
    from seqgen.nn.context import Params

SOPRANO, NOTHING, VOICES = 0.4, 0.1, 0.25  # shares; of the rest some voices are free in some bars
MOST_BARS = 8
ROWS = 8  # pieces that are judged side by side


def partly(score: Score, random: Generator) -> Partly:
    """The piece with some of it given: often the soprano, nothing, or whole voices, else all but some voices of some bars."""
    bars, length = _bars(score)
    kind, key = random.random(), bool(random.random() < 0.5)
    chosen = random.random(4) < random.uniform(0.25, 0.75)
    if kind < SOPRANO:
        chosen = np.arange(4) == 0
    elif kind < SOPRANO + NOTHING:
        chosen, key = np.zeros(4, bool), False
    given = np.repeat(chosen[None], length, axis=0)
    if kind >= SOPRANO + NOTHING + VOICES:
        first = int(random.integers(len(bars) - 1))
        last = min(first + int(random.integers(1, MOST_BARS + 1)), len(bars) - 1)
        given[: bars[first]] = given[bars[last] :] = True
    return Partly(score, given, key)


def _bars(score: Score) -> tuple[list[int], int]:
    """Where bars begin, the beginning and the end among them, and the steps of a piece."""
    grid = to_grid(score)
    length = len(grid.cells)
    return sorted({0, *grid.bars, length}), length


def under(voices: Sequence[int], score: Score) -> Partly:
    """The piece with these voices given, counted from the top."""
    given = np.zeros((len(to_grid(score).cells), 4), bool)
    given[:, list(voices)] = True
    return Partly(score, given)


def nats_under(
    codec: Grid, model: Model, params: Params, pieces: Sequence[Score], voices: Sequence[int] = (0,)
) -> tuple[float, int]:
    """-ln p of what is not given of pieces, their keys among that, and how many notes it is, with these voices given.

    A note is what one voice does in one sixteenth.
    """
    from seqgen.batching.items import EvaluationItems  # here: a domain's value must not cost JAX
    from seqgen.batching.sources import in_memory
    from seqgen.training.scoring import log_probs

    examples = [codec.encode(under(voices, piece)) for piece in pieces]
    notes = sum(int(((one.steps <= REST) & (one.controls[:, 0] == 0)).sum()) for one in examples)
    batches = EvaluationItems(in_memory(codec.spec, examples), ROWS)
    return -sum(float(likely.sum(dtype=np.float64)) for likely, _ in log_probs(model, params, batches)), notes


def _judged(codec: Any, model: Any, params: Any, items: Sequence[Score]) -> float:
    nats, notes = nats_under(codec, model, params, items)
    return nats / notes


METRIC: Metric[Score] = Metric("nats a note under the soprano", _judged, most=40)
