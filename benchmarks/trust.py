"""What survives: runs that are killed, files that lose a bit, disks that are full. Makes its own runs and breaks them.

A kill is SIGKILL to a process of its own; at least every fourth falls inside a save, which is known from what the save
leaves behind. Damage is looked for by the calls that everybody uses, `Checkpoints.restore` and `from_pretrained`. A
limit on the size of files stands in for the full disk, another user for missing rights. Not for Windows.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from _report import Row, parser, report

from seqgen import registry
from seqgen.config import TrainingConfig
from seqgen.domains import text
from seqgen.errors import ModelError
from seqgen.files import storage
from seqgen.machine.cache import use_compile_cache
from seqgen.models.model import Model
from seqgen.models.pretrained import from_pretrained
from seqgen.shell import cli
from seqgen.shell.verify_resume import finish, start
from seqgen.training import TrainState, init_state
from seqgen.training.checkpoint import Checkpoints
from seqgen.training.optimizer import make_optimizer
from seqgen.training.run_config import read_config

LIVES = 8  # of a run that is killed again and again; then it may end
STEPS, TOY_STEPS = 40, 16  # of such a run: more than it lives for; a toy's is killed once
POEM = "".join(f"Line {number} of a poem, no longer than it need be;\n" for number in range(20))
NOBODY = 65534


class Kills(NamedTuple):
    """What came of killing runs. lost: steps that were in a finished checkpoint and were not gone on from."""

    kills: int = 0
    inside: int = 0
    resumed: int = 0
    runs: int = 0
    same: int = 0
    lost: int = 0


def kill_runs(domain: str, count: int, steps: int, folder: Path, random: np.random.Generator) -> Kills:
    """Kills `count` processes of this domain's runs, in runs of LIVES kills each; the undisturbed one stays there."""
    finish(start(folder / "straight", domain, steps))
    wanted, tally = end(folder / "straight"), Kills()
    while tally.kills < count:
        run = folder / f"killed{tally.runs}"
        for _ in range(min(LIVES, count - tally.kills)):
            tally = kill_once(run, domain, steps, tally, random)
        tally = went_on(tally, finish(start(run, domain, steps, save_seconds=0.0)))
        tally = tally._replace(runs=tally.runs + 1, same=tally.same + (end(run) == wanted))
        shutil.rmtree(run)
    return tally


def kill_once(run: Path, domain: str, steps: int, tally: Kills, random: np.random.Generator) -> Kills:
    """Starts or resumes a run and kills it: every second time when a save has begun, else at any moment."""
    checkpoints, before = Checkpoints(run / "checkpoints"), set(Checkpoints(run / "checkpoints").folders())
    began = time.time_ns()
    process = start(run, domain, steps, save_seconds=0.0)
    saves = int(random.integers(1, 4))
    while process.poll() is None and len(set(checkpoints.folders()) - before) < saves:
        time.sleep(0.002)
    if tally.kills % 2:
        time.sleep(random.uniform(0, 0.2))
    else:
        while process.poll() is None and not saving(run, began):
            time.sleep(0.001)
        time.sleep(random.uniform(0, 0.01))
    known = checkpoints.latest_step or 0
    process.kill()
    _, told = process.communicate()
    if process.returncode >= 0:
        raise SystemExit(f"a run ended with code {process.returncode} before it was killed: {told[-2000:]}")
    inside, kept = saving(run, began), checkpoints.folders()[-1]
    storage.check(kept)
    tally = went_on(tally, told) if before else tally
    return tally._replace(
        kills=tally.kills + 1,
        inside=tally.inside + inside,
        lost=tally.lost + max(0, known - (checkpoints.latest_step or 0)),
    )


def saving(run: Path, began: int) -> bool:
    """Whether there is half a checkpoint that was touched since then; what is left of earlier kills is older."""
    with contextlib.suppress(FileNotFoundError):  # it may be finished and renamed between two looks
        return any(path.stat().st_mtime_ns > began for path in (run / "checkpoints").glob(".*.saving"))
    return False


def went_on(tally: Kills, told: str) -> Kills:
    """One more process that was resumed; passing over a checkpoint, which it would say, loses at least a step."""
    return tally._replace(resumed=tally.resumed + 1, lost=tally.lost + told.count("going on from"))


def end(run: Path) -> tuple[str, bytes]:
    """Every bit of a run's last state and of its released weights."""
    return Checkpoints(run / "checkpoints").digest(), (run / "model" / "model.safetensors").read_bytes()


def blank(run: Path) -> TrainState:
    """The shapes of a run's state."""
    config = read_config(run)
    model, training = Model.from_dict(config), TrainingConfig.from_dict(config["training"])
    notes = json.loads((Checkpoints(run / "checkpoints").folders()[-1] / "notes.json").read_text(encoding="utf-8"))
    rows = next(
        int(re.findall(r"\d+", shape)[1]) for name, shape in notes["leaves"].items() if name.startswith("carry")
    )
    optimizer = make_optimizer(training, 1)
    state: TrainState = jax.eval_shape(lambda: init_state(model, optimizer, jax.random.key(0), rows))
    return state


def damage(run: Path, flips: int, cuts: int, random: np.random.Generator) -> int:
    """Flips single bits and cuts files short, one at a time, of a run's checkpoint and model; how many went unnoticed."""
    state, checkpoints, missed = blank(run), Checkpoints(run / "checkpoints"), 0
    *older, newest = checkpoints.folders()
    for path in older:  # or a restore would go on from those
        shutil.rmtree(path)

    def restore() -> None:
        checkpoints.restore(state)

    def load() -> None:
        from_pretrained(run / "model")

    for act in (restore, load):
        act()  # as long as nothing is damaged
    places: list[tuple[Callable[[], None], Path]] = [
        (act, path)
        for act, folder in ((restore, newest), (load, run / "model"))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.stat().st_size
    ]
    for number in range(flips + cuts):
        act, path = places[number % len(places)]
        good = path.read_bytes()
        bad = bytearray(good)
        if number < flips:
            place = int(random.integers(8 * len(good)))
            bad[place // 8] ^= 1 << place % 8
        else:
            del bad[int(random.integers(len(good))) :]
        path.write_bytes(bad)
        with contextlib.suppress(ModelError):
            act()
            missed += 1
        path.write_bytes(good)
    for act in (restore, load):
        act()
    return missed


@contextlib.contextmanager
def full(run: Path, poem: Path) -> Iterator[None]:
    """No file may grow longer than a few pages, which is what a full disk looks like to who writes one."""
    del run, poem
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def forbidden(mode: int, what: str) -> Callable[[Path, Path], AbstractContextManager[None]]:
    """Takes rights from everybody, and from the administrator, who has them all, by being somebody else."""

    @contextlib.contextmanager
    def forbid(run: Path, poem: Path) -> Iterator[None]:
        del poem
        before, administrator = (run / what).stat().st_mode, os.geteuid() == 0
        (run / what).chmod(mode)
        if administrator:
            os.seteuid(NOBODY)
        try:
            yield
        finally:
            if administrator:
                os.seteuid(0)
            (run / what).chmod(before)

    return forbid


@contextlib.contextmanager
def vanished(run: Path, poem: Path) -> Iterator[None]:
    """What the run learns from is gone."""
    del run
    away = poem.rename(poem.with_suffix(".away"))
    try:
        yield
    finally:
        away.rename(poem)


FAILURES: dict[str, Callable[[Path, Path], AbstractContextManager[None]]] = {
    "disk full": full,
    "run folder read-only": forbidden(0o555, "."),
    "checkpoints without permission": forbidden(0o000, "checkpoints"),
    "data vanished": vanished,
}


def fail(folder: Path, failures: Iterable[str]) -> Iterator[Row]:
    """Each failure in a run of its own: does it end in one clear line, with the checkpoint before good to go on from?"""
    poem, first = folder / "poem.txt", folder / "first"
    poem.write_text(POEM, encoding="utf-8")
    text.train(poem, first, size="tiny", steps=10)
    text.resume(Path(shutil.copytree(first, folder / "straight")), steps=20)
    for name in failures:
        run = Path(shutil.copytree(first, folder / name))
        told = io.StringIO()
        with contextlib.redirect_stderr(told), FAILURES[name](run, poem):
            code = cli.main(["text", "train", "--resume", str(run), "--steps", "20"])
        *_, last = told.getvalue().splitlines()
        clear = code in (1, 2) and last.startswith("seqgen: error: ") and "Traceback" not in told.getvalue()
        print(f"{name}: {last.replace(str(folder), '...')}", file=sys.stderr)
        storage.check(Checkpoints(run / "checkpoints").folders()[-1])
        text.resume(run, steps=20)  # once it is mended
        yield Row(
            f"{name}: told in one line, then mended and gone on with, to the same bits",
            int(clear and end(run) == end(folder / "straight")),
            ">=",
            1,
        )


def share(whole: int, number: int, parts: int) -> int:
    """What part `number` gets when a whole number is dealt to so many parts."""
    return whole * (number + 1) // parts - whole * number // parts


def main() -> None:
    options: Any = parser(__doc__)
    options.add_argument("--kills", type=int, default=200, help="over all domains (200)")
    options.add_argument("--flips", type=int, default=2000, help="single bits, and a tenth as many cuts (2000)")
    options.add_argument("--seed", type=int, default=0, help="of when to kill and which bit to flip (0)")
    options = options.parse_args()
    random = np.random.default_rng(options.seed)
    domains = ["text"] if options.toy else list(registry.domains())
    count, flips, steps = (1, 20, TOY_STEPS) if options.toy else (options.kills, options.flips, STEPS)
    cuts, failures = flips // 10, ["disk full"] if options.toy else list(FAILURES)
    use_compile_cache()
    rows: list[Row] = []
    every, missed = Kills(), 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        for number, domain in enumerate(domains):
            kills, bits, ends = (share(whole, number, len(domains)) for whole in (count, flips, cuts))
            print(f"{domain}: {kills} kills", file=sys.stderr)
            tally = kill_runs(domain, kills, steps, folder / domain, random)
            every = Kills(*map(sum, zip(every, tally, strict=True)))
            missed += damage(folder / domain / "straight", bits, ends, random)
        rows += fail(folder, failures)
    rows = [
        Row(f"SIGKILLs, {', '.join(domains)}", every.kills),
        Row("of them inside a save", every.inside, ">=", every.kills / 4),
        Row("resumed in a new process", every.resumed, ">=", every.kills),
        Row(f"of the {every.runs} runs so treated, bit-identical to the undisturbed", every.same, ">=", every.runs),
        Row("steps lost beyond the last checkpoint", every.lost, "<=", 0),
        Row(f"of {flips} single-bit flips and {cuts} cuts of checkpoints and models, not noticed", missed, "<=", 0),
        *rows,
    ]
    report(rows, options.json)


if __name__ == "__main__":
    main()
