"""`seqgen tensorboard`: which values it writes under which names and steps, and when it stops. The writer is a stand-in."""

from __future__ import annotations

import itertools
import json
import math
import os
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seqgen.errors import ModelError
from seqgen.shell import tensorboard
from seqgen.shell.cli import main
from seqgen.training import metrics

CONFIG = {
    "format": 1,
    "from": None,
    **dict.fromkeys(("domain", "size", "data_sha256"), "a"),
    **dict.fromkeys(("seed", "steps"), 0),
    **{name: {} for name in ("training", "data", "codec", "network", "head")},
}
TRAINED = [{"step": step, "nll": 5.0 - step / 10, "grad_norm": 0.5} for step in (10, 20, 30)]


class Writer:
    """What tensorboardX's SummaryWriter is used for; a file holds what was added, one JSON list a line."""

    numbers = itertools.count()

    def __init__(self, logdir: str, purge_step: int | None = None, flush_secs: float = 120) -> None:
        assert purge_step == 0 and flush_secs <= tensorboard.PAUSE
        self.path = Path(logdir, f"events.out.tfevents.{next(self.numbers):09}.here")
        self.closed = False
        self.path.touch()

    def _add(self, kind: str, tag: str, value: Any, step: int) -> None:
        assert not self.closed
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([kind, tag, value, step]) + "\n")

    def add_scalar(self, tag: str, value: float, step: int) -> None:
        assert math.isfinite(value)
        self._add("scalar", tag, value, step)

    def add_text(self, tag: str, text: str, step: int) -> None:
        self._add("text", tag, text, step)

    def close(self) -> None:
        self.closed = True


@pytest.fixture(autouse=True)
def package(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = types.ModuleType("tensorboardX")
    stand_in.SummaryWriter = Writer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tensorboardX", stand_in)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    log(folder, *TRAINED, {"step": 30, "valid": 2.5})
    return folder


def log(run: Path, *rows: dict[str, Any]) -> None:
    for row in rows:
        metrics.append(run / "metrics.jsonl", row)


def end(run: Path) -> None:
    """As a run does that ends: its curve is younger than its measurements."""
    (run / "curve.svg").touch()
    later = (run / "metrics.jsonl").stat().st_mtime_ns + 10**9
    os.utime(run / "curve.svg", ns=(later, later))


def shown(run: Path) -> list[list[Any]]:
    """What is in the only file there is."""
    (path,) = (run / "tensorboard").glob("events.out.tfevents.*")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def scalars(*rows: dict[str, Any]) -> list[list[Any]]:
    return [["scalar", name, row[name], row["step"]] for row in rows for name in row if name != "step"]


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """What the run does while its follower sleeps, once each; no further sleep may be asked for."""

    def acts(*things: Callable[[], None]) -> None:
        left = iter(things)
        monkeypatch.setattr(tensorboard.time, "sleep", lambda seconds: next(left)())

    return acts


def test_every_number_is_a_scalar_under_its_name_and_step(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tensorboard", str(run)]) == 0
    assert shown(run) == scalars(*TRAINED, {"step": 30, "valid": 2.5})
    folder = run / "tensorboard"
    assert capsys.readouterr() == ("", f"seqgen: wrote {folder}; look at it with: tensorboard --logdir {run}\n")


def test_what_is_no_number_is_left_out_and_the_rest_of_its_row_is_not(run: Path) -> None:
    log(run, {"step": 40, "nll": float("nan"), "grad_norm": float("inf"), "steps_per_s": 2.0})
    with (run / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write(
            '{"step": 50, "nll": NaN, "grad_norm": 3, "parts": [1], "lr": 1e300}\n{"step": 60, "nl'
        )  # and one cut by a crash
    tensorboard.write(run)
    new = [["scalar", "steps_per_s", 2.0, 40], ["scalar", "grad_norm", 3, 50]]
    assert shown(run) == [*scalars(*TRAINED, {"step": 30, "valid": 2.5}), *new]


def test_a_roll_back_is_told_in_words_and_numbers(run: Path) -> None:
    metrics.truncate(run / "metrics.jsonl", 20)
    log(run, {"step": 20, "rolled_back_from": 34, "trouble": "the loss rose", "attempt": 1, "lr_scale": 0.5})
    tensorboard.write(run)
    assert shown(run) == [
        *scalars(*TRAINED[:2]),
        ["scalar", "rolled_back_from", 34, 20],
        ["text", "trouble", "the loss rose", 20],
        ["scalar", "attempt", 1, 20],
        ["scalar", "lr_scale", 0.5, 20],
    ]


def test_again_replaces_its_own_files_and_no_others(run: Path) -> None:
    tensorboard.write(run)
    (run / "tensorboard" / "notes.txt").write_text("mine", encoding="utf-8")
    before = {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()}
    tensorboard.write(run)
    assert shown(run) == scalars(*TRAINED, {"step": 30, "valid": 2.5})
    assert (run / "tensorboard" / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()} == before


def test_following_adds_what_is_new_to_the_same_file_until_the_run_ends(run: Path, meanwhile: Any) -> None:
    fourth, fifth = {"step": 40, "nll": 1.0}, {"step": 50, "nll": 0.5}
    files: list[Path] = []

    def first() -> None:
        files.extend((run / "tensorboard").iterdir())
        log(run, fourth)

    meanwhile(first, lambda: None, lambda: (log(run, fifth), end(run)))
    tensorboard.write(run, follow=True)
    assert list((run / "tensorboard").iterdir()) == files
    assert shown(run) == scalars(*TRAINED, {"step": 30, "valid": 2.5}, fourth, fifth)


def test_following_begins_anew_when_the_run_goes_back(run: Path, meanwhile: Any) -> None:
    again = {"step": 20, "nll": 3.25}

    def resumed() -> None:
        metrics.truncate(run / "metrics.jsonl", 10)
        log(run, again)

    meanwhile(resumed, lambda: end(run))
    tensorboard.write(run, follow=True)
    assert shown(run) == scalars(TRAINED[0], again)


def test_following_a_resumed_run_does_not_take_the_old_curve_for_its_end(run: Path, meanwhile: Any) -> None:
    (run / "curve.svg").touch()
    os.utime(run / "curve.svg", ns=(10**18, 10**18))
    meanwhile(lambda: log(run, {"step": 40, "nll": 1.0}), lambda: end(run))
    tensorboard.write(run, follow=True)
    assert shown(run)[-1] == ["scalar", "nll", 1.0, 40]


def test_following_may_begin_before_anything_is_measured(run: Path, meanwhile: Any) -> None:
    (run / "metrics.jsonl").unlink()
    meanwhile(lambda: (log(run, TRAINED[0]), end(run)))
    tensorboard.write(run, follow=True)
    assert shown(run) == scalars(TRAINED[0])


def test_stopping_to_follow_closes_the_file(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Writer] = []
    monkeypatch.setattr(
        sys.modules["tensorboardX"], "SummaryWriter", lambda **named: made.append(Writer(**named)) or made[0]
    )

    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tensorboard.time, "sleep", interrupted)
    assert main(["tensorboard", str(run), "--follow"]) == 130
    assert made[0].closed and len(shown(run)) == 7


def test_what_cannot_be_done_is_one_line(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(folder: Path, code: int, message: str) -> None:
        assert main(["tensorboard", str(folder)]) == code
        out, err = capsys.readouterr()
        assert out == "" and err.startswith("seqgen: error: ") and err.count("\n") == 1 and message in err

    refused(run.parent, 1, "holds no run: there is no config.json; name a folder that `train --out` made")
    assert not (run.parent / "tensorboard").exists()
    (run / "tensorboard").write_text("in the way", encoding="utf-8")
    refused(run, 2, f"cannot write to {run / 'tensorboard'}: ")
    (run / "tensorboard").unlink()
    (run / "metrics.jsonl").write_text("?\n{}\n", encoding="utf-8")
    with pytest.raises(ModelError, match="delete that line"):
        tensorboard.write(run)
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    refused(run, 1, "tensorboardX, which writes the files, is missing: pip install 'seqgen[tensorboard]'")
