"""Bytes, characters, words and sub-words: each spells any text, and their scores are of the same characters."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seqgen.batching import Encoded, in_memory
from seqgen.batching.shards import open_corpus
from seqgen.domain import Splits
from seqgen.domains.text import DOMAIN, Characters, Division, Documents, Subwords, Words, cuts, prepare
from seqgen.domains.text import words as words_module
from seqgen.domains.text.documents import fit_codec, level_of
from seqgen.domains.text.files import read
from seqgen.domains.text.levels import LEVELS, Level
from seqgen.domains.text.pieces import pieces
from seqgen.errors import ModelError, UnknownName, UsageError
from seqgen.models.finetuning import settled
from seqgen.training.scoring import characters_a_step

TEXT = "The cat can't see the dog; the dog can see the cat. Café, naïve: «oh»!\n" * 4
MERGES = ((116, 104), (256, 101), (32, 257), (195, 169))  # th, the, " the", é
CODECS = [Characters(""), Characters.fit([TEXT]), Words.fit([TEXT]), Subwords(MERGES)]
levels = pytest.mark.parametrize("codec", [*CODECS, Documents(Words.fit([TEXT]), Division("line"))], ids=str)


@given(st.text(st.one_of(st.characters(exclude_categories=()), st.sampled_from(" the'\r\n\u2019é"))))
@example("the \u2019\u2019 the\r\n\r the\ud800 日本 'n' the")
def test_any_text_comes_back(text: str) -> None:
    for codec in CODECS:
        steps = codec.encode(text).steps
        assert codec.decode(steps) == codec.canonical(text)
        assert codec.begun(steps).sum() == codec.characters(text) == len(codec.canonical(text))
        assert steps.dtype == np.int32 and steps.max(initial=0) < codec.spec.size
    assert "".join(pieces(text)) == text


@given(st.lists(st.integers(-3, 400)), st.integers(0, 5))
def test_any_ids_can_be_decoded_in_any_pieces(ids: list[int], size: int) -> None:
    for codec in CODECS:
        decoder = codec.decoder()
        cut = [ids[at : at + size + 1] for at in range(0, len(ids), size + 1)]
        assert "".join(map(decoder.decode, cut)) + decoder.decode([], final=True) == codec.decode(ids)


@levels
def test_a_level_travels_as_json(codec: Level) -> None:
    again = DOMAIN.load_codec(json.loads(json.dumps(codec.to_dict())))
    assert again == codec and len(codec.symbols()) == codec.spec.size
    assert DOMAIN.match is not None
    np.testing.assert_array_equal(DOMAIN.match(codec, again), np.arange(codec.spec.size))


def test_words_keep_case_and_punctuation_and_spell_the_rare() -> None:
    codec = Words.fit([TEXT])
    assert {"The", " can't", " dog", " see"} <= set(codec.words) and codec.words[0] == " the"
    known, spelt = codec.encode(" dog").steps, codec.encode(" dug").steps
    assert len(known) == 1 and len(spelt) == 4
    assert Words.fit(["once twice twice"]).words == ()


def test_no_more_words_than_there_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words_module, "MOST", 2)
    assert Words.fit([TEXT]).words == (" the", " cat")


def test_sub_words_merge_what_was_learned_first() -> None:
    codec = Subwords(MERGES)
    assert codec.encode("the the").steps.tolist() == [257, 258]
    assert codec.encode("thth").steps.tolist() == [256, 256]
    assert codec.encode("é").steps.tolist() == [259]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "words", "alphabet": "ab", "words": [" the", " the"]}, "knows one twice"),
        ({"kind": "words", "alphabet": "ab", "words": ["a"]}, "'a' is no word"),
        ({"kind": "words", "alphabet": "ab", "words": ["a\r"]}, "is no word"),
        ({"kind": "words", "alphabet": "ab", "words": [3]}, "a list of words"),
        ({"kind": "words", "alphabet": "ba", "words": []}, "not sorted"),
        ({"kind": "subwords", "merges": [[1, 256]]}, r"\(1, 256\) is no pair of ids below 256"),
        ({"kind": "subwords", "merges": [[1, True]]}, "is no pair of ids"),
        ({"kind": "subwords", "merges": [[1, 2], [1, 2]]}, "merged twice"),
        ({"kind": "subwords", "merges": [[1, 2], *([at, at] for at in range(256, 270))]}, "over the limit"),
        ({"kind": "subwords", "merges": 7}, "a list of merges"),
        ({"kind": "syllables"}, "of kind characters, words, subwords or documents, not 'syllables'"),
    ],
)
def test_levels_that_cannot_be(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        if settings["kind"] == "words" and settings["alphabet"] == "ba":
            Characters(settings["alphabet"])
        DOMAIN.load_codec(settings)


def test_levels_by_name() -> None:
    for name in ("bytes", "characters", "words"):
        assert level_of(fit_codec([TEXT], level=name)) == level_of(fit_codec([TEXT], level=name, field="a")) == name
    with pytest.raises(UnknownName, match="no level named 'word'; did you mean 'words'"):
        fit_codec([TEXT], level="word")
    assert [DOMAIN.of(codec).unit for codec in CODECS] == ["byte", "char", "word", "subword"]
    with pytest.raises(UsageError, match="book is for words and stays so: leave the level out"):
        settled(DOMAIN, Words.fit([TEXT]), "book", {**DOMAIN.reading.settings, "level": "bytes"})


def test_sub_words_are_learned_by_tokenizers() -> None:
    codec = fit_codec([TEXT * 5], level="subwords")
    assert isinstance(codec, Subwords) and {b" the", b" dog", b" can"} <= set(codec.spelling)
    assert len(codec.encode(TEXT).steps) < len(TEXT) / 3 and codec.decode(codec.encode(TEXT).steps) == TEXT


def test_sub_words_without_tokenizers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(UsageError, match=r'pip install "seqgen\[subwords\]"'):
        LEVELS["subwords"]([TEXT])


def test_steps_are_so_many_characters() -> None:
    for codec in (*CODECS, Documents(Words.fit([TEXT]), Division("line"))):
        source = in_memory(codec.spec, [codec.encode(TEXT)])
        wanted = codec.characters(TEXT) / source.lengths[0]
        assert characters_a_step(Encoded(codec, source, source, "")) == pytest.approx(wanted)


@pytest.mark.parametrize("how", ["", "line"])
@pytest.mark.parametrize("level", ["words", "bytes"])
def test_prepared_words_are_those_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, level: str
) -> None:
    monkeypatch.setattr(cuts, "CHUNK", 37)
    path = tmp_path / "a.txt"
    path.write_text(TEXT * 8)
    parts: Splits[Any] = read(str(path), documents=how, hold_out="documents")
    codec = fit_codec(parts.train, level=level, documents=how)
    prepare(path, tmp_path / "out", documents=how, level=level)
    data = open_corpus(tmp_path / "out", DOMAIN)
    assert data.codec == codec
    counts = [sum(len(codec.encode(item).steps) for item in items) for items in (parts.train, parts.valid)]
    if level == "bytes" or how:
        assert [sum(data.train.lengths), sum(data.valid.lengths)] == counts
    else:  # the word that the last tenth begins in is not cut in two
        assert 0 <= sum(counts) - sum(data.train.lengths) - sum(data.valid.lengths) < 10
