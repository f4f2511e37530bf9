"""What sharing a training costs: processes on the same cores against one, the same bits everywhere, sums over processes.

With --calculate nothing is measured: a ring's sum takes 2 (n - 1) / n of the gradients' bytes over the slowest link, and
2 (n - 1) times its latency (Patarasuk & Yuan 2009); every device has as many rows as one would have alone. Else it runs `seqgen text train` on the 2 x 512 network and reads the rate from its metrics; start-up does not count.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from _report import Row, measured, parser, report

from seqgen.training.checkpoint import Checkpoints

SIZES = (4, 400_000, 4_000_000, 14_000_000)  # bytes; the last is what the 2 x 512 network's gradients take
EXACT = "--deterministic"
DEVICES = (2, 8, 64, 256, 1024)


class Plant(NamedTuple):
    """What is assumed of a cluster. step: seconds of a step on one device; link: bytes a second; latency: seconds."""

    name: str
    step: float
    link: float
    latency: float


# Two cores take seconds for a step (measured: docs/performance.md); 10 ms for an accelerator is a guess, and so are links.
PLANTS = (
    Plant("2 cores each, 10 Gbit/s Ethernet", 2.2, 1.25e9, 50e-6),
    Plant("accelerators, 200 Gbit/s between machines", 0.010, 25e9, 10e-6),
    Plant("accelerators, 10 Gbit/s Ethernet", 0.010, 1.25e9, 50e-6),
)


def calculated(size: int) -> list[Row]:
    """The share of the time that is not spent on sums."""
    rows = []
    for plant in PLANTS:
        for count in DEVICES:
            ring = 2 * (count - 1) * (size / count / plant.link + plant.latency)
            share = 100 * plant.step / (plant.step + ring)
            rows.append(Row(f"calculated: {plant.name}, {count:,} devices", share, unit="% of the ideal rate"))
    return rows


def train(folder: Path, name: str, size: str, steps: int, *options: str) -> float:
    """Steps a second of a run, compiling left out."""
    out = folder / name
    command = [sys.executable, "-m", "seqgen.shell.cli", "text", "train", str(folder / "text.txt"), "--out", str(out)]
    command += ["--size", size, "--steps", str(steps), *options]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{answer.stderr}")
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    rates = [row["steps_per_s"] for row in rows if "steps_per_s" in row]
    return float(statistics.median(rates[1:] or rates))


def sums(sizes: tuple[int, ...]) -> dict[str, float]:
    """Seconds to sum so many bytes over two processes."""
    command = [sys.executable, str(Path(__file__).with_name("_all_reduce.py")), "2", *map(str, sizes)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    seconds: dict[str, float] = json.loads(next(line for line in lines if line.startswith("{")))  # Gloo greets too
    return seconds


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--rounds", type=int, default=3, help="runs of each (3)")
    options.add_argument("--steps", type=int, default=30, help="of a run (30)")
    options.add_argument("--calculate", action="store_true", help="what to expect of 2 to 1,024 devices")
    args = options.parse_args()
    if args.calculate:
        report(calculated(SIZES[-1]), args.json)
        return
    size, steps, rounds = ("tiny", 10, 1) if args.toy else ("medium", args.steps, args.rounds)
    ways = {"1": [], "2": ["--distributed", "2"], "1 exact": [EXACT], "2 exact": [EXACT, "--distributed", "2"]}
    if args.toy:
        ways = {"2 exact": ways["2 exact"]}
    rates: dict[str, list[float]] = {name: [] for name in ways}
    ends = set()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        letters = np.random.default_rng(0).choice(list("etaoin shrdlu\n"), 40_000 if args.toy else 2_000_000)
        (folder / "text.txt").write_text("".join(letters), encoding="utf-8")
        for number in range(rounds):
            for name, how in ways.items():
                rates[name].append(train(folder, f"{name} {number}", size, steps, *how))
                if "exact" in name:
                    ends.add(Checkpoints(folder / f"{name} {number}" / "checkpoints").digest())
    rows = [measured(f"{size}, processes: {name}", found, unit="steps/s") for name, found in rates.items()]
    if not args.toy:
        lost = [100 * (1 - two / one) for one, two in zip(rates["1"], rates["2"], strict=True)]
        rows.append(measured("2 processes against 1 on the same cores, lost", lost, "<=", 10, "%"))
        for name in ("1", "2"):
            cost = [100 * (plain / exact - 1) for plain, exact in zip(rates[name], rates[f"{name} exact"], strict=True)]
            rows.append(measured(f"the same bits everywhere, {name} processes: more time", cost, unit="%"))
        rows += [Row(f"sum of {int(n):,} bytes over 2 processes", 1e3 * s, unit="ms") for n, s in sums(SIZES).items()]
    rows.append(Row("different weights from 1 and 2 processes with --deterministic", len(ends) - 1, "<=", 0))
    report(rows, args.json, {"cores": str(len(os.sched_getaffinity(0)))} if sys.platform == "linux" else None)


if __name__ == "__main__":
    main()
