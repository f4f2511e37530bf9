"""How long processes take to sum an array over all of them: `python _all_reduce.py PROCESSES BYTES...` prints JSON."""

from __future__ import annotations

import functools
import json
import statistics
import sys
import time
from typing import Any

import jax
import numpy as np

from seqgen.devices import distributed
from seqgen.devices.crew import AXIS, crew_of

ROUNDS = 20


def main() -> None:
    processes, *sizes = sys.argv[1:]
    with distributed.joined(processes):
        crew, spec = crew_of(), jax.sharding.PartitionSpec
        rows, whole = spec(AXIS), spec()  # type: ignore[no-untyped-call]
        total: Any = functools.partial(jax.lax.psum, axis_name=AXIS)
        add = jax.jit(jax.shard_map(total, mesh=crew.mesh, in_specs=rows, out_specs=whole))
        seconds = {}
        for size in map(int, sizes):
            array = crew.deal(np.zeros((1, size // 4), np.float32))
            times = []
            for _ in range(ROUNDS):
                start = time.perf_counter()
                add(array).block_until_ready()
                times.append(time.perf_counter() - start)
            seconds[size] = statistics.median(times[1:])
        if distributed.leads():
            print(json.dumps(seconds))


if __name__ == "__main__":
    main()
