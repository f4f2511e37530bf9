"""Every benchmark runs at toy size and keeps the common form: a table, and its figures as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import jax
import numpy as np
import pytest

FOLDER = Path(__file__).parent.parent / "benchmarks"
SCRIPTS = sorted(path for path in FOLDER.glob("[!_]*.py") if path.stem != "plots")


@pytest.fixture
def cheap() -> dict[str, str]:
    """A toy shows that a script runs, not how fast: tesseract's threads need not spin."""
    return {**os.environ, "OMP_THREAD_LIMIT": "1"}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_benchmark_runs_at_toy_size(script: Path, tmp_path: Path, cheap: dict[str, str]) -> None:
    figures = tmp_path / "figures.json"
    command = [sys.executable, script, "--toy", "--json", figures]
    answer = subprocess.run(command, cwd=tmp_path, env=cheap, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[0].split() == ["what", "target", "reached"]
    found = json.loads(figures.read_text(encoding="utf-8"))
    assert found["about"]["machine"]
    assert found["rows"]
    for row in found["rows"]:
        assert row["what"] in answer.stdout
        assert isinstance(row["reached"], int | float)
        assert row["met"] in (True, False, None)
        assert row["target"] is None or row["sense"] in ("<=", ">=")
        assert row["low"] is None or row["low"] <= row["reached"] <= row["high"]
        if "largest difference of losses" in row["what"]:
            assert row["met"], "the contenders do not do the same work"


@pytest.mark.parametrize("part", ["small", "long", "mixture", "pairs", "memory", "windows"])
@pytest.mark.slow
def test_every_part_of_train_throughput_runs_at_toy_size(part: str, tmp_path: Path, cheap: dict[str, str]) -> None:
    command = [sys.executable, FOLDER / "train_throughput.py", "--toy", "--part", part]
    answer = subprocess.run(command, cwd=tmp_path, env=cheap, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr


def test_figures_become_pictures(tmp_path: Path) -> None:
    bar = {"what": "2 x 512: seqgen f32", "reached": 2e4, "low": 1.9e4, "high": 2.2e4, "unit": "tokens/s"}
    peer = {**bar, "what": "2 x 512: torch f32", "reached": 1e4, "low": None, "high": None}
    series = {"seqgen f32": [[0, 4.2], [10, 1.9], [20, 1.5]], "torch f32": [[0, 4.2], [30, 1.6]]}
    figures = {"about": {"machine": "2 cores"}, "rows": [bar, peer], "series": series}
    (tmp_path / "speed.json").write_text(json.dumps(figures), encoding="utf-8")
    command = [sys.executable, FOLDER / "plots.py", tmp_path / "speed.json", "--out", tmp_path / "made"]
    subprocess.run(command, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == ["speed_curve.svg", "speed_rates.svg"]
    for path in (tmp_path / "made").iterdir():
        words = "".join(ElementTree.parse(path).getroot().itertext())
        assert "seqgen f32" in words
        assert "torch f32" in words


def test_a_missed_target_is_marked(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(FOLDER)
    from _report import Row, report

    report([Row("speed", 0.5, ">=", 1.0, "x"), Row("size", 3, "<=", 3), Row("peer", 7)], None, {"peer": "absent"})
    out = capsys.readouterr().out
    speed, size, peer = out.splitlines()[1:4]
    assert "\npeer: absent" in out
    assert speed.split() == ["speed", ">=", "1", "x", "0.5", "x", "MISSED"]
    assert size.split()[-1] == "met"
    assert peer.split() == ["peer", "7"]


def test_rounds_become_a_median_with_its_extremes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(FOLDER)
    from _report import measured, report

    report([measured("ratio", [1.5, 1.1, 1.2], ">=", 1.1, "x")], None)
    line = capsys.readouterr().out.splitlines()[1]
    assert " ".join(line.split()) == "ratio >= 1.1 x 1.2 x (1.1 to 1.5) met"


def test_who_came_to_a_loss_stands_at_it_and_all_stand_where_all_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(FOLDER)
    from time_to_loss import rows_at

    curves = {
        "seqgen f32": [(0.0, 4.0), (10.0, 2.0), (20.0, 1.0)],
        "seqgen bf16": [(0.0, 4.0), (10.0, 2.0)],
        "torch f32": [(0.0, 4.0), (20.0, 2.0), (40.0, 1.0)],
    }
    assert [(row.reached, row.target) for row in rows_at(curves, 1.5, 0.7)] == [(15, None), (30, None), (0.5, 0.7)]
    assert [row.reached for row in rows_at(curves, 2.0, None)] == [10, 10, 20, 0.5]


@pytest.mark.slow  # where PyTorch is: a peer, which tests need not install
def test_pytorch_s_translator_is_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The same weights and sources of several lengths: the same losses while both learn."""
    pytest.importorskip("torch").set_num_threads(1)
    monkeypatch.syspath_prepend(FOLDER)
    import _ours
    import _torch_pairs
    from _pair_work import Pairs, save
    from _work import Work

    random = np.random.default_rng(0)

    def side(width: int) -> tuple[np.ndarray, np.ndarray]:
        lengths = random.integers(1, width + 1, 4, dtype=np.int32)
        symbols = random.integers(11, size=(4, width), dtype=np.int32)
        return symbols * (np.arange(width) < lengths[:, None]), lengths

    save(tmp_path / "batches.npz", [Pairs(*side(7), *side(5)) for _ in range(3)])
    work = Work("pairs", 2, 16, 4, 7, 11, total=4)
    for work in (work, work._replace(text=str(tmp_path / "batches.npz"))):
        with jax.numpy_dtype_promotion("standard"):  # optax mixes integers and floats
            ours = _ours.pairs(work).run(4)
        assert ours == pytest.approx(_torch_pairs.train(work).run(4), abs=1e-5) and len({*ours}) == 4
