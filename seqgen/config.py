"""Settings of a run, as a frozen value that goes to JSON and back; unknown settings are refused by name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from .errors import UnknownName, UsageError

UPDATES = 40  # of a pass over small data
SHORTEST, FEWEST = 32, 4  # a window and rows that small data leaves of what was set
WIDE = 16  # rows that a batch should have before its window is as long as was set


@dataclass(frozen=True)
class TrainingConfig:
    """How to learn. Sizes of the model are not here: they follow from the codec and `--size`.

    rows, window: streams read side by side (the batch size), and steps of truncated back-propagation through time
    (TBPTT); small data shrinks both.
    learning_rate: the peak, reached after `warmup` steps; `final` is the last step's share of it.
    weight_decay: on matrices only, decoupled (Loshchilov & Hutter 2019).
    clip: the largest global norm of a gradient (gradient clipping).
    ema: decay of the running average (EMA) of the weights, which is what is evaluated and released; 0 for none.
    evaluations: how often to validate in a run; `patience` of them without improvement end it (early
    stopping), 0 never does.
    evaluation_steps: validate on at most so many steps of the sequence.
    evaluation_rows: streams that validation reads side by side, each begun from nothing; 0 for `rows`.
    save_seconds: a checkpoint at least so often.
    shards: parts of a batch whose gradients are summed one after another, so that the weights do not depend, to the bit,
    on how many devices share the work; 0 for whatever order is fastest.
    precision: of products while training, "f32" or "bf16" (mixed precision); "" for the network's own. Weights stay
    float32 all the same.

    >>> TrainingConfig(rows=16, window=32).learning_rate
    0.004
    """

    rows: int = 64
    window: int = 64
    learning_rate: float = 4e-3
    warmup: int = 100
    final: float = 0.02
    weight_decay: float = 1e-4
    clip: float = 1.0
    ema: float = 0.99
    evaluations: int = 20
    patience: int = 5
    evaluation_steps: int = 262_144
    evaluation_rows: int = 0
    save_seconds: float = 60.0
    shards: int = 0
    precision: str = ""

    def __post_init__(self) -> None:
        for name in ("rows", "window", "evaluations", "evaluation_steps", "learning_rate", "clip"):
            if not getattr(self, name) > 0:
                raise UsageError(f"{name} is {getattr(self, name)!r}; give a number above 0")
        for name in ("shards", "evaluation_rows"):
            if getattr(self, name) < 0:
                raise UsageError(f"{name} is {getattr(self, name)!r}; give 0 (none) or more")
        if self.precision not in ("", "f32", "bf16"):
            raise UsageError(f"precision is {self.precision!r}; give 'f32' or 'bf16'")
        if not 0 <= self.ema < 1:
            raise UsageError(f"ema is {self.ema!r}; give a number from 0 up to, not including, 1")

    def for_steps(self, steps: int) -> TrainingConfig:
        """The same for so many steps to learn from, in smaller batches where they are few: a pass is `UPDATES` of them.

        However large its batches, a network takes about a hundred updates before it learns more than how frequent each
        symbol is, and some hundreds to learn what a small file has to teach.

        >>> [(fit.rows, fit.window) for fit in map(TrainingConfig().for_steps, (1_000_000, 45_000, 10_000, 1_000))]
        [(64, 64), (16, 64), (8, 32), (4, 32)]
        """
        positions, window = steps // UPDATES, self.window
        while positions < min(WIDE, self.rows) * window and window >= 2 * SHORTEST:
            window //= 2
        rows = 1 << round(math.log2(max(FEWEST, positions / window)))  # a power of two can be dealt to devices
        return replace(self, rows=min(self.rows, rows), window=window)

    def to_dict(self) -> dict[str, Any]:
        """Every setting by its name, as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TrainingConfig:
        """Raises UnknownName for a setting that does not exist, UsageError for one that is no such number."""
        kinds = {field.name: type(field.default) for field in fields(cls)}
        for name, value in data.items():
            if name not in kinds:
                raise UnknownName("training setting", name, kinds)
            if type(value) not in (kinds[name], int):
                kind = "whole number" if kinds[name] is int else "number"
                raise UsageError(f"{name} is {value!r:.80}, not a {kind}; put it right or leave it out")
        return cls(**data)
