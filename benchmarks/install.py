"""From a checkout to the first text: minutes to install into a fresh environment, seconds to make something.

With --toy the environment is the one that runs this script, its cache too, and nothing is installed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

from _report import Row, parser, report

ROOT = Path(__file__).parent.parent
MADE = ("text.txt", "music.mid", "handwriting.svg")
COMPILERS = ("cc", "c++", "gcc", "g++", "clang", "clang++", "rustc", "cargo", "gfortran")


def decoys(folder: Path) -> Path:
    """Compilers that only write down that they were called; the file where they do."""
    log = folder / "called"
    for name in COMPILERS:
        decoy = folder / name
        decoy.write_text(f'#!/bin/sh\necho "{name} $*" >> "{log}"\nexit 1\n', encoding="utf-8")
        decoy.chmod(0o755)
    log.touch()
    return log


def install(folder: Path) -> tuple[Path, float, int]:
    """The new environment's programs, the minutes it took, and how often a compiler was wanted.

    Asking for a version compiles nothing: pip does so, of rustc, to tell the index what it runs on.
    """
    tools = folder / "tools"
    tools.mkdir()
    called = decoys(tools)
    environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "CC": "cc", "CXX": "c++"}
    start = time.perf_counter()
    venv.create(folder / "env", with_pip=True, symlinks=os.name != "nt")
    programs = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
    subprocess.run([programs / "python", "-m", "pip", "install", "--quiet", ROOT], env=environment, check=True)
    minutes = (time.perf_counter() - start) / 60
    calls = [line.split(maxsplit=1)[1:] for line in called.read_text(encoding="utf-8").splitlines()]
    return programs, minutes, sum(arguments != ["--version"] for arguments in calls)


def demo(programs: Path, out: Path, seed: int) -> tuple[dict[str, bytes], float]:
    """What one run of the demo wrote, by name, and the seconds it took."""
    start = time.perf_counter()
    command = [str(programs / "seqgen"), "demo", "--out", str(out), "--seed", str(seed)]
    subprocess.run(command, cwd=out.parent, stdout=subprocess.DEVNULL, check=True)
    seconds = time.perf_counter() - start
    return {path.name: path.read_bytes() for path in out.iterdir()}, seconds


def main() -> None:
    options = parser(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.toy:
            programs, minutes, compilers = Path(sys.executable).parent, 0.0, 0
        else:
            programs, minutes, compilers = install(folder)
            # A user's first run: nothing is in the cache yet.
            os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        first, cold = demo(programs, folder / "first", 1)
        second, warm = demo(programs, folder / "second", 2)
    differ = sum(bool(first[name]) and first[name] != second[name] for name in MADE)
    rows = [
        Row("install", minutes, "<=", 3, "min"),
        Row("compilers called", compilers, "<=", 0),
        Row("first demo", cold, "<=", 20, "s"),
        Row("second demo", warm, "<=", 20, "s"),
        Row("of text, music and handwriting, different from two seeds", differ, ">=", 3),
    ]
    report(rows, options.json)


if __name__ == "__main__":
    main()
