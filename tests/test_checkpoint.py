"""Checkpoints: the same bits come back, damage is noticed, and neither a kill nor a full disk costs the one before."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from seqgen.batching import Windows, in_memory
from seqgen.config import TrainingConfig
from seqgen.domain import Example
from seqgen.errors import ModelError, UsageError
from seqgen.files import storage
from seqgen.heads import Categorical
from seqgen.models.model import Model
from seqgen.models.pretrained import named
from seqgen.nn.network import Network
from seqgen.spec import Discrete
from seqgen.training import TrainState, init_state, make_train_step, train
from seqgen.training.checkpoint import Checkpoints
from seqgen.training.optimizer import make_optimizer


def state(step: int, size: int = 6) -> TrainState:
    """Every kind of leaf there is, all telling their step, with the values that rounding or text would lose."""
    odd = np.array([step, -0.0, np.inf, np.nan, 1e-45, np.float32(1) / 3], np.float32)
    params = {"network": {"layer0": np.resize(odd, (2, size))}, "head": {"0": np.resize(odd, size)}}
    return TrainState(
        step=np.int32(step),
        params=params,
        opt_state=(optax_like(np.int32(step)), {"mu": params}),
        carry=(np.full((3, 2), step, np.float32),),
        key=np.array([step, 2**32 - 1], np.uint32),
        ema=params,
        best=np.float32(np.inf),
        patience=np.int32(-1),
    )  # type: ignore[arg-type]


def optax_like(count: Any) -> Any:
    return optax.ScaleByAdamState(count=count, mu={"w": np.zeros(2, np.float32)}, nu=optax.EmptyState())


def digest(tree: Any) -> str:
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(tree)]
    return hashlib.sha256(b"".join(f"{x.dtype}{x.shape}".encode() + x.tobytes() for x in leaves)).hexdigest()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def checkpoints(tmp_path: Path, told: list[str]) -> Checkpoints:
    return Checkpoints(tmp_path / "checkpoints", tell=told.append)


def restored(checkpoints: Checkpoints) -> int:
    """The step that comes back, whole."""
    found = checkpoints.restore(state(0))
    assert found is not None
    step = int(found[0].step)
    assert digest(found[0]) == digest(state(step)) and found[1] == {"step": step}
    return step


def save(checkpoints: Checkpoints, *steps: int) -> Path:
    return [checkpoints.save(state(step), {"step": step}) for step in steps][-1]


# There and back


def test_the_same_bits_come_back(checkpoints: Checkpoints) -> None:
    assert checkpoints.restore(state(0)) is None and checkpoints.latest_step is None
    save(checkpoints, 7)
    found = checkpoints.restore(state(0))
    assert found is not None
    assert digest(found[0]) == digest(state(7))
    assert jax.tree.structure(found[0]) == jax.tree.structure(state(7))
    assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(found[0]))
    assert checkpoints.latest_step == 7


@pytest.mark.parametrize("name", ["a [b] c", "*", "what?", "50 % #1", "søk ☕", "[", "plain"])
def test_any_name_of_a_folder_will_do(tmp_path: Path, name: str) -> None:
    checkpoints = Checkpoints(tmp_path / name / "checkpoints")
    save(checkpoints, 1, 2)
    assert restored(checkpoints) == 2


@pytest.mark.filterwarnings("ignore:optax.global_norm is deprecated:DeprecationWarning")
def test_a_resumed_run_is_the_uninterrupted_one(checkpoints: Checkpoints, key: jax.Array) -> None:
    model = Model(Network(Discrete(5), layers=1, units=8, embedding=4, dropout=0.3), Categorical(5))
    optimizer = make_optimizer(TrainingConfig(), 8)
    windows = Windows(in_memory(model.network.spec, [Example(np.arange(400, dtype=np.int32) % 5)]), 4, 8, seed=1)
    step = make_train_step(model.loss, optimizer, ema=0.9)

    def run(start: TrainState, until: int) -> TrainState:
        batches = (windows.batch(i) for i in range(int(start.step), until))
        with jax.numpy_dtype_promotion("standard"):  # optax mixes int and float
            *_, (last, _) = train(start, batches, step)
        return last

    def fresh() -> TrainState:
        return init_state(model, optimizer, key, windows.shape[0])

    straight = run(fresh(), 8)
    half = run(fresh(), 4)
    checkpoints.save(half)
    template = jax.eval_shape(fresh)  # shapes are enough
    found = checkpoints.restore(template)
    assert found is not None and found[1] == {}
    resumed = run(found[0], 8)
    assert digest(resumed) == digest(straight)


def test_the_newest_save_counts_not_the_largest_step(checkpoints: Checkpoints) -> None:
    save(checkpoints, 10, 20, 15)  # a run that went back
    assert (checkpoints.latest_step, restored(checkpoints)) == (15, 15)
    save(checkpoints, 15)  # the same step twice
    assert names(checkpoints.folder) == ["000003_step_15", "000004_step_15"]


@pytest.mark.parametrize("keep", [1, 3])
def test_so_many_are_kept(tmp_path: Path, keep: int) -> None:
    checkpoints = Checkpoints(tmp_path, keep=keep)
    (tmp_path / ".000009_step_9.saving" / "state").mkdir(parents=True)  # of somebody who was killed
    save(checkpoints, 1, 2, 3, 4)
    assert names(tmp_path) == [f"{step:06}_step_{step}" for step in range(5 - keep, 5)]


def test_keeping_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="keep 1 or more"):
        Checkpoints(tmp_path, keep=0)


# Damage


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_every_flipped_bit_of_every_file_is_noticed(checkpoints: Checkpoints, told: list[str]) -> None:
    save(checkpoints, 1)
    newest, random = save(checkpoints, 2), np.random.default_rng(0)
    kept = newest.parent / "kept"
    shutil.copytree(newest, kept)
    flips = 0
    for path in [path for path in files(newest) if path.stat().st_size]:
        good = path.read_bytes()
        for place in random.integers(0, 8 * len(good), 40):
            bad = bytearray(good)
            bad[place // 8] ^= 1 << (place % 8)
            path.write_bytes(bad)
            with pytest.raises(ModelError, match=r"damaged|missing|leads out"):
                storage.check(newest)
            flips += 1
        # The whole way once a file: Orbax opens nothing that is not as it was written.
        assert restored(checkpoints) == 1
        assert str(newest) in told[-1] and told[-1].endswith("; going on from 000001_step_1 instead")
        assert "\n" not in told[-1]
        shutil.rmtree(newest.with_name(newest.name + ".damaged"))
        shutil.copytree(kept, newest)
        assert restored(checkpoints) == 2
    assert flips >= 40 * 5


def test_a_cut_and_a_missing_file_are_noticed(checkpoints: Checkpoints, told: list[str]) -> None:
    save(checkpoints, 1)
    newest = save(checkpoints, 2)
    kept = newest.parent / "kept"
    shutil.copytree(newest, kept)
    for path in files(newest):
        good = path.read_bytes()
        for bad in (good[:-1], good[: len(good) // 2], good + b"\0"):
            if bad != good:
                path.write_bytes(bad)
                with pytest.raises(ModelError):
                    storage.check(newest)
        path.unlink()
        assert restored(checkpoints) == 1 and path.name in told[-1]
        shutil.rmtree(newest.with_name(newest.name + ".damaged"))
        shutil.copytree(kept, newest)


def test_a_damaged_checkpoint_does_not_cost_a_good_one(checkpoints: Checkpoints, told: list[str]) -> None:
    save(checkpoints, 1)
    (save(checkpoints, 2) / "notes.json").write_text("{}", encoding="utf-8")
    assert restored(checkpoints) == 1 and len(told) == 1
    assert restored(checkpoints) == 1 and len(told) == 1  # said once
    save(checkpoints, 2)
    assert names(checkpoints.folder) == ["000001_step_1", "000002_step_2"]
    assert restored(checkpoints) == 2


def test_all_damaged_is_an_error_that_changes_nothing(checkpoints: Checkpoints) -> None:
    for folder in (save(checkpoints, 1), save(checkpoints, 2)):
        (folder / "SHA256SUMS").unlink()
    with pytest.raises(ModelError, match=r"no undamaged checkpoint in .*000002_step_2.SHA256SUMS is missing.*new run"):
        checkpoints.restore(state(0))
    assert names(checkpoints.folder) == ["000001_step_1", "000002_step_2"]


def test_the_message_goes_to_stderr_by_itself(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    checkpoints = Checkpoints(tmp_path)
    save(checkpoints, 1)
    (save(checkpoints, 2) / "notes.json").unlink()
    assert restored(checkpoints) == 1
    out, err = capfd.readouterr()  # of the process: Orbax and its C++ say nothing either
    assert out == "" and err.count("\n") == 1 and "going on from 000001_step_1" in err


# Another run


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (state(0, size=5), r"'ema/head/0' is float32\[6\], wanted float32\[5\] \(and 5 more\)"),
        (state(0)._replace(carry=()), r"'carry/0' is float32\[3, 2\], wanted nothing;"),
        (state(0)._replace(ema={**state(0).params, "x": np.float32(0)}), r"'ema/x' is missing, wanted float32\[\];"),
        (state(0)._replace(best=np.float64(0)), r"'best' is float32\[\], wanted float64\[\];"),
    ],
)
def test_a_checkpoint_of_another_run_says_what_differs(checkpoints: Checkpoints, other: TrainState, words: str) -> None:
    save(checkpoints, 1)
    with pytest.raises(ModelError, match=f"is of another run: {words}"):
        checkpoints.restore(other)


def test_a_newer_checkpoint_is_refused(checkpoints: Checkpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("seqgen.training.checkpoint.FORMAT", 99)
        save(checkpoints, 1)
    with pytest.raises(ModelError, match="has format 99, this seqgen reads formats up to 3: pip install --upgrade"):
        checkpoints.restore(state(0))


def test_a_checkpoint_of_before_roll_backs_has_had_none(
    checkpoints: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    def before(tree: Any) -> dict[str, Any]:
        return {name: leaf for name, leaf in named(tree).items() if name not in ("lr_scale", "attempt", "nats")}

    with monkeypatch.context() as patch:
        patch.setattr("seqgen.training.checkpoint.FORMAT", 1)
        patch.setattr("seqgen.training.checkpoint.named", before)
        checkpoints.save(state(3)._replace(lr_scale=np.float32(0.5), attempt=np.int32(2)), {"step": 3})
    assert restored(checkpoints) == 3


# What is asked for by step


def test_held_steps_stay_and_are_gone_back_to(checkpoints: Checkpoints) -> None:
    for step, hold in ((0, ()), (10, (0,)), (13, (0, 10)), (14, (0, 10)), (10, (10,)), (12, (10,)), (15, (10,))):
        checkpoints.save(state(step), {"step": step}, hold=hold)
    assert names(checkpoints.folder) == ["000005_step_10", "000006_step_12", "000007_step_15"]
    for until, step in ((11, 10), (12, 12), (20, 15)):
        found = checkpoints.restore(state(0), until=until)
        assert found is not None and int(found[0].step) == step
    assert checkpoints.restore(state(0), until=9) is None


def test_a_digest_tells_states_apart(checkpoints: Checkpoints, tmp_path: Path) -> None:
    other = Checkpoints(tmp_path / "other")
    with pytest.raises(ModelError, match=r"there is no checkpoint in .*other; train first"):
        other.digest()
    found = []
    for one in (checkpoints, other):
        save(one, 1)
        found.append(one.digest())
    other.save(state(1)._replace(attempt=np.int32(1)))
    assert found[0] == found[1] != other.digest()


# Where nothing can be written


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match=r"cannot write .* name another place"):
        save(Checkpoints(tmp_path / "file" / "checkpoints"), 1)


@pytest.mark.parametrize("notes", [{"loss": float("nan")}, {"when": object()}])
def test_notes_that_are_not_json(checkpoints: Checkpoints, notes: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="plain, finite JSON"):
        checkpoints.save(state(1), notes)
    assert checkpoints.restore(state(0)) is None


FULL = """
import resource, sys
import numpy as np
from seqgen.training.checkpoint import Checkpoints
from seqgen.errors import UsageError
from seqgen.training import TrainState

def state(step, size):
    noise = np.random.default_rng(step).standard_normal(size).astype(np.float32)
    return TrainState(np.int32(step), {"w": noise}, (), (), np.zeros(2, np.uint32), {}, np.float32(0), np.int32(0))

checkpoints = Checkpoints(sys.argv[1])
checkpoints.save(state(1, 100))
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # no file may be longer: what a full disk looks like
try:
    checkpoints.save(state(2, 100_000))
except UsageError as error:
    print(error)
checkpoints.save(state(3, 100))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on file sizes")
def test_a_full_disk_is_one_line_and_the_checkpoint_before_stays(tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=True
    )
    # Orbax's own thread now and then complains, after the error is told, that its event loop is closed.
    assert answer.stdout.count("\n") == 1 and (answer.stderr == "" or "Event loop is closed" in answer.stderr)
    assert "cannot write" in answer.stdout and "File too large; free some space" in answer.stdout
    assert names(tmp_path) == ["000001_step_1", "000002_step_3"]


KILLED = """
import os, signal, sys, time
import numpy as np
import orbax.checkpoint
from seqgen.training.checkpoint import Checkpoints
from seqgen.training import TrainState

def state(step):
    w = {"w": np.full(50_000, step, np.float32)}
    return TrainState(np.int32(step), w, (), (), np.zeros(2, np.uint32), w, np.float32(0), np.int32(0))

for line in sys.stdin:
    reader, writer = os.pipe()
    if not (child := os.fork()):  # forked, not started: importing JAX and Orbax takes longer than saving
        checkpoints = Checkpoints(sys.argv[1])
        for step in range(int(line.split()[1]), 10**9):
            checkpoints.save(state(step), {"step": step})
            os.write(writer, step.to_bytes(8, "big"))
    first = os.read(reader, 8)
    time.sleep(float(line.split()[0]))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(writer)
    rest = b"".join(iter(lambda: os.read(reader, 8), b""))
    os.close(reader)
    print(int.from_bytes((first + rest)[-8:], "big"), flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_kill_at_any_moment_costs_no_finished_save(checkpoints: Checkpoints, told: list[str]) -> None:
    random, step = np.random.default_rng(0), 1
    w = {"w": jnp.zeros(50_000)}
    template = TrainState(np.int32(0), w, (), (), np.zeros(2, np.uint32), w, np.float32(0), np.int32(0))  # type: ignore[arg-type]
    command = [sys.executable, "-W", "ignore", "-c", KILLED, str(checkpoints.folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as zygote:
        assert zygote.stdin and zygote.stdout
        for _ in range(10):
            zygote.stdin.write(f"{random.uniform(0, 0.15)} {step}\n")
            zygote.stdin.flush()
            saved = int(zygote.stdout.readline())
            found = checkpoints.restore(template)
            assert found is not None
            assert saved <= int(found[0].step) <= saved + 1
            assert (found[0].params["w"] == found[1]["step"]).all() and int(found[0].step) == found[1]["step"]
            step = int(found[0].step) + 1
        zygote.stdin.close()
    assert told == []
    checkpoints.save(template)
    assert len(names(checkpoints.folder)) == 2
