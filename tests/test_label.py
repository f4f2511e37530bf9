"""The domain of labels: tables, the codec, small models that have learned, the verbs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from seqgen import Splits
from seqgen.domains import label
from seqgen.domains.label import DOMAIN, LabelCodec, Row, read_rows
from seqgen.errors import DataError, ModelError, SeqgenError, UsageError
from seqgen.shell.cli import main

pytestmark = pytest.mark.usefixtures("mixed_numbers")


def rows_of(tmp_path: Path, text: str, *how: Any) -> tuple[list[Row], list[str]]:
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    return read_rows(path, *how)


# Tables


def test_a_row_is_a_series_of_numbers_as_long_as_it_is(tmp_path: Path) -> None:
    rows, unused = rows_of(tmp_path, "a,b,c,kind\n1,2,3,up\n4,5,down\n\n6,x,7,up\n9,\n", "row", "kind")
    assert unused == ["line 3: there is no label, or nothing beside it", "line 5: a cell is no number, or none",
                      "line 6: there is no label, or nothing beside it"]  # fmt: skip
    assert rows == [Row(((1.0,), (2.0,), (3.0,)), ("up",))]
    rows, unused = rows_of(tmp_path, "1;2;3;up\n4;5;down\n")
    assert [len(row.values) for row in rows] == [3, 2] and not unused
    rows, _ = rows_of(tmp_path, "1,2\n3,4,5\n", "row", "")
    assert [row.labels for row in rows] == [(), ()]


def test_a_row_is_a_text_and_its_label(tmp_path: Path) -> None:
    rows, _ = rows_of(tmp_path, 'text,mood\n"so, so",bad\nfine,good\nawful,bad\ngreat,good\n')
    assert rows == [Row("so, so", ("bad",)), Row("fine", ("good",)), Row("awful", ("bad",)), Row("great", ("good",))]
    rows, unused = rows_of(tmp_path, "good\tso, so\nbad\toh\nbad\ta\tb\ngood\tah\n", "row", "1")
    assert rows == [Row("so, so", ("good",)), Row("oh", ("bad",)), Row("ah", ("good",))]
    assert unused == ["line 3: there is more than a text and a label; quote commas, or separate by tabs"]


def test_a_row_is_a_position_and_an_empty_line_ends_an_item(tmp_path: Path) -> None:
    rows, _ = rows_of(tmp_path, "the\tDET\ncat\tNOUN\n\nthe\tDET\n", "position")
    assert rows == [Row(("the", "cat"), ("DET", "NOUN")), Row(("the",), ("DET",))]
    rows, unused = rows_of(tmp_path, "x,y,on\n1,2,no\n3,4,yes\n\n5,no\n", "position", "on")
    assert rows == [Row(((1.0, 2.0), (3.0, 4.0)), ("no", "yes"))]
    assert unused == ["line 5: there is no label, or nothing beside it"]
    _, unused = rows_of(tmp_path, "1,2,no\n\n5,no\n", "position")
    assert unused == ["line 3: its positions have other numbers of values than those before"]


@pytest.mark.parametrize(
    ("text", "how", "error", "message"),
    [
        ("\n\n", (), DataError, "holds no rows; it is empty"),
        ("a,b\n", ("row", "c"), UsageError, r"has no column 'c': its first row is a, b.*; name one, or a number"),
        ("a,b\n", ("row", "3"), UsageError, "has no column '3'"),
        ("a,b\n", ("column",), UsageError, "each is 'column'; give row or position"),
        ("1,2,x\n3,y\n", ("row", "9" * 5000), UsageError, "has no column"),
        ("x,y\n" + '"' + "a" * 200_000 + '",b\n', (), DataError, "is no table at line 2: field larger than"),
    ],
)
def test_what_is_no_table_is_refused(
    tmp_path: Path, text: str, how: tuple[str, ...], error: type[SeqgenError], message: str
) -> None:
    with pytest.raises(error, match=message):
        rows_of(tmp_path, text, *how)


@given(st.binary(max_size=300), st.sampled_from(["row", "position"]), st.sampled_from(["last", "", "1"]))
def test_any_bytes_are_rows_or_one_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, each: str, at: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(data)
    try:
        rows, _ = read_rows(path, each, at)
    except SeqgenError:
        return
    assert rows and all(row.values for row in rows)


# The codec


def test_numbers_come_back_on_the_grid_of_their_scale() -> None:
    random = np.random.default_rng(0)
    series = [Row(tuple(map(tuple, (1e4 + random.normal(size=(9, 2)) * [1, 1e-5]).tolist())), (k,)) for k in "ab"]
    codec = LabelCodec.fit(series)
    for row in series:
        again = codec.canonical(row)
        np.testing.assert_allclose(again.values, row.values, rtol=0, atol=max(codec.scale) * 2.0**-16)
        assert codec.canonical(again) == again and np.abs(codec.encode(row).steps).max() < 8
    assert LabelCodec.from_dict(json.loads(json.dumps(codec.to_dict()))) == codec
    assert np.isfinite(codec.decode(np.array([[np.nan, np.inf], [-np.inf, 1e30]], np.float32)).values).all()


def test_what_a_codec_cannot_have_is_refused() -> None:
    text, numbers = Row("ab", ("x",)), Row(((1.0,), (2.0,)), ("y",))
    with pytest.raises(DataError, match="nothing to tell apart: 1 different labels; give rows of two or more"):
        LabelCodec.fit([text, text])
    with pytest.raises(DataError, match="rows are of several kinds"):
        LabelCodec.fit([numbers, text])
    codec = LabelCodec.fit([text, Row("ba", ("y",))])
    with pytest.raises(DataError, match="this model reads text"):
        codec.encode(numbers)
    with pytest.raises(DataError, match="label 'z' is not one of the model's, x, y; train a new model"):
        codec.encode(Row("ab", ("z",)))
    with pytest.raises(DataError, match="reads 1 numbers a position"):
        LabelCodec.fit([numbers, Row(((3.0,),), ("x",))]).encode(text)
    for damage in (
        {"labels": ["x"]},
        {"symbols": []},
        {"mean": [0.0]},
        {"each": "word"},
        {"x": 1},
        {"labels": ["x", 1]},
    ):
        with pytest.raises(ModelError, match="damaged or newer"):
            LabelCodec.from_dict({**codec.to_dict(), **damage})


# Models, and the verbs


def waves(count: int, seed: int) -> str:
    """Series of 12 to 24 numbers: a sine or a square wave, in noise."""
    random, lines = np.random.default_rng(seed), []
    for number in range(count):
        wave = np.sin(random.uniform(0, 6) + np.arange(random.integers(12, 24)) * random.uniform(0.5, 0.9))
        wave = np.sign(wave) if number % 2 else wave
        lines.append(",".join(f"{value:.3f}" for value in wave + 0.1 * random.normal(size=len(wave))))
        lines[-1] += ",square" if number % 2 else ",sine"
    return "\n".join(lines) + "\n"


def test_series_are_told_apart_by_the_verbs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("waves.csv").write_text(waves(200, 0), encoding="utf-8")
    Path("test.csv").write_text(waves(60, 1), encoding="utf-8")
    Path("new.csv").write_text(
        "".join(line.rpartition(",")[0] + "\n" for line in waves(4, 2).splitlines()), encoding="utf-8"
    )
    assert main(["label", "train", "waves.csv", "--size", "tiny", "--steps", "120", "--out", "run"]) == 0
    assert "best accuracy" in capsys.readouterr().out
    assert main(["label", "score", "test.csv", "--model", "run"]) == 0
    said = capsys.readouterr().out
    accuracy = float(said.partition("accuracy: ")[2].partition("%")[0])
    assert accuracy > 90 and "of 60 labels; always the commonest: 50.0%" in said
    assert main(["label", "read", "new.csv", "--model", "run"]) == 0
    assert [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()] == ["sine", "square"] * 2
    assert main(["label", "read", "test.csv", "--model", "run", "--label", "last", "--json"]) == 0
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert sum(first["probabilities"][0].values()) == pytest.approx(1, abs=1e-4) and len(first["labels"]) == 1
    assert main(["label", "inspect", "waves.csv"]) == 0
    assert "200 items of 1 numbers, 12 to 23 positions" in capsys.readouterr().out
    assert main(["label", "train", "--resume", "run", "--steps", "125"]) == 0
    assert main(["label", "score", "test.csv", "--model", "run", "--label", "mood"]) != 0
    assert "has no column 'mood'" in capsys.readouterr().err


def test_words_are_tagged_by_what_stands_around_them(tmp_path: Path) -> None:
    """A noun after "the", a verb after "to": the word itself is either."""
    random = np.random.default_rng(1)
    tags = {"the": "DET", "to": "PART"}
    rows = []
    for _ in range(150):
        words = [
            word for word in random.choice(["the", "to"], 4) for word in (word, random.choice(["run", "walk", "play"]))
        ]
        after = [
            tags[word] if word in tags else {"the": "NOUN", "to": "VERB"}[words[i - 1]] for i, word in enumerate(words)
        ]
        rows.append(Row(tuple(map(str, words)), tuple(after)))
    outcome = label.train(
        Splits(rows[:120], rows[120:]), tmp_path / "run", each="position", size="tiny", steps=60, rows=16
    )
    model = label.load(outcome.folder)
    assert model.score(rows[120:]).accuracy > 0.98
    (said,) = model.read([Row(("the", "play"))])
    assert said.labels == ("DET", "NOUN") and said.probabilities.shape == (2, 4)
    with pytest.raises(DataError, match="a row has 0 labels; give one for each position"):
        model.score([Row(("the",))])
    with pytest.raises(DataError, match="nothing to score"):
        model.score([])
    assert DOMAIN.reading.settled(model.codec) == {"each": "position"}
