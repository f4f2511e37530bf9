"""Readings of a gauge, and a domain of them: real numbers, by this package's own cell under its own head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from seqgen.config import TrainingConfig
from seqgen.domain import Domain, Example, Size
from seqgen.errors import ModelError
from seqgen.spec import Continuous

Readings = tuple[float, ...]


@dataclass(frozen=True)
class Scaled:
    """Readings as float32 `[T, 1]`, in units of their largest."""

    largest: float
    spec = Continuous(1)

    def canonical(self, item: Readings) -> Readings:
        return self.decode(self.encode(item).steps)

    def encode(self, item: Readings) -> Example:
        return Example(np.array(item, np.float32)[:, None] / np.float32(self.largest))

    def decode(self, steps: Any) -> Readings:
        return tuple((np.asarray(steps, np.float32)[:, 0] * np.float32(self.largest)).tolist())

    def to_dict(self) -> dict[str, Any]:
        return {"largest": self.largest}


def fit(items: Any, **settings: Any) -> Scaled:
    """A power of two, by which a number can be divided and nothing is lost."""
    return Scaled(2.0 ** np.ceil(np.log2(max(max(map(abs, item)) for item in items))))


def load(data: Any) -> Scaled:
    if data.keys() != {"largest"}:
        raise ModelError(f"a gauge codec has `largest` and nothing else, not {[*data]}; the model is damaged")
    return Scaled(**data)


def small(codec: Scaled) -> Any:
    from seqgen import Model, Network

    from .gated import Gated
    from .logistic import Logistic

    return Model(Network(codec.spec, (Gated(16),)), Logistic(1))


WAVES = tuple(tuple(np.sin(np.arange(40) / speed).astype(np.float32).tolist()) for speed in (2.0, 3.0, 4.0))
DOMAIN: Domain[Readings] = Domain(
    "gauge", fit, load, {"small": Size(small, TrainingConfig(rows=4, window=16))}, examples=WAVES
)
