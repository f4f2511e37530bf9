"""Several devices learn what one would: the same sums up to rounding, or with shards the same bits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from seqgen.config import TrainingConfig
from seqgen.devices.crew import crew_of
from seqgen.domain import Splits
from seqgen.domains import text
from seqgen.errors import UsageError
from seqgen.training.run_config import read_config

# Run with four devices, which a process has to ask for before JAX starts.
PROGRAM = """
import hashlib, json
import jax, numpy as np
from seqgen import Categorical, Discrete, Network
from seqgen.batching import Windows, evaluation_windows, in_memory
from seqgen.config import TrainingConfig
from seqgen.devices.crew import crew_of
from seqgen.domain import Example
from seqgen.errors import UsageError
from seqgen.models.model import Model
from seqgen.training.optimizer import make_optimizer
from seqgen.sampling import advance, prime, sample
from seqgen.training import evaluate, init_state, make_train_step
from seqgen.training.steps import place_state

assert len(jax.devices()) == 4
random = np.random.default_rng(0)
source = in_memory(Discrete(7), [Example(random.integers(0, 7, n)) for n in (300, 40, 9)])
windows, held = Windows(source, 8, 16, seed=1), evaluation_windows(source, 6, 16)
optimizer = make_optimizer(TrainingConfig(), 9)

def learn(crew, dropout):
    network = Network(Discrete(7), layers=1, units=8, embedding=4, dropout=dropout, variational=True)
    model = Model(network, Categorical(7))
    step = make_train_step(model.loss, optimizer, ema=0.9, crew=crew)
    state = init_state(model, optimizer, jax.random.key(0), 8)
    state = place_state(crew, state) if crew else state
    deal = crew.deal if crew else lambda batch: batch
    step = step.lower(state, deal(windows.batch(0))).compile()
    for number in range(3):
        state, metrics = step(state, deal(windows.batch(number)))
    flat = np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves((state.params, state.ema, state.carry))])
    loss = evaluate(model, state.params, held, crew)
    bits = hashlib.sha256(flat.tobytes()).hexdigest()
    return {"bits": bits, "sum": float(np.abs(flat).sum()), "nll": float(metrics.nll), "valid": loss, "reduces": step.as_text().count(" all-reduce(")}

def make(crew):
    model = Model(Network(Discrete(7), layers=1, units=8, embedding=4), Categorical(7))
    prompts = [np.arange(n) % 7 for n in (0, 1, 5, 2, 3, 0, 9, 4)]
    rows = sample(model, model.init(jax.random.key(0)), jax.random.key(1), prompts, length=40, crew=crew)
    return [row.tolist() for row in rows]

def refused(crew):
    model = Model(Network(Discrete(7), layers=1, units=8, embedding=4), Categorical(7))
    try:
        sample(model, model.init(jax.random.key(0)), jax.random.key(1), [[1]] * 6, length=4, crew=crew)
    except UsageError as error:
        return str(error)

def sums_while_sampling(crew):
    model = Model(Network(Discrete(7), layers=1, units=8, embedding=4), Categorical(7))
    params = crew.place(model.init(jax.random.key(0)))
    state = prime(model, params, jax.random.key(1), [[1]] * 8, crew=crew)
    assert {len(leaf.sharding.device_set) for leaf in jax.tree.leaves(state)} == {4}
    program = jax.jit(lambda params, state: advance(model, params, state)[:2]).lower(params, state).compile()
    return sum(program.as_text().count(f" {name}(") for name in ("all-reduce", "all-gather", "all-to-all", "collective-permute"))

print(json.dumps({
    "made": [make(None), make(crew_of(4))],
    "refused": refused(crew_of(4)),
    "sums while sampling": sums_while_sampling(crew_of(4)),
    "alone": learn(None, 0.0),
    "plain": learn(crew_of(4), 0.0),
    "exact": [learn(crew_of(n, shards=4), 0.5) for n in (1, 4)],
}))
"""


def test_any_number_of_devices_learns_the_same() -> None:
    environment = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=4"}
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    for name in ("sum", "nll", "valid"):
        assert found["plain"][name] == pytest.approx(found["alone"][name], rel=1e-5)
    assert found["plain"]["reduces"] == 1  # more: it sums at every position, or each array by itself
    alone, shared = found["made"]
    assert shared == alone
    assert found["refused"] == "6 prompts cannot be dealt evenly to 4 devices; give a multiple of that"
    assert found["sums while sampling"] == 0  # rows need nothing of each other
    one, other = found["exact"]
    assert other["bits"] == one["bits"]
    assert other["valid"] == one["valid"]
    assert one["nll"] != found["alone"]["nll"]  # dropout was on


def test_rows_that_cannot_be_dealt_evenly_are_refused() -> None:
    crew = crew_of(1, shards=4)
    assert crew.my_rows(12) == slice(0, 12)
    with pytest.raises(UsageError, match=r"batches of 6 rows cannot be dealt evenly to 4 shards; .* divides 6, or"):
        crew.my_rows(6)
    with pytest.raises(UsageError, match=r"shards is -1; give 0"):
        TrainingConfig(shards=-1)


def test_a_crew_brings_back_what_it_was_given() -> None:
    crew, tree = crew_of(1), {"a": np.arange(6.0).reshape(2, 3), "b": (np.int32(4), None)}
    for back in (crew.fetch(crew.place(tree)), crew.fetch(crew.place(tree["a"], rows=True))):
        first = back["a"] if isinstance(back, dict) else back
        np.testing.assert_array_equal(first, tree["a"])


def test_a_crew_without_shards_leaves_those_of_the_settings(tmp_path: Path) -> None:
    settings = TrainingConfig(rows=4, window=8, shards=2)
    with jax.numpy_dtype_promotion("standard"):  # optax mixes integers and floats
        text.train(
            Splits(["abc " * 40], ["abc " * 20]),
            tmp_path / "out",
            size="tiny",
            steps=1,
            training=settings,
            crew=crew_of(1),
        )
    assert read_config(tmp_path / "out")["training"]["shards"] == 2
