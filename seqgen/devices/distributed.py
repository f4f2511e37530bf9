"""Processes that train together, on one machine or many: how they find each other, and how they agree.

What JAX has does the work: `jax.distributed` knows SLURM, Open MPI, Kubernetes and TPU pods by itself. Every process
runs the same program; the first one leads, which means that it alone writes files and talks.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils

from ..errors import UsageError

# As Kubeflow's trainer sets them; JAX itself reads only the first.
ADDRESS, COUNT, NUMBER = "JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID"
LOOPBACK = "127.0.0.1"
PATIENCE = 60  # seconds for the others to come
HEARTBEAT = 30  # seconds until one that is gone is missed, and all end


def leads() -> bool:
    """Whether this process is the one that writes and talks; where there is only one, it is."""
    return jax.process_index() == 0


def agree(*values: int) -> list[int]:
    """The largest of what the processes say, for each of the values; all have to say at the same time."""
    if jax.process_count() == 1:
        return list(values)
    said = multihost_utils.process_allgather(np.asarray(values, np.int32))
    return [int(most) for most in np.max(said, axis=0)]


@contextlib.contextmanager
def joined(how: str, *, own_cores: bool = True) -> Iterator[None]:
    """While it is entered, this process is one of many; before the first array is made.

    how: "auto" finds the others by what SLURM, Open MPI, Kubernetes, a TPU pod or the three variables above say, and
    stays alone where nothing says anything; where somebody has joined the processes already, as Ray does, or made an
    array, that is how it stays, also afterwards. A number starts as many processes on this machine, which nobody else
    can reach. own_cores: each of those keeps to its share of the cores, which is faster, but XLA's sums on a CPU depend,
    in their last bits, on how many cores it has. Raises UsageError for anything else, when the others do not answer, and
    where the three variables speak of others and it is too late to join them.
    """
    others: list[subprocess.Popen[bytes]] = []
    if how == "auto" and jax.distributed.is_initialized():
        yield  # whoever joined them parts them
        return
    if how != "auto" and NUMBER not in os.environ:
        others = _start(how, own_cores)
    _join()
    try:
        yield
    except BaseException:
        for other in others:
            other.kill()
        raise
    if jax.distributed.is_initialized():
        jax.distributed.shutdown()  # type: ignore[no-untyped-call]
    for other in others:
        other.wait()


def _start(how: str, own_cores: bool) -> list[subprocess.Popen[bytes]]:
    """The others of so many processes; they run what this process was called with."""
    if not how.isdecimal() or not 1 <= int(how) <= 1024:
        raise UsageError(f"--distributed {how} cannot be: give auto, or how many processes to start on this machine")
    count = int(how)
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        os.environ.update({ADDRESS: f"{LOOPBACK}:{free.getsockname()[1]}", COUNT: how, NUMBER: "0"})
    command = [sys.executable, *sys.orig_argv[1:]]
    others = [subprocess.Popen(command, env={**os.environ, NUMBER: str(n)}) for n in range(1, count)]
    if own_cores and sys.platform == "linux":
        cores = sorted(os.sched_getaffinity(0))
        for number, process in enumerate([0, *(other.pid for other in others)]):
            first = number * len(cores) // count
            os.sched_setaffinity(process, cores[first : first + max(1, len(cores) // count)])
    return others


def _join() -> None:
    given = {name: os.environ[name] for name in (ADDRESS, COUNT, NUMBER) if os.environ.get(name)}
    settings: Any = {"initialization_timeout": PATIENCE, "heartbeat_timeout_seconds": HEARTBEAT}
    alone = COUNT not in given and NUMBER not in given
    try:
        if alone and _begun():
            return  # an array was made: JAX has settled who is there
        if alone:
            jax.distributed.initialize(**settings)
            return
        if len(given) < 3:
            missing = " and ".join(name for name in (ADDRESS, COUNT, NUMBER) if name not in given)
            raise UsageError(f"{missing} not set, but {' and '.join(given)}: set all three, or none")
        if _begun():
            raise UsageError(
                f"{NUMBER}={given[NUMBER]} of {COUNT}={given[COUNT]}, but this process has used JAX already, and alone: "
                "call jax.distributed.initialize() before the first array, or begin in a new process"
            )
        address = given[ADDRESS]
        # By default it would listen on all of a machine's addresses.
        bind = address if address.startswith((f"{LOOPBACK}:", "localhost:")) else None
        jax.distributed.initialize(
            address, int(given[COUNT]), int(given[NUMBER]), coordinator_bind_address=bind, **settings
        )
    except ValueError as error:
        if "coordinator_address should be defined" in str(error):
            return  # nothing here says that there are others
        raise UsageError(f"the processes cannot find each other: {error}") from None
    except RuntimeError as error:
        raise UsageError(f"the other processes did not answer: {str(error).splitlines()[0]}") from None


def _begun() -> bool:
    """Whether JAX has looked for its devices, after which nobody can join: JAX has no public name for that."""
    from jax._src import xla_bridge

    return bool(xla_bridge.backends_are_initialized())
