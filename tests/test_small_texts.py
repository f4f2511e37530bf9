"""Small files: batches follow from how much there is, and what a run says of itself is what its model is worth."""

from __future__ import annotations

import dataclasses
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import hypothesis.strategies as st
import jax
import numpy as np
import pytest

from seqgen.batching.encode import encoded
from seqgen.config import TrainingConfig
from seqgen.counting.floors import Floor, counting_floor, ngram_floor
from seqgen.domain import Splits
from seqgen.domains import text
from seqgen.domains.text.files import split
from seqgen.errors import UsageError
from seqgen.shell import train_verb
from seqgen.shell.cli import main
from seqgen.training import run
from seqgen.training.outcome import Outcome

random = np.random.default_rng(3)
WORDS = ["the sun", "of all my love", "is dead", "and", "so long", "as any day", "shall be", "a rose"]
VERSE = "".join(" ".join(random.choice(WORDS, 4)) + "\n" for _ in range(400))  # about 11 KB


@pytest.fixture(autouse=True)
def promotion() -> Iterator[None]:
    with jax.numpy_dtype_promotion("standard"):  # optax mixes integers and floats
        yield


def settings(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "config.json").read_text(encoding="utf-8"))["training"]  # type: ignore[no-any-return]


@hypothesis.given(st.integers(0, 10**9), st.sampled_from([1, 5, 32, 64, 128, 1000]), st.sampled_from([1, 16, 64, 300]))
def test_batches_follow_from_the_data(steps: int, rows: int, window: int) -> None:
    asked = TrainingConfig(rows=rows, window=window)
    fitted = asked.for_steps(steps)
    assert fitted.rows <= rows and fitted.window <= window  # never more than was asked for
    assert dataclasses.replace(fitted, rows=rows, window=window) == asked
    if fitted.rows > 4:  # a pass is many updates
        assert steps // (fitted.rows * fitted.window) >= 25 or fitted == asked
    if steps >= 64 * rows * window:
        assert fitted == asked


def test_a_small_text_is_read_in_small_batches_and_a_large_one_as_ever(tmp_path: Path) -> None:
    for name, data, shape in (
        ("small", VERSE, (8, 32)),
        ("large", VERSE * 25, (64, 64)),
    ):
        text.train(split([data]), tmp_path / name, size="tiny", steps=1)
        assert tuple(settings(tmp_path / name)[what] for what in ("rows", "window")) == shape


def test_what_is_asked_for_goes_before(tmp_path: Path) -> None:
    own = ["--rows", "3", "--window", "16", "--learning-rate", "0.02", "--dropout", "0.25"]
    own += ["--weight-drop", "0.5", "--embedding-drop", "0.125"]
    (tmp_path / "verse.txt").write_text(VERSE, encoding="utf-8")
    out = tmp_path / "run"
    arguments = ["text", "train", str(tmp_path / "verse.txt"), "--size", "tiny", "--steps", "1", "--out", str(out)]
    assert main([*arguments, *own]) == 0
    kept = settings(out)
    assert (kept["rows"], kept["window"], kept["learning_rate"]) == (3, 16, 0.02)
    network: Any = text.load(out).model.network  # type: ignore[attr-defined]
    assert (network.dropout, network.weight_drop, network.embedding_drop) == (0.25, 0.5, 0.125)
    given = TrainingConfig(rows=5, window=20)
    text.train(split([VERSE]), tmp_path / "given", size="tiny", steps=1, training=given, window=10)
    kept = settings(tmp_path / "given")
    assert (kept["rows"], kept["window"]) == (5, 10)
    for bad in ({"dropout": 1.0}, {"rows": 0}, {"learning_rate": -1.0}):
        with pytest.raises(UsageError):
            text.train(split([VERSE]), tmp_path / "bad", size="tiny", steps=1, **bad)
        assert not (tmp_path / "bad").exists()


@pytest.mark.parametrize("held_out", [600, 1104, 5000])
def test_what_a_run_says_of_the_held_out_part_is_its_score(tmp_path: Path, held_out: int) -> None:
    data = Splits((VERSE,), (VERSE[:held_out],))
    outcome = text.train(data, tmp_path / "run", size="tiny", steps=150)
    score = text.load(outcome.folder).score(data.valid[0]).nats_per_char
    assert outcome.best == pytest.approx(score, abs=0.01)  # what is left are 16 bits, and a row each 1,024 characters


def test_a_run_that_an_older_version_began_validates_as_it_did(tmp_path: Path) -> None:
    data = split([VERSE])
    begun = text.train(data, tmp_path / "run", size="tiny", steps=2)
    config = json.loads((begun.folder / "config.json").read_text(encoding="utf-8"))
    del config["training"]["evaluation_rows"]
    (begun.folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    made = run._make_run  # with as many cold rows as a batch has
    training = TrainingConfig.from_dict(config["training"])
    codec = text.DOMAIN.load_codec(config["codec"])
    old = made(begun.folder, text.DOMAIN, run._model_of(config), training, encoded(codec, data), data, 0, config, None)
    assert old.valid.shape == (8, 32)  # type: ignore[union-attr]
    assert text.resume(begun.folder, data, steps=3).step == 3


# What is said of a run


def outcome(tmp_path: Path, **changes: Any) -> Outcome:
    usual: dict[str, Any] = {"folder": tmp_path, "step": 500, "steps": 500, "best": 2.0, "floor": 3.1}
    return Outcome(**{**usual, **changes})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ""),
        ({"floor": None, "best": 9.0}, ""),
        ({"best": 3.2}, "the model is no better than counting how frequent each char is"),
        ({"best": 3.09}, "the model is no better than counting how frequent each char is"),
        (
            {"step": 6, "steps": 6},
            "6 steps are very few: about 100 pass before a new model learns more than frequencies",
        ),
        (
            {"ngram": Floor(1.9, 5)},
            "counting which 5 chars stand together predicts as well: the model has more to learn",
        ),
        ({"ngram": Floor(2.5, 5)}, ""),
        ({"begun": 500}, "the run was finished, and nothing was left to do"),
        ({"load": 1e4}, r"the machine was busy \(10000 processes for \d+ cores\) when .*, which are 500 for good"),
    ],
)
def test_what_is_wrong_with_a_model_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], said: str
) -> None:
    assert train_verb.tell(outcome(tmp_path, **changes), "text", "char") == 0
    out, err = capsys.readouterr()
    more = f"; go on with: seqgen text train --resume {tmp_path} --minutes 10\n" if said else ""
    assert re.fullmatch(("seqgen: " if said else "") + said + re.escape(more), err), err
    assert ("(counting chars alone: 3.1000" in out) == (changes.get("floor", 3.1) is not None)
    assert (", up to 5 together: " in out) == ("ngram" in changes)


def test_the_floor_is_that_of_letter_counts() -> None:
    data = split([VERSE])
    codec = text.Characters.fit(data.train)
    counts = Counter(data.train[0])
    expected = -np.mean([np.log(counts[char] / counts.total()) for char in data.valid[0]])
    assert counting_floor(encoded(codec, data)) == pytest.approx(expected, abs=1e-3)
    found = ngram_floor(encoded(codec, data))
    assert found is not None and found.order > 1 and found.nats < expected - 0.1


def test_a_finished_run_says_so_and_goes_on_for_minutes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "verse.txt").write_text(VERSE, encoding="utf-8")
    out, resume = tmp_path / "run", ["text", "train", "--resume", str(tmp_path / "run")]
    assert (
        main(["text", "train", str(tmp_path / "verse.txt"), "--size", "tiny", "--steps", "2", "--out", str(out)]) == 0
    )
    capsys.readouterr()
    assert main(resume) == 0
    assert "the run was finished, and nothing was left to do; go on with: " in capsys.readouterr().err
    assert "counting alone" in (out / "curve.svg").read_text(encoding="utf-8")
    assert main([*resume, "--minutes", "0.02"]) == 0
    assert "the run was finished" not in capsys.readouterr().err
    assert json.loads((out / "config.json").read_text(encoding="utf-8"))["steps"] > 2
    assert main([*resume, "--minutes", "1", "--steps", "9"]) == 2
    with pytest.raises(UsageError, match="steps, or minutes, one of them"):
        text.resume(out, steps=9, minutes=1)
