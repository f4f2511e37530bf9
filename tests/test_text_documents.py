"""Documents: how texts are divided, that each ends, what is held out, and that all of it comes out of `prepare` too."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqgen import Categorical, Model, Network
from seqgen.batching.shards import open_corpus
from seqgen.domain import Splits
from seqgen.domains import text
from seqgen.domains.text import DOMAIN, Characters, cuts, division, prepare
from seqgen.domains.text.division import Division, Document, held_out
from seqgen.domains.text.documents import Documents
from seqgen.domains.text.files import read, read_texts
from seqgen.errors import DataError, ModelError, UsageError
from seqgen.shell.cli import main
from seqgen.training import run

CHAPTERS = "A Tale\nby me\n\nCHAPTER I.\nIt rained.\n\nCHAPTER II.\nChapters end.\n"


def texts_of(how: Division, *chunks: str, name: str = "a.txt") -> list[str]:
    return [one.text for one in how.of(chunks, name)]


@pytest.mark.parametrize(
    ("how", "written", "wanted"),
    [
        ("file", "one\n\ntwo\n", ["one\n\ntwo\n"]),
        ("line", "one\n\n  two\nthree", ["one", "  two", "three"]),
        ("paragraph", "one\ntwo\n \n\nthree\n", ["one\ntwo", "three"]),
        ("page", "one\n\ftwo\f\f three", ["one", "two", " three"]),
        ("chapter", CHAPTERS, ["A Tale\nby me", "CHAPTER I.\nIt rained.", "CHAPTER II.\nChapters end."]),
        ("chapter", "\\chapter{One}\na\n\\chapter{Two}\nb", ["\\chapter{One}\na", "\\chapter{Two}\nb"]),
        ("chapter", "# One\na # b\n# Two\n", ["# One\na # b", "# Two"]),
        ("chapter", "第一章 雨\n雨。\n第十二章 風\n", ["第一章 雨\n雨。", "第十二章 風"]),
        ("regex:^%$", "one\n%\ntwo %\n%\n", ["one", "two %"]),
        ("regex:$", "one\ntwo\n", ["one", "two"]),
    ],
)
def test_what_a_document_is(how: str, written: str, wanted: list[str]) -> None:
    assert texts_of(Division(how), written) == wanted


@settings(max_examples=100)
@given(
    st.sampled_from(["line", "paragraph", "page", "chapter", "regex:b*", "regex:(?<=a)(?=b)"]),
    st.text("ab\n\f# ", max_size=60),
    st.integers(1, 20),
)
def test_chunks_divide_as_the_whole_does(how: str, written: str, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(division, "CONTEXT", 20)
        chunks = [written[at : at + size] for at in range(0, len(written), size)]
        assert texts_of(Division(how), *chunks) == texts_of(Division(how), written)


def test_records(tmp_path: Path) -> None:
    lines = '{"body": "one\\r\\ntwo", "id": 1}\n\n{"id": 2, "body": null}\n{"body": "three"}'
    assert texts_of(Division(field="body"), lines, name="a.jsonl") == ["one\ntwo", "three"]
    assert texts_of(Division(field="body"), '[{"body": "one"},\n', '{"body": "two"}]', name="a.json") == ["one", "two"]
    table = 'id,body\n1,"one, ""two""\nthree"\n2,four\n'
    assert texts_of(Division(field="body"), table, name="a.csv") == ['one, "two"\nthree', "four"]
    assert texts_of(Division("line", "body"), table, name="a.csv") == ['one, "two"', "three", "four"]
    assert texts_of(Division(field="body"), "id\tbody\n1\tone\n", name="a.TSV") == ["one"]


@pytest.mark.parametrize(
    ("name", "written", "message"),
    [
        ("a.jsonl", '{"a": "b"}\nnonsense', r"a.jsonl, line 2, is not JSON: .*; give one record a line"),
        ("a.jsonl", '{"title": "b"}', r"a.jsonl, line 1 has no field 'a'; there is 'title'"),
        ("a.jsonl", "[3]", r"a.jsonl, entry 1 has no field 'a'; there is 3"),
        ("a.jsonl", '{"a": 3}', r"'a' is 3 at a.jsonl, line 1; name a field of text"),
        ("a.csv", "b,c\n1,2", r"a.csv, line 2 has no field 'a'; there is 'b', 'c'"),
        ("a.csv", 'a\n"open', r"a.csv is no table: .*; save it again"),
        ("a.jsonl", "[" * 100_000, r"a.jsonl, line 1, is not JSON"),
    ],
)
def test_records_that_cannot_be_read(name: str, written: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        texts_of(Division(field="a"), written, name=name)


def test_divisions_that_there_are_not() -> None:
    with pytest.raises(UsageError, match=r"documents cannot be 'verse'; give file, line, .* or regex:PATTERN"):
        Division("verse")
    with pytest.raises(UsageError, match=r"'\[' is no regular expression: .*; put it right"):
        Division("regex:[")


def test_a_document_that_does_not_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(division, "MOST", 100)
    with pytest.raises(DataError, match=r"a.txt has a document of more than 100 characters; divide it more finely"):
        texts_of(Division("line"), *["a" * 60] * 200)


# The end


def test_a_document_ends_and_a_prompt_does_not() -> None:
    codec = Documents(Characters("ab"), Division("line"))
    assert codec.spec.size == 259 and codec.symbols()[codec.end] == ("end", 0)
    for item in ("ab", Document("ab")):
        assert codec.encode(item).steps.tolist() == [256, 257, 258]
    assert codec.encode(Document("ab", ends=False)).steps.tolist() == codec.prompt("ab").tolist() == [256, 257]
    assert codec.decode([256, 195, 258, 257]) == "a\ufffd", "nothing follows the end, and half a character is over"
    again = DOMAIN.load_codec(json.loads(json.dumps(codec.to_dict())))
    assert again == codec
    for wrong in ({}, {"level": {}, "division": {}}, {**codec.to_dict(), "division": {"documents": "verse"}}):
        with pytest.raises(ModelError):
            DOMAIN.load_codec({"kind": "documents", **wrong})


def test_ids_move_with_their_symbols_also_the_end() -> None:
    assert DOMAIN.match is not None
    old, new = Documents(Characters("ac"), Division("line")), Documents(Characters("abc"), Division("page"))
    assert DOMAIN.match(old, new)[256:].tolist() == [256, -1, 257, 258]
    assert DOMAIN.match(Characters("ac"), new)[256:].tolist() == [256, -1, 257, -1]


def model_that_writes(codec: Documents, symbol: int) -> text.TextModel:
    """A network that says little, and a head that draws mostly one symbol."""
    model = Model(Network(codec.spec, layers=1, units=4, embedding=4), Categorical(codec.spec.size))
    params = model.init(jax.random.key(0))
    bias = params["head"]["bias"].at[symbol].set(9.0)
    return text.TextModel(codec, model, {**params, "head": {**params["head"], "bias": bias}}, "book")


def test_sampling_stops_at_the_end_of_the_document() -> None:
    codec = Documents(Characters("\nRan"), Division("line"))
    book = model_that_writes(codec, codec.end)
    assert book.sample("Ra", length=30, temperature=0) == "Ra"
    assert list(book.stream(["Ra"], length=30, temperature=0, stop=["n!"])) == [[""]]
    endless = model_that_writes(codec, codec.end - 1)
    assert endless.sample("", length=8, temperature=0) == "n" * 8


def test_documents_are_scored_each_from_its_beginning_with_their_ends() -> None:
    book = model_that_writes(Documents(Characters("\nRan"), Division("line")), 257)
    score = book.score("Ran\nRa\n")
    assert score.characters == len("Ran\nRa\n")
    assert score == book.score(["Ran", "Ra"]) == book.score([Document("Ran"), Document("Ra")])
    assert book.score(["Ran"]).nats + book.score(["Ra"]).nats == pytest.approx(score.nats, rel=1e-4)
    with pytest.raises(DataError, match="nothing to score"):
        book.score("\n\n")


def test_the_command_line_hands_on_what_documents_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def begin(*given: Any, **how: Any) -> None:
        seen.append(given[3])
        raise UsageError("enough")

    monkeypatch.setattr(run, "begin", begin)
    asked = ["--documents", "line", "--field", "body", "--hold-out", "end"]
    assert main(["text", "train", "a.jsonl", "--out", str(tmp_path / "run"), *asked]) == 2
    own = {"documents": "line", "field": "body", "hold_out": "end"}
    assert seen == [{"encoding": "utf-8", "level": "characters", "labels": "", **own}]


# What is held out


def write_files(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:02}.txt").write_text(f"This is file {number}; it has a few words of its own.\n")
    return folder


def test_whole_files_of_a_folder_are_held_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_files(tmp_path / "many", 40)
    parts = read(str(folder), hold_out="documents")
    texts = list(read_texts(folder).texts)
    assert (len(parts.train), len(parts.valid)) == (36, 4) and sorted([*parts.train, *parts.valid]) == sorted(texts)
    assert parts == read(str(folder), hold_out="documents"), "the draw is always the same"
    told = capsys.readouterr().err.splitlines()[0]
    assert re.fullmatch(r"held out: 4 of 40 documents, drawn: (\S+/\d\d\.txt(, )?){4}", told)


def test_too_few_files_are_held_out_at_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_files(tmp_path / "few", 5)
    parts = read(str(folder), hold_out="documents")
    assert parts == read(str(folder)) and len(parts.train) == 5
    assert "held out: the last tenth (5 documents; whole ones are drawn from 10 " in capsys.readouterr().err
    (tmp_path / "one.txt").write_text("word " * 50)
    read(str(tmp_path / "one.txt"), hold_out="documents")
    assert capsys.readouterr().err == ""


def test_documents_too_unlike_are_held_out_at_the_end() -> None:
    assert held_out([1] * 20 + [1000] * 3) is None
    assert held_out([]) is None


def test_a_way_to_hold_out_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no way to hold out named 'random'"):
        read(str(write_files(tmp_path / "few", 5)), hold_out="random")


# Larger than memory


@pytest.mark.parametrize("how", ["file", "line", "paragraph", "regex:;"])
@pytest.mark.parametrize("count", [3, 40])
def test_prepared_documents_are_those_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, count: int
) -> None:
    monkeypatch.setattr(cuts, "SHARD", 200)
    monkeypatch.setattr(cuts, "CHUNK", 37)
    folder = write_files(tmp_path / "texts", count)
    parts = read(str(folder), documents=how, hold_out="documents")
    made = prepare(folder, tmp_path / "out", documents=how)
    assert_same(tmp_path / "out", parts, Documents(Characters.fit([one.text for one in parts.train]), Division(how)))  # type: ignore[union-attr]
    assert len(made.manifest.shards) > 1 or count == 3
    assert prepare(folder, tmp_path / "out", documents=how).manifest == made.manifest
    with pytest.raises(UsageError, match="was prepared from other files or settings"):
        prepare(folder, tmp_path / "out")


def assert_same(folder: Path, parts: Splits[text.codec.Item], codec: Documents) -> None:
    data = open_corpus(folder, DOMAIN)
    assert data.codec == codec
    for source, items in ((data.train, parts.train), (data.valid, parts.valid)):
        found = [source.read(index, 0, int(length)).tolist() for index, length in enumerate(source.lengths)]
        assert found == [codec.encode(item).steps.tolist() for item in items]


def test_whole_files_of_a_prepared_folder_are_held_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_files(tmp_path / "many", 40)
    parts = read(str(folder), hold_out="documents")
    prepare(folder, tmp_path / "out")
    assert "held out: 4 of 40 documents, drawn" in capsys.readouterr().err
    data = open_corpus(tmp_path / "out", DOMAIN)
    assert list(data.valid.lengths) == [len(item) for item in parts.valid]
    prepare(folder, tmp_path / "end", hold_out="end")
    assert len(open_corpus(tmp_path / "end", DOMAIN).train.lengths) == 37, "one is cut"


def test_records_of_standard_input_are_prepared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(f'{{"body": "Record {number}"}}\n' for number in range(50)))
    assert (
        main(["text", "prepare", str(path), "--out", str(tmp_path / "out"), "--field", "body", "--workers", "1"]) == 0
    )
    data = open_corpus(tmp_path / "out", DOMAIN)
    assert len(data.train.lengths) + len(data.valid.lengths) == 50
    assert data.codec.decode(data.valid.read(0, 0, int(data.valid.lengths[0]))).startswith("Record ")
