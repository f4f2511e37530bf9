"""What every benchmark shares: its options, and its table of what, target, reached."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import seqgen


class Row(NamedTuple):
    """One figure. sense: "<=" or ">=", how `reached` must stand to `target`; target None is for comparison only.

    low, high: the extremes, where `reached` is the median of several.
    """

    what: str
    reached: float
    sense: str = "<="
    target: float | None = None
    unit: str = ""
    low: float | None = None
    high: float | None = None

    @property
    def met(self) -> bool | None:
        if self.target is None:
            return None
        return bool(self.reached <= self.target if self.sense == "<=" else self.reached >= self.target)


def measured(what: str, values: Sequence[float], sense: str = "<=", target: float | None = None, unit: str = "") -> Row:
    """The median of what several rounds gave, with the lowest and the highest."""
    return Row(what, statistics.median(values), sense, target, unit, min(values), max(values))


def parser(description: str | None) -> argparse.ArgumentParser:
    """The options that all benchmarks know; a benchmark adds its own."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    options.add_argument("--toy", action="store_true", help="seconds instead of minutes, no network; no real figures")
    return options


def report_parts(
    description: str | None, parts: Mapping[str, Callable[[Any], list[Row]]], asked: Callable[[bool, Path], Any]
) -> None:
    """Runs a benchmark of several parts, some of which train models in --runs, or only the parts that are named.

    asked: what the parts are given, of whether it is a toy and the folder of the trainings.
    """
    name = Path(sys.argv[0]).stem
    options = parser(description)
    options.add_argument("--part", action="append", choices=parts, help="only this; may repeat (all)")
    options.add_argument("--runs", type=Path, default=Path("runs", name), help="folder of the trainings")
    args = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        given = asked(args.toy, Path(temporary) if args.toy else args.runs)
        rows = [row for part in args.part or parts for row in parts[part](given)]
    report(rows, args.json)


def machine() -> dict[str, str]:
    """What the figures were measured on, and with."""
    cpuinfo, model = Path("/proc/cpuinfo"), platform.processor()
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
        flags = next((line.split() for line in lines if line.startswith("flags")), [])
        known = [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if name in flags]
        model = f"{model} ({', '.join(known)})" if known else model
    return {
        "machine": f"{os.cpu_count()} cores of {model or platform.machine()}, {platform.system()}",
        "Python": platform.python_version(),
        "seqgen": seqgen.__version__,
        **{name: importlib.metadata.version(name) for name in ("jax", "numpy")},
    }


def report(
    rows: Sequence[Row],
    json_file: Path | None,
    about: Mapping[str, str] | None = None,
    series: Mapping[str, Sequence[tuple[float, float]]] | None = None,
) -> None:
    """Prints the table; a target that was missed is marked, not hidden. Under it, what it was measured on.

    about: who else took part, or why not. series: curves by name, for pictures; they go into the file only.
    """
    cells = [("what", "target", "reached", "")]
    for row in rows:
        target = "" if row.target is None else f"{row.sense} {row.target:g} {row.unit}"
        verdict = {True: "met", False: "MISSED", None: ""}[row.met]
        extremes = "" if row.low is None else f"({row.low:.4g} to {row.high:.4g})"
        cells.append((row.what, target, " ".join((f"{row.reached:.4g} {row.unit}", extremes)).rstrip(), verdict))
    widths = [max(len(line[column]) for line in cells) for column in range(4)]
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    about = {**machine(), **(about or {})}
    print("\n" + "\n".join(f"{name}: {value}" for name, value in about.items()))
    if json_file:
        figures: dict[str, Any] = {"about": about, "rows": [{**row._asdict(), "met": row.met} for row in rows]}
        if series:
            figures["series"] = series
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
