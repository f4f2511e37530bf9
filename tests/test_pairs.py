"""Pairs of texts: units, merges, files, a small model that has learned, its verbs."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from seqgen import Splits
from seqgen.domains import pairs
from seqgen.domains.pairs import PRONOUNCE, TRANSLATE, Pair, PairCodec, PairModel, chrf, read_pairs, writing
from seqgen.domains.pairs.alignment import Alignment
from seqgen.domains.pairs.codec import match
from seqgen.domains.pairs.copying import copied
from seqgen.domains.pairs.files import split
from seqgen.domains.pairs.merges import learned, merged, words
from seqgen.domains.pairs.scores import rated, scored
from seqgen.domains.pairs.sentences import pieces
from seqgen.domains.pairs.units import Letters, Subwords, Tokens, units_from_dict
from seqgen.errors import DataError, ModelError, UsageError
from seqgen.sampling import beam_search
from seqgen.shell.cli import main

pytestmark = pytest.mark.usefixtures("mixed_numbers")

NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SPELT = [Pair(f"{NUMBERS[a]} {NUMBERS[b]}.", f"{a}{b}") for a in range(10) for b in range(10)]
HELD_OUT = [SPELT[10 * a + b] for a in range(10) for b in range(10) if (a + 2 * b) % 5 == 0]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> PairModel:
    """One that writes two digits for two words."""
    folder = tmp_path_factory.mktemp("pairs") / "run"
    data = Splits([pair for pair in SPELT if pair not in HELD_OUT], HELD_OUT)
    how: Any = {"size": "tiny", "steps": 240, "rows": 16, "learning_rate": 1e-2, "dropout": 0.0}
    outcome = pairs.train(data, folder, level="letters", **how)
    return pairs.load(outcome.folder)


# Units


@given(st.text("abcd é.!", max_size=40))
def test_words_end_to_end_are_the_text(text: str) -> None:
    assert "".join(words(text)) == text


@given(st.lists(st.text("abc d", max_size=12), min_size=1, max_size=8), st.integers(5, 40))
def test_subwords_end_to_end_are_the_text(texts: list[str], size: int) -> None:
    units = Subwords.fit(texts * 2, size)
    for text in texts:
        assert units.decode(units.encode(text)) == text
    assert units_from_dict(json.loads(json.dumps(units.to_dict()))) == units
    assert len(units.names) <= max(size, len(units.letters) + 1) and len({*units.names}) == len(units.names)


def test_merges_are_those_that_counting_anew_finds() -> None:
    counts = {"banana": 3, "bandana": 2, "ananas": 4, "nab": 1, "aaaa": 2}
    parts: dict[str, list[str]] = {word: [*word] for word in counts}
    wanted = []
    for _ in range(12):
        seen: dict[tuple[str, str], int] = {}
        for word, own in parts.items():
            for pair in pairwise(own):
                seen[pair] = seen.get(pair, 0) + counts[word]
        if not seen or max(seen.values()) < 2:
            break
        best = min(seen, key=lambda pair: (-seen[pair], pair))
        wanted.append(best)
        ranks = {pair: rank for rank, pair in enumerate(wanted)}
        parts = {word: merged(word, ranks) for word in counts}
    assert list(learned(counts, 12)) == wanted


def test_what_is_not_known_is_one_unit() -> None:
    for units in (Letters("ab"), Tokens(("a", "b")), Subwords("ab", (("a", "b"),))):
        assert units.names[units.encode("?")[0]] == "\ufffd"


@pytest.mark.parametrize(
    "damaged", [{}, {"kind": "letters", "alphabet": "aa"}, {"kind": "tokens", "tokens": [1]},
                {"kind": "subwords", "letters": "a", "merges": [["a"]]}, {"kind": "letters"}],
)  # fmt: skip
def test_damaged_units_are_refused(damaged: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="the model is damaged or newer"):
        units_from_dict(damaged)
    with pytest.raises(ModelError):
        PairCodec.from_dict({"kind": "pairs", "source": damaged, "target": damaged})


def test_symbols_are_matched_by_what_they_stand_for() -> None:
    old, new = (PairCodec(Letters(a), Letters(b)) for a, b in (("abc", "xy"), ("bd", "yz")))
    target, source = match(old, new)
    assert target.tolist() == [0, 2, -1, 3] and source.tolist() == [0, 2, -1]


# Files


def test_lines_that_are_no_pairs_are_named(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text(
        "Go.\tVa !\tCC-BY\n\nno tab\n\tempty\ncafe\u0301\tcoffee\r\n" + "x" * 1001 + "\ty\n", encoding="utf-8"
    )
    found, unused = read_pairs(path)
    assert found == [Pair("Go.", "Va !"), Pair("café", "coffee")]
    assert [line.split(":")[0] for line in unused] == ["line 3", "line 4", "line 6"]
    path.write_text("nothing\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"holds no pairs: line 1: there is no tab in it; give source, tab, target"):
        read_pairs(path)


def test_two_files_of_lines(tmp_path: Path) -> None:
    (tmp_path / "a.en").write_text("Go.\nStay.\n\n", encoding="utf-8")
    (tmp_path / "a.fr").write_text("Va !\nReste.\n", encoding="utf-8")
    assert read_pairs(tmp_path / "a.en", tmp_path / "a.fr")[0] == [Pair("Go.", "Va !"), Pair("Stay.", "Reste.")]
    (tmp_path / "a.fr").write_text("Va !\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"has 2 lines and .* 1; give a target for each source"):
        read_pairs(tmp_path / "a.en", tmp_path / "a.fr")


def test_no_source_is_in_two_parts() -> None:
    data = [Pair(str(n % 700), str(n)) for n in range(21_000)]
    parts = split(data)
    sources = [{pair.source for pair in part} for part in parts]
    assert all(sources) and not sources[0] & sources[1] and not sources[0] & sources[2] and not sources[1] & sources[2]
    assert sum(map(len, parts)) == len(data)
    with pytest.raises(DataError, match="there are 3 pairs; give 4 or more"):
        split(data[:3])


@given(st.text('aB .!?\n"é', max_size=60))
def test_sentences_end_to_end_are_the_text(text: str) -> None:
    found = pieces(text)
    assert "".join(piece.text for piece in found) == text
    assert all(piece.text.strip() for piece in found if not piece.between)
    assert not any(piece.text.strip() for piece in found if piece.between)


# Measures


def test_chrf_is_that_of_sacrebleu() -> None:
    written = ["Il dort bien.", "Va-t'en", "", "Je ne sais pas !"]
    references = [
        ["Il dort.", "Elle dort bien."],
        ["Va-t'en !", "Pars !"],
        ["Quoi ?", "Oui."],
        ["Je ne sais pas.", "Aucune idée."],
    ]
    theirs = 72.5333350231576  # CHRF().corpus_score of sacrebleu 2.6.0
    assert chrf(written, references) == pytest.approx(theirs, abs=1e-9)


# A model that has learned


def test_it_writes_what_it_has_not_seen(model: PairModel) -> None:
    made = model.write([pair.source for pair in HELD_OUT])
    assert sum(one == pair.target for one, pair in zip(made, HELD_OUT, strict=True)) >= 18, made
    assert made[:4] == [model.write([pair.source], beam=5)[0] for pair in HELD_OUT[:4]]
    (best,) = model.write_n(["three four."], n=3)
    assert len(best) == 3 and best[0].text == "34" and best[0].score >= best[1].score
    assert model.score([Pair("three four.", best[0].text)]).nats == pytest.approx(-best[0].log_prob, rel=1e-3, abs=1e-4)


def test_batches_are_full(model: PairModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources that are there only to fill a batch are decoded like all others."""
    counts: list[int] = []

    def search(*given: Any, **how: Any) -> Any:
        counts.append(len(given[2]))
        return beam_search(*given, **how)

    monkeypatch.setattr(writing, "beam_search", search)
    sources = [str(number) for number in range(40)]
    for beam, wanted in ((5, [16, 16, 8]), (1, [64])):
        counts.clear()
        model.write(sources, beam=beam)
        assert counts == wanted


def test_it_looks_where_it_should(model: PairModel, tmp_path: Path) -> None:
    found = model.align("three four.", "34")
    assert found.weights.shape == (3, 11)
    np.testing.assert_allclose(found.weights.sum(axis=1), 1, rtol=1e-5)
    model.align("one two.").save(tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_text(encoding="utf-8").count("<rect") == 1 + 3 * 8


def test_what_cannot_be_written(model: PairModel) -> None:
    with pytest.raises(DataError, match="a source is empty"):
        model.write([" "])
    with pytest.raises(UsageError, match=r"a source of 500 units is too long"):
        model.write(["one" * 166 + "on"])
    with pytest.raises(UsageError, match="a beam of 0, 1 of it, cannot be"):
        model.write(["one"], beam=0)
    with pytest.raises(DataError, match="there is nothing to score"):
        model.score([])


def test_fine_tuning_keeps_what_symbols_stand_for(model: PairModel, tmp_path: Path) -> None:
    more = [Pair(pair.source.replace("one", "öne"), pair.target) for pair in SPELT]
    outcome = pairs.train(Splits(more, more[:10]), tmp_path / "run", level="letters", start_from=model.name, steps=1)
    tuned = pairs.load(outcome.folder)
    assert "ö" in tuned.codec.source.names and tuned.write(["three four."]) == ["34"]


def test_the_verbs(model: PairModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*arguments: str) -> str:
        assert main([*arguments]) == 0
        return capsys.readouterr().out

    given = ["--model", model.name]
    text = tmp_path / "text.txt"
    text.write_text("one two. three four.\n\nfive six.\n", encoding="utf-8")
    assert said("translate", "write", "--file", str(text), *given) == "12 34\n\n56\n"
    rows = said("translate", "write", "one two.", "--json", "-n", "2", *given).splitlines()
    assert json.loads(rows[0])["targets"][0]["text"] == "12" and len(json.loads(rows[0])["targets"]) == 2
    assert said("translate", "write", "one two.", "-n", "2", *given).splitlines()[0].endswith("12")
    said("translate", "write", "one two.", "--align", str(tmp_path / "a.svg"), *given)
    assert (tmp_path / "a.svg").exists()
    path = tmp_path / "pairs.tsv"
    path.write_text("".join(f"{pair.source}\t{pair.target}\n" for pair in SPELT[:20]), encoding="utf-8")
    assert "nats/char of 20 pairs" in (told := said("translate", "score", str(path), *given)) and "chrF2: " in told
    assert "20 pairs, 20 different sources, 0 lines not used" in said("translate", "inspect", str(path))
    assert main(["translate", "write", "世界世界", *given]) == 0
    assert "does not know 100% of the characters of a line" in capsys.readouterr().err
    assert main(["translate", "write", *given]) == 2
    assert "say what to read: TEXT, or --file" in capsys.readouterr().err
    run = tmp_path / "run"
    said("pronounce", "train", str(path), "--size", "tiny", "--steps", "2", "--out", str(run))
    assert pairs.load(run, PRONOUNCE).codec.target.to_dict()["kind"] == "tokens"
    said("pronounce", "train", "--resume", str(run), "--steps", "3")
    assert main(["translate", "write", "one", "--model", str(run)]) != 0
    assert "is a model of pronounce, not translate; use the pronounce commands" in capsys.readouterr().err
    assert TRANSLATE.metric is not None and not TRANSLATE.metric.lower


def test_numbers_and_unseen_names_are_copied_where_attention_says() -> None:
    codec = PairCodec.fit([Pair("She was there in the town.", "Elle était là.")] * 3)

    def looked(source: str, text: str) -> Alignment:
        """Every word of the target at the word of the source at the same place."""
        units = [re.findall(r"\s?\S+", one) for one in (source, text)]
        return Alignment(tuple(units[0]), tuple(units[1]), np.eye(len(units[1]), len(units[0]), dtype=np.float32))

    source = "She saw Kublawitz in 1987."
    assert copied(codec, source, "Elle vit Kowitz en 1980.", looked) == "Elle vit Kublawitz en 1987."
    assert copied(codec, source, "Elle vit Kublawitz en 1987.", looked) == "Elle vit Kublawitz en 1987."
    assert (
        copied(codec, "Paris is big.", "Londres est grand.", looked) == "Londres est grand."
    )  # it begins the sentence
    assert copied(codec, source, "", looked) == ""


def test_the_shipped_translation_reads_and_copies() -> None:
    model = pairs.load("english-french")
    assert model.write(["I am tired.", "How are you?"]) == ["Je suis fatigué.", "Comment allez-vous ?"]
    (text,) = model.write(["My grandmother bought it in 1987."], copy=True)
    assert "1987" in text and text.startswith("Ma grand-mère")


def test_nothing_to_measure_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataError, match="there is nothing to measure: no text was written"):
        list(rated([], [], "translate"))
    with pytest.raises(UsageError, match="0 sources cannot be written; give 1 or more"):
        list(scored(pairs.load("english-phonemes", PRONOUNCE), [Pair("cat", "K AE1 T")], "pronounce", beam=1, most=0))
