"""What is said of a model that has not learned to write, or has unlearned it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import jax
import pytest
from handwriting_models import CODEC, save_prediction, save_random
from ink_files import write_iam_folder

from seqgen.domains import handwriting
from seqgen.domains.handwriting.trial import trouble
from seqgen.shell.cli import main


def test_a_model_that_writes_is_not_blamed() -> None:
    assert trouble(handwriting.load()) == ""


def test_one_wiggle_for_any_text_is_told(tmp_path: Path) -> None:
    hasty = save_random(tmp_path / "hasty", pace=50.0)  # its window has left the text after a point
    assert "x-heights wide" in trouble(hasty)
    assert "of 'hello world' it writes" in trouble(hasty)
    slow = save_random(tmp_path / "slow", dataclasses.replace(CODEC, mean=(0.8, 0.0)), pace=1e-9)
    assert trouble(slow) == "'hello world' does not end within 600 points"
    greek = dataclasses.replace(CODEC, alphabet="αβγδε", hands=())
    assert "of 'αδ" in trouble(save_random(tmp_path / "greek", greek, pace=50.0))
    assert trouble(save_prediction(tmp_path / "prediction")) == ""


def test_train_says_when_a_model_does_not_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_iam_folder(tmp_path / "iam", {"a01-000u": ["one of these", "two of these", "three"]})
    hasty = save_random(tmp_path / "hasty", pace=50.0)
    arguments = ["handwriting", "train", str(tmp_path / "iam"), "--from", hasty.name, "--steps", "1"]
    with jax.numpy_dtype_promotion("standard"):  # optax mixes integers and floats
        assert main([*arguments, "--out", str(tmp_path / "run")]) == 0
    assert "seqgen: this model does not write yet: of 'hello world' it writes" in capsys.readouterr().err
