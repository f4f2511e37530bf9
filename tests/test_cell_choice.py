"""`train --cell`: another cell in as many layers as a size has, kept by the run, refused where there is nothing to choose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import pytest

from seqgen.domain import Splits
from seqgen.domains import text
from seqgen.errors import UnknownName, UsageError
from seqgen.models.pretrained import from_pretrained
from seqgen.nn.cells import Multiplicative
from seqgen.shell.cli import main

SHORT = Splits(["to be or not to be " * 20], ["to be or not"])


@pytest.fixture(autouse=True)
def like_outside_of_tests() -> Any:
    with jax.numpy_dtype_promotion("standard"):  # optax mixes integers and floats
        yield


def test_it_trains_resumes_and_samples(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "short.txt"
    file.write_text(SHORT.train[0])
    out = str(tmp_path / "run")
    assert (
        main(["text", "train", str(file), "--out", out, "--size", "tiny", "--cell", "multiplicative", "--steps", "2"])
        == 0
    )
    network = from_pretrained(tmp_path / "run" / "model").model.network
    assert network.layers == (Multiplicative(128),) and network.embedding == 32
    assert text.resume(out, steps=3).step == 3
    assert text.load(out).sample("to", length=5, seed=1).startswith("to")
    capsys.readouterr()
    assert main(["info", out]) == 0
    assert "Multiplicative(units=128)" in capsys.readouterr().out


def test_what_cannot_be_chosen_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"no cell named 'gru' \(known: lstm, mogrifier, multiplicative\)"):
        text.train(SHORT, tmp_path / "a", size="tiny", steps=1, cell="gru")
    with pytest.raises(UsageError, match=r"keeps its cells: leave out --cell, or --from"):
        text.train(SHORT, tmp_path / "b", start_from="shakespeare", steps=1, cell="multiplicative")
