"""Pictures of a model at work: the numbers behind them against oracles, and the files."""

from __future__ import annotations

import dataclasses
import io
import json
import math
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from handwriting_models import CODEC, save_prediction, save_random
from PIL import Image

from seqgen.batching import Inputs
from seqgen.domains.handwriting import HandwritingModel, Ink
from seqgen.domains.handwriting.drawing.explain import (
    BLUES,
    INK,
    _font,
    _label,
    density_picture,
    explain,
    window_picture,
)
from seqgen.domains.handwriting.drawing.trace import LONGEST, Trace, density, trace
from seqgen.domains.handwriting.offsets import GRID
from seqgen.errors import DataError, UsageError
from seqgen.spec import null_step


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> HandwritingModel:
    return save_random(tmp_path_factory.mktemp("random") / "model")


@pytest.fixture(scope="module")
def prediction(tmp_path_factory: pytest.TempPathFactory) -> HandwritingModel:
    return save_prediction(tmp_path_factory.mktemp("prediction") / "model")


def wave(points: int, text: str | None = "wave on", hand: str | None = "flat") -> Ink:
    x = 0.15 * np.arange(points)
    line = np.stack([3 + x, 0.5 * np.sin(4 * x)], axis=1)
    return Ink([part for part in (line[:4], line[4:]) if len(part)], text=text, hand=hand)


def step_by_step(model: HandwritingModel, ink: Ink) -> tuple[np.ndarray, np.ndarray]:
    """phi `[N, U]` in plain loops, and the log-density of each point, of a mixture in x-heights."""
    network, params, example = model.model.network, model.params, model.codec.encode(ink)
    rows = [None if given is None else jnp.asarray(given)[None] for given in (example.source, example.static)]
    context = network.encode(params["network"], *rows)
    carry, step = network.start(params["network"], 1, context), jax.tree.map(jnp.asarray, null_step(network.spec))
    windows, log_densities = [], []
    head: Any = model.model.head
    for offset, pens in zip(*example.steps, strict=True):
        inputs = Inputs(jax.tree.map(lambda leaf: leaf[None], step))
        carry, features = network.step(params["network"], carry, inputs, context=context)
        if example.source is not None:
            alpha, beta, position = (np.asarray(leaf, np.float64)[0] for leaf in carry[0][1:4])
            entries = range(len(example.source))
            bells = zip(alpha, beta, position, strict=True)
            shares = [[a * math.exp(-b * (kappa - u) ** 2) for u in entries] for a, b, kappa in bells]
            windows.append(np.sum(shares, axis=0))
        log_prob = head.heads[0].log_prob(params["head"]["0"], features[0], jnp.asarray(offset))
        log_densities.append(float(log_prob) - math.log(math.prod(model.codec.std)))
        step = jnp.asarray(offset), jnp.asarray(pens)
    return np.array(windows), np.array(log_densities)


def densities_of_points(seen: Trace) -> np.ndarray:
    found = []
    for point, weights, means, sigmas, correlation in zip(seen.points, *seen[3:], strict=True):
        parts = []
        for weight, mean, (sx, sy), rho in zip(weights, means.T, sigmas.T, correlation, strict=True):
            shared = rho * sx * sy
            normal = scipy.stats.multivariate_normal(mean, [[sx * sx, shared], [shared, sy * sy]])
            parts.append(weight * normal.pdf(point))
        found.append(sum(parts))
    return np.array(found)


# 21 points are read in pieces of 16, the last of them filled up.
@pytest.mark.parametrize("points", [1, 21])
def test_a_trace_is_what_the_network_does_step_by_step(model: HandwritingModel, points: int) -> None:
    ink = wave(points)
    seen = trace(model, ink)
    windows, log_densities = step_by_step(model, ink)
    assert seen.window is not None and seen.window.shape == (points, len("wave on") + 1)
    np.testing.assert_allclose(seen.window, windows, rtol=1e-4, atol=1e-6)
    assert points < 21 or seen.window.argmax(axis=1).max() > 3  # the window goes on
    np.testing.assert_allclose(np.log(densities_of_points(seen)), log_densities, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(seen.weights.sum(axis=1), 1, rtol=1e-5)
    drawn = np.concatenate(ink.strokes)
    np.testing.assert_allclose(seen.points, drawn - drawn[0], atol=GRID * 1.01)
    assert np.flatnonzero(seen.lifts).tolist() == np.unique([min(points, 4) - 1, points - 1]).tolist()


def test_the_hand_is_seen(model: HandwritingModel) -> None:
    one, other = (trace(model, wave(21, hand=hand)) for hand in model.codec.hands)
    assert np.abs(one.means - other.means).max() > 1e-3


def test_a_model_without_texts_has_no_window(prediction: HandwritingModel) -> None:
    ink = wave(21, text=None)
    seen = trace(prediction, ink)
    assert seen.window is None
    np.testing.assert_allclose(
        np.log(densities_of_points(seen)), step_by_step(prediction, ink)[1], rtol=1e-3, atol=1e-3
    )


def test_densities_add_up_to_the_number_of_points(model: HandwritingModel) -> None:
    seen = trace(model, wave(21))
    low = (seen.means - 6 * seen.sigmas).min(axis=(0, 2))
    high = (seen.means + 6 * seen.sigmas).max(axis=(0, 2))
    for cell in (0.02, 0.1):
        columns, rows = np.ceil((high - low) / cell).astype(int).tolist()
        found = density(seen, (low[0], low[1]), (rows, columns), cell)
        assert found.shape == (rows, columns)
        assert found.sum() * cell**2 == pytest.approx(21, rel=2e-3)


def gaussians(*rows: tuple[float, float, float, float, float, float]) -> Trace:
    """One point, foreseen by Gaussians of weight, x, y, sigmas and correlation."""
    weights, x, y, sx, sy, rho = (np.array([part]) for part in zip(*rows, strict=True))
    return Trace(np.zeros((1, 2)), np.array([True]), None, weights, np.stack([x, y], 1), np.stack([sx, sy], 1), rho)


def test_density_is_that_of_gaussians_as_scipy_has_it() -> None:
    cell, left, top = 0.05, -1.0, 0.5
    rows = (0.7, 0.3, 1.6, 0.4, 0.2, 0.9), (0.3, 1.2, 2.0, 0.1, 0.3, -0.6)
    found = density(gaussians(*rows), (left, top), (40, 80), cell)
    centres = np.stack(np.meshgrid(left + cell * (np.arange(80) + 0.5), top + cell * (np.arange(40) + 0.5)), axis=-1)
    wanted = np.zeros((40, 80))
    for weight, x, y, sx, sy, rho in rows:
        cov = np.array([[sx * sx, rho * sx * sy], [rho * sx * sy, sy * sy]]) + np.eye(2) * (0.6 * cell) ** 2
        wanted += weight * scipy.stats.multivariate_normal([x, y], cov).pdf(centres)
    assert wanted.max() > 1
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-4 * wanted.max())


@pytest.mark.parametrize("place", [0.0, 0.13, 0.25, 0.5])
def test_the_sharpest_gaussian_is_not_lost_between_cells(place: float) -> None:
    seen = gaussians((1.0, place, 2 * place, 1e-4, 1e-4, 0.999))
    assert density(seen, (-5, -5), (10, 10), 1.0).sum() == pytest.approx(1, rel=1e-2)


def test_what_is_outside_the_picture_is_left_out() -> None:
    seen = gaussians((1.0, 1e6, 0.0, 1.0, 1.0, 0.0))
    assert not density(seen, (0, 0), (10, 10), 0.1).any()
    assert density_picture(seen).size > (0, 0)
    half = gaussians((1.0, 0.0, 0.0, 1.0, 1.0, 0.5))
    assert density(half, (0, -9), (180, 90), 0.1).sum() * 0.01 == pytest.approx(0.5, rel=1e-3)


def colors(picture: Image.Image, color: str) -> np.ndarray:
    wanted = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    return np.all(np.asarray(picture) == wanted, axis=-1)


def test_the_window_picture_shows_rows_and_columns_where_they_are() -> None:
    """The letters of a made-up line are read one after the other, five points each; so is the ink above them."""
    count, text = 25, "abcd"
    window = np.repeat(np.eye(5), 5, axis=0)
    # The second letter is as wide as the others together.
    x = np.concatenate(
        [part + np.linspace(0, 1, 5) * wide for part, wide in ((0, 1), (2, 6), (9, 1), (11, 1), (13, 1))]
    )
    lifts = np.arange(count) % 5 == 4
    seen = gaussians((1.0, 0.0, 0.0, 1.0, 1.0, 0.0))._replace(
        points=np.stack([x, np.zeros(count)], axis=1), lifts=lifts, window=window
    )
    picture = window_picture(seen, text)
    dark = colors(picture, BLUES[-1])
    rows, columns = np.nonzero(dark)
    left, right = columns.min(), columns.max() + 1
    width = (right - left) / 5
    height = (rows.max() + 1 - rows.min()) / 5
    for number in range(5):
        inside = rows[(columns >= left + number * width) & (columns < left + (number + 1) * width)]
        assert inside.min() == pytest.approx(rows.min() + number * height, abs=2)
        assert inside.max() + 1 == pytest.approx(rows.min() + (number + 1) * height, abs=2)
    # The strokes: the middle of each letter is above the middle of its columns.
    ink = colors(picture, INK)[: rows.min() - 4, left:]
    line = ink[np.flatnonzero(ink[80:].sum(axis=1) > 100)[0] + 80]
    starts = np.flatnonzero(np.diff(line.astype(int)) == 1)
    ends = np.flatnonzero(np.diff(line.astype(int)) == -1)
    assert len(starts) == len(ends) == 5
    assert ((starts + ends) / 2)[1:4] == pytest.approx((np.arange(5) + 0.5)[1:4] * width, abs=0.15 * width)


def test_files_are_pictures_beside_the_output(model: HandwritingModel, tmp_path: Path) -> None:
    ink = wave(21)
    paths = explain(model, ink, tmp_path / "name.of.svg")
    names = ("window.png", "density.png", "characters.json")
    assert paths == [tmp_path / f"name.of-{name}" for name in names]
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    before = [path.read_bytes() for path in paths]
    told = json.loads(before[2])
    assert "".join(one["character"] for one in told["characters"]) == told["text"] == ink.text
    for data in before[:2]:
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()
            assert picture.format == "PNG" and picture.mode == "RGB"
            assert 600 < picture.width < 4100 and 150 < picture.height < 1500
            assert picture.getpixel((1, 1)) == (255, 255, 255)
            assert colors(picture, "#ffffff").mean() > 0.3
    assert [path.read_bytes() for path in explain(model, ink, str(tmp_path / "name.of.png"))] == before


def test_composed_letters_are_explained_as_what_the_model_wrote(model: HandwritingModel, tmp_path: Path) -> None:
    ink = wave(21, text="w\u00e4ve \u00f6n")
    *_, characters = explain(model, ink, tmp_path / "a.svg")
    assert json.loads(characters.read_text())["text"] == "wave on"
    with pytest.raises(
        DataError, match=r"has '\u00e4\u00f6', for which this model writes 'ao' and draws the rest: .* no likelihood"
    ):
        model.score(ink)


def test_a_model_without_texts_gives_one_picture(prediction: HandwritingModel, tmp_path: Path) -> None:
    assert explain(prediction, wave(21, text=None), tmp_path / "a.json") == [tmp_path / "a-density.png"]


@pytest.mark.parametrize("points", [1, 2])
def test_a_dot_has_pictures(model: HandwritingModel, points: int, tmp_path: Path) -> None:
    assert len(explain(model, wave(points, text="."), tmp_path / "dot.svg")) == 3


def test_a_tall_line_and_a_long_one_stay_within_bounds(model: HandwritingModel) -> None:
    seen = trace(model, wave(21))
    for stretch in ((1.0, 1e5), (1e5, 1.0)):
        picture = density_picture(seen._replace(points=seen.points * stretch))
        assert max(picture.size) < 4100
        assert max(window_picture(seen._replace(points=seen.points * stretch), "wave on").size) < 2000


def test_letters_that_the_font_lacks_are_named_by_their_code(tmp_path: Path) -> None:
    text = "\u00e9 \u4f60\U0001f58b\u0301\u200f\ud800\t~"
    model = save_random(tmp_path / "model", dataclasses.replace(CODEC, alphabet="".join(sorted(text))))
    assert len(explain(model, wave(21, text=text), tmp_path / "a.svg")) == 3
    font = _font(22)
    wanted = {"a": "a", " ": "space", "\U0001f58b": "U+1F58B", "\ud800": "U+D800", "\t": "U+0009"}
    assert {letter: _label(letter, font) for letter in wanted} == wanted


def test_what_cannot_be_explained(model: HandwritingModel, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="it has no text"):
        trace(model, wave(21, text=None))
    with pytest.raises(DataError, match="cannot write 'W'"):
        trace(model, wave(21, text="Wave"))
    with pytest.raises(
        UsageError, match=r"6,001 points and 7 characters, .* at most 6,000 and 250; take a shorter line"
    ):
        trace(model, wave(LONGEST + 1))
    with pytest.raises(UsageError, match=r"21 points and 251 characters, .* take a shorter line"):
        trace(model, wave(21, text="a" * 251))
    with pytest.raises(UsageError, match=r"cannot write .*; name another place"):
        explain(model, wave(21), tmp_path / "missing" / "a.svg")
