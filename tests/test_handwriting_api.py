"""Handwriting models as people hold them: what they write, where they stop, what they go on from, what a score means."""

from __future__ import annotations

import dataclasses
import functools
import math
import time
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
import scipy.stats
from handwriting_models import CODEC, K, model_for, random_params, save_prediction, save_random
from numpy.typing import NDArray

from seqgen.batching import Inputs
from seqgen.domain import Splits
from seqgen.domains import handwriting
from seqgen.domains.handwriting import HandwritingModel, Ink, in_x_heights, writing
from seqgen.domains.handwriting.files import read
from seqgen.domains.handwriting.formats.ink_json import write_ink_json
from seqgen.domains.handwriting.offsets import GRID
from seqgen.domains.handwriting.presets import fit_codec
from seqgen.errors import DataError, ModelError, UnknownName, UsageError
from seqgen.heads.mixture import MAX_R
from seqgen.models.pretrained import save_pretrained
from seqgen.nn.network import Network
from seqgen.training import run, scoring
from seqgen.training.scoring import _scorer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def pen(folder: Path) -> HandwritingModel:
    return save_random(folder / "pen")


@pytest.fixture(scope="module")
def going_on(folder: Path) -> HandwritingModel:
    return save_prediction(folder / "prediction")


def wave(text: str | None = "ab", hand: str | None = None, count: int = 12) -> Ink:
    x = np.linspace(0, 3, count)
    return Ink(
        [np.stack([x, 0.5 * np.sin(7 * x)], axis=1)[:-3], [[3.1, -0.7]], [[3.3, 0], [3.4, 0.1]]], None, text, hand
    )


# Writing


def test_a_line_of_ink_for_a_line_of_text(pen: HandwritingModel) -> None:
    inks = pen.write("  one\ttwo \n\nthree\r\n", hand="flat", seed=1)
    assert [ink.text for ink in inks] == ["one two", "", "three"]
    assert [ink.hand for ink in inks] == ["flat", None, "flat"]
    assert [bool(ink.strokes) for ink in inks] == [True, False, True]
    for ink in inks[::2]:
        assert CODEC.canonical(ink).strokes[0].tolist() == ink.strokes[0].tolist()  # from (0, 0) on the grid
        assert len(ink.text or "") < ink.points < 20 * len(ink.text or "")
        assert ink.times is None


def test_seeds_hands_and_biases(pen: HandwritingModel) -> None:
    def write(**settings: Any) -> Ink:
        (ink,) = pen.write("some words", **settings)
        return ink

    assert write() == write(seed=0) == write(hand="round")
    different = [write(), write(seed=1), write(seed=2**32 - 1), write(hand="flat"), write(bias=0), write(temperature=2)]
    assert len(set(different)) == len(different)
    assert (
        len({write(temperature=0, bias=99, seed=seed).points for seed in (1, 2)}) == 1
    )  # pen and place: the likeliest


def test_what_is_not_learned_is_composed(folder: Path) -> None:
    alphabet = " -.=abcdefghijklmnopqrstuvwxyz"
    codec = dataclasses.replace(CODEC, alphabet=alphabet, seldom="=")
    pen = save_random(folder / "seldom", codec)
    (plain,), (made,), (accent,) = (pen.write(text, seed=1) for text in ("ab-cde", "ab=cde", "ab-cdé"))
    assert (plain.text, made.text, accent.text) == ("ab-cde", "ab=cde", "ab-cdé")
    assert pen.go_on(plain, "x=y", seed=1).text == "ab-cde x=y"
    kept = {stroke.tobytes() for stroke in plain.strokes}
    for ink in (made, accent):
        new = [stroke.tobytes() for stroke in ink.strokes if stroke.tobytes() not in kept]
        assert 0 < len(new) < len(ink.strokes)
    with pytest.raises(UsageError, match="cannot write '%5'"):
        pen.write("5%")


def test_long_lines_are_wrapped(pen: HandwritingModel) -> None:
    text = "the quick brown fox jumps over the lazy dog"
    assert [ink.text for ink in pen.write(text)] == ["the quick brown fox jumps over the lazy", "dog"]
    assert [ink.text for ink in pen.write(text[:19], width=10)] == ["the quick", "brown fox"]


def test_more_lines_than_are_written_at_once(pen: HandwritingModel) -> None:
    many = pen.write("ab\n" * 64, seed=2**32 - 1)
    assert [ink.text for ink in many] == ["ab"] * 64
    assert len(set(many)) > 60  # the second part is not the first once more; two lines may be alike, they are short
    assert many[:1] == pen.write("ab", seed=2**32 - 1)


def test_ten_thousand_characters_lose_none(pen: HandwritingModel) -> None:
    text = "some more words to write on this paper. " * 256
    begin = time.process_time()
    inks = pen.write(text)
    assert time.process_time() - begin < 30  # it takes 2: a compiled program for each line would be above
    assert len(text) > 10_000 and len(inks) == 256
    assert " ".join(ink.text or "" for ink in inks) == text.strip()
    assert all(ink.points > len(ink.text or "") for ink in inks)


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("", {}, "there is nothing to write: give a text of one character or more"),
    (" \n\t", {}, "there is nothing to write"),
    ("a" * 100_001, {}, "the text has 100,001 characters; give at most 100,000 at once"),
    ("Zoë 7", {}, "this model cannot write '7Z'; it learned ' .abc"),
    ("\ud800\x1b[2J", {}, r"cannot write '\\x1b2J\[\\ud800'"),
    ("ab", {"width": 0}, "lines cannot be 0 characters wide; give 1 to 200"),
    ("ab", {"width": -5}, "lines cannot be -5 characters wide"),
    ("ab", {"bias": -1}, r"bias is -1; give 0 \(as learned\) or more"),
    ("ab", {"bias": math.nan}, "bias is nan"),
    ("ab", {"temperature": math.inf}, "temperature is inf"),
    ("ab", {"seed": -1}, "seed is -1; give a whole number from 0 to"),
    ("ab", {"seed": 2**32}, "seed is 4294967296"),
    ("ab", {"hand": "flt"}, r"no hand named 'flt'; did you mean 'flat'\? \(known: flat, round\)"),
    ("ab", {"hand": ""}, "no hand named ''"),
    ("ab", {"prime": wave(None)}, "the ink to begin with has no text, and the model must know it; give it one"),
    ("ab", {"prime": wave(" ")}, "the ink to begin with has no text"),
    ("ab", {"prime": wave("A")}, "this model cannot write 'A'"),
]


@pytest.mark.parametrize(("text", "settings", "message"), BAD, ids=[str(number) for number in range(len(BAD))])
def test_requests_that_cannot_be_met(pen: HandwritingModel, text: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        pen.write(text, **settings)
    assert "\n" not in str(caught.value)


def test_a_prime_without_points_is_refused(pen: HandwritingModel) -> None:
    with pytest.raises(DataError, match="ink without a point"):
        pen.write("ab", prime=Ink((), text="ab"))


def test_a_prime_sets_the_manner_and_stays_out_of_the_line(pen: HandwritingModel) -> None:
    def write(prime: Ink | None, **settings: Any) -> Ink:
        (ink,) = pen.write("cd", prime=prime, **settings)
        assert ink.text == "cd"
        assert ink.strokes[0][0].tolist() == [0, 0]
        return ink

    first = write(wave(hand="flat"))
    assert first.hand == "flat"
    assert write(wave(hand="flat"), hand="round").hand == "round"
    assert write(wave(hand="stranger")).hand == "round"
    inks = [first, write(None, hand="flat"), write(wave(hand="flat").scaled(2)), write(wave("xyz", hand="flat"))]
    assert len(set(inks)) == len(inks)
    assert first == write(wave(hand="flat").moved(1e6, 5))  # where on the paper it was says nothing


def test_without_a_name_it_is_the_first_hand_and_a_nameless_prime_its_own(folder: Path) -> None:
    model = save_random(folder / "nameless", dataclasses.replace(CODEC, hands=("round", "")))
    assert model.write("ab")[0].hand == "round"
    assert model.write("ab", prime=wave())[0].hand == ""


# Going on


def test_ink_is_gone_on_from_with_a_text(pen: HandwritingModel) -> None:
    ink = wave("ab", "flat")
    made = pen.go_on(ink, " cd\n e ", seed=3)
    assert (made.text, made.hand) == ("ab cd e", "flat")
    check_goes_on(ink, made)
    assert made.points < ink.points + writing.MOST * 5
    assert made == pen.go_on(ink, "cd e", seed=3) != pen.go_on(ink, "cd e", seed=4)


def check_goes_on(ink: Ink, made: Ink) -> None:
    """The given ink is in front, stroke for stroke as the grid has it, and something follows."""
    given = CODEC.canonical(ink).strokes
    assert [stroke.tolist() for stroke in made.strokes[: len(given)]] == [stroke.tolist() for stroke in given]
    assert len(made.strokes) > len(given)
    assert np.abs(np.concatenate(given) - (np.concatenate(ink.strokes) - ink.strokes[0][0])).max() <= GRID + 1e-9


@pytest.mark.parametrize("count", [10, 700])  # the longer one is taken in piece by piece
def test_ink_is_gone_on_from_without_a_text(going_on: HandwritingModel, count: int) -> None:
    ink = wave(None, "flat", count)
    made = [going_on.go_on(ink, points=30, seed=seed) for seed in range(4)]
    for one in made:
        assert (one.text, one.hand) == (None, "flat")
        check_goes_on(ink, one)
        assert one.points <= ink.points + 30
    assert made[0] == going_on.go_on(ink, points=30, seed=0)
    assert len({one.points for one in made}) > 1  # some lines end before
    assert going_on.go_on(ink, points=1).points == ink.points + 1


def test_going_on_as_it_cannot(pen: HandwritingModel, going_on: HandwritingModel) -> None:
    refused: list[tuple[HandwritingModel, Ink, dict[str, Any], str]] = [
        (pen, wave(), {}, "pen writes texts: say what comes next"),
        (pen, wave(), {"text": " \n"}, "there is nothing to write: give a text"),
        (pen, wave(), {"text": "Ab"}, "this model cannot write 'A'"),
        (pen, wave(None), {"text": "ab"}, "the ink to begin with has no text"),
        (pen, wave("a7"), {"text": "ab"}, "this model cannot write '7'"),
        (pen, wave(), {"text": "ab", "bias": -1}, "bias is -1"),
        (pen, wave(), {"text": "ab " * 100}, "the text has 299 characters; go on with at most 200 at once"),
        (going_on, wave(), {"text": "ab"}, "prediction continues ink without knowing a text; leave the text out"),
        (going_on, wave(), {"points": 0}, "points is 0; give 1 to 100,000"),
        (going_on, wave(), {"seed": -1}, "seed is -1"),
    ]
    for model, ink, settings, message in refused:
        with pytest.raises(UsageError, match=message):
            model.go_on(ink, **settings)
    with pytest.raises(
        UsageError, match="prediction continues ink and cannot write a text; have it continue ink, or train one on"
    ):
        going_on.write("ab")
    with pytest.raises(DataError, match="ink without a point"):
        going_on.go_on(Ink(()))


def test_a_window_that_never_moves_runs_into_the_limit_of_its_line(folder: Path) -> None:
    stuck = save_random(folder / "stuck", pace=1e-6)
    texts = ["abcdefgh", "ab c"]
    inks = stuck.write("\n".join(texts), seed=1)
    assert [ink.points for ink in inks] == [writing.MOST * (len(text) + 1) for text in texts]
    assert stuck.go_on(wave(), "cd").points == wave().points + writing.MOST * 3


# Scoring


@functools.cache
def stepper(network: Network) -> Any:
    return jax.jit(lambda params, carry, last, context: network.step(params, carry, Inputs(last), context=context))


def log_probs_slowly(model: HandwritingModel, ink: Ink) -> NDArray[np.float64]:
    """Nats of every point: the network step by step, then the heads' definitions on SciPy's densities in float64."""
    codec, network = model.codec, model.model.network
    example = codec.encode(ink)
    offsets, marks = example.steps
    static = None if example.static is None else jnp.asarray(example.static)[None]
    source = None if example.source is None else jnp.asarray(example.source)[None]
    context = network.encode(model.params["network"], source, static)
    carry, last, found = model.model.start(model.params, 1, context), (np.zeros((1, 2), np.float32), np.array([3])), []
    heads = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), model.params["head"])
    for offset, mark in zip(offsets, marks, strict=True):
        carry, features = stepper(network)(model.params["network"], carry, last, context)
        features = np.asarray(features[0], np.float64)
        weights, mx, my, sx, sy, r = (features @ heads["0"]["kernel"] + heads["0"]["bias"]).reshape(6, K)
        floor = model.model.head.heads[0].sigma_floor
        sx, sy, rho = np.exp(sx) + floor, np.exp(sy) + floor, np.tanh(MAX_R * np.tanh(r / MAX_R))
        each = [
            log_weight
            + scipy.stats.multivariate_normal(
                [mx[k], my[k]],
                [[sx[k] ** 2, rho[k] * sx[k] * sy[k]], [rho[k] * sx[k] * sy[k], sy[k] ** 2]],
            ).logpdf(offset.astype(np.float64))
            for k, log_weight in enumerate(scipy.special.log_softmax(weights))
        ]
        states = scipy.special.log_softmax(features @ heads["1"]["kernel"] + heads["1"]["bias"])
        found.append(scipy.special.logsumexp(each) + states[mark])
        last = offset[None], mark[None]
    return np.array(found)


def test_a_score_of_its_own_writing_is_scipys(pen: HandwritingModel) -> None:
    for ink in pen.write("some words\nmore words", hand="flat", bias=0, seed=3):
        score = pen.score(ink)
        assert score.points == ink.points
        assert score.nats == pytest.approx(-log_probs_slowly(pen, ink).sum(), rel=1e-5)
        assert score.nats_per_point == score.nats / ink.points


def test_a_score_of_ink_going_on_is_scipys(going_on: HandwritingModel) -> None:
    ink = going_on.go_on(wave(None, "flat"), points=40)
    assert going_on.score(ink).nats == pytest.approx(-log_probs_slowly(going_on, ink).sum(), rel=1e-5)


def test_a_score_is_the_same_whatever_the_window(pen: HandwritingModel, monkeypatch: pytest.MonkeyPatch) -> None:
    ink = wave("some words", "flat", 100)
    whole = pen.score(ink).nats
    monkeypatch.setattr(scoring, "WINDOW", 16)
    assert pen.score(ink).nats == pytest.approx(whole, rel=1e-5)
    assert pen.score(ink) == pen.score(ink.moved(7, 7))


def test_scores_of_ink_of_like_length_share_their_program(pen: HandwritingModel) -> None:
    pen.score(wave("a", count=40))
    compiled = _scorer(pen.model, None)[1]._cache_size()
    scores = {pen.score(wave("a" * length, count=40 + length)).nats for length in range(1, 20, 4)}
    assert _scorer(pen.model, None)[1]._cache_size() == compiled
    assert len(scores) == 5


def test_one_point_has_a_score_and_text_counts(pen: HandwritingModel) -> None:
    dot = Ink([[[3, 3]]], text=".")
    assert pen.score(dot).points == 1
    assert pen.score(dot).nats == pytest.approx(-log_probs_slowly(pen, dot).sum(), rel=1e-5)
    assert pen.score(wave("ab")) != pen.score(wave("ba"))
    assert pen.score(wave(hand="round")) == pen.score(wave(hand="stranger")) != pen.score(wave(hand="flat"))


def test_ink_that_has_no_score(pen: HandwritingModel, going_on: HandwritingModel) -> None:
    for ink, message in (
        (wave(None), "it has no text, and the model scores ink with its text"),
        (wave(""), "it has no text"),
        (wave("a\n" + "B" * 999), r"its text is 'a\\nB+, but this model cannot write '\\nB'"),
        (Ink((), text="ab"), "ink without a point"),
    ):
        with pytest.raises(DataError, match=message) as caught:
            pen.score(ink)
        assert "\n" not in str(caught.value)
    assert going_on.score(wave(None)).points == wave().points


# Loading


def test_a_model_whose_parts_disagree_is_refused(folder: Path) -> None:
    model = model_for(CODEC)
    parts: dict[str, Any] = {"domain": "handwriting", "model": model, "params": random_params(model, 0.25)}
    for name, codec in {
        "alphabet": dataclasses.replace(CODEC, alphabet="ab"),
        "hands": dataclasses.replace(CODEC, hands=()),
        "none": dataclasses.replace(CODEC, alphabet=""),
    }.items():
        save_pretrained(folder / name, codec=codec.to_dict(), **parts)
        with pytest.raises(
            ModelError,
            match=rf"{name}: the network knows 30 symbols and 2 hands, the codec {codec.symbols} and "
            rf"{len(codec.hands)}; the model is damaged",
        ):
            handwriting.load(folder / name)
    save_pretrained(folder / "broken", codec={"kind": "offsets"}, **parts)
    with pytest.raises(ModelError, match="the codec of a handwriting model is not one of offsets"):
        handwriting.load(folder / "broken")
    save_pretrained(folder / "tune", codec=CODEC.to_dict(), **(parts | {"domain": "music"}))
    with pytest.raises(ModelError, match="tune is a model of music, not handwriting; use the music commands"):
        handwriting.load(folder / "tune")
    with pytest.raises(UnknownName, match="no model named 'no-hands'"):
        handwriting.load("no-hands")


# What is learned from


def test_a_factor_for_each_hand() -> None:
    def zigzag(height: float, hand: str | None) -> Ink:
        y = np.tile([0.0, height], 20)
        return Ink([np.stack([np.arange(40) * height / 3, y], axis=1)], text="w", hand=hand)

    inks = [zigzag(10, "me"), zigzag(11, "me"), zigzag(30, "me"), zigzag(500, "you"), zigzag(0.02, None)]
    scaled = in_x_heights(inks)
    measured = [dataclasses.replace(ink, height=None).x_height() for ink in scaled]
    assert measured == pytest.approx([10 / 11, 1, 30 / 11, 1, 1], rel=0.06)  # the median of "me" is 11
    assert [(ink.text, ink.hand, ink.height) for ink in scaled] == [(ink.text, ink.hand, 1) for ink in inks]
    assert in_x_heights(scaled) == scaled  # never measured again
    capitals = [dataclasses.replace(ink, text="NASA 12", height=None) for ink in (zigzag(22, "me"), zigzag(23, "me"))]
    assert in_x_heights([inks[0], *capitals])[0].bounds[3] == pytest.approx(1, abs=0.06)  # "w" is what is measured
    assert in_x_heights([]) == ()


def test_the_network_follows_from_the_ink_or_is_asked_for(tmp_path: Path) -> None:
    told = [dataclasses.replace(wave(text), strokes=wave(count=20 + i).strokes) for i, text in enumerate("abcdefgh")]
    untold = [dataclasses.replace(wave(None, count=60 + i), text=None) for i in range(3)]
    path = tmp_path / "ink.json"

    def fitted(inks: list[Ink], **settings: Any) -> tuple[str, int]:
        write_ink_json(inks, path)
        splits = read(str(path), **settings)
        return fit_codec(splits.train, **settings).alphabet, len(splits.train) + len(splits.valid)

    assert fitted(told + untold) == (fitted(told)[0], 8)  # most have a text: the others are left out
    assert fitted(told[:2] + untold) == ("", 5)
    assert fitted(told + untold, network="prediction") == ("", 11)
    assert len(fitted(told[:2] + untold, network="synthesis")[0]) == 1 and len(fitted(told)[0]) > 5
    with pytest.raises(DataError, match="writing is learned from two lines or more, all with their texts"):
        fitted(told[:1], network="synthesis")  # a single line is cut, and its text with it
    with pytest.raises(DataError, match=r"no line of ink in .* can be used: it has no text, which writing is learned"):
        fitted(untold, network="synthesis")


def test_fine_tuning_adds_the_characters_and_the_hands_that_a_model_lacks(
    pen: HandwritingModel, tmp_path: Path
) -> None:
    inks = [dataclasses.replace(wave("Ada 7"), hand="flat"), dataclasses.replace(wave("zoe!"), hand="Zoe")]
    ink = Splits(inks, inks)
    settings: Any = {"steps": 1, "learning_rate": 1e-9}
    with jax.numpy_dtype_promotion("standard"):  # optax mixes integers and floats
        outcome = handwriting.train(ink, tmp_path / "run", start_from=pen.name, **settings)
    more = handwriting.load(outcome.model)
    assert more.codec.alphabet == "".join(sorted({*pen.codec.alphabet, *"A7!"}))
    assert more.codec.hands == (*pen.codec.hands, "Zoe")
    assert (more.codec.mean, more.codec.std) == (pen.codec.mean, pen.codec.std)
    old, new = pen.params["network"]["source_table"], more.params["network"]["source_table"]
    places = [more.codec.alphabet.index(character) for character in pen.codec.alphabet]
    np.testing.assert_allclose(new[np.array(places)], old[: len(places)], atol=2e-3)  # what it knew is where it was
    np.testing.assert_allclose(new[-2:], old[-2:], atol=2e-3)
    np.testing.assert_allclose(new[more.codec.alphabet.index("A")], old.mean(axis=0), atol=2e-3)
    hands = more.params["network"]["static_table"]
    np.testing.assert_allclose(hands[:2], pen.params["network"]["static_table"], atol=2e-3)
    assert more.write("Zoe 7!"[3:], hand="Zoe")[0].points > 4


def test_fine_tuning_keeps_what_a_model_can_do(
    pen: HandwritingModel, going_on: HandwritingModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "loop", lambda run, *rest: run.codec)
    ink, one, other = Splits([wave()], [wave("ba")]), tmp_path / "one", tmp_path / "other"
    with jax.numpy_dtype_promotion("standard"):  # optax mixes integers and floats
        assert handwriting.train(ink, one, steps=1, start_from=pen.name) == pen.codec
        assert handwriting.train(ink, other, steps=1, start_from=going_on.name, network="prediction") == going_on.codec
    with pytest.raises(UsageError, match="prediction is for prediction and stays so: leave the network out"):
        handwriting.train(ink, tmp_path / "out", start_from=going_on.name, network="synthesis")
    with pytest.raises(UnknownName, match="no network named 'writing'"):
        handwriting.train(ink, tmp_path / "out", network="writing")
