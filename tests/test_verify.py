"""`seqgen verify` and `seqgen verify-resume`: what they find, what they say, and what they leave alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
import pytest

from seqgen.errors import TrainingError, UnknownName, UsageError
from seqgen.files import storage
from seqgen.heads import Categorical
from seqgen.models.model import Model
from seqgen.models.pretrained import save_pretrained
from seqgen.nn.network import Network
from seqgen.shell import verify_resume
from seqgen.shell.cli import main
from seqgen.spec import Discrete
from seqgen.training import TrainState
from seqgen.training.checkpoint import Checkpoints

MODEL = Model(Network(Discrete(7), layers=1, units=4, embedding=3), Categorical(7))
Told = Callable[[], tuple[str, str]]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    def read() -> tuple[str, str]:
        return tuple(capsys.readouterr())  # type: ignore[return-value]

    return read


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with two checkpoints and a released model."""
    run = tmp_path_factory.mktemp("made") / "run"
    save_pretrained(run / "model", domain="text", codec={}, model=MODEL, params=MODEL.init(jax.random.key(0)))
    zero = {"w": np.zeros(3, np.float32)}
    for step in (1, 2):
        state = TrainState(np.int32(step), zero, (), (), np.zeros(2, np.uint32), zero, np.float32(0), np.int32(0))  # type: ignore[arg-type]
        Checkpoints(run / "checkpoints").save(state)
    numbers, words = ("seed", "steps"), ("domain", "size", "data_sha256")
    parts = ("training", "data", "codec", "network", "head")
    config = {"format": 1, **dict.fromkeys(numbers, 0), **dict.fromkeys(words, ""), **{part: {} for part in parts}}
    (run / "config.json").write_text(json.dumps({**config, "from": None}), encoding="utf-8")
    (run / "metrics.jsonl").write_text('{"step": 1, "nll": 2.0}\n', encoding="utf-8")
    return run


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "run"))


def test_what_is_sound_is_said_file_by_file(run: Path, told: Told) -> None:
    before = sorted(run.rglob("*"))
    assert main(["verify", str(run)]) == 0
    *lines, last = told()[0].splitlines()
    assert all(line.startswith("sound    ") for line in lines)
    named = {Path(line.split("    ")[1]) for line in lines}
    sums = [path for path in before if path.name == storage.SUMS]
    files = {path for path in before if path.is_file()} - set(sums)
    assert len(sums) == 3 and named == {*files, run / "model"}
    assert last == f"0 damaged, {len(lines)} sound"
    assert sorted(run.rglob("*")) == before

    assert main(["verify", str(run / "model")]) == 0
    assert told()[0].splitlines()[-1] == "0 damaged, 3 sound"


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


SPOILT: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "bit of a checkpoint": ("checkpoints/000002_step_2/notes.json", flip, "its SHA-256 is not the one in SHA256SUMS"),
    "bit of a model": ("model/model.safetensors", flip, "its SHA-256 is not the one in SHA256SUMS"),
    "missing": ("checkpoints/000001_step_1/state/manifest.ocdbt", Path.unlink, "is missing"),
    "list": ("checkpoints/000001_step_1/SHA256SUMS", lambda path: path.write_text("?"), "is no list of SHA-256 sums"),
    "config": ("config.json", lambda path: path.write_text("{"), "the run is damaged"),
    "metrics": ("metrics.jsonl", lambda path: path.write_text("?\n{}\n"), "delete that line"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_what_is_damaged_is_named_and_the_rest_is_not(run: Path, told: Told, what: str) -> None:
    name, spoil, message = SPOILT[what]
    spoil(run / name)
    assert main(["verify", str(run)]) == 1
    (line,) = [line for line in told()[0].splitlines() if not line.startswith("sound")][:-1]
    assert line.startswith("DAMAGED  ") and str(run / name) in line and message in line


def test_sums_that_agree_do_not_make_a_model_of_it(run: Path, told: Told) -> None:
    weights = run / "model" / "model.safetensors"
    weights.write_bytes(b"\xff" * 100)
    (run / "model" / storage.SUMS).unlink()
    storage._seal(run / "model")
    assert main(["verify", str(run / "model")]) == 1
    *files, whole, last = told()[0].splitlines()
    assert all(line.startswith("sound") for line in files) and last == "1 damaged, 2 sound"
    assert whole.startswith("DAMAGED  ") and "is not a safetensors file" in whole


def test_a_shipped_model_is_verified_by_name_and_another_name_is_none(told: Told, tmp_path: Path) -> None:
    assert main(["verify", "shakespeare"]) == 0
    assert "0 damaged" in told()[0]
    assert main(["verify", "shakespear"]) == 2
    assert "did you mean 'shakespeare'?" in told()[1]
    assert main(["verify", str(tmp_path)]) == 1
    assert "holds no model (yet)" in told()[1]


# verify-resume


def test_a_killed_run_and_a_straight_one_have_one_hash(told: Told) -> None:
    assert main(["verify-resume", "--steps", "2"]) == 0
    first, second, last = told()[0].splitlines()
    assert first.split("  ")[0] == second.split("  ")[0] and len(first.split("  ")[0]) == 64
    assert first.endswith("text, 4 steps straight") and "killed and resumed from step" in second
    assert last == "the same, bit for bit"


def test_another_hash_is_an_error(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = iter("ab")
    monkeypatch.setattr(verify_resume, "start", lambda *rest, **named: None)
    monkeypatch.setattr(verify_resume, "finish", lambda process: "")
    monkeypatch.setattr(verify_resume, "kill", lambda *rest: 2)
    monkeypatch.setattr(Checkpoints, "digest", lambda self: next(hashes))
    assert main(["verify-resume"]) == 1
    assert told()[0].splitlines()[-1].startswith("DIFFERENT: ")


def test_requests_that_cannot_be_met() -> None:
    with pytest.raises(UnknownName, match="no domain named 'texts'; did you mean 'text'"):
        verify_resume.verify_resume("texts", 1)
    with pytest.raises(UsageError, match="halves of 0 steps cannot be"):
        verify_resume.verify_resume("text", 0)


def test_a_run_that_fails_by_itself_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in use", encoding="utf-8")
    process = verify_resume.start(tmp_path / "file", "text", 2)
    with pytest.raises(TrainingError, match=r"ended with code 1: .*file is in use.*"):
        verify_resume.finish(process)
