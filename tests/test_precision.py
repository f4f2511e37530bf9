"""Training in bf16: asked for on the command line, kept in the run, and gone from the model, whose weights are float32."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from seqgen import (
    Categorical,
    Discrete,
    Example,
    Model,
    Network,
    TrainingConfig,
    Windows,
    in_memory,
    init_state,
    make_optimizer,
)
from seqgen.errors import UsageError
from seqgen.heads.categorical import WIDE
from seqgen.models.pretrained import from_pretrained, named
from seqgen.shell.cli import main
from seqgen.training.loop import train_step_of


def train(*arguments: object) -> None:
    with jax.numpy_dtype_promotion("standard"):  # optax mixes integers and floats
        assert main(["text", "train", *map(str, arguments)]) == 0


def weights(run: Path) -> dict[str, Any]:
    return {name: np.asarray(leaf) for name, leaf in named(from_pretrained(run / "model").params).items()}


def test_a_run_in_bf16_stays_so_and_leaves_a_model_like_any_other(tmp_path: Path) -> None:
    poem, half, full = (tmp_path / name for name in ("poem.txt", "half", "full"))
    poem.write_text("".join(f"Line {n} of a poem;\n" for n in range(20)), encoding="utf-8")
    train(poem, "--size", "tiny", "--steps", 2, "--out", half, "--precision", "bf16")
    train("--resume", half, "--steps", 4)
    config = json.loads((half / "config.json").read_text(encoding="utf-8"))
    assert config["training"]["precision"] == "bf16" and config["network"]["precision"] == "f32"
    assert from_pretrained(half / "model").model.network.precision == "f32"

    train(poem, "--size", "tiny", "--steps", 2, "--out", full)
    train("--resume", full, "--steps", 4)
    apart = {name: np.abs(leaf - weights(half)[name]) for name, leaf in weights(full).items()}
    assert all(leaf.dtype == np.float32 for leaf in weights(half).values())
    assert 0 < np.concatenate([leaf.ravel() for leaf in apart.values()]).mean() < 1e-3  # rounded, and no more


@pytest.mark.parametrize("precision", ["f32", "bf16"])
def test_the_products_of_a_head_of_many_symbols_are_in_the_precision_of_the_run(
    precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEQGEN_NATIVE", "off")  # whose products say nothing of what they do inside
    model = Model(Network(Discrete(WIDE), layers=1, units=8, embedding=4), Categorical(WIDE))
    windows, training = Windows(in_memory(model.network.spec, [Example(np.arange(40))]), 2, 8), TrainingConfig()
    training = dataclasses.replace(training, precision=precision)
    with jax.numpy_dtype_promotion("standard"):
        state = init_state(model, make_optimizer(training, 1), jax.random.key(0), 2)
        lowered = train_step_of(model, training, None).lower(state, windows.batch(0)).as_text()  # type: ignore[attr-defined]
    assert (f"tensor<8x{WIDE}xbf16>" in lowered) == (precision == "bf16")


def test_what_is_no_precision_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match="precision is 'f16'; give 'f32' or 'bf16'"):
        TrainingConfig(precision="f16")
    with pytest.raises(UsageError, match="precision is 16; give 'f32' or 'bf16'"):
        TrainingConfig.from_dict({"precision": 16})
    assert main(["text", "train", "--resume", "run", "--precision", "bf16"]) == 2
    assert "--precision is settled when a run begins" in capsys.readouterr().err
