"""A run that is asked to stop by a word in its folder."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import jax
import pytest

from seqgen.devices import stopping
from seqgen.domain import Splits
from seqgen.domains import text
from seqgen.training import metrics
from seqgen.training.progress import Progress

POEM = "".join(f"Line {number} of a poem, no longer than it need be;\n" for number in range(20))
TWICE = Splits([POEM], [POEM])


def test_a_run_that_is_asked_to_stop_saves_and_goes_on_when_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, update = tmp_path / "run", Progress.update

    def asking(self: Progress, done: int, **news: Any) -> None:
        update(self, done, **news)
        if done == 11:
            stopping.ask(out)

    monkeypatch.setattr(stopping, "EVERY", 0.0)
    with monkeypatch.context() as patch, jax.numpy_dtype_promotion("standard"):  # optax mixes integers and floats
        patch.setattr(Progress, "update", asking)
        outcome = text.train(TWICE, out, size="tiny", steps=14)
    assert (outcome.step, outcome.signal) == (11, signal.SIGINT)
    assert not (out / stopping.STOP).exists() and metrics.ended(out)
    stopping.ask(out)  # nobody is there, and who comes later was not meant
    with jax.numpy_dtype_promotion("standard"):
        outcome = text.resume(out, TWICE)
    assert (outcome.step, outcome.signal) == (14, None)
