"""Whose hand: names, mixtures, vectors of one's own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from handwriting_models import save_random

from seqgen.domains.handwriting import HandwritingModel
from seqgen.domains.handwriting.hands import Style, fingerprint, vector_of
from seqgen.errors import DataError, ModelError, UnknownName, UsageError


@pytest.fixture(scope="module")
def pen(tmp_path_factory: pytest.TempPathFactory) -> HandwritingModel:
    return save_random(tmp_path_factory.mktemp("pen") / "model")


def test_a_name_is_its_row_and_a_mixture_lies_between(pen: HandwritingModel) -> None:
    table = np.asarray(pen.params["network"]["static_table"])
    round_, flat = table
    hands = pen.codec.hands
    np.testing.assert_array_equal(vector_of("flat", hands, pen.params), flat)
    for asked in ("round:0.25,flat:0.75", "round:1, flat:3", "flat:6,round,round"):
        np.testing.assert_allclose(vector_of(asked, hands, pen.params), (round_ + 3 * flat) / 4, rtol=1e-6)
    np.testing.assert_allclose(
        vector_of("round:1.5,flat:-0.5", hands, pen.params), 1.5 * round_ - 0.5 * flat, rtol=1e-6
    )
    assert pen.write("ab", hand="round:0.5,flat:0.5", seed=1) != pen.write("ab", hand="flat", seed=1)
    assert (
        pen.write("ab", hand="round:0,flat", seed=1)[0].strokes[0].tolist()
        == pen.write("ab", hand="flat", seed=1)[0].strokes[0].tolist()
    )


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("flt:0.5,round", "no hand named 'flt'; did you mean 'flat'"),
        ("round:much", "'much' in 'round:much' is no weight; give numbers, oak:0.6,birch:0.4"),
        ("round:1,flat:-1", "the weights of 'round:1,flat:-1' are 0 together; give numbers above 0"),
        ("round:inf", "are inf together"),
        ("round:nan", "are nan together"),
        ("", "no hand named ''"),
        ("round,", "no hand named ''"),
    ],
)
def test_what_is_no_hand(pen: HandwritingModel, asked: str, message: str) -> None:
    with pytest.raises((UnknownName, UsageError), match=message):
        vector_of(asked, pen.codec.hands, pen.params)


def test_a_style_is_kept_in_a_file_and_belongs_to_its_model(pen: HandwritingModel, tmp_path: Path) -> None:
    mine = Style((0.5, -1.0, 0.25), fingerprint(pen.params), {"before": 1.5})
    mine.save(tmp_path / "mine.style")
    assert Style.load(tmp_path / "mine.style") == mine
    by_name, by_value = (pen.write("ab", hand=hand, seed=1) for hand in (str(tmp_path / "mine.style"), mine))
    assert by_name[0].strokes[0].tolist() == by_value[0].strokes[0].tolist()
    other = save_random(tmp_path / "other", pace=0.5)
    with pytest.raises(ModelError, match="made for another model; give that model, or adopt the samples again"):
        other.write("ab", hand=mine)
    with pytest.raises(ModelError, match="made for another model"):
        vector_of(Style((0.5,), mine.model), pen.codec.hands, pen.params)


@pytest.mark.parametrize(
    "value",
    [
        b"{}", b"\xff", b"[" * 100_000, b'{"kind": "style", "model": 1, "vector": [1], "notes": {}}',
        json.dumps({"kind": "style", "model": "a", "vector": ["1"], "notes": {}}).encode(),
        json.dumps({"kind": "style", "model": "a", "vector": [float("inf")], "notes": {}}).encode(),
        json.dumps({"kind": "style", "model": "a", "vector": [True], "notes": {}}).encode(),
        json.dumps({"kind": "style", "model": "a", "vector": [], "notes": {}}).encode(),
    ],
)  # fmt: skip
def test_a_file_that_holds_no_hand(value: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.style").write_bytes(value)
    with pytest.raises(
        (DataError, ModelError), match=r"is no hand; give a file that|no list of numbers; the file is damaged"
    ):
        Style.load(tmp_path / "x.style")
