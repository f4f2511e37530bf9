"""What a model expects, position by position, as whole numbers: the same for whoever packs and whoever unpacks.

Both run the one program of a single position. The program of a whole window would be faster and add up in another order,
and the last bit of a float decides here.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from seqgen.batching.windows import Batch
from seqgen.machine.programs import kept
from seqgen.models.model import Model
from seqgen.nn.context import Params
from seqgen.spec import Inputs
from seqgen.training.adapting import SEGMENT, Adapting, followed

from .arithmetic import TOTAL


class Predictor:
    """Frequencies of what comes next in so many texts at once; `read` says what came.

    adapting: how the model begins that learns from every `SEGMENT` symbols of all texts.
    """

    def __init__(self, model: Model, params: Params, rows: int, adapting: Adapting | None = None) -> None:
        self._step, self._params = _program(model), jax.device_put(params)
        self._model, self._adapting = model, adapting
        self._recent: list[NDArray[np.int32]] = []
        self._carry = _opening(model, rows)(self._params)
        self._before = self._carry
        self.read(np.full(rows, model.network.spec.size, np.int32))  # type: ignore[union-attr]

    def read(self, symbols: NDArray[np.int32]) -> None:
        """One symbol more a row."""
        self._recent.append(symbols)
        if self._adapting is not None and len(self._recent) > SEGMENT:
            self._follow(self._adapting)
        self._carry, logits = self._step(self._params, self._carry, symbols)
        self.cumulative = _cumulative(np.asarray(logits))

    def _follow(self, adapting: Adapting) -> None:
        steps = np.stack(self._recent, axis=1)
        told = np.ones((len(steps), SEGMENT), bool)
        batch = Batch(Inputs(steps[:, :-1]), steps[:, 1:], reset=~told, valid=told)
        self._adapting = followed(self._model, adapting, self._before, batch)[0]
        self._params, self._before, self._recent = self._adapting.params, self._carry, [self._recent[-1]]


def _cumulative(logits: NDArray[np.float32]) -> NDArray[np.int64]:
    """Sums of frequencies up to each symbol, int64 `[B, V + 1]`: every symbol has one, so that anything can be coded."""
    likely = np.exp((logits - logits.max(axis=1, keepdims=True)).astype(np.float64))
    room = TOTAL - logits.shape[1]
    frequencies = 1 + np.floor(likely / likely.sum(axis=1, keepdims=True) * room).astype(np.int64)
    return np.pad(frequencies.cumsum(axis=1), ((0, 0), (1, 0)))


@functools.lru_cache(maxsize=4)
def _opening(model: Model, rows: int) -> Callable[..., Any]:
    def start(params: Params) -> Any:
        return model.start(params, rows)

    return kept(start, model.to_dict(), rows, parts=(model,))


@functools.lru_cache(maxsize=4)
def _program(model: Model) -> Callable[..., Any]:
    def run(params: Params, carry: Any, symbols: Any) -> Any:
        carry, features = model.network.step(params["network"], carry, Inputs(symbols))
        return carry, model.head.logits(model.head_params(params), features)  # type: ignore[attr-defined]

    return kept(run, model.to_dict(), parts=(model,))
