"""Readers: labels of positions and of whole items. What every kind of them keeps to, and that they learn, save and resume."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from seqgen import (
    CTC,
    Classifier,
    Continuous,
    Discrete,
    Domain,
    Example,
    Network,
    Size,
    Splits,
    Tagger,
    TrainingConfig,
    from_pretrained,
    in_memory,
)
from seqgen.batching.items import EvaluationItems
from seqgen.errors import DataError, ModelError, UsageError
from seqgen.models.kinds import model_from_dict
from seqgen.training import run

pytestmark = pytest.mark.usefixtures("mixed_numbers")

NETWORKS = [
    Network(Continuous(2), layers=1, units=8),
    Network(Continuous(2), layers=2, units=8, bidirectional=True),
    Network(Continuous(2), layers=2, units=8, bidirectional=True, skip=True),
]
READERS: list[Any] = [kind(network, 3) for network in NETWORKS for kind in (Tagger, Classifier)]
every_reader = pytest.mark.parametrize("reader", READERS, ids=lambda reader: type(reader).__name__)


def item(length: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(length, 2)).astype(np.float32)


def labelled(reader: Any, lengths: list[int]) -> list[Example]:
    random = np.random.default_rng(9)
    counts = lengths if isinstance(reader, Tagger) else [1] * len(lengths)
    return [
        Example(item(length, number), source=random.integers(0, 3, count).astype(np.int32))
        for number, (length, count) in enumerate(zip(lengths, counts, strict=True))
    ]


@every_reader
def test_probabilities_sum_to_one_and_padding_is_not_seen(reader: Any) -> None:
    params = reader.init(jax.random.key(1))
    items = [item(length, length) for length in (5, 1, 13, 8)]
    together = reader.log_probs_of(params, items)
    for steps, found in zip(items, together, strict=True):
        alone = reader.log_probs(params, steps)
        assert alone.shape == ((len(steps), 3) if isinstance(reader, Tagger) else (3,))
        np.testing.assert_allclose(np.exp(alone).sum(axis=-1), 1, rtol=1e-5)
        np.testing.assert_allclose(found, alone, atol=1e-5)
        np.testing.assert_array_equal(reader.read(params, steps), alone.argmax(axis=-1))


@every_reader
def test_the_loss_is_that_of_the_labels_alone(reader: Any) -> None:
    """Of rows of several lengths and one that is over, against the log-probabilities of each read by itself."""
    params, examples = reader.init(jax.random.key(1)), labelled(reader, [4, 7, 7, 2, 5])
    wanted, count = 0.0, 0
    for example in examples:
        log_probs = reader.log_probs(params, example.steps).reshape(-1, 3)
        wanted -= log_probs[np.arange(len(log_probs)), example.source].sum()
        count += len(example.source)
    found = [reader.loss(params, None, batch, None) for batch in EvaluationItems(in_memory(Continuous(2), examples), 3)]
    assert sum(float(nats) for nats, _ in found) == pytest.approx(wanted, rel=1e-5)
    assert sum(int(counted) for _, (counted, _) in found) == count
    (batch, *_) = EvaluationItems(in_memory(Continuous(2), examples), 8)
    nll, counts, _ = reader.nll(params, None, batch)
    assert nll.shape == counts.shape and len(nll) == len(batch.valid)
    gradients = jax.grad(lambda params: reader.loss(params, None, batch, None)[0])(params)
    assert all(np.isfinite(leaf).all() and np.any(leaf) for leaf in jax.tree.leaves(gradients["head"]))


@every_reader
def test_settings_come_back_from_json(reader: Any) -> None:
    again = model_from_dict(json.loads(json.dumps(reader.to_dict())))
    assert again == reader and hash(again) == hash(reader)
    assert reader.in_precision("bf16").network.precision == "bf16"
    with pytest.raises(ModelError, match="labels"):
        model_from_dict({**reader.to_dict(), "labels": 1})


def test_readers_that_cannot_be_are_refused() -> None:
    conditioned = Network(Continuous(2), layers=1, units=8, static=3)
    for kind in (Tagger, Classifier, CTC):
        with pytest.raises(UsageError, match="a reader is told nothing but the item"):
            kind(conditioned, 3)
    for kind in (Tagger, Classifier):
        with pytest.raises(UsageError, match="a reader of 1 labels has nothing to say; give 2 or more"):
            kind(NETWORKS[0], 1)


def test_examples_without_their_labels_are_refused() -> None:
    tagger, classifier = READERS[:2]
    for reader, labels, message in (
        (tagger, None, "these examples have no labels to learn"),
        (classifier, None, "these examples have no labels to learn"),
        (tagger, [0, 1], "example 0 has 2 labels in 4 steps; this model learns from 4 there"),
        (classifier, [0, 1], "example 0 has 2 labels in 4 steps; this model learns from 1 there"),
        (classifier, [3], "the source of example 0 has symbol 3 at position 0; this model knows 0 to 2"),
    ):
        source = None if labels is None else np.array(labels, np.int32)
        with pytest.raises(DataError, match=message):
            reader.check(in_memory(Continuous(2), [Example(item(4), source=source)]))


class Digits:
    """A codec of strings of digits, and labels after a slash: the largest digit, or of each whether the next is larger."""

    spec = Discrete(3)

    def __init__(self, tags: bool) -> None:
        self.tags = tags

    def canonical(self, item: str) -> str:
        return item

    def encode(self, item: str) -> Example:
        digits = np.array([*map(int, item)], np.int32)
        tags = np.append(digits[1:] > digits[:-1], False).astype(np.int32)
        return Example(digits, source=tags if self.tags else digits.max(keepdims=True))

    def decode(self, steps: Any) -> str:
        return "".join(map(str, np.asarray(steps).tolist()))

    def to_dict(self) -> dict[str, Any]:
        return {"tags": self.tags}


def domain(tags: bool) -> Domain[str]:
    def model(codec: Any) -> Any:
        network = Network(codec.spec, layers=1, units=12, embedding=4, bidirectional=True)
        return Tagger(network, 2) if tags else Classifier(network, 3)

    size = Size(model, TrainingConfig(rows=8, learning_rate=2e-2, warmup=5, evaluations=2))
    return Domain("digits", lambda items: Digits(tags), lambda data: Digits(**data), {"small": size})


@pytest.mark.parametrize("tags", [True, False])
def test_it_learns_and_goes_on(tags: bool, tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    items = ["".join(map(str, random.integers(0, random.integers(1, 4), random.integers(2, 9)))) for _ in range(120)]
    data, here = Splits(items[:100], items[100:]), domain(tags)
    run.begin(tmp_path / "run", here, data, steps=100)
    outcome = run.resume(tmp_path / "run", here, data, steps=140)
    given, codec = from_pretrained(outcome.model), Digits(tags)
    right = [np.all(given.model.read(given.params, one.steps) == one.source) for one in map(codec.encode, data.valid)]
    assert (outcome.begun, outcome.step) == (100, 140) and np.mean(right) > 0.9
