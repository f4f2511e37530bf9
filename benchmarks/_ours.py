"""seqgen as a contender: only what its users see, the network, the heads, the train step and the sampler."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import _pair_work
import jax
import jax.numpy as jnp
import numpy as np
from _pair_work import Pairs
from _work import CLIP, FINAL, RATE, WARMUP, Streams, Window, Work, first_weights, held_out, streams
from _worker import Job

import seqgen
from seqgen import (
    Batch,
    Categorical,
    Continuous,
    Discrete,
    Inputs,
    Mixture,
    Model,
    Network,
    SymbolEncoder,
    TrainingConfig,
)
from seqgen.machine import native
from seqgen.nn.products import matmul
from seqgen.sampling import advance, prime

CHUNK = 64  # steps drawn by one call of the compiled loop
wait: Any = jax.block_until_ready  # has no types


def about() -> str:
    if jax.default_backend() == "cpu":
        kernel = f"XLA's, for {reason}" if (reason := native.missing()) else "compiled"
    else:
        kernel = "cuDNN's" if os.environ.get("SEQGEN_CUDNN") == "1" else "XLA's"
    return f"seqgen {seqgen.__version__}, jax {jax.__version__}, kernel: {kernel}"


def build(work: Work) -> tuple[Model, dict[str, Any]]:
    spec: Any = Continuous(2) if work.components else Discrete(work.vocab)
    head: Any = Mixture(work.components) if work.components else Categorical(work.vocab)
    network = Network(spec, work.layers, work.units, work.inputs, precision=work.precision)
    weights = first_weights(work)
    params: dict[str, Any] = {}
    if not work.components:  # the last row opens a sequence
        params["table0"] = np.concatenate([weights["table"], np.zeros((1, work.units), np.float32)])
    for number, layer in enumerate(weights["layers"]):
        params[f"layer{number}"] = {"cell": dict(zip(("input_kernel", "hidden_kernel", "bias"), layer, strict=True))}
    all_params = {"network": params, "head": dict(zip(("kernel", "bias"), weights["head"], strict=True))}
    return Model(network, head), jax.tree.map(jnp.asarray, all_params)


def batch(window: Window) -> Batch:
    rows, length = window.targets.shape[:2]
    reset = np.zeros((rows, length), bool)
    reset[:, 0] = window.fresh
    return Batch(Inputs(window.inputs), window.targets, reset, np.ones((rows, length), bool))


def translator(work: Work) -> tuple[Model, dict[str, Any]]:
    """As `seqgen.domains.pairs` builds it, without dropout: no two libraries drop the same."""
    half, spec = work.units // 2, Discrete(work.vocab)
    encoder = SymbolEncoder(half, work.layers, half)
    sizes: Any = {"source": work.vocab, "encoder": encoder, "attention": half}
    network = Network(spec, work.layers, work.units, half, **sizes, precision=work.precision)
    return Model(network, Categorical(work.vocab, half, work.precision)), jax.tree.map(
        jnp.asarray, _pair_work.first_weights(work)
    )


def pair_batch(work: Work, pairs: Pairs) -> Batch:
    valid, there = (
        np.arange(ids.shape[1])[None] < lengths[:, None]
        for ids, lengths in ((pairs.targets, pairs.lengths), (pairs.source, pairs.source_lengths))
    )
    reset = np.zeros(valid.shape, bool)
    reset[:, 0] = True
    return Batch(Inputs(pairs.inputs(work.vocab)), pairs.targets, reset, valid, pairs.source, there)


def train(work: Work) -> Job:
    data = streams(work)

    def evaluate(model: Model, params: Any) -> float:
        test: Streams = held_out(work)
        return seqgen.evaluate(model, params, (batch(test[number]) for number in range(test.count)))

    return _learning(work, *build(work), lambda step: batch(data[step]), evaluate)


def pairs(work: Work) -> Job:
    data = _pair_work.Batches(work)
    return _learning(work, *translator(work), lambda step: pair_batch(work, data[step]))


def _learning(
    work: Work,
    model: Model,
    params: dict[str, Any],
    batches: Callable[[int], Batch],
    evaluate: Callable[[Model, Any], float] | None = None,
) -> Job:
    schedule: Any = {"warmup": WARMUP, "final": FINAL} if work.total else {"warmup": 0, "final": 1.0}
    config = TrainingConfig(learning_rate=RATE, clip=CLIP, weight_decay=0.0, ema=0.0, **schedule)
    optimizer = seqgen.make_optimizer(config, work.total or 1)
    step = seqgen.make_train_step(model.loss, optimizer)
    state = seqgen.init_state(model, optimizer, jax.random.key(work.seed), work.batch, params)
    done = 0

    def run(count: int) -> list[float]:
        nonlocal state, done
        losses = []
        for _ in range(count):
            state, metrics = step(state, batches(done))
            losses.append(metrics.nll)
            done += 1
        wait(state)
        return [float(loss) for loss in losses]

    return Job(run, None if evaluate is None else lambda: evaluate(model, state.params))


def sample(work: Work) -> Job:
    model, params = build(work)
    state = prime(model, params, jax.random.key(work.seed), [np.zeros(0, np.int32)] * work.batch)

    def run(count: int) -> list[float]:
        nonlocal state
        for _ in range(-(-count // CHUNK)):
            state, steps, _ = advance(model, params, state, chunk=CHUNK)
            np.asarray(steps)  # to the host, as whoever reads along needs it
        return []

    return Job(run)


def product(work: Work) -> Job:
    """The matrix product alone, as training multiplies: by the compiled kernel, else by XLA; in bf16 summed in f32."""
    random = np.random.default_rng(0)
    left, right = (
        jnp.asarray(random.standard_normal(shape, np.float32))
        for shape in ((work.batch, work.units), (work.units, work.window))
    )

    @jax.jit
    def multiply(a: jax.Array, b: jax.Array) -> jax.Array:
        return native.product(a, b, work.precision) if native.usable(a, b) else matmul(a, b, work.precision)

    def run(count: int) -> list[float]:
        for _ in range(count):
            made = multiply(left, right)
        wait(made)
        return []

    return Job(run)


JOBS = {"train": train, "pairs": pairs, "sample": sample, "product": product}
