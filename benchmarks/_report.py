"""What every benchmark shares: its options, and its table of what, target, reached."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class Row(NamedTuple):
    """One figure. sense: "<=" or ">=", how `reached` must stand to `target`; target None is for comparison only."""

    what: str
    reached: float
    sense: str = "<="
    target: float | None = None
    unit: str = ""

    @property
    def met(self) -> bool | None:
        if self.target is None:
            return None
        return bool(self.reached <= self.target if self.sense == "<=" else self.reached >= self.target)


def parser(description: str | None) -> argparse.ArgumentParser:
    """The options that all benchmarks know; a benchmark adds its own."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    options.add_argument("--toy", action="store_true", help="seconds instead of minutes, no network; no real figures")
    return options


def report(rows: Sequence[Row], json_file: Path | None) -> None:
    """Prints the table; a target that was missed is marked, not hidden."""
    cells = [("what", "target", "reached", "")]
    for row in rows:
        target = "" if row.target is None else f"{row.sense} {row.target:g} {row.unit}"
        verdict = {True: "met", False: "MISSED", None: ""}[row.met]
        cells.append((row.what, target, f"{row.reached:.4g} {row.unit}", verdict))
    widths = [max(len(line[column]) for line in cells) for column in range(4)]
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    if json_file:
        figures = [{**row._asdict(), "met": row.met} for row in rows]
        json_file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
