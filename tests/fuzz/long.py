"""Attacks all readers, or one, with as many damaged files as asked for, and prints a table of what came of it.

    python tests/fuzz/long.py --executions 1000000

Each reader has a process of its own, so that a crash is a finding and the most memory is its own. Exits with 1 when
anything but a SeqgenError came out, a file took more than 2 s or 200 MB; such files are left, small, in
tests/fuzz/regressions, from where the tests read them ever after.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import importlib.util
import json
import multiprocessing
import os
import sys
import tempfile
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ in ("__main__", "__mp_main__"):
    sys.path[0] = str(Path(__file__).parent.parent)

if TYPE_CHECKING:
    from fuzz.attack import Tally

# Of the executions, where the others have 1: tracing a model takes a hundred times as long as refusing one.
SHARES = {"model-config": 0.2, "iam-form": 0.3}
SCRATCH = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # in memory where there is such a folder
HANGING = 120  # seconds without an end of 50 files: the process is killed
COLUMNS = (
    "reader",
    "executions",
    "a second",
    "accepted",
    "refused late",
    "early",
    "past %",
    "foreign",
    "slowest ms",
    "peak MB",
)


def child(name: str, folder: Path, executions: int, seed: int, keep: Path, guided: bool) -> None:
    """One reader's part, in a process of its own: leaves `tally.json` in `folder`, and `current`, the last file."""
    with contextlib.ExitStack() as watched:
        if guided:
            atheris = importlib.import_module("atheris")
            watched.enter_context(atheris.instrument_imports(include=["seqgen"]))
        from fuzz.attack import Attack
        from fuzz.readers import READERS, replace

    warnings.simplefilter("error")
    own = folder / "reader"
    own.mkdir()
    attack = Attack(name, READERS[name](own), keep)
    current = folder / "current"

    def begin(data: bytes) -> None:
        if attack.tally.executions % 50 == 0:
            faulthandler.dump_traceback_later(HANGING, exit=True)
        replace(current, data)

    def end() -> None:
        faulthandler.cancel_dump_traceback_later()
        (folder / "tally.json").write_text(json.dumps(asdict(attack.tally)), encoding="utf-8")

    if not guided:
        attack.run(executions, seed, thorough=True, begin=begin)
        end()
        return
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, data in enumerate(attack.pool):
        (corpus / str(number)).write_bytes(data)

    def one(data: bytes) -> None:
        begin(data)
        attack.one(data)
        if attack.tally.executions == executions:
            end()
            os._exit(0)  # atheris would not come back either

    atheris.Setup(["long.py", str(corpus), "-verbosity=0", "-max_len=16384", f"-seed={seed + 1}"], one)
    atheris.Fuzz()


def attacked(name: str, executions: int, seed: int, keep: Path, guided: bool) -> Tally:
    """Runs a reader's process to its end, whatever that is."""
    from fuzz.attack import Tally, preserved

    with tempfile.TemporaryDirectory(dir=SCRATCH) as scratch:
        folder = Path(scratch)
        arguments = (name, folder, executions, seed, keep, guided)
        process = multiprocessing.get_context("spawn").Process(target=child, args=arguments)
        process.start()
        process.join()
        if (folder / "tally.json").exists():
            return Tally(**json.loads((folder / "tally.json").read_text(encoding="utf-8")))
        line = f"{name}: the process ended with {process.exitcode}"
        if (folder / "current").exists():
            line += f" ({preserved(keep, name, (folder / 'current').read_bytes())})"
        return Tally(foreign=1, failures={"crash": line})


def main() -> int:
    from fuzz.attack import REGRESSIONS, Tally
    from fuzz.readers import READERS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--executions", type=int, default=1_000_000, help="of all readers together (1000000)")
    parser.add_argument("--reader", action="append", choices=sorted(READERS), help="only this one; may be repeated")
    parser.add_argument("--seed", type=int, default=0, help="other files for another number (0)")
    parser.add_argument("--keep", type=Path, default=REGRESSIONS, help="where files that fail are put")
    parser.add_argument("--atheris", action="store_true", help="guided by coverage; needs the package atheris")
    options = parser.parse_args()
    if options.atheris and importlib.util.find_spec("atheris") is None:
        parser.error("--atheris needs a package more: pip install atheris")
    names = options.reader or list(READERS)
    total = sum(SHARES.get(name, 1) for name in names)
    tallies = []
    print("  ".join(f"{title:>12}" for title in COLUMNS), flush=True)
    for name in names:
        count = -int(-options.executions * SHARES.get(name, 1) // total)
        tally = attacked(name, count, options.seed, options.keep, options.atheris)
        tallies.append(tally)
        print(row(name, tally), flush=True)
    whole = {
        key: (max if key in ("slowest", "peak") else sum)(getattr(tally, key) for tally in tallies)
        for key in ("executions", "accepted", "late", "early", "foreign", "slowest", "peak", "seconds")
    }
    print(row("all", Tally(**whole)))
    failures = [line for tally in tallies for line in tally.failures.values()]
    print(*failures, sep="\n", end="\n" * bool(failures))
    return 1 if failures else 0


def row(name: str, tally: Tally) -> str:
    rate = tally.executions / max(tally.seconds, 1e-9)
    numbers = (tally.executions, round(rate), tally.accepted, tally.late, tally.early, round(100 * tally.past))
    cells = (name, *(f"{number:,}" for number in (*numbers, tally.foreign)))
    return "  ".join(f"{cell:>12}" for cell in (*cells, f"{1000 * tally.slowest:.0f}", f"{tally.peak / 2**20:.0f}"))


if __name__ == "__main__":
    # No program compiled here is worth keeping, and nothing that a damaged file leads to may reach the user's own.
    with tempfile.TemporaryDirectory() as cache:
        os.environ |= {"XDG_CACHE_HOME": cache, "SEQGEN_CACHE": "off", "JAX_PLATFORMS": "cpu"}
        sys.exit(main())
