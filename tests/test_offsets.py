"""The offsets codec: round trips, totality, limits, what it learns from ink, and what it refuses."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from seqgen.domains.handwriting import Ink, Offsets
from seqgen.domains.handwriting.formats.ink_json import ink_json
from seqgen.domains.handwriting.ink import MOST_POINTS
from seqgen.domains.handwriting.offsets import DOWN, END, FARTHEST, GRID, SELDOM, UP
from seqgen.errors import DataError, ModelError, UsageError
from seqgen.spec import Continuous, Discrete, Product

PLAIN = Offsets("", (), (0.0, 0.0), (1.0, 1.0))
WRITING = Offsets(" abc", ("me", "you"), (0.2, -0.01), (0.3, 0.25))

NEAR = st.floats(-50, 50, width=32)
ANYWHERE = st.one_of(NEAR, st.floats(-1e9, 1e9))
INKS = st.lists(st.lists(st.tuples(ANYWHERE, ANYWHERE), min_size=1, max_size=8), min_size=1, max_size=5).map(Ink)
SCALES = st.tuples(st.floats(-19_999, 19_999), st.floats(-3, 3))
SPREADS = st.tuples(st.floats(GRID, 19_999), st.floats(GRID, 3))
CODECS = st.builds(Offsets, st.just(""), st.just(()), SCALES, SPREADS)


def steps_slowly(codec: Offsets, ink: Ink) -> tuple[list[list[float]], list[int]]:
    """Point by point: the step of each, from its place and that of the one before."""
    offsets, pens, before = [], [], None
    for stroke in ink.strokes:
        for number, point in enumerate(stroke.tolist()):
            place = [round(value / GRID) for value in point]
            move = [min(max(a - b, -FARTHEST), FARTHEST) for a, b in zip(place, before or place, strict=True)]
            offsets.append([(m * GRID - codec.mean[i]) / codec.std[i] for i, m in enumerate(move)])
            pens.append(UP if number == len(stroke) - 1 else DOWN)
            before = place
    pens[-1] = END
    return offsets, pens


@given(INKS, CODECS)
@example(Ink([[[3, 4]]]), WRITING)
@example(Ink([[[0, 0], [1e9, -1e9], [-1e9, 0.0024]]]), WRITING)
@example(Ink([[[0, 0], [100, 99.995]]]), Offsets("", (), (-19_999.9, 0.0), (19_999.9, GRID)))  # float32 at its coarsest
def test_decode_of_encode_is_canonical(ink: Ink, codec: Offsets) -> None:
    example = codec.encode(ink)
    offsets, pens = example.steps
    canonical = codec.canonical(ink)
    assert codec.decode(example.steps) == canonical
    assert codec.canonical(canonical) == canonical
    assert codec.decode(codec.encode(canonical).steps) == canonical
    slow_offsets, slow_pens = steps_slowly(codec, ink)
    np.testing.assert_allclose(offsets, slow_offsets, rtol=1e-6, atol=1e-9)
    assert pens.tolist() == slow_pens
    assert (offsets.dtype, pens.dtype) == (np.float32, np.int32)


@given(st.lists(st.tuples(NEAR, NEAR), min_size=2, max_size=200))
def test_canonical_ink_is_the_same_ink_within_half_a_step(points: list[tuple[float, float]]) -> None:
    ink = Ink([points[:1], points[1:]])
    apart = np.concatenate(PLAIN.canonical(ink).strokes) - (np.array(points) - points[0])
    assert np.abs(apart).max() <= GRID + 1e-9  # half a step each, of the point and of the first one: no drift


def test_canonical_keeps_neither_place_nor_times_nor_names() -> None:
    ink = Ink([[[10, 20], [11, 20.5]], [[12, 19]]], [[0, 1], [2]], "ab", "me")
    assert PLAIN.canonical(ink) == Ink([[[0, 0], [1, 0.5]], [[2, -1]]], height=1)
    assert PLAIN.canonical(Ink(())) == Ink(()) == PLAIN.decode((np.zeros((0, 2)), np.zeros((0, 2))))
    with pytest.raises(DataError, match="ink without a point cannot be learned from or scored"):
        PLAIN.encode(Ink(()))


def test_what_is_written_to_a_file_is_short() -> None:
    random = np.random.default_rng(0)
    walk = Ink(np.split(np.cumsum(random.normal(0, 0.2, (3000, 2)), axis=0), 30))
    # [12.345, -0.125], with a comma and a space; multiples of 0.005 that are not the nearest floats take twice as much.
    assert len(ink_json(WRITING.canonical(walk))) / walk.points < 20


VALUES = st.floats(width=32) | st.sampled_from([math.nan, math.inf, -math.inf, 3e38, -3e38])


@given(
    st.integers(0, 20).flatmap(
        lambda count: st.tuples(  # any of the spec
            arrays.arrays(np.float32, (count, 2), elements=VALUES),
            arrays.arrays(np.int32, count, elements=st.integers(0, 2)),
        )
    ),
    CODECS,
)
@example((np.full((3, 2), np.nan, np.float32), np.zeros(3, np.int32)), WRITING)
def test_decode_answers_any_steps(steps: tuple[NDArray[np.float32], NDArray[np.int32]], codec: Offsets) -> None:
    ink = codec.decode(steps)
    offsets, pens = steps
    ends = np.flatnonzero(pens == END).tolist()
    assert ink.points == (ends[0] + 1 if ends else len(offsets))
    assert codec.canonical(ink) == ink
    if ink.strokes:
        assert ink.strokes[0][0].tolist() == [0, 0]
        moves = np.diff(np.concatenate(ink.strokes), axis=0)
        assert np.all(np.abs(moves) <= FARTHEST * GRID + 1e-9)


def test_no_ink_is_too_long() -> None:
    count = MOST_POINTS + 5
    ink = PLAIN.decode((np.full((count, 2), np.inf, np.float32), np.zeros(count, np.int32)))
    assert ink.points == MOST_POINTS
    assert ink.bounds == (0.0, 0.0, 5e7, 5e7)  # held there, or Ink would refuse it


def test_a_line_ends_with_the_first_step_that_says_so() -> None:
    pens = np.array([DOWN, UP, END, DOWN], np.int32)
    ink = PLAIN.decode((np.ones((4, 2), np.float32), pens))
    assert [stroke.tolist() for stroke in ink.strokes] == [[[0, 0], [1, 1]], [[2, 2]]]


# What it learns


def line(seed: int, text: str | None = "ab", hand: str | None = None) -> Ink:
    random = np.random.default_rng(seed)
    return Ink([random.normal(0, 1, (9, 2)), random.normal(3, 2, (5, 2))], text=text, hand=hand)


def test_scale_is_that_of_all_moves() -> None:
    inks = [line(seed) for seed in range(4)]
    moves = np.concatenate([np.diff(np.rint(np.concatenate(ink.strokes) / GRID) * GRID, axis=0) for ink in inks])
    codec = Offsets.fit(inks)
    np.testing.assert_allclose(codec.mean, [moves[:, 0].mean(), 0], rtol=1e-12)
    np.testing.assert_allclose(codec.std, moves.std(axis=0), rtol=1e-12)
    offsets = np.concatenate([codec.encode(ink).steps[0][1:] for ink in inks])
    np.testing.assert_allclose(offsets.mean(axis=0), [0, moves[:, 1].mean() / codec.std[1]], atol=1e-6)
    np.testing.assert_allclose(offsets.std(axis=0), 1, rtol=1e-6)


def test_ink_without_spread_has_the_grids() -> None:
    codec = Offsets.fit([Ink([[[0, 0], [1, 0], [2, 0]]])])
    assert codec.mean == (1.0, 0.0)
    assert codec.std == (GRID, GRID)


def test_alphabet_and_hands_of_mixed_ink() -> None:
    me, you, nobody = line(0, "cab", "me"), line(1, "a b", "you"), line(2, "b", None)
    codec = Offsets.fit([me, you, you])
    assert (codec.alphabet, codec.hands, codec.symbols) == (" abc", ("you", "me"), 6)
    assert Offsets.fit([me, nobody]).hands == ("me", "")
    assert Offsets.fit([me, me]).hands == Offsets.fit([nobody]).hands == ()
    for untold in (line(3, None), line(3, "")):  # one line whose text is not known: texts cannot be learned
        codec = Offsets.fit([me, untold])
        assert (codec.alphabet, codec.symbols) == ("", 0)
    crowd = [line(0, "a", f"hand {number}") for number in range(1001)]
    assert len(Offsets.fit(crowd[:1000]).hands) == 1000
    assert Offsets.fit(crowd).hands == ()


@pytest.mark.parametrize("inks", [[], [Ink([[[1, 2]]])], [Ink(())]], ids=["none", "a dot", "blank"])
def test_nothing_to_learn_from(inks: list[Ink]) -> None:
    with pytest.raises(DataError, match="there is no ink to learn from; give a line of two points or more"):
        Offsets.fit(inks)


def test_texts_and_hands_condition_the_steps() -> None:
    example = WRITING.encode(line(0, "cab z", "you"))
    assert example.source.tolist() == [3, 1, 2, 0, 4, 5]  # 4 is what it does not know, 5 the end
    assert example.source.dtype == np.int32
    assert (int(example.static), example.static.dtype) == (1, np.int32)
    assert WRITING.encode(line(0, None, "stranger")).source.tolist() == [5]
    assert PLAIN.encode(line(0, "cab", "you"))[1:] == (None, None, None)
    assert [WRITING.hand(name) for name in ("me", "you", "stranger", None, "")] == [0, 1, 0, 0, 0]
    assert Offsets("", ("me", ""), (0, 0), (1, 1)).hand(None) == 1
    assert WRITING.spec == Product((Continuous(2), Discrete(3)))


def test_unknown_characters_are_named() -> None:
    WRITING.check("a cab")
    with pytest.raises(UsageError, match=r"cannot write '\\nZé'; it learned ' abc': replace these") as caught:
        WRITING.check("Zé caéb\n")
    assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match=r"cannot write '[0-9A-J]{20}\.\.\.'; it"):
        WRITING.check("0123456789ABCDEFGHIJKLMNOP")


# What it is made of


@pytest.mark.parametrize("codec", [PLAIN, WRITING, Offsets('\n"\\é字\ud800', ("a\0", ""), (1, 2), (3, 4))])
def test_settings_survive_json(codec: Offsets) -> None:
    assert Offsets.from_dict(json.loads(json.dumps(codec.to_dict()))) == codec


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "pixels"}, "is not one of offsets; the model is damaged or newer"),
        ({"alphabet": ["a"]}, "is not one of offsets"),
        ({"alphabet": None}, "is not one of offsets"),
        ({"alphabet": "ba"}, "not sorted, or has a character twice"),
        ({"alphabet": "aa"}, "not sorted, or has a character twice"),
        ({"hands": "me"}, "is not one of offsets"),
        ({"hands": ["me", 3]}, "is not one of offsets"),
        ({"hands": ["me", "me"]}, "name a hand twice, or more than 1,000"),
        ({"hands": [str(number) for number in range(1001)]}, "name a hand twice, or more than 1,000"),
        ({"mean": [0]}, "is not one of offsets"),
        ({"mean": [0, "1"]}, "is not one of offsets"),
        ({"mean": [0, 0, 0]}, "is not one of offsets"),
        ({"mean": [0, math.nan]}, "scale of the offsets is .*nan.*, which is none"),
        ({"mean": [0, 10**400]}, "scale of the offsets is "),
        ({"mean": [-20_000, 0]}, "scale of the offsets is "),
        ({"std": [math.inf, 1]}, "scale of the offsets is "),
        ({"std": [0.004, 1]}, "scale of the offsets is "),
        ({"std": [1, -1]}, "scale of the offsets is "),
        ({"slant": 3}, "is not one of offsets"),  # a newer seqgen's
    ],
    ids=str,
)
def test_damaged_settings_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        Offsets.from_dict(WRITING.to_dict() | change)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300
    for missing in WRITING.to_dict():
        with pytest.raises(ModelError, match="is not one of offsets"):
            Offsets.from_dict({name: value for name, value in WRITING.to_dict().items() if name != missing})


def test_signs_that_were_seldom_are_known_as_such() -> None:
    def line(text: str) -> Ink:
        return Ink([[[number, 0] for number in range(len(text) + 1)]], text=text)

    codec = Offsets.fit([line("a-0" * SELDOM), line("=@" * (SELDOM - 1)), line("e" * SELDOM), line("&ê(")])
    assert codec.seldom == "=@ê" and codec.learned == "&(-0ae"  # nothing to make an & of: no 8 is known
    assert Offsets.from_dict(codec.to_dict()) == codec and "seldom" not in WRITING.to_dict()
    few = Offsets.fit([line("a-=")])
    assert few.seldom == ""  # where nothing is known well, nothing is made of anything
    assert codec.extended(few)[0].seldom == codec.seldom == codec.extended(codec)[0].seldom
    assert few.extended(codec)[0].seldom == "@ê"
    for wrong in ({"seldom": "z"}, {"seldom": 3}, {"rare": "="}):
        with pytest.raises(ModelError):
            Offsets.from_dict({**codec.to_dict(), **wrong})
