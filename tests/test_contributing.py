"""The head in CONTRIBUTING.md is one: it obeys the law of heads, and a network learns and draws with it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import seqgen
from seqgen import Continuous, Example, Model, Network, TrainingConfig, Windows

PAGE = Path(__file__).parent.parent / "CONTRIBUTING.md"


@pytest.fixture(scope="module")
def laplace(tmp_path_factory: pytest.TempPathFactory) -> Any:
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    file = tmp_path_factory.mktemp("page") / "laplace.py"
    file.write_text(code, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("laplace", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Laplace


def test_its_samples_are_as_likely_as_their_entropy_says(laplace: Any) -> None:
    head = laplace.from_dict({"dim": 2})
    params, features = head.init(jax.random.key(0), 3), jax.random.normal(jax.random.key(1), (4000, 3))
    drawn = head.sample(params, jax.random.split(jax.random.key(2), 4000), features)
    log_prob = head.log_prob(params, features, drawn)
    assert log_prob.shape == (4000,)
    entropy = head.dim * (1 + np.log(2))  # the deviation of a value's log-density is 1
    assert abs(float(log_prob.mean()) + entropy) < 5 * np.sqrt(head.dim / 4000)
    likeliest = head.sample(params, jax.random.split(jax.random.key(2), 4000), features, seqgen.Options(0.0))
    np.testing.assert_array_equal(likeliest, head.centre(params, features))
    assert head.to_dict() == {"kind": "laplace", "dim": 2}


def test_a_network_learns_and_draws_with_it(laplace: Any) -> None:
    model = Model(Network(Continuous(1), layers=1, units=8), laplace(1))
    alternating = np.where(np.arange(64) % 2, 4, -4).astype(np.float32)[:, None]
    windows = Windows(seqgen.in_memory(Continuous(1), [Example(alternating)] * 4), rows=4, window=16)
    optimizer = seqgen.make_optimizer(TrainingConfig(learning_rate=5e-2, warmup=1), 40)
    state = seqgen.init_state(model, optimizer, jax.random.key(0), rows=4)
    batches = (windows.batch(step) for step in range(40))
    step = seqgen.make_train_step(model.loss, optimizer)
    with jax.numpy_dtype_promotion("standard"):  # optax mixes integers and floats
        losses = [float(metrics.nll) for _, metrics in seqgen.train(state, batches, step)]
    assert losses[-1] < losses[0] - 1
    params = model.init(jax.random.key(0))
    (drawn,) = seqgen.sample(model, params, jax.random.key(1), [alternating[:4]], length=4, chunk=4)
    assert drawn.shape == (4, 1) and jnp.isfinite(drawn).all()
