"""Strokes as curves: near every point, smooth but at corners, few bytes; and a pen that gives more where it is slow."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree.ElementTree import fromstring

import numpy as np
import pytest

from seqgen.datasets import unipen
from seqgen.domains import handwriting
from seqgen.domains.handwriting import Ink, Page, ink_svg
from seqgen.domains.handwriting.drawing.curves import GRID, curves, places
from seqgen.domains.handwriting.drawing.nib import outlines, pressures
from seqgen.domains.handwriting.drawing.png import ink_png

LINES = "The quick brown fox jumps over lazy dogs\nDear Ann, thank you for your letter."


@pytest.fixture(scope="module")
def written() -> list[Ink]:
    model = handwriting.load()
    return [ink for hand in ("print", "joined") for ink in model.write(LINES, hand=hand, seed=1)]


def people(data: Path) -> list[Ink]:
    if not (data / "unipen" / "unipen_lines.npz").exists():
        pytest.skip("the lines of unipen are not on this machine")
    return [*unipen.load(kind="lines", longest=40, writers=20).train[:40]]


def farthest(points: np.ndarray, pieces: np.ndarray) -> float:
    line = places(pieces, 60) / GRID
    starts, along = line[:-1], np.diff(line, axis=0)
    share = np.sum((points[:, None] - starts) * along, axis=2) / np.maximum(np.sum(along**2, axis=1), 1e-12)
    nearest = starts + np.clip(share, 0, 1)[:, :, None] * along
    return float(np.hypot(*(points[:, None] - nearest).T).min(axis=0).max())


def turns(pieces: np.ndarray) -> np.ndarray:
    """Degrees by which the direction changes from piece to piece."""
    before, after = (pieces[:-1, 3] - pieces[:-1, 2]), (pieces[1:, 1] - pieces[1:, 0])
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    found: np.ndarray = np.degrees(np.abs(np.arctan2(cross, np.sum(before * after, axis=1))))
    return found


def check(inks: list[Ink]) -> None:
    strokes = [4 * stroke for ink in inks for stroke in ink.strokes]
    made = curves(strokes)
    assert max(farthest(*pair) for pair in zip(strokes, made, strict=True)) <= 0.05
    assert all(np.array_equal(pieces[1:, 0], pieces[:-1, 3]) for pieces in made)
    angles = np.concatenate([turns(pieces) for pieces in made])
    smooth = angles[angles < 45]  # the others are corners
    assert np.quantile(smooth, 0.95) < 4 and np.median(smooth) < 0.5  # rounding to the grid
    points = sum(ink.points for ink in inks)
    drawing = ink_svg([Ink(ink.strokes, height=1.0, text=ink.text) for ink in inks])
    # Ink of 9 points a character has longer curves, and as many tags and groups as ink of 19.
    assert sum(map(len, re.findall(r' d="([^"]*)"', drawing))) <= 9 * points
    assert len(drawing.encode()) <= 13 * points


def test_what_models_write_is_smooth_near_and_small(written: list[Ink]) -> None:
    check(written)


def test_what_people_write_is_smooth_near_and_small(data: Path) -> None:
    check(people(data))


def test_a_dense_pen_costs_no_more_than_a_sparse_one() -> None:
    angle = np.linspace(0, 20, 600)  # 0.08 mm apart
    spiral = np.stack([angle + 2 * np.cos(angle), 2 * np.sin(angle)], axis=1)
    noise = np.random.default_rng(0).normal(0, 0.006, spiral.shape)
    dense, sparse = curves([spiral + noise]), curves([spiral[::6]])
    assert len(dense[0]) <= 1.5 * len(sparse[0]) < 60


def test_corners_stay_sharp_and_bends_do_not_become_any() -> None:
    corner = np.array([[0, 0], [2, 0], [4, 0], [4, 2], [4, 4], [2, 4.2], [0.5, 4.4], [2, 4.6], [4, 5]], float)
    (pieces,) = curves([corner])
    ends = pieces[:-1, 3] / GRID
    assert [ends[np.hypot(*(ends - point).T) < 0.05].size > 0 for point in corner[[2, 4, 6]]] == [True] * 3
    assert turns(pieces)[turns(pieces) > 45].size == 3
    loop = np.array([[np.cos(a), np.sin(a)] for a in np.arange(0, 6, 1.2)]) * 0.7  # each turns by 1.2 radians
    assert turns(curves([loop])[0]).max() < 5


def test_points_that_repeat_dots_and_tiny_steps_are_drawn() -> None:
    assert curves([]) == []
    (dot, same, tiny) = curves([np.array([[1.0, 2.0]]), np.ones((5, 2)), np.cumsum(np.full((4000, 2), 1e-3), axis=0)])
    assert dot.tolist() == [[[20, 40]] * 4]
    assert same.tolist() == [[[20, 20]] * 4]
    assert len(tiny) == 1 and tiny[0, 3].tolist() == [80, 80]


def test_slow_is_wide() -> None:
    x = np.concatenate([np.arange(0, 10, 1.0), np.arange(10, 14, 0.2)])
    line = Ink([np.stack([x, 0 * x], axis=1)])
    (width,) = pressures(line)
    assert width[4] < 0.8 and width[-4] >= 1
    even = Ink(line.strokes, [np.concatenate([np.arange(10), 10 + np.arange(20) / 5])])
    assert np.ptp(pressures(even)[0][2:-2]) < 0.05  # the times tell that it went as fast
    assert pressures(Ink([[[0, 0]], [[1, 1], [1, 1]]]))[0].tolist() == [1.0]


def test_outlines_are_filled_without_holes() -> None:
    angle = np.linspace(0, 7, 60)
    loop = np.stack([3 * np.cos(angle) + angle, 3 * np.sin(angle)], axis=1)
    (pieces,) = curves([loop])
    for part in outlines([pieces], [loop], [np.full(60, 0.4)])[0]:
        assert np.array_equal(part[0, 0], part[-1, 3])
        x, y = (places(part, 8) / GRID).T
        assert np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) > 0 or len(part) < 4  # one turning way
    ((dot,),) = outlines([np.full((1, 4, 2), 20)], [np.ones((1, 2))], [np.full(1, 0.4)])
    assert np.ptp(places(dot, 20)[:, 0]) == pytest.approx(0.4 * GRID * 4, abs=2)


def test_a_page_by_speed_is_outlines(written: list[Ink]) -> None:
    page = Page(nib="speed", color="navy")
    root = fromstring(ink_svg(written, page))
    assert len(list(root.iter("{http://www.w3.org/2000/svg}path"))) == sum(len(ink.strokes) for ink in written)
    assert 'fill="#000080" id="ink"' in ink_svg(written, page) and "stroke=" not in ink_svg(written, page)
    assert all(
        re.fullmatch(r"(M[\dc -]+z)+", path.get("d", "")) for path in root.iter("{http://www.w3.org/2000/svg}path")
    )
    assert ink_png(written[:1], page) != ink_png(written[:1], Page(color="navy"))
