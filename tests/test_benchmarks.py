"""Every benchmark runs at toy size and keeps the common form: a table, and its figures as JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "benchmarks"
SCRIPTS = sorted(FOLDER.glob("[!_]*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_benchmark_runs_at_toy_size(script: Path, tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    command = [sys.executable, script, "--toy", "--json", figures]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[0].split() == ["what", "target", "reached"]
    for row in json.loads(figures.read_text(encoding="utf-8")):
        assert row["what"] in answer.stdout
        assert isinstance(row["reached"], int | float)
        assert row["met"] in (True, False, None)
        assert row["target"] is None or row["sense"] in ("<=", ">=")


def test_a_missed_target_is_marked(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(FOLDER)
    from _report import Row, report

    report([Row("speed", 0.5, ">=", 1.0, "x"), Row("size", 3, "<=", 3), Row("peer", 7)], None)
    speed, size, peer = capsys.readouterr().out.splitlines()[1:]
    assert speed.split() == ["speed", ">=", "1", "x", "0.5", "x", "MISSED"]
    assert size.split()[-1] == "met"
    assert peer.split() == ["peer", "7"]
