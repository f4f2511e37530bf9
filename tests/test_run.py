"""The training loop: what a run leaves behind, and that no kill, signal or resume changes a bit of it."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from seqgen.config import TrainingConfig
from seqgen.domain import Metric, Reading, Splits
from seqgen.domains import handwriting, music, text
from seqgen.domains.text import DOMAIN
from seqgen.domains.text.files import split
from seqgen.errors import DataError, ModelError, SeqgenError, UsageError
from seqgen.machine.cache import use_compile_cache
from seqgen.models.finetuning import adapt
from seqgen.models.model import Model
from seqgen.models.pretrained import Pretrained, from_pretrained, named, save_pretrained
from seqgen.shell.cli import main
from seqgen.training import Metrics, TrainState, init_state, loop, metrics, run, run_config
from seqgen.training.checkpoint import Checkpoints
from seqgen.training.optimizer import make_optimizer
from seqgen.training.progress import Progress

ROOT = Path(__file__).parent.parent
POEM = "".join(f"Line {number} of a poem, no longer than it need be;\n" for number in range(20))
TWICE = Splits([POEM], [POEM])
STEPS = 14  # validated and saved at 10 and 14


@pytest.fixture(autouse=True, scope="module")
def like_outside_of_tests() -> Iterator[None]:
    """optax mixes integers and floats; and every run compiles the same, which the cache remembers."""
    use_compile_cache()
    with jax.numpy_dtype_promotion("standard"):
        yield


@pytest.fixture(scope="module")
def poem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "poem.txt"
    path.write_text(POEM, encoding="utf-8")
    return path


def command(poem: Path, out: Path) -> list[str]:
    return ["text", "train", str(poem), "--out", str(out), "--size", "tiny", "--steps", str(STEPS), "--seed", "3"]


@pytest.fixture(scope="module")
def whole(poem: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing disturbed."""
    out = tmp_path_factory.mktemp("runs") / "whole"
    assert main(command(poem, out)) == 0
    return out


@pytest.fixture
def again(whole: Path, tmp_path: Path) -> Path:
    """A copy of it to work on."""
    return Path(shutil.copytree(whole, tmp_path / "again"))


def digest(tree: Any) -> str:
    leaves = {name: np.asarray(leaf) for name, leaf in named(tree).items()}
    return hashlib.sha256(b"".join(name.encode() + leaf.tobytes() for name, leaf in leaves.items())).hexdigest()


def last_state(folder: Path) -> TrainState:
    """The whole state at a run's newest checkpoint."""
    config = run_config.read_config(folder)
    model, training = Model.from_dict(config), TrainingConfig.from_dict(config["training"])
    restored = Checkpoints(folder / "checkpoints").restore(blank(model, training, rows=training.rows))
    assert restored is not None
    return restored[0]


def blank(model: Model, training: TrainingConfig, rows: int) -> TrainState:
    optimizer = make_optimizer(training, 1)
    return jax.eval_shape(lambda: init_state(model, optimizer, jax.random.key(0), rows))


def files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def rows(folder: Path) -> list[tuple[str, int]]:
    """What the metrics hold: ("nll" or "valid", step), in the order written."""
    return [("valid" if "valid" in row else "nll", row["step"]) for row in metrics.read(folder / "metrics.jsonl")]


def check_same_end(folder: Path, whole: Path) -> None:
    assert digest(last_state(folder)) == digest(last_state(whole))
    assert (folder / "model" / "model.safetensors").read_bytes() == (whole / "model" / "model.safetensors").read_bytes()
    assert rows(folder) == rows(whole)


# What a run leaves behind


def test_a_run_leaves_all_of_itself(whole: Path, poem: Path) -> None:
    assert {path.name for path in whole.iterdir()} == {
        "config.json", "metrics.jsonl", "checkpoints", "model", "curve.svg"
    }  # fmt: skip
    config = run_config.read_config(whole)
    assert (config["domain"], config["size"], config["steps"], config["seed"]) == ("text", "tiny", STEPS, 3)
    read = {
        "encoding": "utf-8",
        "documents": "",
        "field": "",
        "labels": "",
        "hold_out": "documents",
        "level": "characters",
    }
    assert config["data"] == {"name": str(poem), **read}
    # A model is passed on: it says what it learned from, not where on somebody's machine that was.
    assert from_pretrained(whole / "model").training["data"] == {"name": "poem.txt", **read}
    assert rows(whole) == [("nll", 10), ("valid", 10), ("nll", 14), ("valid", 14)]
    assert int(last_state(whole).step) == STEPS
    assert (whole / "curve.svg").read_text(encoding="utf-8").startswith("<svg")

    notes = from_pretrained(whole / "model").training
    best = min((row["valid"], row["step"]) for row in metrics.read(whole / "metrics.jsonl") if "valid" in row)
    assert (notes["valid"], notes["steps"]) == best
    model = text.load(whole)
    assert model.codec == text.Characters.fit([POEM[: int(0.9 * len(POEM))]])
    assert len(model.sample("Line ", length=10, seed=1)) == 15


# Going on


CHILD = """
import os, signal, sys
from pathlib import Path
from seqgen.shell import cli
from seqgen.training import progress

def killed(self, step, **news):
    if step == 12:
        with Path(sys.argv[1], "metrics.jsonl").open("a") as file:
            file.write('{"step": 12, "nll": 2.')
        os.kill(os.getpid(), signal.SIGKILL)

progress.Progress.update = killed
cli.main(sys.argv[2:])
"""


def test_a_killed_run_goes_on_to_the_same_bits(poem: Path, whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    child = subprocess.run([sys.executable, "-c", CHILD, str(out), *command(poem, out)], cwd=ROOT, check=False)
    assert child.returncode == -signal.SIGKILL
    assert Checkpoints(out / "checkpoints").latest_step == 10
    assert (out / "metrics.jsonl").read_bytes().endswith(b'{"step": 12, "nll": 2.')
    outcome = text.resume(out)
    assert (outcome.step, outcome.steps, outcome.signal, outcome.stopped_early) == (STEPS, STEPS, None, False)
    check_same_end(out, whole)


def raise_at(monkeypatch: pytest.MonkeyPatch, step: int, number: int) -> None:
    """Sends this process a signal when it has done so many steps."""
    update = Progress.update

    def interrupted(self: Progress, done: int, **news: Any) -> None:
        update(self, done, **news)
        if done == step and "loss" in news:
            os.kill(os.getpid(), number)

    monkeypatch.setattr(Progress, "update", interrupted)


def test_signals_save_and_say_how_to_go_on(
    poem: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, before = tmp_path / "a run", signal.getsignal(signal.SIGINT)
    stops = [
        (3, signal.SIGINT, 130, command(poem, out)),
        (5, signal.SIGTERM, 143, ["text", "train", "--resume", str(out)]),
    ]
    for step, number, code, arguments in stops:
        with monkeypatch.context() as patch:
            raise_at(patch, step, number)
            assert main(arguments) == code
        told = capsys.readouterr().err.splitlines()[-1]
        assert (
            told
            == f"seqgen: stopped and saved at step {step} of {STEPS}; go on with: seqgen text train --resume '{out}'"
        )
        assert Checkpoints(out / "checkpoints").latest_step == step
        assert signal.getsignal(signal.SIGINT) == before
        assert main(["text", "sample", "--model", str(out)]) == 1  # nothing was validated, so nothing is the best yet
        assert "holds no model (yet)" in capsys.readouterr().err
    assert main(["text", "train", "--resume", str(out)]) == 0
    check_same_end(out, whole)


@pytest.mark.parametrize("what", ["evaluate", "_release"])
def test_a_signal_while_a_run_is_validated_or_released_changes_no_bit(
    what: str, poem: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    out, usual = tmp_path / "out", getattr(loop, what)

    def interrupted(*rest: Any) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        return usual(*rest)

    resume, validated = ["text", "train", "--resume", str(out)], what == "_release"
    with monkeypatch.context() as patch:
        patch.setattr(loop, what, interrupted)
        assert main(command(poem, out)) == 143
        told = capsys.readouterr().err
        assert f"stopped and saved at step 10 of {STEPS}; go on with" in told.splitlines()[-1]
        assert "seqgen: stopping: the validation is left, and made anew after a resume\n" in told
        assert rows(out)[-1] == ("valid" if validated else "nll", 10)
        assert (out / "model").exists() == validated
        if not validated:
            assert main(resume) == 143  # however often it is left
            assert rows(out)[-1] == ("nll", 10)
    with monkeypatch.context() as patch:
        if not validated:
            steps = iter([usual, interrupted])  # that of step 10, that of the last step
            patch.setattr(loop, what, lambda *rest: next(steps)(*rest))
            assert main(resume) == 143
            assert f"stopped and saved at step {STEPS} of {STEPS}" in capsys.readouterr().err
    assert main(resume) == 0
    check_same_end(out, whole)


COMPILING = """
import hashlib, os, signal, sys, threading
from seqgen.shell import cli
from seqgen.training import loop
from seqgen.devices import signals

signals.GRACE = 0.5

def train_step(state, batch):
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2_000_000_000)  # in C, for many minutes, and Python hears of nothing

loop.train_step_of = lambda *rest: train_step
cli.main(sys.argv[1:])
"""


def test_a_signal_in_the_first_compilation_is_answered_at_once(poem: Path, whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for arguments in (command(poem, out), ["text", "train", "--resume", str(out)]):
        child = subprocess.run(
            [sys.executable, "-c", COMPILING, *arguments],
            cwd=ROOT,
            check=False,
            stderr=subprocess.PIPE,
            text=True,
            timeout=300,
        )
        assert child.returncode == 143, child.stderr
        assert child.stderr.splitlines()[-2:] == [
            "seqgen: stopping when the first step is compiled: step 0 is saved and nothing is lost",
            "seqgen: stopped: what was begun takes too long to wait for, and nothing is lost",
        ]
    text.resume(out)
    check_same_end(out, whole)


def test_a_finished_run_has_nothing_left_to_do(again: Path, whole: Path) -> None:
    before = files(again)
    outcome = text.resume(again)
    assert (outcome.step, outcome.steps, outcome.stopped_early) == (STEPS, STEPS, False)
    assert files(again) == before


def test_more_steps_extend_a_run(again: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["text", "train", "--resume", str(again), "--steps", "16"]) == 0
    assert "step 16 of 16" in capsys.readouterr().out
    state = last_state(again)
    assert int(state.step) == run_config.read_config(again)["steps"] == 16
    assert (int(state.opt_state[-1].step), int(state.opt_state[-1].total)) == (16, 16)
    assert rows(again) == [("nll", 10), ("valid", 10), ("nll", 14), ("valid", 14), ("nll", 16), ("valid", 16)]


def test_a_kill_before_the_first_save_of_a_longer_run_changes_nothing(
    again: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    straight = Path(shutil.copytree(whole, tmp_path / "straight"))
    text.resume(straight, steps=16)

    def killed(*rest: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(run, "loop", killed)
        text.resume(again, steps=16)
    assert run_config.read_config(again)["steps"] == 16
    text.resume(again)
    check_same_end(again, straight)


def test_a_resume_without_a_checkpoint_begins_anew(again: Path, whole: Path) -> None:
    shutil.rmtree(again / "checkpoints")
    text.resume(again)
    check_same_end(again, whole)


def test_a_run_reads_its_data_as_it_did_when_it_began(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, path = tmp_path / "out", tmp_path / "poem.txt"
    path.write_text(POEM, encoding="utf-16")
    monkeypatch.setattr(run, "loop", lambda *rest: None)
    text.train(path, out, size="tiny", steps=1, encoding="utf-16")
    text.resume(out)
    text.resume(out, path)
    config = run_config.read_config(out)

    def resume(data: dict[str, Any], again: Any = None) -> None:
        run_config.write_config(out, {**config, "data": data})
        text.resume(out, again)

    for forgotten in ({"name": "-", "encoding": "utf-16"}, {}):
        with pytest.raises(UsageError, match="out does not know where its data is; give it again"):
            resume(forgotten)
        resume(forgotten, split([POEM]))
    # Of older versions: a setting that they did not have yet, and one that is no more.
    path.write_text(POEM, encoding="utf-8")
    resume({"name": str(path), "pages": 7})


def test_ten_minutes_where_nobody_says_how_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "steps_in", lambda seconds, *rest: int(seconds))
    monkeypatch.setattr(run, "loop", lambda *rest: None)
    text.train(TWICE, tmp_path / "out", size="tiny")
    config = run_config.read_config(tmp_path / "out")
    assert (config["minutes"], config["steps"], config["data"]) == (10, 600, {})


def test_a_run_of_any_kind_is_resumed_without_naming_the_kind(
    again: Path, poem: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--resume", str(again), "--steps", "16"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("seqgen: step 16 of 16, best validation") and told[1].endswith(
        f"seqgen text sample --model {again}"
    )
    for arguments in ([], [str(poem)]):
        assert main(["train", *arguments]) == 2
        assert (
            "say what kind of thing to learn: seqgen caption train, seqgen handwriting train, seqgen label train, "
            "seqgen music train, seqgen pronounce train, seqgen speech train, seqgen text train, seqgen translate train; or "
            "continue a run of any kind with --resume RUN" in capsys.readouterr().err
        )
    assert main(["train", "--resume", str(again), "--size", "tiny"]) == 2
    assert "--size is settled when a run begins: leave it out with --resume" in capsys.readouterr().err
    config = run_config.read_config(again)
    run_config.write_config(again, {**config, "domain": "chess"})
    assert main(["train", "--resume", str(again)]) == 2
    assert "no command named 'chess'" in capsys.readouterr().err


# What is refused, and what that costs: nothing


REFUSED: dict[str, tuple[Callable[[Path], Any], type[SeqgenError], str]] = {
    "begin": (
        lambda again: text.train(TWICE, again, steps=1),
        UsageError,
        r"again is in use; name another folder with --out, or continue that run with --resume$",
    ),
    "other data": (
        lambda again: text.resume(again, Splits([POEM + "."], [POEM])),
        DataError,
        r"the data is not what .*again was trained on; give the same files, or begin a new run with --from .*again$",
    ),
    "other domain": (
        lambda again: run.resume(again, dataclasses.replace(DOMAIN, name="music"), TWICE),
        UsageError,
        r"again is a run of text, not music; use the text commands$",
    ),
    "no steps": (lambda again: text.resume(again, steps=0), UsageError, r"a run of 0 steps cannot be; give more"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_run_that_is_refused_is_as_it_was(what: str, again: Path) -> None:
    act, kind, message = REFUSED[what]
    before = files(again)
    with pytest.raises(kind, match=message):
        act(again)
    assert files(again) == before


LENGTHS: list[tuple[dict[str, Any], str]] = [
    ({"steps": 1, "minutes": 1}, "say how long to train: steps, or minutes, one of them"),
    ({"steps": -1}, "a run of -1 steps cannot be; give more than 0"),
    ({"steps": 2**31}, "a run of 2147483648 steps cannot be"),
    ({"minutes": 0.0}, "a run of 0.0 minutes cannot be"),
    ({"minutes": float("nan")}, "a run of nan minutes cannot be"),
    ({"steps": 1, "seed": -1}, "the seed is -1; give a whole number from 0"),
    ({"steps": 1, "seed": 2**32}, "the seed is 4294967296; give a whole number from 0"),
]


@pytest.mark.parametrize(("settings", "message"), LENGTHS, ids=str)
def test_requests_that_cannot_be_met_leave_no_folder(settings: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        run.begin(tmp_path / "out", DOMAIN, TWICE, **settings)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("train", [text.train, music.train, handwriting.train])
def test_a_wrong_keyword_is_an_error_at_the_call(train: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="no keyword named 'stepz'; did you mean 'steps'"):
        train(tmp_path / "nowhere", tmp_path / "out", stepz=3)


def test_a_domain_that_reads_no_files_says_so(poem: Path, tmp_path: Path) -> None:
    domain = dataclasses.replace(DOMAIN, reading=Reading())
    with pytest.raises(
        UsageError, match=r"poem.txt is a file or a folder, and this domain reads none; name a data set"
    ):
        run.begin(tmp_path / "out", domain, poem, steps=1)


def test_data_that_cannot_be_learned_from_leaves_no_folder(tmp_path: Path) -> None:
    for train, valid in ([], [POEM]), ([""], [POEM]), ([POEM], []):
        with pytest.raises(DataError, match="nothing to learn from"):
            run.begin(tmp_path / "out", DOMAIN, Splits(train, valid), steps=1)
    assert not (tmp_path / "out").exists()


def test_what_is_no_run_is_not_resumed(whole: Path, again: Path, tmp_path: Path) -> None:
    for folder, message in (
        (tmp_path / "nowhere", r"nowhere holds no run: .* name a folder that `train --out` made"),
        (again / "config.json", r"holds no run"),
        (whole / "model", r"config.json is not that of a run, or damaged"),
    ):
        with pytest.raises(ModelError, match=message):
            text.resume(folder)
    config = again / "config.json"
    newer = json.dumps({**json.loads(config.read_text(encoding="utf-8")), "format": 99})
    for content, message in (
        ("{", "damaged"),
        ("[]", "not that of a run"),
        (newer, "format 99.*pip install --upgrade"),
    ):
        config.write_text(content, encoding="utf-8")
        with pytest.raises(ModelError, match=message):
            text.resume(again)


# The loop by itself, on a clock and a step that are made up


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., run.Outcome]:
    """A run whose step adds 1 to every weight, with losses as given; `losses` of steps, `valid` of validations."""

    def begin(
        *,
        losses: Any = None,
        norm: float = 1.0,
        valid: Any = None,
        data: Any = TWICE,
        domain: Any = DOMAIN,
        **settings: Any,
    ) -> run.Outcome:
        of_steps, of_valid = iter(losses or itertools.repeat(2.0)), iter(valid or itertools.count(9, -1))

        def train_step(state: TrainState, batch: Any) -> tuple[TrainState, Metrics]:
            del batch
            clock[0] += 0.5
            params = jax.tree.map(lambda leaf: np.asarray(leaf) + np.float32(1), state.params)
            return state._replace(step=state.step + 1, params=params, ema=params), Metrics(next(of_steps), 1, norm)

        clock = [0.0]
        monkeypatch.setattr(loop, "train_step_of", lambda *rest: train_step)
        monkeypatch.setattr(loop, "evaluate", lambda *rest: next(of_valid))
        for module in (run, loop):
            monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: clock[0]))
        training = TrainingConfig(rows=2, window=8, patience=2, ema=0.9, **settings.pop("training", {}))
        return run.begin(tmp_path / "out", domain, data, training=training, **settings)

    return begin


def additions(folder: Path) -> set[float]:
    """How many steps the weights of a model have seen: the head's bias begins at 0."""
    return set(from_pretrained(folder).params["head"]["bias"].tolist())


def test_validation_takes_a_small_share_of_the_time(made_up: Any, tmp_path: Path) -> None:
    windows = 57  # of the part held out, each about a third of a step
    made_up(size="tiny", steps=600)
    validated = [step for what, step in rows(tmp_path / "out") if what == "valid"]
    assert validated == [3 * windows, 6 * windows, 9 * windows, 600]


def test_no_improvement_ends_a_run_and_the_best_stays(
    made_up: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "EVALUATE_SHARE", 0)
    outcome = made_up(
        size="tiny", steps=1000, valid=[3.0, 2.0, 2.5, float("nan"), 1.0, 1.5, 1.5], training={"evaluations": 100}
    )
    assert outcome.stopped_early and (outcome.step, outcome.best) == (40, 2.0)
    assert rows(tmp_path / "out")[-1] == ("valid", 40)
    assert from_pretrained(outcome.model).training["steps"] == 20 and additions(outcome.model) == {20.0}
    resumed = run.resume(tmp_path / "out", DOMAIN, TWICE)
    assert resumed.stopped_early and (resumed.step, resumed.best) == (40, 2.0)
    longer = run.resume(tmp_path / "out", DOMAIN, TWICE, steps=1010)
    assert longer.stopped_early and (longer.step, longer.best) == (70, 1.0)


def test_of_two_that_are_as_right_the_likelier_is_the_better(
    made_up: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "EVALUATE_SHARE", 0)
    right = iter([50.0, 100.0, 100.0, 100.0, 100.0, 99.0])
    domain = dataclasses.replace(DOMAIN, task=None, metric=Metric("right", lambda *rest: next(right), lower=False))
    losses = {"valid": [0.1, 3.0, 2.0, 2.0, 1.0, 0.5], "training": {"evaluations": 100}}
    outcome = made_up(size="tiny", steps=60, domain=domain, **losses)
    assert outcome.best == 100.0
    released = from_pretrained(outcome.model)
    assert (released.training["steps"], released.training["valid"]) == (50, 1.0) and additions(outcome.model) == {50.0}


def test_minutes_become_steps_once(made_up: Any, tmp_path: Path) -> None:
    # Each step takes half a second of the clock, and five of them are for timing.
    outcome = made_up(size="tiny", minutes=0.1)
    assert outcome.step == outcome.steps == (6 - 5 * 0.5) / 0.5
    config = run_config.read_config(tmp_path / "out")
    assert (config["steps"], config["minutes"]) == (7, 0.1)
    assert additions(outcome.model) == {7.0}, "the steps that were timed are not part of the run"


def test_a_signal_while_steps_are_timed_leaves_no_folder(
    made_up: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def losses() -> Iterator[float]:
        for number in itertools.count():
            if number == 2:
                os.kill(os.getpid(), signal.SIGTERM)
            yield 2.0

    with pytest.raises(SystemExit) as left:
        made_up(size="tiny", minutes=0.1, losses=losses())
    assert left.value.code == 143
    assert capsys.readouterr().err == "seqgen: stopping before the first step: nothing was learned yet\n"
    assert not (tmp_path / "out").exists()


def test_a_signal_after_steps_were_timed_leaves_a_run_to_resume(made_up: Any, tmp_path: Path) -> None:
    def valid() -> Iterator[float]:
        yield 2.0
        os.kill(os.getpid(), signal.SIGTERM)
        yield from itertools.repeat(2.0)

    outcome = made_up(size="tiny", minutes=0.1, valid=valid())
    assert (outcome.signal, outcome.step) == (signal.SIGTERM, 0) and outcome.steps == 7
    assert run.resume(tmp_path / "out", DOMAIN, TWICE).step == 7


def test_a_validation_that_may_compile_long_begins_with_all_saved(
    made_up: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: list[tuple[int, bool]] = []

    def save(self: Checkpoints, state: TrainState, notes: Any, **rest: Any) -> None:
        saved.append((int(state.step), notes.get("due", False)))

    monkeypatch.setattr(Checkpoints, "save", save)
    monkeypatch.setattr(loop, "GRACE", 1.2)  # a step takes half a second
    made_up(size="tiny", steps=9)
    assert saved == [(0, False), (9, True), (9, False)]


def test_a_checkpoint_is_made_every_so_often(made_up: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[int] = []
    monkeypatch.setattr(Checkpoints, "save", lambda self, state, *rest, **named: saved.append(int(state.step)))
    made_up(size="tiny", steps=9, training={"save_seconds": 1.9})
    assert saved == [0, 4, 8, 9]


# Fine-tuning


def test_a_fine_tuned_run_begins_from_the_weights_it_was_given(
    made_up: Any, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, data = tmp_path / "out", Splits(["A ljne of anothef poem, with ß;\n" * 9], ["Another poem;\n" * 4])
    given = from_pretrained(whole / "model")
    outcome = made_up(data=data, steps=3, start_from=whole / "model")
    config, tuned = run_config.read_config(out), text.load(out)
    assert config["from"] == str(whole / "model") and config["size"] == "tiny"
    assert tuned.codec == text.Characters.fit(data.train) != text.Characters.from_dict(given.codec)
    model, moved = adapt(given.model, given.params, DOMAIN.match(DOMAIN.load_codec(given.codec), tuned.codec))
    shifted = jax.tree.map(lambda leaf: np.asarray(leaf) + 3, moved)
    jax.tree.map(lambda one, other: np.testing.assert_allclose(one, other, atol=0.01), tuned.params, shifted)

    # Killed before its first step was saved, it goes on from what it was given and not from its seed.
    first, last = sorted((out / "checkpoints").iterdir())
    shutil.rmtree(last)
    state, _ = Checkpoints(out / "checkpoints").restore(blank(model, TrainingConfig(), rows=2))
    assert first.name.endswith("_step_0") and digest(state.params) == digest(moved) == digest(state.ema)
    assert run.resume(out, DOMAIN, data).step == 3
    after = from_pretrained(outcome.model).params
    assert digest(after) == digest(tuned.params)
    shutil.rmtree(out / "checkpoints")
    with pytest.raises(ModelError, match="has lost its checkpoints, and with them the weights it began from"):
        run.resume(out, DOMAIN, data)


def test_a_model_is_opened_once(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []

    def counted(folder: Path) -> Pretrained:
        opened.append(folder)
        return from_pretrained(folder)

    monkeypatch.setattr("seqgen.models.pretrained.from_pretrained", counted)
    monkeypatch.setattr(run, "loop", lambda *rest: None)
    text.train(TWICE, tmp_path / "out", steps=1, start_from=whole)
    assert opened == [whole / "model"]


def test_fine_tuning_is_gentler(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "loop", lambda *rest: None)
    text.train(TWICE, tmp_path / "out", steps=1, start_from=whole)
    usual = DOMAIN.sizes["tiny"].training
    config = run_config.read_config(tmp_path / "out")
    assert config["training"]["learning_rate"] == usual.learning_rate / 4


def test_models_that_cannot_be_fine_tuned(whole: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a fine-tuned model keeps its size: leave out --size, or --from"):
        text.train(TWICE, tmp_path / "out", steps=1, size="tiny", start_from=whole)
    given = from_pretrained(whole / "model")
    save_pretrained(
        tmp_path / "music", domain="music", codec={}, model=given.model, params=jax.tree.map(jnp.asarray, given.params)
    )
    with pytest.raises(ModelError, match="is a model of music, not text; use the music commands"):
        text.train(TWICE, tmp_path / "out", steps=1, start_from=tmp_path / "music")
    assert not (tmp_path / "out").exists()
