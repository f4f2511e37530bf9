"""The networks that the laws hold for, each with numbers to run it on."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.typing import NDArray
from strangers.averages import Averages
from strangers.dot_attention import DotAttention
from strangers.gated import Gated

from seqgen.batching import Inputs
from seqgen.nn.cells import LSTM, Attending, Convolution, Mogrifier, Multiplicative, Window
from seqgen.nn.context import Context
from seqgen.nn.encoder.values import PictureEncoder, SymbolEncoder
from seqgen.nn.inputs.registers import Registers
from seqgen.nn.network import Network
from seqgen.spec import Binary, Continuous, Discrete, Product, Spec

B, T, U = 3, 64, 6
SMALL: dict[str, Any] = {"units": 5, "embedding": 4}
WINDOW: dict[str, Any] = {"source": 7, "source_width": 3, "window": 2}
PEN = Product((Continuous(2), Binary(1)))
NOTE = Product((Discrete(4), Discrete(3), Continuous(1)))
EVERYTHING: dict[str, Any] = {
    **WINDOW, "skip": True, "layer_norm": True, "learned_start": True, "controls": 2, "static": 3, "static_width": 2,
}  # fmt: skip
LAYERS = LSTM(4), Window(5, components=2), LSTM(3, layer_norm=True)
CAUSAL: dict[str, Any] = {
    "one layer": Network(Discrete(6), layers=1, **SMALL),
    "two layers": Network(Discrete(6), **SMALL),
    "three layers, skip": Network(Continuous(3), layers=3, skip=True, **SMALL),
    "layer norm": Network(Discrete(6), layer_norm=True, **SMALL),
    "learned start": Network(Binary(3), learned_start=True, **SMALL),
    "window, one layer": Network(PEN, layers=1, **SMALL, **WINDOW),
    "window, two layers": Network(PEN, **SMALL, **WINDOW),
    "window, skip": Network(PEN, skip=True, **SMALL, **WINDOW),
    "static, controls": Network(NOTE, static=3, static_width=2, controls=2, **SMALL),
    "controls that say what is given": Network(NOTE, controls=2, given=True, **SMALL),
    "static, read by the head": Network(NOTE, static=3, static_width=2, static_read=True, **SMALL),
    "everything": Network(NOTE, **SMALL, **EVERYTHING),
    "two layers, in pieces": Network(Discrete(6), remat=24, **SMALL),
    "everything, in pieces": Network(NOTE, remat=24, **SMALL, **EVERYTHING),
    "two layers, bf16": Network(Discrete(6), precision="bf16", **SMALL),
    "layer norm, bf16": Network(Continuous(3), layer_norm=True, precision="bf16", **SMALL),
    "window, skip, bf16": Network(PEN, skip=True, precision="bf16", **SMALL, **WINDOW),
    "layers as values": Network(PEN, LAYERS, embedding=4, source=7, source_width=3),
    "layers as values, skip": Network(PEN, LAYERS, embedding=4, source=7, source_width=3, skip=True),
    "sums, window, skip": Network(PEN, skip=True, running=(1,), **SMALL, **WINDOW),
    "sums, in pieces": Network(NOTE, running=(0,), remat=24, **SMALL),
    "registers": Network(Discrete(37), registers=Registers(3, 7, origin=16, period=4, width=2), **SMALL),
    "registers, skip, in pieces": Network(
        Discrete(20), registers=Registers(2, 8, paired=True), skip=True, remat=24, **SMALL
    ),
    "encoder": Network(Discrete(6), source=7, encoder=SymbolEncoder(3, embedding=2), **SMALL),
    "encoder, attention": Network(
        Discrete(6), source=7, encoder=SymbolEncoder(3, layers=2, embedding=2), attention=4, **SMALL
    ),
    "encoder, attention, in pieces": Network(
        Discrete(6), source=7, encoder=SymbolEncoder(3, embedding=2), attention=4, remat=24, **SMALL
    ),
    "encoder, window, attention, skip": Network(
        PEN, skip=True, window=2, source=7, encoder=SymbolEncoder(3, embedding=2), attention=4, **SMALL
    ),
    "encoder, attention, static read by the head": Network(
        Discrete(6), source=7, encoder=SymbolEncoder(3, embedding=2), attention=4, static=3, static_read=True, **SMALL
    ),
    "picture, attention": Network(
        Discrete(6), source=256, encoder=PictureEncoder(U, 5, (3, 2), 4), attention=4, **SMALL
    ),
    "attending, attention": Network(
        Discrete(6), (LSTM(4), Attending(5)), embedding=4, source=7, encoder=SymbolEncoder(3, embedding=2), attention=4
    ),
    "attending to a picture, skip": Network(
        Discrete(6),
        (Attending(5), LSTM(4)),
        embedding=4,
        skip=True,
        source=256,
        encoder=PictureEncoder(7, 5, (3,), 4, 1, 3),
    ),
    "picture, window, bf16": Network(
        PEN, window=2, source=256, encoder=PictureEncoder(7, 5, (3,), 4), precision="bf16", **SMALL
    ),
    "attention to embeddings": Network(Discrete(6), source=7, source_width=3, attention=4, **SMALL),
    "frames": Network(Continuous(30), (Convolution(3, 5, 2, (4, 2)), LSTM(4))),
    "frames, everywhere, bf16": Network(
        Continuous(30), (Convolution(5, 3, 2, (4,), everywhere=True), LSTM(4)), precision="bf16"
    ),
    "mogrifier": Network(Discrete(6), (Mogrifier(5), LSTM(4)), embedding=4),
    "mogrifier, two rounds, skip, in pieces, bf16": Network(
        Continuous(3), (LSTM(4), Mogrifier(5, rounds=2)), skip=True, remat=24, precision="bf16"
    ),
    "multiplicative": Network(Discrete(6), (Multiplicative(5), LSTM(4)), embedding=4),
    "multiplicative, skip, in pieces, bf16": Network(
        Continuous(3), (LSTM(4), Multiplicative(5)), skip=True, remat=24, precision="bf16"
    ),
    # Of a package that seqgen has never seen.
    "gated": Network(Discrete(6), (Gated(5), LSTM(4)), embedding=4),
    "dot attention": Network(Discrete(6), (LSTM(4), DotAttention(5)), embedding=4, source=7, source_width=3),
    "averages": Averages(Discrete(6), 4, speeds=2),
}
AHEAD = Network(Discrete(6), controls=2, ahead=3, **SMALL)
BIDIRECTIONAL = Network(Continuous(3), bidirectional=True, learned_start=True, **SMALL)
DROPOUT = {
    "variational": Network(Continuous(3), skip=True, dropout=0.4, **SMALL),
    "fresh": Network(Continuous(3), skip=True, dropout=0.4, variational=False, **SMALL),
}
DROPPING = {
    "weights and symbols dropped": Network(Discrete(6), weight_drop=0.5, embedding_drop=0.25, **SMALL),
    "weights dropped, skip, in pieces": Network(NOTE, weight_drop=0.5, remat=24, **SMALL, **EVERYTHING),
    "weights dropped, both ways": Network(Continuous(3), weight_drop=0.5, bidirectional=True, **SMALL),
}
BOTH_SUMS = Network(Continuous(3), bidirectional=True, running=(2, 0), **SMALL)
ALL = {**CAUSAL, "sums, both ways": BOTH_SUMS, "ahead": AHEAD, "both ways": BIDIRECTIONAL, **DROPOUT, **DROPPING}
every_causal = pytest.mark.parametrize("network", CAUSAL.values(), ids=CAUSAL)
every_network = pytest.mark.parametrize("network", ALL.values(), ids=ALL)


class Case(NamedTuple):
    """What the laws run on: random numbers everywhere, also where `init` has zeros and ones."""

    params: Any
    context: Context
    carry: Any
    inputs: Inputs  # 2 T positions
    reset: NDArray[np.bool_]
    valid: NDArray[np.bool_]


@functools.cache
def case(network: Any) -> Case:
    random = np.random.default_rng(2)

    def normal(leaf: Any) -> jax.Array:
        return jnp.asarray(random.normal(0, 0.4, leaf.shape), jnp.float32)

    def steps(spec: Spec) -> Any:
        match spec:
            case Discrete(size):
                return random.integers(0, size + 1, (B, 2 * T), np.int32)  # the null step too
            case Product(parts):
                return tuple(steps(part) for part in parts)
            case Continuous(dim) | Binary(dim):
                return random.normal(0, 1, (B, 2 * T, dim)).astype(np.float32)

    params = jax.tree.map(normal, jax.eval_shape(network.init, jax.random.key(0)))
    for layer in params.values():  # slowly, so that a window stays over the memory
        if isinstance(layer, dict) and "window_bias" in layer.get("cell", {}):
            layer["cell"]["window_bias"] -= np.repeat(np.float32([0, 0, 2]), WINDOW["window"])
    picture = getattr(getattr(network, "encoder", None), "picture", ())
    shape = (B, U, *picture[1:])
    source = random.integers(0, network.source, shape, np.int32) if network.source else None
    context = network.encode(
        params,
        source=None if source is None else jnp.asarray(source),
        static=jnp.array([2, 0, 2]) if network.static else None,
        source_valid=None if source is None else jnp.arange(U) < jnp.array([[U], [U - 2], [1]]),
    )
    return Case(
        params,
        context,
        jax.tree.map(normal, network.start(params, B, context)),
        Inputs(steps(network.spec), steps(Continuous(network.controls)) if network.controls else None),
        random.random((B, 2 * T)) < 0.1,
        random.random((B, 2 * T)) < 0.8,
    )


@functools.cache
def unrolled(network: Any) -> Any:
    """The network's `unroll`, compiled once for all laws."""

    def run(params: Any, carry: Any, inputs: Inputs, reset: Any, valid: Any, context: Context, key: Any = None) -> Any:
        return network.unroll(params, carry, inputs, reset=reset, valid=valid, context=context, key=key)

    return jax.jit(run)


def at(tree: Any, index: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf[index], tree)


def first(network: Any) -> tuple[Any, ...]:
    """The arguments of `unrolled` for the first window."""
    params, context, carry, inputs, reset, valid = case(network)
    return params, carry, at(inputs, np.s_[:, :T]), reset[:, :T], valid[:, :T], context


def assert_same(ours: Any, theirs: Any) -> None:
    """Bit for bit."""
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    for mine, other in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_array_equal(mine, other)


def assert_close(ours: Any, theirs: Any, tolerance: float) -> None:
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    for mine, other in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(mine, other, rtol=tolerance, atol=tolerance)


def mixed(mask: NDArray[np.bool_], yes: Any, no: Any) -> Any:
    """Rows of two carries."""
    return jax.tree.map(lambda a, b: jnp.where(mask.reshape(B, *[1] * (b.ndim - 1)), a, b), yes, no)
