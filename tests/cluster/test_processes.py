"""Processes that find each other by what a cluster tells them, on the loopback interface; `run.sh` has real clusters."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import jax
import pytest

from seqgen.devices import distributed
from seqgen.errors import UsageError
from seqgen.shell.cli import main
from seqgen.training.checkpoint import Checkpoints

POEM = "".join(f"Line {number} of a poem, no longer than it need be;\n" for number in range(60))
STEPS = 60


def slurm(number: int, count: int, port: int) -> dict[str, str]:
    """What SLURM tells a process."""
    return {
        "SLURM_JOB_ID": str(port),
        "SLURM_STEP_NODELIST": "localhost",
        "SLURM_NTASKS": str(count),
        "SLURM_PROCID": str(number),
        "SLURM_LOCALID": str(number),
        "JAX_COORDINATOR_PORT": str(port),
        "JAX_COORDINATOR_BIND_ADDRESS": f"127.0.0.1:{port}",
    }


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def test_a_run_of_two_that_is_told_to_stop_goes_on_alone_to_the_same_bits(tmp_path: Path) -> None:
    poem = tmp_path / "poem.txt"
    poem.write_text(POEM, encoding="utf-8")
    words = ["text", "train", str(poem), "--size", "tiny", "--steps", str(STEPS), "--deterministic", "2", "--out"]
    port, run = free_port(), tmp_path / "two"
    command = [sys.executable, "-m", "seqgen.shell.cli", *words]
    both = [
        subprocess.Popen(
            [*command, str(run), "--distributed", "auto"],
            env={**os.environ, **slurm(number, 2, port)},
            stdout=subprocess.DEVNULL,  # Gloo greets there
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in (0, 1)
    ]
    while not (run / "metrics.jsonl").exists() and both[0].poll() is None:
        time.sleep(0.02)
    both[1].send_signal(signal.SIGTERM)  # whichever hears of it, all stop
    (_, error), _ = (process.communicate(timeout=120) for process in both)
    assert [process.returncode for process in both] == [128 + signal.SIGTERM] * 2, error
    assert f"of {STEPS}; go on with: seqgen text train --resume" in error
    assert 10 <= (Checkpoints(run / "checkpoints").latest_step or 0) < STEPS
    with jax.numpy_dtype_promotion("standard"):  # optax mixes integers and floats
        assert main(["text", "train", "--resume", str(run)]) == 0
        assert main([*words, str(tmp_path / "one")]) == 0
    ends = [Checkpoints(folder / "checkpoints").digest() for folder in (run, tmp_path / "one")]
    assert ends[0] == ends[1]


def test_kubeflow_says_it_in_three_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr("jax._src.xla_bridge.backends_are_initialized", lambda: False)
    monkeypatch.setattr("jax.distributed.initialize", lambda *where, **how: asked.append((*where, how)))
    for address, bind in (("127.0.0.1:77", "127.0.0.1:77"), ("job-0.svc:77", None)):
        monkeypatch.setenv(distributed.ADDRESS, address)
        monkeypatch.setenv(distributed.COUNT, "3")
        monkeypatch.setenv(distributed.NUMBER, "2")
        with distributed.joined("auto"):
            *where, how = asked[-1]
            assert where == [address, 3, 2]
            assert isinstance(how, dict)
            assert how["coordinator_bind_address"] == bind  # what is for this machine alone, nobody else can reach


def test_what_cannot_be_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    for how in ("everywhere", "0", "-2"):
        refused = pytest.raises(UsageError, match=rf"--distributed {how} cannot be: give auto, or how many processes")
        with refused, distributed.joined(how):
            pass
    monkeypatch.setenv(distributed.NUMBER, "1")
    refused = pytest.raises(
        UsageError, match="JAX_COORDINATOR_ADDRESS and JAX_NUM_PROCESSES not set, but JAX_PROCESS_ID"
    )
    with refused, distributed.joined("auto"):
        pass


def in_use(monkeypatch: pytest.MonkeyPatch, *, initialized: bool, begun: bool) -> None:
    """JAX as somebody else left it; it must not be initialised again."""

    def initialize(*where: object, **how: object) -> None:
        raise RuntimeError("jax.distributed.initialize() must be called before any JAX calls")

    monkeypatch.setattr("jax.distributed.initialize", initialize)
    monkeypatch.setattr("jax.distributed.is_initialized", lambda: initialized)
    monkeypatch.setattr("jax.distributed.shutdown", lambda: pytest.fail("others still need it"))
    monkeypatch.setattr("jax._src.xla_bridge.backends_are_initialized", lambda: begun)


@pytest.mark.parametrize(("initialized", "begun"), [(True, False), (True, True), (False, True)])
def test_what_somebody_joined_already_is_joined(
    initialized: bool, begun: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_use(monkeypatch, initialized=initialized, begun=begun)
    with distributed.joined("auto"):
        assert distributed.leads()
    for name, value in ((distributed.ADDRESS, "127.0.0.1:7"), (distributed.COUNT, "2"), (distributed.NUMBER, "0")):
        monkeypatch.setenv(name, value)
    if initialized:  # and what the variables say has been read
        with distributed.joined("auto"):
            assert distributed.leads()
        return
    refused = pytest.raises(UsageError, match=r"JAX_PROCESS_ID=0 of JAX_NUM_PROCESSES=2, but .* used JAX already")
    with refused, distributed.joined("auto"):
        pass


INITIALISED = """
import jax
from seqgen.devices import distributed
from seqgen.shell.cli import main

jax.distributed.initialize("127.0.0.1:{port}", 1, 0, coordinator_bind_address="127.0.0.1:{port}")
jax.numpy.zeros(3).block_until_ready()
assert main({words}) == 0
assert jax.distributed.is_initialized()
"""


def test_a_run_where_jax_is_distributed_already(tmp_path: Path) -> None:
    (tmp_path / "poem.txt").write_text(POEM, encoding="utf-8")
    words = ["text", "train", str(tmp_path / "poem.txt"), "--size", "tiny", "--steps", "2", "--distributed", "auto"]
    code = INITIALISED.format(port=free_port(), words=[*words, "--out", str(tmp_path / "run")])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert Checkpoints(tmp_path / "run" / "checkpoints").latest_step == 2


def test_where_nothing_speaks_of_others_one_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def initialize(**settings: object) -> None:  # as JAX does it
        raise ValueError("coordinator_address should be defined.")

    monkeypatch.setattr("jax.distributed.initialize", initialize)
    monkeypatch.setattr("jax._src.xla_bridge.backends_are_initialized", lambda: False)
    with distributed.joined("auto"):
        assert distributed.leads()
        assert distributed.agree(3, 4) == [3, 4]
