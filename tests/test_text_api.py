"""Text models as people hold them: what they write, where they stop, what a score means."""

from __future__ import annotations

import inspect
import io
import itertools
import math
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hypothesis
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from seqgen import registry
from seqgen.batching import Inputs
from seqgen.batching.encode import read_named
from seqgen.config import TrainingConfig
from seqgen.domain import Splits
from seqgen.domains import text
from seqgen.domains.text import api
from seqgen.domains.text.codec import Characters
from seqgen.errors import DataError, ModelError, UnknownName, UsageError
from seqgen.heads import Categorical
from seqgen.models.model import Model
from seqgen.models.pretrained import save_pretrained
from seqgen.nn.network import Network
from seqgen.training import run, scoring

# The same as in test_cli.py: what one of them compiles, the other finds.
CODEC = Characters("\n .;Iadefghiklmnorstwy")
MODEL = Model(Network(CODEC.spec, layers=1, units=12, embedding=6), Categorical(CODEC.spec.size))


def parameters() -> Any:
    """Random, with characters likelier than bytes: what it writes is mostly letters, and some broken UTF-8."""
    random = np.random.default_rng(2)
    shapes = jax.eval_shape(lambda: MODEL.init(jax.random.key(0)))
    params = jax.tree.map(lambda leaf: random.normal(0, 0.7, leaf.shape).astype(np.float32), shapes)
    params["head"]["bias"][256:] += 3
    return params


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "letters"
    return save_pretrained(path, domain="text", codec=CODEC.to_dict(), model=MODEL, params=parameters())


@pytest.fixture(scope="module")
def letters(folder: Path) -> text.TextModel:
    return text.load(folder)


# Writing


def test_a_prompt_in_any_script_is_gone_on_from(letters: text.TextModel) -> None:
    prompts = ["", "abc", "日本 ☕ naïve", "👩\u200d🔬🇫🇷", "one\r\ntwo", "broken \ud800 pair", "long " * 100]
    written = letters.samples(prompts, length=12, seed=1)
    for prompt, page in zip(prompts, written, strict=True):
        shown = prompt.replace("\r\n", "\n").replace("\ud800", "\ufffd")
        assert page.startswith(shown) and len(page) == len(shown) + 12
    assert len({page[-12:] for page in written}) == len(prompts)
    assert letters.samples([], length=3) == []


def test_seeds_temperatures_and_filters(letters: text.TextModel) -> None:
    def write(**settings: Any) -> str:
        return letters.sample("abc", length=40, **settings)

    assert write(seed=1) == write(seed=1) != write(seed=2)
    likeliest = write(temperature=0, seed=1)
    assert likeliest == write(temperature=0, seed=2) == write(top_k=1, seed=3) == write(top_p=1e-6) == write(min_p=1.0)
    assert likeliest != write(seed=1)


@pytest.mark.parametrize(("word", "meant"), [("lenght", "length"), ("temprature", "temperature"), ("topk", "top_k")])
def test_a_typo_in_a_keyword_names_what_was_meant(letters: text.TextModel, word: str, meant: str) -> None:
    for write in (letters.sample, lambda prompt, **settings: letters.samples([prompt], **settings)):
        with pytest.raises(TypeError, match=f"no keyword named '{word}'; did you mean '{meant}'"):
            write("ab", **{word: 3})


def test_the_keywords_are_those_of_a_stream() -> None:
    given = inspect.signature(text.TextModel.stream).parameters.values()
    assert [one.name for one in given if one.kind is one.KEYWORD_ONLY and one.name != "length"] == list(api.SETTINGS)


def test_the_pieces_of_a_stream_are_the_sample(letters: text.TextModel) -> None:
    pieces = [piece for (piece,) in letters.stream(["ab"], length=50, seed=4)]
    assert len(pieces) > 1 and sum(map(len, pieces)) == 50
    assert "ab" + "".join(pieces) == letters.sample("ab", length=50, seed=4)


def test_length_counts_characters_not_bytes(letters: text.TextModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def only_bytes(*rest: Any, length: int, **settings: Any) -> Iterator[list[Any]]:
        steps = CODEC.encode("é日🎈" * 100).steps[:length]
        yield from ([steps[at : at + 7]] for at in range(0, len(steps), 7))

    monkeypatch.setattr(api.sampling, "stream", only_bytes)
    for length in (1, 2, 3, 29, 30):
        assert letters.sample(length=length) == ("é日🎈" * 10)[:length]


def until_stopped(whole: str, length: int, stops: Sequence[str]) -> str:
    """What is left of a text that is read letter by letter, up to the first stop string that is complete."""
    for end in range(1, len(whole) + 1):
        cuts = [end - len(stop) for stop in stops if stop and whole[:end].endswith(stop)]
        if cuts:
            return whole[: min(length, *cuts)]
    return whole[:length]


@hypothesis.given(
    written=st.text("abé", min_size=60, max_size=60),
    length=st.integers(1, 40),
    stops=st.lists(st.text("abé", max_size=4), max_size=3),
    cuts=st.lists(st.integers(0, 120), max_size=6),
)
@hypothesis.example(written="abé" * 20, length=9, stops=["abé", "b"], cuts=[])  # the shorter is complete first
@hypothesis.example(written="ab" * 30, length=9, stops=["abb", "b"], cuts=[2])  # the longer began first, and never ends
@hypothesis.example(
    written="b" * 29 + "aaaa" + "b" * 27, length=30, stops=["aaab"], cuts=[30]
)  # begins at the very end
def test_stop_strings_end_a_text_wherever_its_pieces_are_cut(
    written: str, length: int, stops: list[str], cuts: list[int]
) -> None:
    ids = CODEC.encode(written).steps
    asked: list[int] = []

    def cut_up(*rest: Any, length: int, **settings: Any) -> Iterator[list[Any]]:
        asked.append(length)
        edges = [0, *sorted(min(cut, len(ids)) for cut in cuts), len(ids)]
        yield from ([ids[start:stop]] for start, stop in itertools.pairwise(edges))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api.sampling, "stream", cut_up)
        page = text.TextModel(CODEC, MODEL, {}, "").sample(length=length, stop=stops)
    assert page == until_stopped(written, length, stops)
    # Enough is asked for to write `length` characters of 4 bytes, and to see whether a stop string follows.
    assert asked == [4 * (length + max(map(len, stops), default=0))]


def test_a_stop_may_be_one_string_and_is_read_like_text(letters: text.TextModel) -> None:
    page = letters.sample(length=200, seed=1)
    first = page[20:22]
    assert letters.sample(length=200, seed=1, stop=first) == page[: page.index(first)]
    assert "\n" in page and letters.sample(length=200, seed=1, stop="\r\n") == page[: page.index("\n")]
    assert letters.sample(length=200, seed=1, stop="") == page
    both = letters.sample(length=200, seed=1, stop=["\n", first])
    assert both == min(page[: page.index("\n")], page[: page.index(first)], key=len)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"length": 0}, "length is 0; give 1 or more"),
    ({"temperature": -1}, r"temperature is -1; give 0 \(the likeliest\) or more"),
    ({"temperature": math.inf}, "temperature is inf"),
    ({"temperature": math.nan}, "temperature is nan"),
    ({"top_k": -1}, r"top-k is -1; give 0 \(all\) or more"),
    ({"top_p": 0}, r"top-p is 0; give more than 0, at most 1 \(all\)"),
    ({"top_p": 1.1}, "top-p is 1.1"),
    ({"min_p": -0.1}, r"min-p is -0.1; give 0 \(all\) to 1"),
    ({"seed": -1}, "seed is -1; give a whole number from 0 to"),
    ({"seed": 2**32}, "seed is 4294967296"),
]


@pytest.mark.parametrize(("settings", "message"), BAD, ids=str)
def test_settings_out_of_range_are_refused_at_once(
    letters: text.TextModel, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        letters.stream(["a"], **settings)  # not only when the first piece is asked for


# Scoring

SCORED = "ab\ncd  日本 é" * 25


@pytest.fixture(scope="module")
def by_hand(letters: text.TextModel) -> float:
    """-ln p of the text: one position after the other, on the softmax's own definition."""

    @jax.jit
    def read(carry: Any, step: jax.Array) -> Any:
        carry, features = MODEL.network.step(letters.params["network"], carry, Inputs(step[None]))
        return carry, MODEL.head.logits(letters.params["head"], features)[0]

    carry, total = MODEL.start(letters.params, 1), 0.0
    ids = CODEC.encode(SCORED).steps
    for before, symbol in itertools.pairwise(np.append(np.int32(CODEC.spec.size), ids)):
        carry, logits = read(carry, jnp.asarray(before))
        exact = np.asarray(logits, np.float64)
        total += np.log(np.exp(exact - exact.max()).sum()) + exact.max() - exact[symbol]
    return float(total)


@pytest.mark.parametrize("window", [256, 32])
def test_a_score_is_the_sum_over_single_steps_whatever_the_window(
    letters: text.TextModel, by_hand: float, window: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "WINDOW", window)
    score = letters.score(SCORED)
    assert score.characters == len(SCORED) < len(CODEC.encode(SCORED).steps)
    assert score.nats == pytest.approx(by_hand, rel=1e-5)
    assert letters.score(SCORED) == score  # static: nothing adapts, nothing is kept


def test_the_three_figures_of_a_score_say_the_same() -> None:
    score = text.TextScore(nats=20.0, characters=10)
    assert (score.nats_per_char, score.bits_per_char) == (2.0, 2.0 / math.log(2))
    assert score.perplexity == pytest.approx(math.e**2) and 2**score.bits_per_char == pytest.approx(score.perplexity)


def test_short_texts_of_like_length_share_their_program(letters: text.TextModel) -> None:
    from seqgen.training.scoring import _scorer

    letters.score("a" * 40)
    compiled = _scorer(MODEL, None)[1]._cache_size()
    scores = [letters.score("a" * length).nats for length in (33, 47, 63)]
    assert _scorer(MODEL, None)[1]._cache_size() == compiled
    assert scores == sorted(scores)
    assert letters.score("a").characters == 1


def test_nothing_has_no_score(letters: text.TextModel) -> None:
    with pytest.raises(DataError, match="nothing to score: the text is empty; give it a character or more"):
        letters.score("")


# Loading


def test_the_shipped_model_is_there_and_knows_its_name() -> None:
    book = text.load()
    assert book.name == "shakespeare" and set("ROMEO: abc\n") <= set(book.codec.alphabet)


def test_a_run_and_its_model_folder_load_the_same(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    os.symlink(folder, tmp_path / "run" / "model")
    for name in (folder, str(folder)):
        assert text.load(name).codec == CODEC
    with pytest.raises(UnknownName, match=r"no model named 'shakespear'; did you mean 'shakespeare'\?"):
        text.load("shakespear")
    with pytest.raises(ModelError, match=r"holds no model \(yet\)"):
        text.load(tmp_path)


def test_models_of_other_things_are_refused(tmp_path: Path) -> None:
    save_pretrained(tmp_path / "tune", domain="music", codec=CODEC.to_dict(), model=MODEL, params=parameters())
    with pytest.raises(ModelError, match="tune is a model of music, not text; use the music commands"):
        text.load(tmp_path / "tune")
    save_pretrained(tmp_path / "other", domain="text", codec={"kind": "characters", "alphabet": "ab"}, model=MODEL,
                    params=parameters())  # fmt: skip
    with pytest.raises(ModelError, match=r"other: the network reads Discrete\(size=278\), the codec writes .*258"):
        text.load(tmp_path / "other")


# Training: what is handed on (the loop has its own tests)


@pytest.fixture
def handed_on(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    calls: list[Any] = []
    monkeypatch.setattr(run, "begin", lambda *given, **settings: calls.append((given, settings)))
    monkeypatch.setattr(run, "resume", lambda *given, **settings: calls.append((given, settings)))
    return calls


def test_train_and_resume_hand_on_what_they_are_told(handed_on: list[Any]) -> None:
    text.train("a.txt", "out", encoding="latin-1", start_from="prose", seed=5, precision="bf16")
    text.train(data := Splits(["a"], ["b"]), "out", download=True, training=(training := TrainingConfig(rows=3)))
    text.resume("run", steps=7)
    reading = {"encoding": "utf-8", "level": "characters", "documents": "", "field": "", "labels": ""}
    reading["hold_out"] = "documents"
    assert handed_on == [
        (
            ("out", text.DOMAIN, "a.txt", {**reading, "encoding": "latin-1"}),
            {"download": False, "start_from": "prose", "seed": 5, "precision": "bf16"},
        ),
        (("out", text.DOMAIN, data, reading), {"download": True, "training": training}),
        (("run", text.DOMAIN, None), {"steps": 7, "minutes": None, "crew": None}),
    ]


def test_files_folders_standard_input_and_data_sets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = "A line of prose.\n" * 10
    (tmp_path / "a.txt").write_bytes(("é" + page).encode("latin-1"))
    (tmp_path / "b.bin").write_bytes(b"\x00\x01")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(("é" + page).encode("latin-1"))))
    for name in (str(tmp_path / "a.txt"), str(tmp_path), "-"):
        found = read_named(text.DOMAIN, name, {"encoding": "latin-1"})
        assert "".join(found.train) + "".join(found.valid) == "é" + page
    assert capsys.readouterr().err.count("skipped: ") == 1
    with pytest.raises(UnknownName, match="no file, folder or data set named 'tiny-shakespere'; did you mean"):
        read_named(text.DOMAIN, "tiny-shakespere", {})
    loaded = SimpleNamespace(DOMAIN="text", load=lambda download: Splits(["a"], [str(download)]))
    monkeypatch.setattr(registry, "datasets", lambda: ("tunes", "words"))
    monkeypatch.setattr(registry, "dataset", lambda name: loaded)
    assert read_named(text.DOMAIN, "words", {"encoding": "utf-8"}, download=True) == Splits(["a"], ["True"])
    loaded.DOMAIN = "music"
    with pytest.raises(UsageError, match="the data set 'words' is for music, not text"):
        read_named(text.DOMAIN, "words", {})
