"""A whole training step, and a chunk of sampling, lower for CPU, CUDA and TPU from this machine, whatever it has."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from seqgen import (
    Categorical,
    Continuous,
    Discrete,
    Example,
    Mixture,
    Model,
    Network,
    TrainingConfig,
    Windows,
    cache,
    in_memory,
)
from seqgen.heads import Options
from seqgen.optimizer import make_optimizer
from seqgen.sampling import _advance, prime
from seqgen.training import init_state, make_train_step

PLATFORMS = ("cpu", "cuda", "tpu")
CASES: dict[str, Any] = {
    "symbols": (Model(Network(Discrete(7), units=8, dropout=0.2), Categorical(7)), False),
    "symbols, bf16, layer norm": (
        Model(Network(Discrete(7), units=8, precision="bf16", layer_norm=True), Categorical(7)),
        False,
    ),
    "pen with a text": (Model(Network(Continuous(2), units=8, source=5, window=2, skip=True), Mixture(3, 0.1)), True),
}


@pytest.mark.parametrize(("model", "conditioned"), CASES.values(), ids=CASES)
def test_training_and_sampling_lower_for_every_platform(
    model: Model, conditioned: bool, key: jax.Array, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "_in_use", [])  # a program that is kept is for one platform, whichever test kept it
    monkeypatch.setenv("SEQGEN_NATIVE", "off")  # the kernel of this machine's CPU is for nobody else
    spec = model.network.spec
    random = np.random.default_rng(0)
    steps = random.integers(0, 7, 40).astype(np.int32)
    if not isinstance(spec, Discrete):
        steps = random.normal(0, 1, (40, 2)).astype(np.float32)
    source = np.array([1, 2, 3], np.int32) if conditioned else None
    windows = Windows(in_memory(spec, [Example(steps, source=source)] * 4), rows=2, window=8)
    optimizer = make_optimizer(TrainingConfig(), 10)
    state = init_state(model, optimizer, key, windows.shape[0])
    step = make_train_step(model.loss, optimizer, ema=0.9)
    with jax.numpy_dtype_promotion("standard"):  # optax mixes integers and floats
        exported = jax.export.export(step, platforms=PLATFORMS)(state, windows.batch(0))
    assert exported.platforms == PLATFORMS

    context = model.encode(state.params, windows.batch(0))
    drawn = prime(model, state.params, key, [steps[:0], steps[:0]], context)
    options = jax.tree.map(np.float32, Options()._replace(allowed=None))
    exported = jax.export.export(jax.jit(_advance(model, 4, None)), platforms=PLATFORMS)(
        state.params, drawn, options, context, None
    )
    assert exported.platforms == PLATFORMS
