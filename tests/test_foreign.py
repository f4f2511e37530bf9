"""What a package that seqgen has never seen plugs in, all the way: trained, killed, resumed, saved, loaded, sampled, read.

The laws run over its parts too: tests/laws. No file of seqgen's names it.
"""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from strangers import gauge, morse
from strangers.averages import Averages

import seqgen
from seqgen import registry
from seqgen.domain import Splits
from seqgen.errors import DataError, ModelError
from seqgen.models.kinds import model_from_dict
from seqgen.models.pretrained import from_pretrained, named, open_model, save_pretrained
from seqgen.training import loop, run

pytestmark = pytest.mark.usefixtures("mixed_numbers")

FOLDER = Path(__file__).parent / "foreign" / "strangers"
PARTS = {"gated", "dot_attention", "logistic", "averages"}
WAVES = Splits(gauge.WAVES[:2], gauge.WAVES[2:])


def weights(folder: Path) -> Any:
    return from_pretrained(folder).params


@pytest.mark.parametrize("name", sorted(PARTS))
def test_a_part_takes_sixty_lines_at_most(name: str) -> None:
    lines = (FOLDER / f"{name}.py").read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.strip()]) <= 60


def test_it_is_found_by_its_entry_points() -> None:
    assert {"gauge", "morse"} <= set(registry.domains())
    assert registry.domain("gauge") is gauge.DOMAIN


def test_it_trains_stops_resumes_to_the_bit_and_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run.begin(tmp_path / "whole", gauge.DOMAIN, WAVES, steps=20)
    validate = loop._validate

    def stops(*given: Any) -> Any:
        state = validate(*given)
        os.kill(os.getpid(), signal.SIGTERM)
        return state

    with monkeypatch.context() as patched:
        patched.setattr(loop, "_validate", stops)
        stopped = run.begin(tmp_path / "cut", gauge.DOMAIN, WAVES, steps=20)
    assert (stopped.signal, stopped.step) == (signal.SIGTERM, 10)
    resumed = run.resume(tmp_path / "cut", gauge.DOMAIN, WAVES)
    assert resumed.best == whole.best < stopped.best
    assert all(map(np.array_equal, *map(jax.tree.leaves, (weights(whole.model), weights(resumed.model)))))

    codec, given = open_model(gauge.DOMAIN, whole.folder)
    (new,) = seqgen.sample(
        given.model, given.params, jax.random.key(1), [codec.encode(gauge.WAVES[0]).steps], length=10
    )
    assert len(codec.decode(new)) == 10 and np.isfinite(new).all()


def test_a_reader_learns_to_read_and_the_metric_chooses(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    items = [morse.key("".join(random.choice(list(morse.CODES), random.integers(2, 6)))) for _ in range(240)]
    splits = Splits(items[:200], items[200:])
    outcome = run.begin(tmp_path / "run", morse.DOMAIN, splits, steps=120)
    rows = [json.loads(line) for line in (outcome.folder / "metrics.jsonl").read_text().splitlines()]
    figures = [row["messages wrong"] for row in rows if "valid" in row]
    assert outcome.metric == "messages wrong" and outcome.best == pytest.approx(min(figures)) and outcome.best <= 0.05
    codec, given = open_model(morse.DOMAIN, outcome.folder)
    assert given.training["messages wrong"] == min(figures)
    assert morse.wrong(codec, given.model, given.params, splits.valid) <= 0.05 + 1 / 40  # in 16 bits
    further = run.resume(outcome.folder, morse.DOMAIN, splits, steps=130)
    assert further.step == 130


def test_a_reader_refuses_what_cannot_be_read() -> None:
    codec = morse.DOMAIN.fit_codec(morse.MESSAGES)
    model = morse.small(codec)
    for text, signal_of, message in (
        ("tt", "t", "example 0 has 2 labels, 1 of them repeated, in 2 steps"),
        ("tea", "e", "example 0 has 3 labels, 0 of them repeated, in 2 steps"),
    ):
        example = codec.encode(morse.key(signal_of)._replace(text=text))
        with pytest.raises(DataError, match=message):
            model.check(seqgen.in_memory(codec.spec, [example]))
    example = codec.encode(morse.key("tea"))
    with pytest.raises(DataError, match="have no labels"):
        model.check(seqgen.in_memory(codec.spec, [example._replace(source=None)]))
    with pytest.raises(DataError, match="the source of example 0 has symbol 6"):
        model.check(seqgen.in_memory(codec.spec, [example._replace(source=np.array([6], np.int32))]))


def test_a_network_that_is_no_stack_is_saved_and_loaded(tmp_path: Path) -> None:
    model = seqgen.Model(Averages(seqgen.Discrete(6), 4, speeds=2), seqgen.Categorical(6, tied=4))
    params = model.init(jax.random.key(0))
    save_pretrained(tmp_path / "model", domain="text", codec={}, model=model, params=params)
    given = from_pretrained(tmp_path / "model")
    assert given.model == model and named(given.params).keys() == named(params).keys()
    settings = json.loads((tmp_path / "model" / "config.json").read_text())["model"]
    assert settings["network"]["kind"] == "strangers/averages"


@pytest.mark.parametrize("kind", ["cell", "head", "network"])
def test_without_the_package_its_name_is_told(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = gauge.small(gauge.DOMAIN.fit_codec(gauge.WAVES))
    if kind == "network":
        model = seqgen.Model(Averages(seqgen.Discrete(6), 4, speeds=2), seqgen.Categorical(6))
    found = registry._entry_points
    monkeypatch.setattr(registry, "_entry_points", lambda group: {} if group == f"seqgen.{kind}s" else found(group))
    with pytest.raises(
        ModelError, match=f"{kind} kind 'strangers/.*of the package 'strangers': install that, if you trust"
    ):
        model_from_dict(model.to_dict())
