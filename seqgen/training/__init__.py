"""Learning: one compiled step and the state it moves, scoring, and the run around them.

>>> from seqgen.training import Metrics, TrainStep, train
>>> idle: TrainStep = lambda state, batch: (state + 1, Metrics(0.0, 1, 0.0))  # a step is a function, `train` its loop
>>> [state for state, _ in train(0, range(3), idle)]
[1, 2, 3]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazy_names

if TYPE_CHECKING:
    from .scoring import evaluate as evaluate
    from .scoring import log_probs as log_probs
    from .steps import Metrics as Metrics
    from .steps import TrainState as TrainState
    from .steps import TrainStep as TrainStep
    from .steps import init_state as init_state
    from .steps import keep as keep
    from .steps import make_train_step as make_train_step
    from .steps import train as train

_HOME = {
    "steps": (
        "Metrics",
        "TrainState",
        "TrainStep",
        "init_state",
        "keep",
        "make_train_step",
        "train",
    ),
    "scoring": (
        "evaluate",
        "log_probs",
    ),
}
__getattr__, __all__ = lazy_names(__name__, _HOME)


def __dir__() -> list[str]:
    return list(__all__)
