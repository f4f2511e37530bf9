"""What `seqgen verify-resume` does: a run that is killed and resumed against one that is not, to the last bit.

As a program it is one process of such a run, begun or resumed: `python -m seqgen.shell.verify_resume FOLDER DOMAIN STEPS
SAVE_SECONDS`. What it learns are the domain's own examples.
"""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .. import registry
from ..errors import TrainingError, UsageError, pick
from ..training.checkpoint import Checkpoints

PATIENCE = 600.0  # seconds for one process, most of them for a machine that is busy


def verify_resume(domain: str, steps: int) -> int:
    """2 x `steps` steps straight, and killed half-way and resumed; prints both hashes; 0 when they are the same.

    Raises UnknownName for a domain there is not, UsageError for no steps, TrainingError when a run does not end well.
    """
    registry.domain(domain)
    if not 0 < steps < 2**30:
        raise UsageError(f"halves of {steps} steps cannot be; give more than 0 and less than 2^30")
    with tempfile.TemporaryDirectory(prefix="seqgen-verify-") as name:
        straight, killed = Path(name) / "straight", Path(name) / "killed"
        finish(start(straight, domain, 2 * steps))
        step = kill(start(killed, domain, 2 * steps, save_seconds=0.0), killed, steps)
        finish(start(killed, domain, 2 * steps))
        hashes = [Checkpoints(folder / "checkpoints").digest() for folder in (straight, killed)]
    print(f"{hashes[0]}  {domain}, {2 * steps} steps straight")
    print(f"{hashes[1]}  {domain}, {2 * steps} steps, killed and resumed from step {step} in a new process")
    same = hashes[0] == hashes[1]
    print("the same, bit for bit" if same else "DIFFERENT: on this machine a resumed run is another run")
    return 0 if same else 1


def start(folder: Path, domain: str, steps: int, save_seconds: float = 60.0) -> subprocess.Popen[str]:
    """A process that begins the run of this folder, or resumes it."""
    command = [sys.executable, "-m", "seqgen.shell.verify_resume", str(folder), domain, str(steps), str(save_seconds)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> str:
    """What a process said when it ended by itself. Raises TrainingError when that was an error."""
    _, told = process.communicate(timeout=PATIENCE)
    if process.returncode:
        raise TrainingError(f"a run ended with code {process.returncode}: {_last(told)}; try `seqgen doctor`")
    return told


def kill(process: subprocess.Popen[str], folder: Path, step: int) -> int:
    """Kills a process, unprepared, once a checkpoint of this step is there; the step of the newest then.

    Raises TrainingError when it ended before.
    """
    checkpoints, deadline = Checkpoints(folder / "checkpoints"), time.monotonic() + PATIENCE
    while (checkpoints.latest_step or 0) < step and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    _, told = process.communicate()
    if process.returncode >= 0 and sys.platform != "win32":
        raise TrainingError(f"a run ended with code {process.returncode}, before it was killed: {_last(told)}")
    return checkpoints.latest_step or 0


def _last(told: str) -> str:
    return "".join(told.splitlines()[-1:])


def main(folder: str, domain: str, steps: str, save_seconds: str) -> None:
    """Begins the run, or resumes it."""
    from ..domain import Splits
    from ..machine.cache import use_compile_cache
    from ..training import run

    use_compile_cache()
    chosen = registry.domain(domain)
    splits = Splits(chosen.examples, chosen.examples)
    if (Path(folder) / "config.json").exists():
        run.resume(folder, chosen, splits)
    else:
        tiny = pick("size", "tiny", chosen.sizes).training
        training = dataclasses.replace(tiny, save_seconds=float(save_seconds), patience=0)
        run.begin(folder, chosen, splits, size="tiny", steps=int(steps), training=training)


if __name__ == "__main__":
    main(*sys.argv[1:])
