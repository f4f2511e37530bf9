"""Seconds from the shell's command to what was wanted, whole processes, one at a time, taking turns.

Warm: the compiled programs are in the user's cache already. First time: that cache is empty. For comparison, what
it costs only to import PyTorch, JAX and Keras, where they are installed.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from _report import Row, measured, parser, report

SEQGEN = str(Path(sys.executable).with_name("seqgen"))
SAMPLE = [SEQGEN, "text", "sample", "--seed", "1"]
PEERS = ("torch", "jax", "keras")


def finished(command: list[str], cache: Path) -> float:
    """Seconds until the process has ended."""
    start = time.perf_counter()
    subprocess.run(command, env=_environment(cache), stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def first_byte(command: list[str], cache: Path) -> float:
    """Seconds until the first byte of its output; the rest is awaited, not timed."""
    start = time.perf_counter()
    with subprocess.Popen(command, env=_environment(cache), stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdout is not None
        found = process.stdout.read(1)
        seconds = time.perf_counter() - start
        process.stdout.read()
    if process.returncode or not found:
        raise SystemExit(f"{' '.join(command)} ended with status {process.returncode} and {len(found)} bytes")
    return seconds


def _environment(cache: Path) -> dict[str, str]:
    return {**os.environ, "SEQGEN_CACHE": str(cache), "KERAS_BACKEND": "jax"}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--rounds", type=int, default=7, help="times each is started (7)")
    args = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        warm, fresh = folder / "warm", (folder / f"empty{number}" for number in range(args.rounds))
        write = [SEQGEN, "handwriting", "write", "The quick brown fox jumps over lazy dogs", "--seed", "1"]
        write += ["--out", str(folder / "line.svg")]
        starts: dict[str, tuple[Callable[[], float], float | None]] = {
            "seqgen --help: whole process": (partial(finished, [SEQGEN, "--help"], warm), 0.15),
            "seqgen text sample: first character, warm": (partial(first_byte, SAMPLE, warm), 1.5),
            "seqgen text sample: first character, first time": (lambda: first_byte(SAMPLE, next(fresh)), 4.0),
            "seqgen handwriting write: a line of 40, warm": (partial(finished, write, warm), None),
            "python -c: pass": (partial(finished, [sys.executable, "-c", "pass"], warm), None),
        }
        about = {}
        for peer in PEERS:
            if importlib.util.find_spec(peer) is None:
                about[f"import {peer}"] = "absent: not installed"
            else:
                command = [sys.executable, "-c", f"import {peer}"]
                starts[f"python -c: import {peer}"] = partial(finished, command, warm), None
        if args.toy:
            starts = {name: starts[name] for name in ("seqgen --help: whole process", "python -c: pass")}
        else:  # fills the cache
            first_byte(SAMPLE, warm)
            finished(write, warm)
        seconds: dict[str, list[float]] = {name: [] for name in starts}
        for _ in range(2 if args.toy else args.rounds):
            for what, (start, _target) in starts.items():
                seconds[what].append(start())
    rows: list[Row] = [measured(what, seconds[what], "<=", target, "s") for what, (_, target) in starts.items()]
    report(rows, args.json, about)


if __name__ == "__main__":
    main()
