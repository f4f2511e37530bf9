"""Jobs over several processes, which end when the process that started them does."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

from ..errors import SeqgenError, TrainingError

Job = TypeVar("Job")
Result = TypeVar("Result")


def over_processes(work: Callable[[Job], Result], jobs: Sequence[Job], workers: int) -> Iterator[Result]:
    """`work(job)` of every job, in the order they are done; with one worker here, in this process.

    work: a function at the top of a module, or a `functools.partial` of one, since it travels to other processes; it
    calls `stop_if_orphaned` every so often. With more than one worker a script needs its `if __name__ == "__main__":`.
    Raises what `work` raises of seqgen's errors, and TrainingError where a process is killed; the others then stop.
    """
    if min(workers, len(jobs)) <= 1:
        yield from map(work, jobs)
        return
    context = multiprocessing.get_context("spawn")  # a fork of a process with threads, such as JAX's, may hang
    left = iter(jobs)
    started = []
    busy: set[Any] = set()
    try:
        for _, job in zip(range(workers), left, strict=False):
            here, there = context.Pipe()
            process = context.Process(target=_serve, args=(there, work), daemon=True)
            process.start()
            there.close()
            started.append((process, here))
            here.send(job)
            busy.add(here)
        while busy:
            for connection in wait(list(busy)):
                assert isinstance(connection, Connection)
                try:
                    good, result = connection.recv()
                except (EOFError, ConnectionResetError):
                    process = next(process for process, own in started if own is connection)
                    process.join()
                    raise TrainingError(
                        f"a worker process ended with code {process.exitcode}: killed, or short of memory; the same "
                        "command goes on where it stopped, --workers 1 needs the least"
                    ) from None
                if not good:
                    raise result
                yield result
                busy.discard(connection)
                for job in left:
                    connection.send(job)
                    busy.add(connection)
                    break
    finally:
        for process, connection in started:
            connection.close()
            process.terminate()
        for process, _ in started:
            process.join()


def stop_if_orphaned() -> None:
    """Ends a process of `over_processes` whose parent was killed; does nothing elsewhere."""
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():
        sys.exit(1)


def _serve(connection: Connection[Any, Any], work: Callable[[Any], Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all of them; the parent sees to the end
    while True:
        try:
            job = connection.recv()
        except EOFError:  # the parent is done, or gone
            return
        try:
            reply = True, work(job)
        except SeqgenError as error:
            reply = False, error
        connection.send(reply)
