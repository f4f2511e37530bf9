"""Where a hand leans on another: which characters do, and what is written of them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from handwriting_models import CODEC, save_random

from seqgen.domains import handwriting
from seqgen.domains.handwriting import HandwritingModel, Offsets
from seqgen.domains.handwriting.leaning import SHARE, leaning, leans
from seqgen.errors import ModelError


@pytest.fixture(scope="module")
def pen(tmp_path_factory: pytest.TempPathFactory) -> HandwritingModel:
    """Of two hands, of which round hardly wrote a z."""
    return save_random(tmp_path_factory.mktemp("pen") / "model", dataclasses.replace(CODEC, weak=("z", "")))


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        (
            "Dear Ann, it's late.",
            "....................",
        ),
        ("To Zoe, 5 cm", "..^^...^^^..."[:12]),
        ("see PARIS now", "...^^^^^^^..."),
        ("a@b.org is", "^^^^^^^^..."[:10]),
        ("", ""),
    ],
)
def test_what_leans_is_what_was_hardly_written_and_words_of_no_book(text: str, marks: str) -> None:
    assert "".join("^" if one else "." for one in leans(text, "Z5")) == marks


def test_a_hand_leans_on_the_one_that_wrote_most_and_there_alone(pen: HandwritingModel) -> None:
    round_, flat = np.asarray(pen.params["network"]["static_table"])
    context = pen.context(["az", "za"], np.stack([round_, flat]), ["round", "flat"])
    static = np.asarray(context.static)
    assert static.shape == (2, 64, 3)
    np.testing.assert_allclose(static[0, 1], round_ + SHARE * (flat - round_), rtol=1e-5)
    for row, entry, vector in ((0, 0, round_), (0, 2, round_), (1, 0, flat), (1, 1, flat)):
        np.testing.assert_array_equal(static[row, entry], vector)
    for texts, hands in ((["ab"], ["round"]), (["az"], ["round:0.5,flat:0.5"]), (["az"], [None]), (["az"], [])):
        assert np.ndim(pen.context(texts, round_, hands).static) == 2
    assert leaning(round_[None], flat, ["az"], [None], 8).shape == (1, 3)


def test_lines_that_lean_nowhere_are_written_as_without(pen: HandwritingModel) -> None:
    plain = dataclasses.replace(pen, codec=CODEC)
    for hand, text, same in (("round", "ab", True), ("flat", "az", True), ("round", "az", False)):
        inks = [model.write(text, hand=hand, seed=1)[0] for model in (pen, plain)]
        assert (inks[0].points == inks[1].points and np.allclose(*(ink.strokes[0][:9] for ink in inks))) == same
    whole = pen.write("ab\naz\nza", hand="round", seed=2, tries=2)  # proof-read, read back and gone on with alike
    assert [ink.text for ink in whole] == ["ab", "az", "za"] and all(ink.points for ink in whole)
    assert pen.go_on(whole[0], "z").text == "ab z"


def test_what_is_weak_travels_with_the_model(pen: HandwritingModel) -> None:
    assert pen.codec.weak == ("z", "") and "weak" not in CODEC.to_dict()
    third = dataclasses.replace(CODEC, hands=("flat", "new"))
    assert pen.codec.extended(third)[0].weak == ("z", "", "")
    for weak in (["z"], ["z", 3], "zz."):
        with pytest.raises(ModelError):
            Offsets.from_dict({**CODEC.to_dict(), "weak": weak})


def test_shipped_hands_lean_on_one_that_wrote_nearly_all() -> None:
    codec = handwriting.load().codec
    weak = dict(zip(codec.hands, codec.weak, strict=True))
    assert weak["print"] == weak["oak"] and weak["joined"] == weak["yew"]
    assert len(min(weak.values(), key=len)) < 10 and not any(c.islower() or c == " " for c in "".join(codec.weak))
