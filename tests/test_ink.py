"""Ink: what it takes and refuses, equality, moving and thinning, and the height of its letters."""

from __future__ import annotations

import dataclasses
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from seqgen.domains.handwriting import Ink, Page, read_ink
from seqgen.domains.handwriting.drawing.layout import lay_out
from seqgen.domains.handwriting.formats.omniglot import read_omniglot
from seqgen.errors import DataError, UsageError

LINE = Ink([[[0, 0], [1, 2], [3, 2]], [[4, 4]]], [[0, 0.5, 1], [2]], "vi", "me")


def test_what_it_holds() -> None:
    assert LINE.points == 4
    assert LINE.bounds == (0.0, 0.0, 4.0, 4.0)
    assert LINE.seconds == 2.0
    assert Ink([]).bounds == (0.0, 0.0, 0.0, 0.0)
    assert Ink([]).points == Ink([]).seconds == 0


def test_arrays_are_copies_that_cannot_be_written_to() -> None:
    given = np.zeros((2, 2))
    ink = Ink([given])
    given[0] = 5
    assert ink.strokes[0][0, 0] == 0
    with pytest.raises(ValueError, match="read-only"):
        ink.strokes[0][0, 0] = 1


@pytest.mark.parametrize(
    "other",
    [
        Ink(LINE.strokes, LINE.times, "vi", "you"),
        Ink(LINE.strokes, LINE.times, "iv", "me"),
        Ink(LINE.strokes, None, "vi", "me"),
        Ink(LINE.strokes, [[0, 0.5, 1], [3]], "vi", "me"),
        Ink([[[0, 0], [1, 2]], [[3, 2], [4, 4]]], [[0, 0.5], [1, 2]], "vi", "me"),
        LINE.moved(1, 0),
    ],
)
def test_equal_is_what_holds_the_same(other: Ink) -> None:
    same = Ink([np.array(stroke, np.float32) for stroke in LINE.strokes], LINE.times, "vi", "me")
    assert same == LINE
    assert hash(same) == hash(LINE)
    assert other != LINE
    assert LINE != "vi"
    assert Ink([[[-0.0, 0.0]]]) == Ink([[[0.0, -0.0]]])
    assert hash(Ink([[[-0.0, 0.0]]])) == hash(Ink([[[0.0, 0.0]]]))


@pytest.mark.parametrize(
    ("strokes", "times", "message"),
    [
        ([[]], None, r"stroke 0 has the shape \[0\]; wanted \[points, 2\]"),
        ([np.zeros((0, 2))], None, "stroke 0 has no points; give it one or more, or leave it out"),
        ([[[0, 0]], [[0, 0, 0]]], None, r"stroke 1 has the shape \[1, 3\]"),
        ([[[0, 0], [1]]], None, "stroke 0 is no array of numbers"),
        ([[["0", "0"]]], None, "stroke 0 is no array of numbers"),
        ([[[None, 0]]], None, "stroke 0 is no array of numbers"),
        ([[[10**400, 0]]], None, "stroke 0 is no array of numbers"),
        ([[[math.nan, 0]]], None, "stroke 0 has coordinates that are no numbers or lie beyond 1e"),
        ([[[0, math.inf]]], None, "no numbers or lie beyond"),
        ([[[0, -2e9]]], None, "no numbers or lie beyond"),
        ([np.zeros((600_000, 2))] * 2, None, "more than 1,000,000 points; cut it into lines"),
        ([[[0, 0]]], [[0, 1]], "times do not match the strokes"),
        ([[[0, 0]]], [], "times do not match the strokes"),
        ([[[0, 0], [1, 1]]], [[1, 0]], "times decrease or are no seconds"),
        ([[[0, 0]], [[1, 1]]], [[1], [0]], "times decrease or are no seconds"),
        ([[[0, 0]]], [[math.nan]], "times decrease or are no seconds"),
    ],
)
def test_what_is_refused(strokes: list[object], times: list[object] | None, message: str) -> None:
    with pytest.raises(DataError, match=message) as error:
        Ink(strokes, times)  # type: ignore[arg-type]
    assert "\n" not in str(error.value)


def test_text_and_hand_are_strings() -> None:
    with pytest.raises(DataError, match="the hand of ink is a int; give a string or None"):
        Ink([[[0, 0]]], hand=3)  # type: ignore[arg-type]


def test_scaled_and_moved() -> None:
    assert LINE.scaled(2).bounds == (0.0, 0.0, 8.0, 8.0)
    assert LINE.moved(-1, 3).bounds == (-1.0, 3.0, 3.0, 7.0)
    assert LINE.scaled(2).scaled(0.5) == LINE
    for factor in (0, -1, math.nan, math.inf):
        with pytest.raises(UsageError, match="give a factor above 0"):
            LINE.scaled(factor)
    with pytest.raises(DataError, match="lie beyond"):
        LINE.scaled(1e30)


def apart(points: NDArray[np.float64], line: NDArray[np.float64]) -> float:
    """How far the farthest of `points` is from the polyline `line`, by looking at every pair."""
    worst = 0.0
    for x, y in points:
        best = math.inf
        for (x0, y0), (x1, y1) in pairwise(line):
            square = (x1 - x0) ** 2 + (y1 - y0) ** 2
            share = max(0.0, min(1.0, ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / square)) if square else 0.0
            best = min(best, math.hypot(x - x0 - share * (x1 - x0), y - y0 - share * (y1 - y0)))
        worst = max(worst, best)
    return worst


@given(st.integers(0, 1000), st.floats(0, 5), st.integers(2, 60))
def test_thinned_ink_stays_within_the_tolerance(seed: int, tolerance: float, length: int) -> None:
    steps = np.random.default_rng(seed).normal(size=(length, 2))
    points = np.cumsum(steps, axis=0)
    times = np.arange(length) / 10.0
    ink = Ink([points, [[0, 0]]], [times, [100]], "a", "b")
    thin = ink.thinned(tolerance)
    kept = thin.strokes[0]
    assert apart(points, kept) <= tolerance + 1e-9
    assert np.array_equal(kept[[0, -1]], points[[0, -1]])
    assert np.array_equal(points[np.searchsorted(times, thin.times[0])], kept)
    assert (thin.text, thin.hand, len(thin.strokes)) == ("a", "b", 2)


def test_thinning_keeps_corners_and_drops_what_is_straight() -> None:
    corner = np.array([[0, 0], [1, 0], [2, 0], [2, 1], [2, 2], [2, 3]])
    assert Ink([corner]).thinned(0.01).strokes[0].tolist() == [[0, 0], [2, 0], [2, 3]]
    assert Ink([corner]).thinned(100).strokes[0].tolist() == [[0, 0], [2, 3]]
    circle = np.linspace(0, 2 * math.pi, 100)  # begins where it ends
    assert 10 < Ink([np.stack([np.cos(circle), np.sin(circle)], axis=1)]).thinned(0.01).points < 40
    assert Ink([]).thinned(1) == Ink([])
    with pytest.raises(UsageError, match="cannot be thinned within -1"):
        LINE.thinned(-1)


def test_thinning_takes_no_ink_long() -> None:
    count = np.arange(100_000)
    comb = np.stack([0.0 * count, np.where(count % 2, count, 0)], axis=1)  # the farthest point is always the last
    assert Ink([comb]).thinned(0.5).points < 1000


@pytest.mark.parametrize("slope", [0.0, 0.05])
@pytest.mark.parametrize("height", [0.3, 1.0, 40.0])
def test_x_height_of_waves_with_ascenders(height: float, slope: float) -> None:
    x = np.linspace(0, 40, 3000)
    wave = np.stack([x, -0.5 + 0.5 * np.sin(6 * x)], axis=1)
    stems = [np.array([[at, -2.0], [at, 0.0]]) for at in range(3, 40, 5)]
    tails = [np.array([[at, 0.0], [at, 0.8]]) for at in range(1, 40, 9)]
    scribble = np.array([[20, -30], [20.1, -29], [20.2, -31]])
    ink = [stroke * height + [[0, 1]] * stroke[:, :1] * height * slope for stroke in [wave, *stems, *tails]]
    assert Ink(ink).x_height() == pytest.approx(height, rel=0.1)
    assert Ink(ink).baseline() == pytest.approx(0, abs=0.1 * height)
    if not slope:
        assert Ink([*ink, scribble * height]).x_height() == pytest.approx(height, rel=0.1)


def test_x_height_of_ink_without_height() -> None:
    assert Ink([[[0, 0], [5, 0]]]).x_height() == 5.0
    assert Ink([[[3, 4]]]).x_height() == Ink([]).x_height() == 1.0
    assert Ink([[[0, 0], [1e-200, 0]]]).x_height() == 1e-200
    assert Ink([[[3, 4]]]).baseline() == 4.0


def test_x_height_of_letters_drawn_by_people(data: Path) -> None:
    letters = read_omniglot(data / "omniglot" / "latin_strokes_small1.zip")
    for hand in ("drawer 01", "drawer 12", "drawer 20"):
        known = {ink.text: ink for ink in letters if ink.hand == hand}
        strokes = []
        for place, letter in enumerate("the sound of a river in autumn and snow on a window"):
            if letter != " ":
                left, _, _, bottom = known[letter].bounds  # all stand on the line
                strokes += [stroke + np.array([120 * place - left, -bottom]) for stroke in known[letter].strokes]
        bodies = [known[letter].bounds for letter in "acemnorsuvwxz"]
        expected = float(np.median([bottom - top for _, top, _, bottom in bodies]))
        assert Ink(strokes).x_height() == pytest.approx(expected, rel=0.25)


def test_saving_goes_by_the_ending(tmp_path: Path) -> None:
    for name, start in (
        ("a.svg", b"<svg"),
        ("a.PNG", b"\x89PNG"),
        ("a.pdf", b"%PDF"),
        ("a.json", b'{"format": "seqgen-ink"'),
    ):
        LINE.save(tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(start)
    assert LINE._repr_svg_().startswith("<svg")
    with pytest.raises(UsageError, match=r"ink is saved as .svg, .png, .*, not as 'a.doc'"):
        LINE.save(tmp_path / "a.doc")
    with pytest.raises(UsageError, match="cannot write"):
        LINE.save(tmp_path / "missing" / "a.svg")


def test_a_known_height_is_kept_and_not_measured_again(tmp_path: Path) -> None:
    capitals = Ink([[[0, 0], [0.5, -2], [1, 0]], [[0.2, -1], [0.8, -1]]], text="A", height=1)
    assert (capitals.x_height(), capitals.scaled(3).x_height(), capitals.moved(4, 5).x_height()) == (1, 3, 1)
    assert capitals.thinned(0.1).height == 1
    assert dataclasses.replace(capitals, height=None).x_height() != 1
    assert capitals != dataclasses.replace(capitals, height=None)
    capitals.save(tmp_path / "a.json")
    assert read_ink(tmp_path / "a.json") == [capitals]
    drawn = lay_out([capitals, capitals.scaled(1.0)], Page(x_height=4)).strokes
    assert np.ptp(drawn[0][:, 1]) == pytest.approx(8)
    for height in (0, -1, math.nan, math.inf, "1", True, 1e10):
        with pytest.raises(DataError, match=r"the height of ink is .*; give that of letters like x, or None"):
            Ink([[[0, 0]]], height=height)  # type: ignore[arg-type]
