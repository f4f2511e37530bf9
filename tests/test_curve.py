"""curve.svg: well-formed, finite and inside its frame whatever a run measured."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqgen.training import curve
from seqgen.training.curve import write_curve

SVG = "{http://www.w3.org/2000/svg}"
NAN = math.nan
# What curve.py draws with, and nothing else: no style, no script, no handlers, no links.
ELEMENTS = {"svg", "title", "desc", "defs", "clipPath", "rect", "g", "text", "line", "polyline", "circle"}
ATTRIBUTES = {"baseProfile", "version", "width", "height", "viewBox", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r"}
ATTRIBUTES |= {"points", "id", "clip-path", "fill", "stroke", "stroke-width", "stroke-opacity", "stroke-linejoin"}
ATTRIBUTES |= {"font-family", "font-size", "font-weight", "text-anchor"}


def run(steps: int, every: int, evaluate: int = 0, noise: float = 0.05) -> list[dict[str, Any]]:
    random = np.random.default_rng(steps)
    rows: list[dict[str, Any]] = []
    for step in range(every, steps + 1, every):
        loss = 1.2 + 3.3 * math.exp(-step / (0.1 * steps))
        rows.append({"step": step, "nll": loss + noise * random.normal(), "grad_norm": 1.0, "steps_per_s": 10.0})
        if evaluate and step % evaluate == 0:
            rows.append({"step": step, "valid": loss + 0.1})
    return rows


def draw(path: Path, rows: Sequence[Mapping[str, Any]], unit: str = "nats/char") -> ET.Element:
    """The picture, read back and checked for what every picture owes."""
    write_curve(rows, path, unit=unit)
    root = ET.fromstring(path.read_text(encoding="utf-8"))
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in ELEMENTS
        assert set(element.attrib) <= ATTRIBUTES
        for name, value in element.attrib.items():
            if name in ("x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "points"):
                numbers = [float(number) for number in re.split(r"[ ,]+", value.strip())]
                assert all(-400 <= number <= 800 for number in numbers), (element.tag, name, value)
    paper = next(element for element in root if element.tag.removeprefix(SVG) not in ("title", "desc", "defs"))
    assert paper.attrib == {"fill": "white", "x": "0", "y": "0", "width": "720", "height": "400"}
    return root


def texts(root: ET.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def lines(root: ET.Element) -> list[np.ndarray]:
    found = [element.attrib["points"].replace(",", " ").split() for element in root.iter(f"{SVG}polyline")]
    return [np.array(points, float).reshape(-1, 2) for points in found]


def test_a_run_with_everything(tmp_path: Path) -> None:
    root = draw(tmp_path / "curve.svg", run(2000, 20, 200))
    said = texts(root)
    assert said[:2] == ["Loss, nats/char", "2,000 steps in 0:03:20 (10 steps/s), best validation 1.300 at step 2,000"]
    assert {"0", "500", "1,000", "1,500", "2,000", "steps"} <= set(said)
    assert [word.split()[0] for word in said[-2:]] == ["validation", "training"]
    raw, smooth, valid = lines(root)
    assert (len(raw), len(smooth), len(valid)) == (100, 100, 10)
    assert np.abs(np.diff(smooth[50:, 1])).mean() < 0.3 * np.abs(np.diff(raw[50:, 1])).mean()
    assert root.find(f"{SVG}desc").text == said[1]  # type: ignore[union-attr]


def test_points_stand_where_the_axes_say(tmp_path: Path) -> None:
    rows = [{"step": step, "valid": value} for step, value in ((100, 3.0), (200, 2.0), (400, 2.5))]
    root = draw(tmp_path / "curve.svg", rows)
    at = {text.text: text.attrib for text in root.iter(f"{SVG}text")}
    (points,) = lines(root)
    x = {step: float(at[str(step)]["x"]) for step in (100, 200, 400)}
    assert points[:, 0] == pytest.approx([x[100], x[200], x[400]], abs=0.2)
    # The labels' baselines are 4 below the height that they name.
    y = {value: float(at[label]["y"]) - 4 for value, label in ((3.0, "3"), (2.0, "2"))}
    assert points[:, 1] == pytest.approx([y[3.0], y[2.0], (y[3.0] + y[2.0]) / 2], abs=0.2)


@pytest.mark.parametrize("wild", [50.0, 1e9])
def test_wild_first_values_do_not_squash_the_rest(tmp_path: Path, wild: float) -> None:
    calm = run(2000, 20, 200)
    rows = [{**row, "nll": wild} if row["step"] <= 60 and "nll" in row else row for row in calm]
    smooth = lines(draw(tmp_path / "curve.svg", rows))[1]
    late = smooth[smooth[:, 0] > curve.LEFT + 40]
    assert np.ptp(np.clip(late[:, 1], curve.TOP, curve.BOTTOM)) > 0.7 * (curve.BOTTOM - curve.TOP)


def test_the_first_steps_may_leave_the_plot(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    rows = [{"step": 20 * n, "nll": 4.5 if n <= 3 else 2 + 0.3 * random.normal()} for n in range(1, 101)]
    ticks = [float(text) for text in texts(draw(tmp_path / "curve.svg", rows)) if re.fullmatch(r"\d(\.\d+)?", text)]
    assert 2 < max(ticks) < 3.5


def test_a_spike_leaves_its_neighbours_in_peace(tmp_path: Path) -> None:
    rows = run(2000, 20, 200)
    calm = lines(draw(tmp_path / "calm.svg", rows))[1]
    rows[60] = {**rows[60], "nll": 1e6} if "nll" in rows[60] else {**rows[61], "nll": 1e6}
    spiked = lines(draw(tmp_path / "spike.svg", rows))[1]
    far = np.abs(calm[:, 0] - (curve.LEFT + (curve.RIGHT - curve.LEFT) * rows[60]["step"] / 2000)) > 25
    assert np.abs(calm[far, 1] - spiked[far, 1]).max() < 40  # the scale may change a little


def test_a_run_that_breaks_down_says_so(tmp_path: Path) -> None:
    rows = [
        *run(1000, 20),
        *({"step": step, "nll": NAN} for step in range(1020, 1221, 20)),
        {"step": 1240, "nll": None},
    ]
    said = texts(draw(tmp_path / "curve.svg", rows))
    assert said[1] == "1,240 steps in 0:01:40 (10 steps/s), no number in 12 rows"


@pytest.mark.parametrize("rows", [[], [{"step": 20, "nll": NAN}], [{"step": 20, "valid": None}], [{"step": 0}]])
def test_nothing_measured_is_said(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    assert texts(draw(tmp_path / "curve.svg", rows))[-1] == "nothing measured yet"


@pytest.mark.parametrize("name", ["nll", "valid"])
@pytest.mark.parametrize("step", [0, 1, 20])
def test_a_single_value_is_a_dot(tmp_path: Path, name: str, step: int) -> None:
    root = draw(tmp_path / "curve.svg", [{"step": step, name: 1.5}])
    assert len(list(root.iter(f"{SVG}circle"))) == (1 if name == "nll" else 2)
    assert {"nll": "training 1.500", "valid": "validation 1.500"}[name] in texts(root)


def test_long_runs_make_small_pictures_and_keep_their_spikes(tmp_path: Path) -> None:
    rows = run(400_000, 10, 2000)
    rows[30_000] = {"step": rows[30_000]["step"], "nll": 2.5}
    raw = lines(draw(tmp_path / "curve.svg", rows))[0]
    assert (tmp_path / "curve.svg").stat().st_size < 30_000
    at = curve.LEFT + (curve.RIGHT - curve.LEFT) * rows[30_000]["step"] / 400_000
    beside, far = (
        raw[(np.abs(raw[:, 0] - at) > a) & (np.abs(raw[:, 0] - at) < b), 1].min() for a, b in ((0, 3), (5, 99))
    )
    assert beside < far - 50


def test_rows_out_of_order_and_twice(tmp_path: Path) -> None:
    rows = run(400, 20, 100)
    write_curve(iter(rows[::-1]), tmp_path / "a.svg", unit="")
    for points in lines(draw(tmp_path / "b.svg", [*rows, *rows], unit="")):
        assert (np.diff(points[:, 0]) >= 0).all()
    assert texts(draw(tmp_path / "c.svg", rows, unit=""))[0] == "Loss"


@pytest.mark.parametrize("unit", ["<b onload='x'>&\"", "nats\x00/\x1b[31mchar\n", "nats/\ud800char", "нат/знак"])
def test_any_unit_is_text(tmp_path: Path, unit: str) -> None:
    said = texts(draw(tmp_path / "curve.svg", run(100, 20), unit))[0]
    assert said == "Loss, " + "".join(letter for letter in unit if letter.isprintable())


@given(
    st.lists(
        st.fixed_dictionaries(
            {"step": st.integers(0, 10**9)},
            optional={name: st.none() | st.floats() for name in ("nll", "valid", "steps_per_s")},
        ),
        max_size=20,
    )
)
def test_any_rows_make_a_picture(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]) -> None:
    draw(tmp_path_factory.mktemp("any") / "curve.svg", rows)


@pytest.mark.parametrize(
    ("low", "high", "whole", "wanted"),
    [
        (0, 2000, True, [0, 500, 1000, 1500, 2000]),
        (0, 3, True, [0, 1, 2, 3]),
        (0, 1, True, [0, 1]),
        (1.17, 2.1, False, [1.2, 1.4, 1.6, 1.8, 2.0]),
        (-3.4, -1.2, False, [-3.0, -2.5, -2.0, -1.5]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, whole: bool, wanted: list[float]) -> None:
    assert curve._ticks(low, high, 6, whole=whole) == pytest.approx(wanted)
