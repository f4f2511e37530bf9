"""Synthetic handwriting: the same for a seed, all characters, constant habits, parts without common words."""

from __future__ import annotations

import re
import sys
from itertools import chain

import numpy as np
import pytest

from seqgen.datasets import synthetic_ink
from seqgen.datasets.synthetic_ink import HANDS, PRINTABLE, glyphs, hand, pen, words, write
from seqgen.domains.handwriting.ink import Ink
from seqgen.errors import DataError, UnknownName, UsageError

NAMES = [*HANDS, "writer-3", "writer-13"]


def all_points(ink: Ink) -> np.ndarray:
    return np.concatenate(ink.strokes)


def test_an_ink_is_a_function_of_seed_and_place() -> None:
    first, again, other = (synthetic_ink.load(seed=seed, count=40) for seed in (1, 1, 2))
    assert [len(part) for part in first] == [40, 4, 4]
    assert first.train[7] == again.train[7]  # before any other was drawn
    assert list(first.train) == list(again.train)
    assert [ink.text for ink in first.train] != [ink.text for ink in other.train]
    assert first.train[-1] is first.train[39]
    assert first.train[2:4] == [first.train[2], first.train[3]]
    with pytest.raises(IndexError):
        first.train[40]


@pytest.mark.parametrize("name", NAMES)
def test_all_characters_at_their_size(name: str) -> None:
    for character in PRINTABLE[1:]:
        ink = write(character, hand(name), 1)
        points = all_points(ink)
        assert np.isfinite(points).all()
        assert points[:, 1].min() > -3
        assert points[:, 1].max() < 1.8
        assert np.ptp(points[:, 0]) < 5
        assert all(len(stroke) >= 2 for stroke in ink.strokes)
    heights = [-all_points(write(letter, hand(name), seed))[:, 1].min() for letter in "aceo" for seed in range(3)]
    bottoms = [all_points(write(letter, hand(name), seed))[:, 1].max() for letter in "aceo" for seed in range(3)]
    assert 0.8 < np.mean(heights) < 1.2
    assert -0.2 < np.mean(bottoms) < 0.2


@pytest.mark.parametrize("name", NAMES)
def test_points_are_few_and_times_increase(name: str) -> None:
    texts = ["the quick brown fox", "$48.50, 12:45", "Xenia & Quentin?", "jazz it up!"]
    inks = [write(text, hand(name), 3) for text in texts]
    count = sum(len(all_points(ink)) for ink in inks) / sum(len(text.replace(" ", "")) for text in texts)
    assert 10 < count < 22
    for ink in inks:
        assert ink.times is not None
        time = np.concatenate(ink.times)
        assert time[0] == 0
        assert (np.diff(time) > 0).all()
        for stroke in ink.strokes:  # no gap within a stroke, no spike
            assert np.hypot(*np.diff(stroke, axis=0).T).max() < 1


def distance(a: Ink, b: Ink) -> float:
    """Between inks of as many strokes: mean distance of points at equal shares of each stroke."""
    assert len(a.strokes) == len(b.strokes)
    far = []
    for one, two in zip(a.strokes, b.strokes, strict=True):
        at = np.linspace(0, 1, 20)
        resampled = [
            np.stack([np.interp(at, np.linspace(0, 1, len(s)), s[:, k]) for k in (0, 1)], axis=1) for s in (one, two)
        ]
        far.append(np.hypot(*(resampled[0] - resampled[1]).T).mean())
    return float(np.mean(far))


def test_a_hand_keeps_its_habits_and_hands_differ() -> None:
    own, other = hand("writer-3"), hand("writer-4")
    assert own.joined == other.joined  # else their strokes would not be as many
    same = [distance(write(letter, own, 1), write(letter, own, 2)) for letter in "nsozSR"]
    apart = [distance(write(letter, own, 1), write(letter, other, 1)) for letter in "nsozSR"]
    assert 0 < np.mean(same) < 0.6 * np.mean(apart)
    printed, joined = write("minimum", HANDS["print"]), write("minimum", HANDS["joined"])
    assert len(printed.strokes) == 7 + 2
    assert len(joined.strokes) == 3 + 2  # the pen goes off to dot an i, and comes back


def test_a_joined_word_has_no_gaps() -> None:
    for letter in "abcdefghklmnopqrsuvwyz":
        for after in "abcdefghklmnopqrsuvwyz":
            assert len(write(letter + after, HANDS["joined"]).strokes) == 1
    ink = write("it", HANDS["joined"])
    assert np.hypot(*(ink.strokes[2][0] - ink.strokes[0][-1])) < 0.05


def test_dots_and_bars_follow_their_letter() -> None:
    for name in HANDS:
        dot = write("in a line", hand(name)).strokes[1]
        assert np.ptp(dot, axis=0).max() < 0.3
        assert dot[:, 1].max() < -1.1


def test_the_move_is_a_lognormal_and_ends_on_its_target() -> None:
    from scipy.stats import lognorm

    duration, asymmetry = np.array([0.14, 0.3]), np.array([0.12, 0.05])
    time = np.linspace(0, 0.4, 50)[:, None] - np.array([0.0, 0.05])
    spread = np.sqrt(-np.log(1 - asymmetry))
    centre = 3 * spread - np.log((np.exp(6 * spread) - 1) / duration)
    done = lognorm.cdf(time + np.exp(centre - 3 * spread), spread, scale=np.exp(centre))
    low, high = (lognorm.cdf(np.exp(k * spread), spread) for k in (-3, 3))
    np.testing.assert_allclose(
        pen._progress(time, duration, asymmetry), np.clip((done - low) / (high - low), 0, 1), atol=3e-7
    )
    targets = np.array([[0.0, 0.0], [0.5, 1.0], [1.0, 0.0], [2.0, 0.5]])
    points, times = pen.draw(targets, HANDS["print"], np.random.default_rng(0))
    np.testing.assert_allclose(points[[0, -1]], targets[[0, -1]], atol=1e-6)
    assert times[0] == 0


def test_parts_share_no_word() -> None:
    parts = [
        [words.text(np.random.default_rng((k, i)), i, part, 18) for i in range(1500)]
        for k, part in enumerate(("train", "valid", "test"))
    ]
    found = [set(re.findall("[a-z]{4,}", " ".join(part).lower())) for part in parts]
    assert min(map(len, found)) > 100
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert not found[a] & found[b]
        assert not set(parts[a]) & set(parts[b])
    for text in chain.from_iterable(parts):
        assert 0 < len(text) <= 18
        assert text == text.strip()
        assert "  " not in text
    assert any("@" in text for text in parts[0])


def test_every_character_meets_every_other() -> None:
    met = set()
    for i in range(4, 15_045, 5):
        text = words.text(np.random.default_rng(i), i, "train", 10)
        assert len(text) <= 10
        met |= {text[k : k + 2] for k in range(len(text) - 1)}
    assert {a + b for a in PRINTABLE for b in PRINTABLE} - met == {"  "}


@pytest.mark.parametrize("longest", [1, 2, 3, 5])
def test_short_texts(longest: int) -> None:
    for part in synthetic_ink.load(count=30, longest=longest):
        assert all(0 < len(ink.text or "") <= longest for ink in part)


def test_what_cannot_be_written_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="printable ASCII only, not 'é€'"):
        write("café €", HANDS["print"])
    with pytest.raises(UsageError, match="nothing to write"):
        write(" ", HANDS["print"])
    with pytest.raises(UnknownName, match="no hand named 'prnt'; did you mean 'print'"):
        hand("prnt")
    with pytest.raises(UsageError, match="count=5"):
        synthetic_ink.load(count=5)
    glyphs.alphabet.cache_clear()
    monkeypatch.setitem(sys.modules, "HersheyFonts", None)
    with pytest.raises(DataError, match=r"hershey-fonts, which is not installed: pip install 'seqgen\[ink\]'"):
        synthetic_ink.load()
