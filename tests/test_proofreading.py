"""Which tries of a line are kept, and where one is written again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np
import pytest
from handwriting_models import save_random

from seqgen import CTC, Network
from seqgen.domains.handwriting import HandwritingModel, HandwritingReader, Ink, Offsets
from seqgen.domains.handwriting.drawing.trace import trace
from seqgen.domains.handwriting.following import Followed, follow
from seqgen.domains.handwriting.offsets import DOWN, UP
from seqgen.domains.handwriting.proofreading import STALLED, Try, judged, proofread, spans
from seqgen.domains.handwriting.recognition.features import Features
from seqgen.domains.handwriting.recognition.opinion import Opinion, opinion_of, opinions
from seqgen.errors import UsageError
from seqgen.spec import Steps

TEXT = "ab cde"
PLAIN = Offsets("", (), (0.0, 0.0), (1.0, 1.0))


@pytest.fixture(scope="module")
def pen(tmp_path_factory: pytest.TempPathFactory) -> HandwritingModel:
    return save_random(tmp_path_factory.mktemp("pen") / "model")


def test_what_follows_is_what_the_trace_of_each_line_says(pen: HandwritingModel) -> None:
    inks = [pen.write(text, hand="flat", seed=3)[0] for text in ("abc de", "b")]
    examples = [pen.codec.encode(ink) for ink in inks]
    context = pen.context([str(ink.text) for ink in inks], np.asarray(pen.params["network"]["static_table"])[1])
    followed = follow(pen.model, pen.params, [example.steps for example in examples], context)
    for ink, found in zip(inks, followed, strict=True):
        seen = trace(pen, ink)
        assert seen.window is not None
        np.testing.assert_array_equal(found.places, np.maximum.accumulate(seen.window.argmax(axis=1)))
        assert found.nats.sum() == pytest.approx(pen.score(ink).nats, rel=1e-4)


def made(counts: Sequence[int], lows: dict[int, float] | None = None) -> tuple[Steps, Followed, np.ndarray]:
    """A line of TEXT with so many points a character, each character a stroke that ends `lows` below the line."""
    places = np.repeat(np.arange(len(counts)), counts)
    pens = np.where(np.diff(places, append=99) > 0, UP, DOWN)
    points = np.stack([np.arange(len(places)) * 0.3, np.zeros(len(places))], axis=1)
    for character, low in (lows or {}).items():
        points[places == character, 1] += low
    steps = np.zeros((len(places), 2), np.float32), pens.astype(np.int32)
    return steps, Followed(places, np.ones(len(places))), points


def test_words_of_a_text() -> None:
    assert spans("ab  c ") == [(0, 2), (4, 5)]


@pytest.mark.parametrize(
    ("counts", "lows", "misread", "bad"),
    [
        ((9, 9, 1, 9, 9, 9), {}, None, ()),
        ((9, 0, 1, 9, 9, 9), {}, None, (0,)),  # passed over
        ((9, 9, 0, 9, 1, 9), {}, None, (1,)),
        ((9, 9, 0, 9, STALLED + 2, 9), {}, None, (1,)),
        ((9, 9, 0, 9, 0, 0), {}, None, (1,)),  # never came to its end
        ((9, 9, 1, 9, 9, 9), {3: 0.5, 4: 0.5, 5: 0.5}, None, (0,)),  # the longer word says where the line is
        ((9, 9, 1, 9, 9, 9), {5: 0.5}, None, ()),  # a letter alone may
        ((9, 9, 1, 9, 9, 9), {}, (), ()),
        ((9, 9, 1, 9, 9, 9), {}, (0,), (0,)),
    ],
)
def test_which_words_are_bad(
    counts: Sequence[int], lows: dict[int, float], misread: Sequence[int] | None, bad: tuple[int, ...]
) -> None:
    opinion = None if misread is None else Opinion(1.0, frozenset(misread))
    assert judged(TEXT, *made(counts, lows), opinion).bad == bad


def test_a_point_is_enough_for_a_full_stop() -> None:
    steps, followed, points = made((9, 1))
    assert judged("a.", steps, followed, points).bad == ()
    assert judged("ab", steps, followed, points).bad == (0,)


def test_the_best_is_kept_and_begun_again_before_its_first_bad_word() -> None:
    asked: list[tuple[list[int], list[int]]] = []
    rounds = {
        0: [
            judged(TEXT, *made(counts))
            for counts in ((9, 0, 1, 9, 9, 9), (9, 8, 1, 9, 0, 9), *[(7, 7, 1, 7, 7, 7)] * 2)
        ],
        1: [judged(TEXT, *made((9, 8, 1, 5, 5, 5))), judged(TEXT, *made((9, 8, 1, 5, 0, 5)))],
    }

    def draw(lines: Sequence[int], begun: Sequence[Steps], number: int) -> list[Try]:
        asked.append((list(lines), [len(steps[1]) for steps in begun]))
        return rounds[number]

    empty = np.zeros((0, 2), np.float32), np.zeros(0, np.int32)
    first, second = proofread([TEXT, TEXT], draw, empty, 2)
    assert asked == [([0, 0, 1, 1], [0] * 4), ([0, 0], [18, 18])]  # up to where the pen was lifted before "cde"
    assert len(first[1]) == 9 + 8 + 1 + 15 and len(second[1]) == 7 * 5 + 1


def test_of_several_tries_a_line_is_as_asked(pen: HandwritingModel) -> None:
    once, several = (pen.write("abc de\nb", hand="flat", seed=2, tries=tries, reader=reader()) for tries in (1, 3))
    assert [ink.text for ink in once] == [ink.text for ink in several] == ["abc de", "b"]
    assert several == pen.write("abc de\nb", hand="flat", seed=2, tries=3, reader=reader())
    with pytest.raises(UsageError, match="tries is 33; give 1 to 32"):
        pen.write("a", tries=33)


def spelt(text: str, alphabet: str = " abcde") -> np.ndarray:
    """Log-probabilities of a reader that is all but sure: each character at one position, a blank after it."""
    likely = np.full((2 * len(text), len(alphabet) + 1), 0.001)
    likely[1::2, -1] = 1
    likely[np.arange(0, 2 * len(text), 2), [alphabet.index(character) for character in text]] = 1
    return np.log(likely / likely.sum(axis=1, keepdims=True))


@pytest.mark.parametrize(
    ("written", "misread"),
    [("ab cde", ()), ("ad cde", (0,)), ("ab cdee", (1,)), ("abcde", (0, 1)), ("b a cde", (0,)), ("aab ce", (0, 1))],
)
def test_words_that_are_read_otherwise(written: str, misread: tuple[int, ...]) -> None:
    codec = Features(" abcde", PLAIN)
    meant, said = (opinion_of(codec, spelt(text), TEXT) for text in (TEXT, written))
    assert meant.misread == frozenset() and said.misread == frozenset(misread)
    assert meant.nats < 0.05 and said.nats >= meant.nats
    assert opinion_of(codec, spelt(written)[:3], TEXT) == (np.inf, {0, 1})  # no room


def test_words_of_a_reader_without_spaces_and_of_characters_that_it_does_not_know() -> None:
    codec = Features("abcde", PLAIN)
    assert opinion_of(codec, spelt("abcde", "abcde"), TEXT).misread == frozenset()
    assert opinion_of(codec, spelt("abcdd", "abcde"), TEXT).misread == {0, 1}
    assert opinion_of(Features(" abcde", PLAIN), spelt("ab "), "ab ?").misread == frozenset()


def reader() -> HandwritingReader:
    codec = Features(" abcdef", PLAIN)
    model = CTC(Network(codec.spec, layers=1, units=4, bidirectional=True, embedding=2), labels=7)
    return HandwritingReader(codec, model, model.init(jax.random.key(0)), "random")


def test_what_a_recogniser_reads_decides(pen: HandwritingModel, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Ink] = []

    def told(_: HandwritingReader, inks: Sequence[Ink], texts: Sequence[str]) -> list[Opinion]:
        assert set(texts) == {"abc de"}
        wrong = [frozenset() if len(read) + number == 2 else frozenset({0}) for number in range(len(inks))]
        read.extend(inks)
        return [Opinion(1.0, misread) for misread in wrong]

    monkeypatch.setattr("seqgen.domains.handwriting.recognition.opinion.opinions", told)
    (made,) = pen.write("abc de", hand="flat", seed=2, tries=4, reader=reader())
    assert len(read) >= 4 and made.strokes  # of the other three none is gone on with
    assert [s.tolist() for s in made.strokes] in [[s.tolist() for s in ink.strokes] for ink in read]


def test_a_recogniser_has_an_opinion_of_ink_and_of_none(pen: HandwritingModel) -> None:
    inks = [*pen.write("abc de\nb", seed=1), Ink((), text="")]
    found = opinions(reader(), inks, ["abc de", "b", "a"])
    assert np.isfinite(found[0].nats) and found[2] == (np.inf, {0})
    alone = opinions(reader(), inks[1:2], ["b"])[0]
    assert alone.misread == found[1].misread and alone.nats == pytest.approx(found[1].nats, rel=1e-5)
    assert pen.write("ab", seed=1, tries=2, reader=reader())[0].text == "ab"


def test_a_prime_is_gone_on_with_in_all_tries(pen: HandwritingModel, tmp_path: Path) -> None:
    prime = pen.write("abc", seed=1)[0]
    (made,) = pen.write("de f", prime=prime, tries=2, seed=4, reader=reader())
    assert made.text == "de f" and made.points > 4
