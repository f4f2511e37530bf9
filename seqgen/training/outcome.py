"""How a run ended, and where to find what it made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..counting.floors import Floor


@dataclass(frozen=True)
class Outcome:
    """How a run ended: its folder, the steps done and planned, the best validation, and the signal if one came.

    best: the lowest loss, or, where the domain has a metric, of that name, the best of it.
    begun: the step it went on from; where it is `step` too, there was nothing left to do.
    unit: what a step is called. characters: how many of the held-out part a step is, where the codec counts them (`begun`).
    load: how many processes waited for the machine when minutes were turned into steps; 0 where none were.
    floor: nats a step of the same held-out part for who only counts how frequent each symbol is; None for other steps.
    ngram: the same for who counts sequences of symbols; None also before the run is over, and for long texts.
    """

    folder: Path
    step: int
    steps: int
    best: float
    signal: int | None = None
    stopped_early: bool = False
    metric: str = ""
    begun: int = 0
    floor: float | None = None
    load: float = 0.0
    unit: str = "step"
    characters: float | None = None
    ngram: Floor | None = None

    @property
    def model(self) -> Path:
        return self.folder / "model"

    @property
    def curve(self) -> Path:
        return self.folder / "curve.svg"

    def _repr_svg_(self) -> str | None:
        """In a notebook: the learning curve, where there is one."""
        return self.curve.read_text(encoding="utf-8") if self.curve.exists() else None
