"""A whole training step, and a chunk of sampling, lower for CPU, CUDA and TPU from this machine, whatever it has."""

from __future__ import annotations

import re
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from law_networks import BIDIRECTIONAL, CAUSAL, first

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
    in_memory,
)
from seqgen.heads import HEADS, Bernoulli, Gaussian, Joint, Nade, Options, Relative
from seqgen.machine import cache
from seqgen.sampling import prime
from seqgen.sampling.drawing import _advance
from seqgen.spec import empty_steps
from seqgen.training import init_state, make_train_step
from seqgen.training.optimizer import make_optimizer

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
    exported = jax.export.export(jax.jit(_advance(model, 4, None, None)), platforms=PLATFORMS)(
        state.params, drawn, options, context, None, None, ()
    )
    assert exported.platforms == PLATFORMS


HEAD_OF: dict[str, list[Any]] = {
    "categorical": [Categorical(5), Categorical(5, tied=4)],
    "mixture": [Mixture(3, 0.1)],
    "bernoulli": [Bernoulli(2)],
    "gaussian": [Gaussian(2, 0.1)],
    "nade": [Nade(3, 2)],
    "relative": [Relative(8, 3)],
    "joint": [Joint((Mixture(3), Bernoulli(1)))],
}


def rounded(function: Any, *arguments: Any) -> list[str]:
    """Products of float32 in the lowered gradient of the sum of all that `function` gives, that a device may round."""

    def total(arguments: Any) -> Any:
        return sum(jnp.sum(leaf) for leaf in jax.tree.leaves(function(*arguments)))

    gradient = jax.jit(jax.grad(total, allow_int=True))
    found = []
    for platform in ("cuda", "tpu"):
        text = gradient.trace(arguments).lower(lowering_platforms=(platform,)).as_text()
        products = [line for line in text.splitlines() if "stablehlo.dot_general" in line]
        assert products, "nothing was looked at: products are called otherwise now"
        for line in products:
            left, right = re.findall(r"tensor<[^>]*?(\w+)>", line.split(" : ")[-1].split("->")[0])
            exact = re.search(r"precision = \[HIGHEST, HIGHEST\]", line)
            if "f32" in (left[-3:], right[-3:]) and not exact:
                found.append(f"{platform}: {line.strip()}")
    return found


WITH_PRODUCTS = {name: network for name, network in CAUSAL.items() if isinstance(network, Network)}


@pytest.mark.parametrize("network", [*WITH_PRODUCTS.values(), BIDIRECTIONAL], ids=[*WITH_PRODUCTS, "both ways"])
def test_no_device_rounds_the_operands_of_a_network_s_products(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEQGEN_NATIVE", "off")
    params, carry, inputs, reset, valid, context = first(network)

    def run(params: Any, carry: Any, memory: Any, static: Any) -> Any:
        conditions = context._replace(memory=memory, static=static)
        return network.unroll(params, carry, inputs, reset=reset, valid=valid, context=conditions)

    assert rounded(run, params, carry, context.memory, context.static) == []


@pytest.mark.parametrize("kind", HEADS)
def test_no_device_rounds_the_operands_of_a_head_s_products(
    kind: str, key: jax.Array, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEQGEN_NATIVE", "off")
    for head in HEAD_OF[kind]:
        params, features = head.init(key, 6), jnp.ones((3, 6))
        if kind == "categorical" and head.tied:
            params["table"] = jnp.ones((6, 4))
        target = empty_steps(head.spec, 3)

        def run(params: Any, features: Any, head: Any = head, target: Any = target) -> Any:
            return head.log_prob(params, features, target)

        assert rounded(run, params, features) == []
