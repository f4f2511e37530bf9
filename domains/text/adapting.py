"""A model of text that learns from what it reads (dynamic evaluation): how it begins, and what it finds likely on its way."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

from seqgen import sampling
from seqgen.batching.sources import in_memory
from seqgen.batching.windows import Evaluation, evaluation_windows
from seqgen.domain import Example
from seqgen.heads import Options
from seqgen.models.model import Model
from seqgen.nn.context import Params
from seqgen.training.adapting import SEGMENT, Adapting, adapt, gradient_rms

from .limits.asked import writable

ROWS, LENGTH = 16, 256  # of the texts that a model draws to learn how large its gradients are


class Read(NamedTuple):
    """What reading left: the weights, and ln p of each symbol before it was learned from, float32 `[T]`."""

    params: Params
    log_probs: NDArray[np.float32]


def begun(codec: Any, model: Model, params: Params) -> Adapting:
    """A model before it adapts. How large its gradients are is measured on texts of its own (the diagonal of its Fisher
    information), always the same ones, so that the text which it learned from need not be at hand.
    """
    options = Options(allowed=writable(codec))
    drawn = sampling.sample(model, params, jax.random.key(0), [[]] * ROWS, length=LENGTH, options=options)
    own = Example(np.concatenate([np.asarray(row) for row in drawn]))
    return Adapting(params, params, gradient_rms(model, params, _segments(model, own)))


def read(codec: Any, model: Model, params: Params, steps: NDArray[np.int32]) -> Read:
    """Reads the symbols of a text and learns from it as it goes."""
    state = begun(codec, model, params)
    found = [np.zeros(0, np.float32)]
    windows = _segments(model, Example(steps))
    for number, (after, likely) in enumerate(adapt(model, state, windows)):
        state = after
        found.append(np.asarray(likely)[windows[number].valid])
    return Read(state.params, np.concatenate(found))


def _segments(model: Model, example: Example) -> Evaluation:
    return evaluation_windows(in_memory(model.network.spec, [example]), 1, SEGMENT)
