"""What sharing a training costs: processes on the same cores against one, the same bits everywhere, sums over processes.

Runs `seqgen text train` on the 2 x 512 network and reads the rate from its metrics; start-up does not count.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from _report import Row, measured, parser, report

from seqgen.checkpoint import Checkpoints

SIZES = (4, 400_000, 4_000_000, 14_000_000)  # bytes; the last is what the 2 x 512 network's gradients take
EXACT = "--deterministic"


def train(folder: Path, name: str, size: str, steps: int, *options: str) -> float:
    """Steps a second of a run, compiling left out."""
    out = folder / name
    command = [sys.executable, "-m", "seqgen.cli", "text", "train", str(folder / "text.txt"), "--out", str(out)]
    command += ["--size", size, "--steps", str(steps), *options]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{answer.stderr}")
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    rates = [row["steps_per_s"] for row in rows if "steps_per_s" in row]
    return statistics.median(rates[1:] or rates)


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
    args = options.parse_args()
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
