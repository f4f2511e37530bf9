"""Resampling: ink of any pen as densely as models take it, in one place, and what must not change by it."""

from __future__ import annotations

import numpy as np
import pytest

from seqgen.domains.handwriting import Ink, in_x_heights
from seqgen.domains.handwriting.resampling import LONG, SHORT, resampled

ENDS = np.array([[0.0, 0.0], [6.0, 0.0]])


def garland(a_letter: int, noise: float = 0.0) -> Ink:
    """Ten letters like e in x-heights, the pen moving evenly, with so many points each, and a dot."""
    angle = np.linspace(0, 20 * np.pi, 20_000)
    curve = np.stack([angle / 10 + 0.35 * np.sin(angle), -0.5 + 0.5 * np.cos(angle)], axis=1)
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(curve, axis=0).T))])
    at = np.linspace(0, along[-1], 10 * a_letter)
    points = np.stack([np.interp(at, along, curve[:, axis]) for axis in (0, 1)], axis=1)
    points += np.random.default_rng(0).normal(0, noise, points.shape)
    return Ink([points, [[3, -2]]], [at / 10, [at[-1] / 10]], "eeeeeeeee.", "me")


@pytest.mark.parametrize("a_letter", [6, 10, 50, 60, 90, 300])
def test_a_letter_of_any_pen_has_as_many_points(a_letter: int) -> None:
    ink = resampled(garland(a_letter))
    assert 120 < ink.points < 220
    assert (ink.text, ink.hand) == ("eeeeeeeee.", "me")
    steps = np.hypot(*np.diff(ink.strokes[0], axis=0).T)
    assert steps.min() > 0.8 * SHORT and steps.max() < 1.05 * LONG
    true = garland(2000).strokes[0]
    apart = np.hypot(*(ink.strokes[0][:, None] - true[None]).transpose(2, 0, 1)).min(axis=1)
    assert apart.max() < (0.02 if a_letter > 10 else 0.1)
    assert ink.strokes[1].tolist() == [[3, -2]]
    assert ink.times is not None and ink.times[0][[0, -1]] == pytest.approx([0, ink.times[1][0]])


def test_noise_of_a_tablet_is_no_curvature() -> None:
    clean, noisy = resampled(garland(60)), resampled(garland(60, noise=0.01))
    assert noisy.points == pytest.approx(clean.points, rel=0.15)


def test_cusps_stay_sharp_and_ends_stay_where_they_are() -> None:
    x = np.linspace(0, 1, 60)
    up, down = np.stack([x / 4, -x], axis=1), np.stack([0.25 + x / 4, x - 1], axis=1)
    ink = resampled(Ink([np.concatenate([up, down[1:]])]))
    points = ink.strokes[0]
    np.testing.assert_allclose(points[[0, -1]], [[0, 0], [0.5, 0]], atol=1e-9)
    assert points[:, 1].min() < -0.94


def test_what_is_dense_as_a_model_takes_it_stays_byte_for_byte() -> None:
    (once,) = in_x_heights([garland(60)])
    assert once.points < 220 and in_x_heights([once]) == (once,)
    (pen,) = in_x_heights([garland(18).scaled(70)])
    assert pen.points == garland(18).points


def test_a_drawing_without_a_text_is_not_curved() -> None:
    corners = Ink([[[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]]], height=1)
    assert in_x_heights([corners]) == (corners,)
    assert in_x_heights([Ink(corners.strokes, text="o", height=1)])[0].points > 40


def test_odd_strokes_are_resampled_too() -> None:
    still = Ink([[[1, 1]] * 9, [[0, 0], [0, 0], [3, 0], [3, 0]], [[0, 0], [1e-5, 0]], [[0, 0], [1e6, 3]]])
    ink = resampled(still)
    assert [len(stroke) for stroke in ink.strokes[:3]] == [1, 9, 1]
    assert all(np.isfinite(stroke).all() for stroke in ink.strokes)
    assert resampled(Ink([])) == Ink([])
