"""Learning from a text far larger than memory should be: 2 GB of it, prepared, then trained on from the files.

The same short training runs on a prepared 4 MB text too, in turns with the big one: what the big one's process holds
more at its peak is what the size costs. Disk: three times the size of the text, in --folder.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from _report import Row, measured, parser, report

SEQGEN = str(Path(sys.executable).with_name("seqgen"))
LETTERS = np.frombuffer(b"etaoinshrdlucmfwypvbgkjqxz", np.uint8)
BLOCK = 8_000_000
STEPS = 10  # the first row of metrics.jsonl stands there


def write_text(path: Path, size: int) -> None:
    """Words of a made-up language, `size` bytes of them: no network, and what they say does not matter here."""
    random = np.random.default_rng(0)
    with path.open("wb") as file:
        while (left := size - file.tell()) > 0:
            letters = LETTERS[np.minimum(random.geometric(0.12, min(BLOCK, left)) - 1, 25)]
            letters[random.random(len(letters)) < 0.18] = ord(" ")
            letters[99::100] = ord("\n")
            file.write(letters.tobytes())


def run(command: list[str], metrics: Path | None = None) -> tuple[float, float, float]:
    """Seconds until it ended, its peak of memory in MB, and the seconds until it had written the first metrics."""
    start, first = time.perf_counter(), 0.0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    os.set_blocking(process.stderr.fileno(), False)
    said, ended = b"", 0
    while not ended:
        said = (said + (process.stderr.read() or b""))[-2000:]
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if not first and metrics is not None and metrics.exists() and metrics.stat().st_size:
            first = time.perf_counter() - start
        time.sleep(0.02)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with status {process.returncode}: {said.decode()}")
    if metrics is not None and not first:
        raise SystemExit(f"{' '.join(command)} wrote no metrics")
    return seconds, usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024), first


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--gigabytes", type=float, default=2.0, help="size of the text (2)")
    options.add_argument("--folder", type=Path, help="where there is room for it (the system's temporary folder)")
    options.add_argument("--rounds", type=int, default=3, help="trainings on each text (3)")
    args = options.parse_args()
    sizes = {"small": 4_000_000, "big": round(args.gigabytes * 1e9)}
    if args.toy:
        args.rounds, sizes = 1, {"big": 30_000}
    seconds: dict[str, list[float]] = {name: [] for name in sizes}
    peaks: dict[str, list[float]] = {name: [] for name in sizes}
    with tempfile.TemporaryDirectory(dir=args.folder) as place:
        folder = Path(place)
        for name, size in sizes.items():
            write_text(folder / f"{name}.txt", size)
            prepared = [SEQGEN, "text", "prepare", str(folder / f"{name}.txt"), "--out", str(folder / name)]
            preparing, workspace, _ = run(prepared)
        on_disk = sum(path.stat().st_size for path in (folder / "big").rglob("*") if path.is_file())
        for number in range(args.rounds):
            for name in sizes:
                out = folder / f"run_{name}_{number}"
                train = [SEQGEN, "text", "train", str(folder / name), "--out", str(out)]
                train += ["--size", "tiny", "--steps", str(STEPS), "--seed", "1"]
                _, peak, first = run(train, out / "metrics.jsonl")
                seconds[name].append(first)
                peaks[name].append(peak)
    text = f"{sizes['big'] / 1e9:g} GB"
    rows = [
        Row(f"{text}: prepare", sizes["big"] / 1e6 / preparing, unit="MB/s"),
        Row(f"{text}: prepare, peak memory of one process", workspace, unit="MB"),
        Row(f"{text}: prepared, on disk", on_disk / 1e6, unit="MB"),
        measured(f"{text}: from the command to {STEPS} steps learned", seconds["big"], "<=", 10, "s"),
        measured(f"{text}: training, peak memory", peaks["big"], unit="MB"),
    ]
    if "small" in sizes:
        added = [big - small for big, small in zip(peaks["big"], peaks["small"], strict=True)]
        rows.append(measured("4 MB: the same, seconds", seconds["small"], unit="s"))
        rows.append(measured(f"{text}: memory over that of 4 MB", added, "<=", 300, "MB"))
    report(rows, args.json)


if __name__ == "__main__":
    main()
