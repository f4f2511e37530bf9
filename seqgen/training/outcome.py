"""How a run ended, and where to find what it made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    """How a run ended: its folder, the steps done and planned, the best validation, and the signal if one came.

    best: the lowest loss, or, where the domain has a metric, of that name, the best of it.
    """

    folder: Path
    step: int
    steps: int
    best: float
    signal: int | None = None
    stopped_early: bool = False
    metric: str = ""

    @property
    def model(self) -> Path:
        return self.folder / "model"

    @property
    def curve(self) -> Path:
        return self.folder / "curve.svg"

    def _repr_svg_(self) -> str | None:
        """In a notebook: the learning curve, where there is one."""
        return self.curve.read_text(encoding="utf-8") if self.curve.exists() else None
