"""A hand of one's own: the vector is found that ink was written by, and what is no better is not called so."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import jax
import numpy as np
import pytest
from handwriting_models import save_prediction, save_random

from seqgen.domains import handwriting
from seqgen.domains.handwriting import HandwritingModel, Ink, tuning
from seqgen.domains.handwriting.adopting import adopt
from seqgen.domains.handwriting.characters import boxes, places
from seqgen.domains.handwriting.hands import Style, fingerprint
from seqgen.errors import DataError, UsageError
from seqgen.shell.cli import main
from seqgen.training.outcome import Outcome

TEXTS = ("abc def", "ghi jkl", "mno pqr", "stu vwx", "yz abc", "fed cba", "ihg fed", "rqp onm")


@pytest.fixture(scope="module")
def pen(tmp_path_factory: pytest.TempPathFactory) -> HandwritingModel:
    return save_random(tmp_path_factory.mktemp("pen") / "model")


@pytest.fixture(scope="module")
def samples(pen: HandwritingModel) -> list[Ink]:
    """Ink in a hand that is none of the model's."""
    other = Style((1.5, -1.0, 1.0), fingerprint(pen.params))
    return [dataclasses.replace(pen.write(text, hand=other, seed=5, bias=0)[0], hand="Zoe") for text in TEXTS]


def test_a_hand_is_found_that_the_samples_are_likelier_in(pen: HandwritingModel, samples: list[Ink]) -> None:
    made = adopt(pen, samples, steps=10)
    assert made.after < made.before and made.nearest in pen.codec.hands
    assert made.samples == 7 and len(made.held_out) == 1 and made.held_out[0] in TEXTS
    assert made.style.model == fingerprint(pen.params)
    assert made.style.notes["after"] == made.after
    again = adopt(pen, samples, steps=10)
    assert again == made
    assert pen.write("abc", hand=made.style, seed=1) != pen.write("abc", hand=made.nearest, seed=1)


def test_without_steps_it_is_the_nearest_hand(pen: HandwritingModel, samples: list[Ink]) -> None:
    made = adopt(pen, samples, steps=0)
    assert made.after == made.before
    row = np.asarray(pen.params["network"]["static_table"])[pen.codec.hand(made.nearest)]
    np.testing.assert_array_equal(np.float32(made.style.vector), row)


def test_what_nothing_can_be_adopted_from(pen: HandwritingModel, samples: list[Ink], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there are 2 samples of the hand; give 3 or more, each with its text"):
        adopt(pen, samples[:2])
    with pytest.raises(DataError, match="it has no text"):
        adopt(pen, [*samples, dataclasses.replace(samples[0], text=None)])
    one = save_random(tmp_path / "one", dataclasses.replace(pen.codec, hands=()))
    with pytest.raises(UsageError, match="has one hand and no vectors; adopt with a model that has several"):
        adopt(one, samples)


def test_the_verb_writes_a_hand_or_says_why_not(
    pen: HandwritingModel, samples: list[Ink], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    folder, out = tmp_path / "samples", tmp_path / "zoe.style"
    folder.mkdir()
    for number, ink in enumerate(samples):
        dataclasses.replace(ink, text=None).save(folder / f"{number}.json")
    (tmp_path / "texts.txt").write_text("\n".join(TEXTS))
    asked = ["handwriting", "adopt", str(folder), "--model", pen.name, "--out", str(out)]
    assert main([*asked, "--texts", str(tmp_path / "texts.txt")]) == 0
    said = capsys.readouterr().out
    assert "learned from 7 samples" in said and "nats/point in the nearest hand" in said and f"wrote {out}" in said
    assert re.search(r"read by the recogniser: \d+\.\d% of the characters wrong in \w+, \d+\.\d% in this one", said)
    assert json.loads(out.read_bytes())["kind"] == "style"
    assert main(["handwriting", "write", "abc", "--model", pen.name, "--hand", str(out), "--seed", "1",
                 "--out", str(tmp_path / "a.svg")]) == 0  # fmt: skip
    (tmp_path / "few.txt").write_text("abc\n")
    assert main([*asked, "--texts", str(tmp_path / "few.txt")]) != 0
    assert "has 1 lines of text for 8 samples; give one for each" in capsys.readouterr().err
    assert main([*asked[:-1], str(tmp_path / "zoe.txt")]) != 0
    assert "end it in .style" in capsys.readouterr().err
    monkeypatch.setattr("seqgen.domains.handwriting.adopting.STEPS", 0)
    monkeypatch.setattr(adopt, "__kwdefaults__", {"steps": 0})
    worse = tmp_path / "worse.style"
    assert main([*asked[:-1], str(worse), "--texts", str(tmp_path / "texts.txt")]) == 1
    assert "nothing is written: it is no better than --hand" in capsys.readouterr().err and not worse.exists()


def test_the_whole_model_learns_from_the_samples_and_is_kept_if_that_is_better(
    pen: HandwritingModel, samples: list[Ink], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    (tmp_path / "samples").mkdir()
    for number, ink in enumerate(samples):
        ink.save(tmp_path / "samples" / f"{number}.json")
    asked = ["handwriting", "adopt", str(tmp_path / "samples"), "--model", pen.name, "--out", str(tmp_path / "a.style")]
    assert main([*asked, "--tune", str(tmp_path / "mine")]) != 0
    assert "there are 14 words to learn from; fine-tuning takes 60 or more" in capsys.readouterr().err
    monkeypatch.setattr(tuning, "FEWEST", 14)
    monkeypatch.setattr(tuning.tune, "__kwdefaults__", {"steps": 20})
    assert main([*asked, "--tune", str(tmp_path / "samples")]) != 0
    assert "is in use; name another folder with --tune" in capsys.readouterr().err
    assert not (tmp_path / "a.style").exists()  # nothing was begun
    with jax.numpy_dtype_promotion("standard"):  # optax mixes integers and floats
        assert main([*asked, "--tune", str(tmp_path / "mine")]) == 0
    said = capsys.readouterr().out
    found = re.search(r"(\S+) nats/point of the others in the hand alone, (\S+) in the tuned model", said)
    assert found and float(found[2]) < float(found[1]) and f"--model {tmp_path / 'mine'} --hand mine" in said
    tuned = handwriting.load(tmp_path / "mine")
    assert tuned.codec.hands == (*pen.codec.hands, "mine") and tuned.write("abc", hand="mine", seed=1)
    style = Style.load(tmp_path / "a.style")
    with pytest.raises(UsageError, match="has a hand called mine already; tune the model that it was made from"):
        tuning.tune(tuned, samples, style, tmp_path / "again")
    monkeypatch.setattr(tuning.run, "begin", lambda *_, **__: Outcome(tmp_path / "mine", 20, 20, 0.0))
    monkeypatch.setattr(tuning, "likelihood", lambda model, inks: lambda vector: (1.0, vector))
    assert tuning.tune(pen, samples, style, tmp_path / "same").folder is None and not (tmp_path / "same").exists()


def test_texts_that_are_missing_are_proposed(
    pen: HandwritingModel, samples: list[Ink], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "my ink", tmp_path / "zoe.style"
    folder.mkdir()
    for number, ink in enumerate(samples[:3]):
        dataclasses.replace(ink, text=None).save(folder / f"{number}.json")
    asked = ["handwriting", "adopt", str(folder), "--model", pen.name, "--out", str(out)]
    (tmp_path / "zoe.txt").write_text("mine")  # is kept
    assert main(asked) == 1 and not out.exists()
    said = capsys.readouterr().out
    assert "the 3 samples do not say their texts" in said and f"'{folder}' --texts {tmp_path / 'zoe-2.txt'}" in said
    assert len((tmp_path / "zoe-2.txt").read_text().splitlines()) == 3


# Where characters are


def test_every_point_belongs_to_a_character_and_none_goes_back(pen: HandwritingModel) -> None:
    inks = [pen.write(text, hand="flat", seed=2)[0] for text in TEXTS[:3]]
    for ink, found in zip(inks, places(pen, inks), strict=True):
        assert [len(part) for part in found] == [len(stroke) for stroke in ink.strokes]
        every = np.concatenate(found)
        assert (np.diff(every) >= 0).all() and every.min() >= 0 and every.max() < len(str(ink.text))
    (alone,) = places(pen, inks[1:2])
    for one, other in zip(alone, places(pen, inks)[1], strict=True):
        np.testing.assert_array_equal(one, other)


def test_boxes_hold_all_ink(pen: HandwritingModel) -> None:
    ink = pen.write("ab cd", hand="round", seed=3)[0]
    found = boxes(pen, ink)
    assert "".join(one.character for one in found) == "ab cd" and found[2].box is None
    edges = np.array([one.box for one in found if one.box])
    points = np.concatenate(ink.strokes)
    assert edges[:, 0].min() >= points[:, 0].min() and edges[:, 3].max() <= points[:, 1].max()


def test_a_model_without_texts_knows_no_places(tmp_path: Path) -> None:
    going_on = save_prediction(tmp_path / "model")
    with pytest.raises(UsageError, match="knows no texts: where characters are"):
        places(going_on, [Ink([[[0, 0], [1, 1]]], text="a")])


def test_dense_ink_is_made_as_sparse_as_what_a_model_learned() -> None:
    x = np.linspace(0, 8, 81)
    wave = Ink([np.stack([x, np.sin(x)], axis=1)], text="a")
    codec = handwriting.Offsets.fit([wave])
    assert codec.step == pytest.approx(float(np.hypot(*np.diff(wave.strokes[0], axis=0).T).mean()))
    fine = np.linspace(0, 8, 4001)
    dense = Ink([np.stack([fine, np.sin(fine)], axis=1)], text="a")
    assert 70 < len(codec.encode(dense).steps[1]) < 130
    assert len(codec.encode(wave).steps[1]) == 81
    assert codec.canonical(codec.canonical(dense)) == codec.canonical(dense)
    unknown = dataclasses.replace(codec, step=0.0)
    assert len(unknown.encode(dense).steps[1]) == 4001
    assert handwriting.Offsets.from_dict(codec.to_dict()) == codec and "step" not in unknown.to_dict()
