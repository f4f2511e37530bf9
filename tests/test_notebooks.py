"""The notebooks run from the top and show what they say; they are kept without outputs."""

from __future__ import annotations

import ast
import base64
import io
import json
import re
import runpy
import wave
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jax
import pytest

from seqgen.domains.music import Note, Score
from seqgen.training.outcome import Outcome

FOLDER = Path(__file__).parent.parent / "examples" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def cells(path: Path, kind: str) -> list[str]:
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in found if cell["cell_type"] == kind]


def run(path: Path, folder: Path) -> list[Any]:
    """The value that each code cell ends with, None where it ends with a statement; all in one module, as in Jupyter."""
    bodies = [ast.parse(source, path.name).body for source in cells(path, "code")]
    for number, body in enumerate(bodies):
        if isinstance(last := body[-1], ast.Expr):
            body[-1] = ast.Assign([ast.Name(f"end_{number}", ast.Store())], last.value, lineno=last.lineno)
    script = folder / f"{path.stem}.py"
    script.write_text(ast.unparse(ast.Module([line for body in bodies for line in body], [])), encoding="utf-8")
    module = runpy.run_path(str(script), run_name="__main__")
    return [module.get(f"end_{number}") for number in range(len(bodies))]


def shown(value: Any) -> str:
    """A value as Jupyter would put it in its page."""
    for name in ("_repr_html_", "_repr_svg_"):
        if (page := getattr(value, name, lambda: None)()) is not None:
            return str(page)
    return repr(value)


def pictures(ends: list[Any]) -> list[str]:
    found = [svg for end in ends for svg in re.findall(r"<svg.*?</svg>", shown(end), re.DOTALL)]
    for svg in found:
        ElementTree.fromstring(svg)
    return found


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with jax.numpy_dtype_promotion("standard"):  # optax mixes integers and floats
        yield


def test_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ends = run(FOLDER / "text.ipynb", tmp_path)
    said = capsys.readouterr().out
    assert said.startswith("ROMEO:") and said.count("--- ") == 3 and "7 + 8 =" in said
    likely, turned, odd = ends[2].values()
    assert likely < turned < odd
    (curve,) = pictures(ends)
    assert "Learning curve" in curve


def test_music(tmp_path: Path) -> None:
    ends = run(FOLDER / "music.ipynb", tmp_path)
    assert [("Learning curve" in svg, "Piano roll" in svg) for svg in pictures(ends)].count((True, False)) == 1
    assert len(pictures(ends)) == 4
    (sound,) = re.findall(r'<audio controls src="data:audio/wav;base64,([^"]+)">', shown(ends[0]))
    with wave.open(io.BytesIO(base64.b64decode(sound))) as file:
        assert file.getnframes() / file.getframerate() > ends[0].seconds
    assert ends[2].notes[: len(ends[0].until(2.4).notes)] == ends[0].until(2.4).notes
    assert (tmp_path / "tune.mid").exists()


def test_handwriting(tmp_path: Path) -> None:
    ends = run(FOLDER / "handwriting.ipynb", tmp_path)
    assert [("Learning curve" in svg, "Handwriting" in svg) for svg in pictures(ends)].count((True, False)) == 1
    assert len(pictures(ends)) == 5
    assert ends[-1].points > 20
    assert (tmp_path / "hello.svg").exists()


def test_a_long_piece_plays_its_first_minute() -> None:
    piece = Score([Note(2.0 * i, 60, 1.0) for i in range(60)])
    (sound,) = re.findall(r"base64,([^\"]+)", shown(piece))
    with wave.open(io.BytesIO(base64.b64decode(sound))) as file:
        assert 59 < file.getnframes() / file.getframerate() < 65


def test_a_run_without_a_curve_shows_its_figures(tmp_path: Path) -> None:
    assert shown(Outcome(tmp_path, 0, 10, float("inf"))).startswith("Outcome(folder=")


def test_each_domain_has_one_and_each_has_a_test() -> None:
    from seqgen.registry import domains

    names = {path.stem for path in NOTEBOOKS}
    assert names == {name for name in domains() if f"test_{name}" in globals()} == {"text", "music", "handwriting"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_small_and_without_outputs(path: Path) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert not [cell["id"] for cell in code if cell["outputs"] or cell["execution_count"]], "clear the outputs"
    assert sum(len(cell["source"]) for cell in code) < 60
    links = [link for text in cells(path, "markdown") for link in re.findall(r"\]\(([^)]+)\)", text)]
    assert links and not [link for link in links if not (path.parent / link).exists()]
