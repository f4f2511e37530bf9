"""One contender in a process of its own: thread pools of different libraries do not get on in one.

`python _worker.py PROGRAM WORK`, then on standard input "run N" or "evaluate"; every answer is a line of JSON with the
seconds it took, the values (the losses of N steps, or the held-out loss), and the process's peak of memory.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

from _work import Work


class Absent(Exception):
    """Why this machine cannot run a job that another could."""


class Job(NamedTuple):
    """run: does so many steps and returns their losses, if it has any, when all are done. note: how it does it."""

    run: Callable[[int], list[float]]
    evaluate: Callable[[], float] | None = None
    note: str = ""


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def peak_bytes() -> int:
    """The most memory this process ever held; 0 where nobody counts."""
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def main() -> None:
    sys.modules["_worker"] = sys.modules["__main__"]  # one Absent, not two
    program, work = sys.argv[1], Work(*json.loads(sys.argv[2]))
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints must not stand among the answers

    def answer(**what: object) -> None:
        print(json.dumps(what), file=answers, flush=True)

    try:
        module = importlib.import_module(program)
        idle = peak_bytes()
        job: Job = module.JOBS[work.kind](work)
    except (ImportError, Absent) as error:
        if not program.startswith("_peer"):
            raise
        answer(absent=str(error))
        return
    answer(about=", ".join(filter(None, (module.about(), job.note))), idle=idle)
    for line in sys.stdin:
        what, *count = line.split()
        start = time.perf_counter()
        if what == "run":
            values = job.run(int(count[0]))
        else:
            assert job.evaluate is not None
            values = [job.evaluate()]
        seconds = time.perf_counter() - start
        answer(seconds=seconds, values=values, peak=peak_bytes())


if __name__ == "__main__":
    main()
