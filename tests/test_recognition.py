"""Reading ink: the recogniser's steps, error rates, a small reader that has learned three letters, its language and its verb."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from handwriting_models import save_random
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from seqgen import Splits, registry
from seqgen.domains import handwriting
from seqgen.domains.handwriting import HandwritingReader, Ink, Offsets, cer, load_language, load_reader, wer
from seqgen.domains.handwriting.formats.ink_json import write_ink_json
from seqgen.domains.handwriting.presets import DOMAIN, fit_codec, load_codec
from seqgen.domains.handwriting.recognition.features import Features, augmented
from seqgen.domains.handwriting.resampling import sparser
from seqgen.edits import distance
from seqgen.errors import DataError, ModelError, UnknownName, UsageError
from seqgen.models.decoding import Weights
from seqgen.shell.cli import main

PLAIN = Offsets("", (), (0.0, 0.0), (1.0, 1.0))
LETTERS = {
    "v": [[(0, -1), (0.25, -0.5), (0.5, 0), (0.75, -0.5), (1, -1)]],
    "l": [[(0, -2), (0, -1.5), (0, -1), (0, -0.5), (0, 0)]],
    "i": [[(0, -1), (0, -0.7), (0, -0.3), (0, 0)], [(0, -1.6)]],
}
Told = Callable[[], tuple[str, str]]


def pen(text: str, times: bool = False) -> Ink:
    """Letters side by side, a gap where there is a space."""
    strokes = [
        np.array(stroke) + np.array([1.5 * number, 0])
        for number, letter in enumerate(text)
        for stroke in LETTERS.get(letter, [])
    ]
    stamps = np.split(np.arange(sum(map(len, strokes))) / 100, np.cumsum([*map(len, strokes)])[:-1])
    return Ink(strokes, stamps if times else None, text, height=1.0)


def lines(count: int, seed: int) -> list[Ink]:
    random = np.random.default_rng(seed)
    texts = ("".join(random.choice([*"vlivli "], random.integers(1, 7))).strip() for _ in range(count))
    return [augmented(pen(" ".join(text.split()) or "v"), random) for text in texts]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> HandwritingReader:
    import jax

    folder = tmp_path_factory.mktemp("reader") / "run"
    splits = Splits(lines(300, 1), lines(40, 2))
    with jax.numpy_dtype_promotion("standard"):  # optax mixes integers and floats
        handwriting.train(splits, folder, network="recognition", size="tiny", steps=150, rows=32)
    return load_reader(folder)


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return lambda: tuple(capsys.readouterr())


PLACES = st.floats(-50, 50, width=32)
STROKES = st.lists(st.lists(st.tuples(PLACES, PLACES), min_size=1, max_size=9), min_size=1, max_size=6)


@given(STROKES, st.integers(1, 5), st.booleans())
def test_ink_comes_back_from_a_recogniser_s_steps(
    strokes: list[list[tuple[float, float]]], points: int, still: bool
) -> None:
    ink = Ink([[*stroke, *stroke[-1:] * (3 * still)] for stroke in strokes], text="ab")
    codec = Features("ab", PLAIN, points)
    (seen, pens), labels, _, _ = codec.encode(ink)
    assert codec.decode((seen, pens)) == codec.canonical(ink) == codec.canonical(codec.canonical(ink))
    assert seen.shape == (len(pens), 2 * points + 1) and seen.dtype == np.float32 and labels.tolist() == [0, 1]
    # Every stroke has two steps or more, the last of them with its last point, and no point is left out.
    places = codec.places(ink)
    ends = np.cumsum([len(stroke) for stroke in ink.strokes]) - 1
    assert len(places) == len(pens) and set(ends) <= set(places) and np.all(np.diff(places) <= points)
    assert np.all(np.unique(np.searchsorted(ends, places), return_counts=True)[1] >= 2)
    lifts = np.flatnonzero(pens)
    assert places[lifts].tolist() == ends.tolist() and pens[lifts].tolist() == [1] * (len(ends) - 1) + [2]


def test_heights_are_from_the_middle_and_along_the_line() -> None:
    codec = Features("n", PLAIN, 1)
    low = Ink([[[0, 0], [0, 1], [0, 2], [0, 3]]])
    assert codec.encode(low).steps[0][:, 2].tolist() == [-1.5, -0.5, 0.5, 1.5]
    x = np.linspace(0, 50, 200)
    level = np.stack([x, np.sin(x)], axis=1)
    leaning = level + np.stack([0 * x, 0.1 * x], axis=1)
    heights = [codec.encode(Ink([points])).steps[0][:, 2] for points in (level, leaning)]
    np.testing.assert_allclose(*heights, atol=1e-4)
    assert np.isfinite(codec.encode(Ink([[[-1e9, 1e9], [1e9, -1e9]]])).steps[0]).all()


def test_three_dots_have_room_for_their_labels() -> None:
    codec = Features(".", PLAIN, 4)
    dots = Ink([[[0, 0]], [[1, 0]], [[2, 0]]], text="...")
    model = DOMAIN.of(codec).sizes["tiny"].model(codec)
    from seqgen import in_memory

    model.check(in_memory(codec.spec, [codec.encode(dots)]))


@given(st.binary(max_size=200), st.integers(1, 3))
def test_any_steps_are_some_ink(data: bytes, points: int) -> None:
    codec = Features("ab", PLAIN, points)
    width = 2 * points + 1
    values = np.frombuffer(data[: len(data) // 4 * 4], np.float32)
    values = values[: len(values) // width * width].reshape(-1, width)
    ink = codec.decode((values, np.arange(len(values)) % 3))
    assert codec.canonical(ink) == ink


def test_a_codec_of_either_kind_is_known_again() -> None:
    inks = lines(20, 0)
    reads, writes = fit_codec(inks, network="recognition"), fit_codec(inks)
    assert isinstance(reads, Features) and isinstance(writes, Offsets)
    for codec in (reads, writes):
        assert load_codec(json.loads(json.dumps(codec.to_dict()))) == codec
    assert DOMAIN.reading.settled(reads) == {"network": "recognition"}
    assert DOMAIN.of(writes) is DOMAIN and DOMAIN.of(reads).metric is not None
    assert [*DOMAIN.of(reads).sizes] == [*DOMAIN.sizes]
    for size in DOMAIN.of(reads).sizes.values():
        assert size.model(reads).labels == len(reads.alphabet)
    good = reads.to_dict()
    for damage in (
        {"alphabet": "ba"},
        {"alphabet": ""},
        {"points": 0},
        {"points": 17},
        {"points": "2"},
        {"std": [0, 1]},
        {"x": 1},
    ):
        with pytest.raises(ModelError):
            load_codec({**good, **damage})
    with pytest.raises(ModelError, match="1 to 16 points"):
        Features("ab", writes)
    with pytest.raises(DataError, match="lines that all have their texts"):
        fit_codec([*inks, Ink(inks[0].strokes)], network="recognition")


def test_variations_keep_what_is_written() -> None:
    random = np.random.default_rng(3)
    ink = pen("vil lvi", times=True)
    widths, lengths, sparse = [], [len(s) for s in ink.strokes], [len(s) for s in sparser(ink, 2).strokes]
    for _ in range(200):
        other = augmented(ink, random)
        assert [len(s) for s in other.strokes] in (lengths, sparse)
        assert (other.text, other.height) == (ink.text, ink.height) and other.times is not None
        left, _, right, _ = other.bounds
        widths.append((right - left) / (ink.bounds[2] - ink.bounds[0]))
    assert 0.9 < np.mean(widths) < 1.1 and 0.05 < np.std(widths) < 0.2
    assert augmented(Ink(()), random) == Ink(())
    one, again = (augmented(ink, np.random.default_rng(7)) for _ in range(2))
    assert one == again != ink


def slow_distance(one: str, other: str) -> int:
    if not one or not other:
        return len(one) + len(other)
    cheaper = min(slow_distance(one[1:], other), slow_distance(one, other[1:])) + 1
    return min(cheaper, slow_distance(one[1:], other[1:]) + (one[0] != other[0]))


@given(st.text("ab", max_size=5), st.text("ab", max_size=5))
def test_distances_are_the_least_there_are(one: str, other: str) -> None:
    assert distance(one, other) == slow_distance(one, other)


def test_rates_are_of_all_lines_together() -> None:
    assert cer(["", "abcdefghi"], ["a", "abcdefghi"]) == 0.1
    assert wer(["a b", "c"], ["a x", "c"]) == pytest.approx(1 / 3)
    assert cer([], []) == wer([""], [""]) == 0 and cer(["abc"], ["a"]) == 2


def test_it_learns_to_read(reader: HandwritingReader) -> None:
    test = lines(40, 5)
    texts = [ink.text or "" for ink in test]
    assert cer([reader.greedy(ink) for ink in test], texts) < 0.1
    assert cer([reader.read(ink).text for ink in test], texts) < 0.1


def test_a_transcript_says_where_and_how_surely(reader: HandwritingReader) -> None:
    ink = pen("vil", times=True)
    found = reader.read(ink)
    assert found.text == "vil" == "".join(one.character for one in found.characters)
    assert -1 < found.log_prob <= 0 and 0 < len(found.alternatives) <= 5
    assert all(nats < found.log_prob and text != "vil" for text, nats in found.alternatives)
    for number, one in enumerate(found.characters):
        assert 0 <= one.first <= one.last < ink.points
        assert one.seconds == (one.first / 100, one.last / 100)
        # Known by its own points, or the first of the next one's.
        first = sum(len(stroke) for letter in "vil"[:number] for stroke in LETTERS[letter])
        assert one.last >= first
    assert [one.first for one in found.characters] == sorted(one.first for one in found.characters)
    assert reader.read(pen("vil")).characters[0].seconds is None
    assert reader.read(ink, beam=1).text == "vil"


class Never:
    """A language model in which nothing is said but one letter, again and again."""

    def __init__(self, alphabet: str, letter: str) -> None:
        self.told = np.where(np.array([*alphabet, "end"]) == letter, 0.0, -50.0)

    def start(self) -> tuple[Any, NDArray[np.float64]]:
        return np.zeros((1, 2)), self.told[None]

    def step(self, states: Any, labels: NDArray[np.int32]) -> tuple[Any, NDArray[np.float64]]:
        return states, np.tile(self.told, (len(labels), 1))


def test_a_language_model_has_its_say(reader: HandwritingReader) -> None:
    ink = pen("vil")
    never = Never(reader.codec.alphabet, "l")
    assert set(reader.read(ink, language=never, weights=Weights(5, 0)).text) <= {"l"}
    assert reader.read(ink, language=never, weights=Weights(0, 0)) == reader.read(ink)


def test_a_model_of_text_is_a_language() -> None:
    language = load_language("shakespeare", " abcdehlortz")
    states, told = language.start()
    assert told.shape == (1, 13) and np.all(np.exp(told[:, :-1]).sum(axis=1) < 1.05)
    texts, rows = ("the", "thz"), []
    for text in texts:
        nats, state, after = 0.0, states, told
        for character in text:
            label = " abcdehlortz".index(character)
            nats += after[0, label]
            state, after = language.step(state, np.array([label], np.int32))
        rows.append((nats, after[0]))
    assert (
        rows[0][0] > rows[1][0] + 1 and rows[0][1][-1] > rows[0][1][1]
    )  # a word that ends, and none that goes on in a
    # Rows are the same side by side, in three as well as alone.
    import jax

    three = jax.tree.map(lambda leaf: np.repeat(np.asarray(leaf), 3, axis=0), states)
    after = language.step(three, np.array([10, 7, 1], np.int32))[1]
    alone = language.step(states, np.array([7], np.int32))[1]
    np.testing.assert_allclose(after[1], alone[0], atol=1e-4)


def test_what_is_no_language_is_refused(reader: HandwritingReader) -> None:
    for name in ("chorales", "two-hands", reader.name):
        with pytest.raises(UsageError, match=r"no characters: give a model of text as the language"):
            load_language(name, "abc")
    with pytest.raises(UnknownName, match="no model named 'latin'"):
        load_language("latin", "abc")


def test_each_kind_of_model_names_the_other(reader: HandwritingReader, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="two-hands writes and does not read: give a model trained with --network"):
        load_reader("two-hands")
    with pytest.raises(ModelError, match="reads ink and writes none: open it with `load_reader`"):
        handwriting.load(reader.name)
    with pytest.raises(UsageError, match="is for recognition and stays so: leave the network out"):
        handwriting.train(
            Splits(lines(2, 1), lines(2, 1)), tmp_path / "x", network="synthesis", start_from=reader.name, steps=1
        )
    with pytest.raises(DataError, match="without a point"):
        reader.read(Ink(()))
    with pytest.raises(UsageError, match="a beam of 0"):
        reader.read(pen("v"), beam=0)
    with pytest.raises(DataError, match="it has 60,000 points, and a line has at most 50,000"):
        reader.read(Ink([np.zeros((60_000, 2))]))


def typed(*arguments: Any) -> int:
    return main(["handwriting", *map(str, arguments)])


def test_the_verb_reads_files(reader: HandwritingReader, tmp_path: Path, told: Told) -> None:
    known = [pen("vil", times=True), pen("li vv")]
    write_ink_json(known, tmp_path / "known.json")
    write_ink_json([Ink(known[0].strokes, height=1.0)], tmp_path / "unknown.json")
    assert typed("read", tmp_path / "known.json", "--model", reader.name) == 0
    out, err = told()
    assert out == "vil\nli vv\n"
    assert "2 of 2 lines are used" in err
    assert re.search(r"^seqgen: CER 0\.000  WER 0\.000  .*known\.json\[1\]: li vv$", err, re.MULTILINE)
    assert err.endswith("seqgen: CER 0.0000  WER 0.0000  all 2 lines whose text is known\n")

    assert (
        typed("read", tmp_path / "unknown.json", "--model", reader.name, "--beam", 4, "--language", "shakespeare") == 0
    )
    out, err = told()
    assert out == "vil\n" and "CER" not in err

    assert typed("read", tmp_path / "known.json", "--model", reader.name, "--times") == 0
    first, place, *_ = told()[0].splitlines()
    assert first == "vil"
    assert re.fullmatch(r"  'v'  points \d+ to \d+  0\.\d\d to 0\.\d\d s", place)

    assert typed("read", tmp_path / "known.json", "--model", reader.name, "--json") == 0
    rows = [json.loads(line) for line in told()[0].splitlines()]
    assert [row["text"] for row in rows] == ["vil", "li vv"] == [row["written"] for row in rows]
    assert [one["character"] for one in rows[0]["characters"]] == [*"vil"]
    assert (
        rows[0]["alternatives"] and rows[0]["characters"][0]["seconds"] and rows[1]["characters"][0]["seconds"] is None
    )


def test_the_verb_refuses_politely(reader: HandwritingReader, tmp_path: Path, told: Told) -> None:
    save_random(tmp_path / "pen")
    write_ink_json([pen("vil")], tmp_path / "ink.json")
    for arguments, message in (
        (
            ["read", tmp_path / "ink.json", "--model", tmp_path / "pen"],
            "pen writes and does not read: give a model trained",
        ),
        (["read", tmp_path / "ink.json", "--model", "readr"], "no model named 'readr'"),
        (["read", tmp_path / "ink.json", "--beam", "0"], "--beam is 0; give 1 or more"),
        (["read", tmp_path / "ink.json", "--model", reader.name, "--language", "chorales"], "of no characters"),
        (["write", "vil", "--model", reader.name], "reads ink and writes none"),
        (["score", tmp_path / "ink.json", "--model", reader.name], "reads ink and writes none"),
    ):
        assert typed(*arguments) != 0
        out, err = told()
        assert out == "" and re.fullmatch(rf"seqgen: error: .*{message}.*\n", err), err
    assert typed("read", tmp_path / "none.json", "--model", reader.name) == 1
    out, err = told()
    assert out == "" and "0 of 0 lines are used; 1 file could not be read" in err


def test_train_at_the_command_line_says_how_to_read(tmp_path: Path, told: Told) -> None:
    import jax

    write_ink_json(lines(24, 4), tmp_path / "ink.json")
    run, settings = tmp_path / "run", ["--network", "recognition", "--size", "tiny", "--steps", 3]
    with jax.numpy_dtype_promotion("standard"):
        assert typed("train", tmp_path / "ink.json", "--out", run, *settings) == 0
        said, _ = told()
        assert re.search(r"best character error rate \d\.\d{4}$", said, re.MULTILINE) and "read FILE" in said
        assert typed("train", "--resume", run, "--steps", 4) == 0
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert any("character error rate" in row for row in rows)
    assert registry.domain("handwriting") is DOMAIN
    told()
    assert main(["info", str(run)]) == 0
    assert "LSTM" in told()[0]
