"""Letters composed of a base and a mark: where the mark lies, in any hand, and what goes wrong is told."""
# ruff: noqa: RUF001 - signs that look like others are what it is about

from __future__ import annotations

import string
from itertools import pairwise

import numpy as np
import pytest

from seqgen.domains.handwriting import Ink
from seqgen.domains.handwriting.marks import Places, base_of, bases, composed
from seqgen.domains.handwriting.replacements import replaced
from seqgen.domains.handwriting.signs import SIGNS
from seqgen.errors import UnknownName, UsageError

HIGH = "bdfhklt'\"" + string.ascii_uppercase + string.digits


def written(text: str, lean: float = 0.0, joined: bool = False, height: float = 1.0) -> tuple[Ink, Places]:
    """Every letter a box of 0.8 x-heights, as high as it should be, an i with its dot."""
    strokes, places = [], []
    for number, letter in enumerate(text):
        top = -2.0 if letter in HIGH else -1.0
        x = 1.1 * number
        if letter == " ":
            continue
        strokes.append(np.array([[x, top], [x, -0.5], [x, 0.0], [x + 0.8, 0.0], [x + 0.8, top], [x, top]]))
        places.append(np.full(6, number))
        if letter in "ij":
            strokes.append(np.array([[x + 0.4, -1.6], [x + 0.42, -1.6]]))
            places.append(np.full(2, number))
    if joined:
        strokes, places = [np.concatenate(strokes)], [np.concatenate(places)]
    leaned = [(stroke + stroke[:, 1:] * [-lean, 0.0]) * height + (50.0, 70.0) for stroke in strokes]
    return Ink(leaned, text=text, height=height), places


def marks(before: Ink, after: Ink) -> list[np.ndarray]:
    old = {stroke.round(6).tobytes() for stroke in before.strokes}
    return [(stroke - (50.0, 70.0)) for stroke in after.strokes if stroke.round(6).tobytes() not in old]


def test_marks_lie_above_and_below_their_letters() -> None:
    ink, places = written("aeoc E")
    made = composed(ink, "aeoc E", "aéöç É", places)
    assert made.text == "aéöç É" and made.height == 1.0
    acute, *dots, cedilla, capital = (stroke.mean(axis=0) for stroke in marks(ink, made))
    assert 1.1 < acute[0] < 1.9 and -1.8 < acute[1] < -1.2
    assert len(dots) == 2 and all(2.2 < x < 3.0 and -1.7 < y < -1.1 for x, y in dots) and dots[0][0] < dots[1][0]
    assert 3.3 < cedilla[0] < 4.1 and 0 < cedilla[1] < 0.5
    assert 5.5 < capital[0] < 6.3 and -2.8 < capital[1] < -2.1


def test_marks_have_the_size_and_the_slant_of_the_hand() -> None:
    upright, leaning = (written("oe", lean=lean, height=3.0) for lean in (0.0, 0.5))
    (plain,), (slanted,) = (marks(ink, composed(ink, "oe", "oê", places)) for ink, places in (upright, leaning))
    sheared = plain + plain[:, 1:] * [-0.5, 0.0]
    np.testing.assert_allclose(slanted, sheared, atol=0.3)
    assert 1.2 < np.ptp(plain[:, 0]) < 2.0


def test_an_i_loses_its_dot_and_only_that() -> None:
    ink, places = written("nai")
    made = composed(ink, "nai", "naí", places)
    assert len(made.strokes) == len(ink.strokes)  # a dot for an accent
    assert not any(stroke.tobytes() == ink.strokes[-1].tobytes() for stroke in made.strokes)
    assert len(composed(ink, "nai", "ñai", places).strokes) == len(ink.strokes) + 1


def test_jitter_is_of_the_seed() -> None:
    ink, places = written("e")
    made = [composed(ink, "e", "é", places, seed) for seed in (0, 0, 1)]
    assert made[0] == made[1] != made[2]


@pytest.mark.parametrize("joined", [False, True])
def test_every_sign_is_composed_and_nothing_else_is_lost(joined: bool) -> None:
    for sign, how in SIGNS.items():
        text = f"a{how.base}z"
        ink, places = written(text, joined=joined)
        made = composed(ink, text, f"a{sign}z", places)
        assert made.text == f"a{sign}z"
        everything = np.concatenate(made.strokes) - (50.0, 70.0)
        assert np.isfinite(everything).all() and np.abs(everything).max() < 8
        own, last = np.concatenate(ink.strokes), np.concatenate(places)
        first = (own[last == 0]).tolist()
        there = np.concatenate(made.strokes).round(9).tolist()
        assert all(point in there for point in np.round(first, 9).tolist()), sign
        if sign != "…":
            assert marks(ink, made) or made.bounds != ink.bounds
        if how.shift:
            assert made.bounds[2] == pytest.approx(ink.bounds[2] + how.shift, abs=0.05)


def test_a_sign_whose_stroke_the_window_left_early_is_found() -> None:
    text = "ab-c"
    ink, places = written(text)
    early = [*places[:2], np.array([2, 3, 3, 3, 3, 3]), places[3]]  # it was on the next letter already
    late = [places[0], np.array([1, 1, 1, 1, 2, 2]), *places[2:]]  # the letter before ends with the sign
    for of in (places, early, late):
        made = composed(ink, text, "ab_c", of)
        assert len(made.strokes) == len(ink.strokes)
        np.testing.assert_allclose(np.concatenate(made.strokes[:2]), np.concatenate(ink.strokes[:2]))
        assert np.ptp(made.strokes[2][:, 1]) < 0.2 and made.strokes[2][:, 1].mean() > 70.05  # a level stroke below


def test_latin_1_has_a_way_for_every_letter() -> None:
    letters = [chr(code) for code in range(0xC0, 0x100) if chr(code) not in "×÷Þþ"]
    assert [letter for letter in letters if base_of(letter, string.printable) is None] == []
    text = "".join(letters)
    ink, places = written(bases(text, string.printable))
    assert composed(ink, ink.text or "", text, places).text == text


@pytest.mark.parametrize(
    "signs",
    [
        "".join(map(chr, (*range(0xA1, 0x180), *range(0x2012, 0x2027)))),
        bytes({*range(0x80, 0x100)} - {0xA0, 0x81, 0x8D, 0x8F, 0x90, 0x9D}).decode("cp1252"),
    ],
    ids=["Latin-1 and Latin Extended-A", "Windows"],
)
@pytest.mark.parametrize("way", ["replace", "compose"])
def test_no_sign_of_a_western_keyboard_stops_a_letter(signs: str, way: str) -> None:
    made, others = replaced(signs, string.printable, way)
    assert set(bases(made, string.printable)) <= set(string.printable) and others


def test_numbers_stay_what_they_are_worth() -> None:
    assert replaced("5½, ½, 3⅞ m², 10³", string.printable)[0] == "5 1/2, 1/2, 3 7/8 m^2, 10^3"


def test_what_does_not_fit_is_told() -> None:
    ink, places = written("ab")
    with pytest.raises(UsageError, match="places do not match the ink"):
        composed(ink, "ab", "äb", places[:1])
    with pytest.raises(UsageError, match="'ab' is not how 'éb' is written to be composed: 'é' differs"):
        composed(ink, "ab", "éb", places)
    with pytest.raises(UsageError, match="'ab' goes on after 'ä'"):
        composed(ink, "ab", "ä", places)
    with pytest.raises(UnknownName, match="no way with unknown characters named 'draw'"):
        replaced("é", "e", "draw")
    assert composed(ink, "ab", "ab", places) == ink


def test_strokes_come_in_the_order_of_writing() -> None:
    ink, places = written("eee")
    made = composed(ink, "eee", "éee", places)
    lefts = [stroke[:, 0].min() for stroke in made.strokes]
    assert all(one < two + 0.5 for one, two in pairwise(lefts))
    assert len(made.strokes[1]) != len(ink.strokes[1])  # the mark is drawn before the next letter
