"""The lessons run, at toy size, and say what docs/lessons.md shows; at full size `python examples/lessons/NAME.py`."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import jax
import pytest

ROOT = Path(__file__).parent.parent
LESSONS = sorted(path.stem for path in (ROOT / "examples" / "lessons").glob("*.py"))


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_runs_and_prints_what_its_page_shows(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--steps", "4"])
    path = ROOT / "examples" / "lessons" / f"{name}.py"
    with jax.numpy_dtype_promotion("standard"):  # optax mixes integers and floats
        runpy.run_path(str(path), run_name="__main__")
    figure = r"\d+\.\d+"
    said = [re.sub(figure, "#", line) for line in capsys.readouterr().out.splitlines() if re.search(figure, line)]
    page = (ROOT / "docs" / "lessons.md").read_text(encoding="utf-8")
    shown = page.partition(f"$ python examples/lessons/{name}.py\n")[2].partition("```")[0].splitlines()
    assert shown and [re.sub(figure, "#", line) for line in shown] == [line for line in said if line in
        {re.sub(figure, "#", one) for one in shown}]  # fmt: skip
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 60
