"""A model of durations and frames: what it keeps to, that it learns, and is saved and read again."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np
import pytest

from seqgen import (
    Continuous,
    Discrete,
    Domain,
    Example,
    Network,
    Renderer,
    Size,
    Splits,
    TrainingConfig,
    from_pretrained,
    in_memory,
)
from seqgen.batching.items import EvaluationItems
from seqgen.errors import DataError, UsageError
from seqgen.training import run

pytestmark = pytest.mark.usefixtures("mixed_numbers")

READING = Network(Discrete(4), layers=1, units=16, embedding=8, bidirectional=True)
RENDERER = Renderer(READING, Network(Continuous(36), layers=1, units=16, bidirectional=True), dim=2, floor=0.1)


def example(symbols: list[int]) -> Example:
    """Symbol s lasts s + 1 frames of s and how far in it they are."""
    index = np.repeat(np.arange(len(symbols)), np.array(symbols) + 1)
    inside = np.concatenate([np.arange(symbol + 1) for symbol in symbols])
    frames = np.stack([np.array(symbols)[index], inside, index], axis=1)
    return Example(np.array(symbols, np.int32), source=frames.astype(np.float32))


def examples(count: int, seed: int = 0) -> list[Example]:
    random = np.random.default_rng(seed)
    return [example(random.integers(0, 4, random.integers(2, 9)).tolist()) for _ in range(count)]


def test_items_are_the_same_alone_and_beside_others() -> None:
    params = RENDERER.init(jax.random.key(0))
    given = examples(5)
    source = in_memory(READING.spec, given)
    RENDERER.check(source)
    (batch,) = EvaluationItems(source, 5)
    nats, counts, _ = RENDERER.nll(params, RENDERER.start(params, 5), batch)
    assert counts.tolist() == [len(one.source) for one in given]
    items, lasts = [one.steps for one in given], [np.bincount(one.source[:, -1].astype(int)).tolist() for one in given]
    together, durations = RENDERER.render(params, items, lasts), RENDERER.durations(params, items)
    for number, one in enumerate(given):
        (alone,) = EvaluationItems(in_memory(READING.spec, [one]), 1)
        own, _, _ = RENDERER.nll(params, RENDERER.start(params, 1), alone)
        np.testing.assert_allclose(own[0], nats[number], rtol=1e-5)
        (rendered,) = RENDERER.render(params, [one.steps], [lasts[number]])
        np.testing.assert_allclose(rendered.means, together[number].means, atol=1e-5)
        np.testing.assert_allclose(RENDERER.durations(params, [one.steps])[0], durations[number], rtol=1e-5)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (None, "has no frames of 2 values"),
        (np.zeros((3, 2), np.float32), "has no frames of 2 values"),
        (np.zeros((3, 3), np.float32), "its frames are not of steps 0 to 1 in order"),
        (np.array([[0, 0, 0], [0, 0, 2]], np.float32), "its frames are not of steps 0 to 1 in order"),
    ],
)
def test_what_has_no_frames_cannot_be_learned_from(source: np.ndarray | None, why: str) -> None:
    with pytest.raises(DataError, match=why):
        RENDERER.check(in_memory(READING.spec, [Example(np.array([1, 2], np.int32), source=source)]))


def test_networks_must_fit_together() -> None:
    with pytest.raises(UsageError, match=r"the network over frames reads Continuous\(dim=5\)"):
        Renderer(READING, Network(Continuous(5), layers=1, units=8), dim=2, floor=0.1)


class _Codec:
    spec = READING.spec

    def encode(self, item: Example) -> Example:
        return item

    def to_dict(self) -> dict[str, str]:
        return {"kind": "rendered"}


def test_it_learns_what_lasts_how_long_and_looks_how(tmp_path: Path) -> None:
    size = Size(lambda codec: RENDERER, TrainingConfig(rows=16, learning_rate=1e-2, ema=0.9, patience=0))
    domain: Domain[Example] = Domain("rendered", lambda items: _Codec(), lambda data: _Codec(), {"only": size})  # type: ignore[arg-type, return-value]
    outcome = run.begin(tmp_path / "run", domain, Splits(examples(200), examples(20, 1)), steps=250)
    given = from_pretrained(outcome.model)
    assert given.model == RENDERER
    one = example([3, 0, 2, 1])
    np.testing.assert_allclose(RENDERER.durations(given.params, [one.steps])[0], [4, 1, 3, 2], rtol=0.3)
    (rendered,) = RENDERER.render(given.params, [one.steps], [[4, 1, 3, 2]])
    assert np.abs(rendered.means - one.source[:, :2]).mean() < 0.3 and (rendered.deviations > 0).all()
