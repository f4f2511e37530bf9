"""The temperature that a report is tuned to: the one that a grid finds, of scores and of whole models."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np
import pytest
from scipy.special import log_softmax
from test_text_api import CODEC, MODEL, parameters

from seqgen import Categorical, Example, Network, UsageError, in_memory
from seqgen.batching.sources import Source
from seqgen.domains import text
from seqgen.domains.text.reports.report import table
from seqgen.domains.text.tempering import best_temperature, tempered, tuned
from seqgen.models.model import Model
from seqgen.models.pretrained import save_pretrained
from seqgen.training.scoring import evaluate, evaluation_windows

GRID = np.geomspace(0.1, 10, 2001)  # a step is 0.23 %


@pytest.mark.parametrize("truth", [0.12, 0.5, 0.97, 1.0, 1.6, 8.0])
@pytest.mark.parametrize("spread", [0.3, 2.0, 20.0])
def test_it_is_the_best_of_a_grid(truth: float, spread: float) -> None:
    random = np.random.default_rng(5)
    scores = random.normal(0, spread, (3000, 7)).astype(np.float32)
    targets = np.array([random.choice(7, p=row) for row in np.exp(log_softmax(scores.astype(float) / truth, axis=-1))])
    costs = [-log_softmax(scores.astype(float) / one, axis=-1)[np.arange(3000), targets].mean() for one in GRID]
    found = best_temperature(scores, targets)
    cost = -log_softmax(scores.astype(float) / found, axis=-1)[np.arange(3000), targets].mean()
    assert cost <= min(costs) + 1e-6


def test_what_has_no_best_one_stays_in_bounds() -> None:
    scores = np.tile(np.float32([3, 1, -400]), (50, 1))
    assert best_temperature(scores, np.zeros(50, int)) == pytest.approx(0.1)  # always right: the surer the better
    assert best_temperature(scores, np.ones(50, int)) == pytest.approx(10)
    assert best_temperature(np.zeros((9, 3), np.float32), np.zeros(9, int)) > 0  # it knows nothing


@pytest.mark.parametrize(
    "head", [Categorical(CODEC.spec.size), Categorical(CODEC.spec.size, tied=4)], ids=["own", "tied"]
)
@pytest.mark.parametrize("labels", [0, 2])
def test_of_a_model_it_is_the_best_of_a_grid(head: Categorical, labels: int) -> None:
    network = Network(CODEC.spec, layers=1, units=6, embedding=4, static=labels)
    model = Model(network, head)
    params = jax.tree.map(lambda leaf: 3 * leaf, model.init(jax.random.key(2)))  # too sure of what it does not know
    source = _source([CODEC.encode(one).steps for one in ("the gods ask", "of the land", "Id")], labels)
    found = tuned(model, params, source)
    costs = {one: _nats(model, tempered(params, one), source) for one in np.geomspace(0.5, 8, 20)}
    assert found > 1.2 and _nats(model, tempered(params, found), source) <= min(costs.values()) + 1e-5


def _source(pieces: list[np.ndarray], labels: int) -> Source:
    static = [np.int32(number % labels) if labels else None for number in range(len(pieces))]
    return in_memory(CODEC.spec, [Example(steps, static=one) for steps, one in zip(pieces, static, strict=True)])


def _nats(model: Model, params: object, source: Source) -> float:
    return evaluate(model, params, evaluation_windows(source, 1, 16))


def test_a_report_is_tuned_on_what_training_held_out(tmp_path: Path) -> None:
    learned = "the gods ask of the land\nId so. " * 30
    (tmp_path / "learned.txt").write_text(learned)
    notes = {"data": {"name": str(tmp_path / "learned.txt"), "encoding": "utf-8"}}
    folder = save_pretrained(
        tmp_path / "m", domain="text", codec=CODEC.to_dict(), model=MODEL, params=parameters(), training=notes
    )
    model = text.load(folder)
    made = model.report("gods of so. land", adapt=False)
    assert made.tuned is not None
    held_out = learned[int(0.9 * len(learned)) :]
    costs = [
        model.tempered(one).score(held_out).nats
        for one in (0.98 * made.tuned.temperature, 1.02 * made.tuned.temperature)
    ]
    best = model.tempered(made.tuned.temperature)
    assert best.score(held_out).nats < min(costs)
    assert made.tuned.nats.value == pytest.approx(best.score(made.text).nats_per_char, rel=1e-5)
    assert f"tuned to temperature {made.tuned.temperature:.3f}" in table(made)
    (tmp_path / "learned.txt").unlink()
    assert model.report("gods", adapt=False).tuned is None
    with pytest.raises(UsageError, match="temperature is 0; give one above 0"):
        model.tempered(0)
