"""Stacks of recurrent layers between a step's input and a head: the shapes every domain shares.

Flax modules build the layers; at this border parameters are plain dicts of arrays, and no state hides anywhere.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from . import recurrence
from .attention import WindowLSTM
from .batching import Inputs
from .errors import ModelError, UsageError
from .lstm import LSTM
from .recurrence import Array, Carry, Memory
from .spec import Discrete, Joint, Spec, spec_from_dict, spec_to_dict

Params = dict[str, Any]


class Context(NamedTuple):
    """What conditions a sequence from outside; each part may be absent, gradients flow into all.

    start: a carry to begin (and, at a reset, to begin again) from, in place of the network's own.
    memory: entries `[B, U, E]` to attend to.
    static: `[B, S]`, seen at every position: a writer, a corpus.
    """

    start: Carry = None
    memory: Memory | None = None
    static: Array | None = None


@dataclass(frozen=True)
class Network:
    """A stack of LSTM layers reading steps of `spec`: a value, with its functions.

    layers, units: how many, how wide.
    embedding: width of the table for symbols; vectors enter linearly.
    controls: width of the known side inputs of every step.
    skip: the input reaches every layer and every layer the output (Graves 2013, section 2).
    layer_norm, learned_start: see `seqgen.lstm.LSTM`.
    dropout: rate between layers and before the head; `variational` keeps one mask a window (Gal & Ghahramani 2016).
    bidirectional: reads the window both ways; for encoders and recognisers, it cannot be sampled from.
    source: symbols of what conditions a sequence; its entries are attended to through `window` Gaussians.
    static: how many writers or corpora there are, each with a learned vector of `static_width`.
    precision: "f32" or "bf16", see `seqgen.recurrence.matmul`.

    >>> network = Network(Discrete(5), layers=1, units=8, embedding=4)
    >>> params = network.init(jax.random.key(0))
    >>> carry, features = network.step(params, network.start(params, 2), Inputs(jnp.array([0, 3])))
    >>> features.shape
    (2, 8)
    """

    spec: Spec
    layers: int = 2
    units: int = 256
    embedding: int = 64
    controls: int = 0
    skip: bool = False
    layer_norm: bool = False
    learned_start: bool = False
    dropout: float = 0.0
    variational: bool = True
    bidirectional: bool = False
    source: int = 0
    source_width: int = 64
    window: int = 0
    static: int = 0
    static_width: int = 16
    precision: str = "f32"

    def __post_init__(self) -> None:
        if min(self.layers, self.units, self.embedding) < 1 or not 0 <= self.dropout < 1:
            raise UsageError(f"a network needs layers, units, embedding >= 1 and 0 <= dropout < 1, not {self}")
        if self.precision not in ("f32", "bf16"):
            raise UsageError(f"precision is 'f32' or 'bf16', not {self.precision!r}")
        if bool(self.source) != bool(self.window):
            raise UsageError("a source is read through a window: give both `source` and `window`, or neither")
        if self.bidirectional and self.window:
            raise UsageError("a window moves forward only: a bidirectional network cannot have one")

    @property
    def width(self) -> int:
        """How many values a feature vector has."""
        outputs = [self.units * (1 + self.bidirectional)] * self.layers
        seen = self.source_width if self.window else 0
        return sum(outputs) + seen if self.skip else outputs[-1] + (seen if self.layers == 1 else 0)

    def init(self, key: Array) -> Params:
        """New parameters, a nested dict of float32 arrays."""
        return nnx.to_pure_dict(nnx.state(Stack(self, rngs=nnx.Rngs(key)), nnx.Param))

    def encode(
        self,
        params: Params,
        source: Array | None = None,
        static: Array | None = None,
        source_valid: Array | None = None,
    ) -> Context:
        """What conditions the sequences of a batch: source `[B, U]` int32, static `[B]` int32."""
        return _stack(self, params).encode(source, static, source_valid)

    def start(self, params: Params, batch: int, context: Context = Context()) -> Carry:
        """The carry that opens a sequence; every leaf leads with B."""
        if context.start is not None:
            return context.start
        return _stack(self, params).start(batch, context.memory)

    def unroll(
        self,
        params: Params,
        carry: Carry,
        inputs: Inputs,
        *,
        reset: Array | None = None,
        valid: Array | None = None,
        context: Context = Context(),
        key: Array | None = None,
    ) -> tuple[Carry, Array]:
        """A whole window: inputs `[B, T, ...]` -> features `[B, T, width]`. Law: equal to `step`, T times.

        reset: bool `[B, T]`, the carry is the start carry before that position.
        valid: bool `[B, T]`, where False the carry passes through unchanged and features are 0.
        key: turns dropout on.
        """
        stack = _stack(self, params)
        start = self.start(params, _rows(inputs), context)
        x, reset, valid = jax.tree.map(lambda a: jnp.swapaxes(a, 0, 1), (inputs, reset, valid))
        if valid is not None:
            # Blank, not only uncounted: a NaN in a padded position would reach the gradients of the others.
            x = recurrence.where(valid, x, jax.tree.map(jnp.zeros_like, x))

        def run(layer: Layer | Pair, carry: Carry, start: Carry, xs: Array) -> tuple[Carry, Array]:
            return layer.unroll(carry, xs, start=start, reset=reset, valid=valid, memory=context.memory)

        carry, features = stack(run, carry, start, x, context, key)
        return carry, jnp.swapaxes(features, 0, 1)

    def step(
        self, params: Params, carry: Carry, inputs: Inputs, *, context: Context = Context()
    ) -> tuple[Carry, Array]:
        """One position: inputs `[B, ...]` -> features `[B, width]`. Raises UsageError for a bidirectional network."""
        if self.bidirectional:
            raise UsageError("a bidirectional network reads whole sequences: it has no single step, and no samples")

        def run(layer: Any, carry: Carry, start: Carry, x: Array) -> tuple[Carry, Array]:
            return recurrence.step(layer.cell, carry, x, context.memory)

        return _stack(self, params)(run, carry, carry, inputs, context, None)

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "spec": spec_to_dict(self.spec)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Network:
        """Raises ModelError for unknown or missing settings."""
        try:
            return cls(**{**data, "spec": spec_from_dict(data["spec"])})
        except (TypeError, KeyError, UsageError) as error:
            raise ModelError(f"the network's settings do not fit: {error}; the model is damaged or newer") from None


class Layer(nnx.Module):
    """One cell, run over a window; the forward half of `Pair`."""

    def __init__(self, cell: LSTM | WindowLSTM) -> None:
        self.cell = cell

    def start(self, batch: int, memory: Memory | None) -> Carry:
        return self.cell.start(batch, memory)

    def unroll(self, carry: Carry, xs: Array, **masks: Any) -> tuple[Carry, Array]:
        return recurrence.unroll(self.cell, carry, xs, **masks)


class Pair(nnx.Module):
    """Two cells, one reading the window backwards; features side by side."""

    def __init__(self, forward: LSTM, backward: LSTM) -> None:
        self.forward, self.backward = forward, backward

    def start(self, batch: int, memory: Memory | None) -> Carry:
        return self.forward.start(batch, memory), self.backward.start(batch, memory)

    def unroll(
        self, carry: Carry, xs: Array, *, start: Carry, reset: Array | None, valid: Array | None, memory: Memory | None
    ) -> tuple[Carry, Array]:
        # Read backwards, a sequence begins where the next one's reset stands.
        last = None if reset is None else jnp.flip(jnp.roll(reset, -1, axis=0).at[-1].set(False), axis=0)
        right = None if valid is None else jnp.flip(valid, axis=0)
        ahead, there = recurrence.unroll(self.forward, carry[0], xs, start=start[0], reset=reset, valid=valid)
        back, again = recurrence.unroll(
            self.backward, start[1], jnp.flip(xs, axis=0), start=start[1], reset=last, valid=right
        )
        return (ahead, back), jnp.concatenate([there, jnp.flip(again, axis=0)], axis=-1)


class Stack(nnx.Module):
    """The modules of a `Network`."""

    def __init__(self, network: Network, *, rngs: nnx.Rngs) -> None:
        self.network = network
        tables = _symbols(network.spec)
        for i, size in enumerate(tables):  # one row more: the null step that opens a sequence
            setattr(self, f"table{i}", nnx.Param(jax.random.normal(rngs.params(), (size + 1, network.embedding)) * 0.1))
        if network.source:
            shape = (network.source, network.source_width)
            self.source_table = nnx.Param(jax.random.normal(rngs.params(), shape))
        if network.static:
            shape = (network.static, network.static_width)
            self.static_table = nnx.Param(jax.random.normal(rngs.params(), shape) * 0.1)
        width = len(tables) * network.embedding + _values(network.spec) + network.controls
        width += network.static_width if network.static else 0
        below = width
        for i in range(network.layers):
            setattr(self, f"layer{i}", self._layer(i, below, rngs))
            seen = network.source_width if network.window else 0
            out = network.units * (1 + network.bidirectional)
            below = out + (width + seen if network.skip else seen if i == 0 else 0)

    def _layer(self, index: int, inputs: int, rngs: nnx.Rngs) -> Layer | Pair:
        network = self.network
        shared: Any = {
            "layer_norm": network.layer_norm,
            "learned_start": network.learned_start,
            "precision": network.precision,
            "rngs": rngs,
        }
        if network.bidirectional:
            return Pair(LSTM(inputs, network.units, **shared), LSTM(inputs, network.units, **shared))
        if network.window and index == 0:
            entry, components = network.source_width, network.window
            return Layer(WindowLSTM(inputs, network.units, entry=entry, components=components, **shared))
        return Layer(LSTM(inputs, network.units, **shared))

    def encode(self, source: Array | None, static: Array | None, source_valid: Array | None) -> Context:
        network, memory, vector = self.network, None, None
        if network.source:
            if source is None:
                raise UsageError("this network writes for a source: give `source`, int32 [B, U]")
            valid = jnp.ones(source.shape) if source_valid is None else source_valid.astype(jnp.float32)
            memory = Memory(jnp.take(self.source_table[...], source, axis=0), valid)
        if network.static:
            if static is None:
                raise UsageError(f"this network knows {network.static} writers: give `static`, int32 [B]")
            vector = jnp.take(self.static_table[...], static, axis=0)
        return Context(None, memory, vector)

    def start(self, batch: int, memory: Memory | None) -> Carry:
        return tuple(getattr(self, f"layer{i}").start(batch, memory) for i in range(self.network.layers))

    def embed(self, inputs: Inputs, context: Context) -> Array:
        """Steps and what comes with them as one vector a position."""
        tables = iter([getattr(self, f"table{i}")[...] for i in range(len(_symbols(self.network.spec)))])

        def flat(spec: Spec, steps: Any) -> list[Array]:
            if isinstance(spec, Joint):
                return [x for part, values in zip(spec.parts, steps, strict=True) for x in flat(part, values)]
            if isinstance(spec, Discrete):
                return [jnp.take(next(tables), steps, axis=0)]
            return [steps]

        parts = flat(self.network.spec, inputs.steps)
        if self.network.controls:
            parts.append(inputs.controls)
        if self.network.static:
            assert context.static is not None
            parts.append(jnp.broadcast_to(context.static, (*parts[0].shape[:-1], context.static.shape[-1])))
        return jnp.concatenate(parts, axis=-1)

    def __call__(
        self,
        run: Callable[[Any, Carry, Carry, Array], tuple[Carry, Array]],
        carry: Carry,
        start: Carry,
        inputs: Inputs,
        context: Context,
        key: Array | None,
    ) -> tuple[Carry, Array]:
        """The layers in order, each run over `[T, B, D]` or `[B, D]` by `run`."""
        network = self.network
        x = self.embed(inputs, context)
        carries, outputs, below, seen = [], [], x, []
        for i in range(network.layers):
            after, out = run(getattr(self, f"layer{i}"), carry[i], start[i], below)
            if network.window and i == 0 and network.skip:
                out, seen = out[..., : network.units], [out[..., network.units :]]
            out = self._drop(out, key, i)
            carries.append(after)
            outputs.append(out)
            below = jnp.concatenate([out, x, *seen], axis=-1) if network.skip else out
        features = jnp.concatenate([*outputs, *seen], axis=-1) if network.skip else below
        return tuple(carries), features

    def _drop(self, x: Array, key: Array | None, place: int) -> Array:
        rate = self.network.dropout
        if key is None or not rate:
            return x
        shape = (1, *x.shape[1:]) if self.network.variational else x.shape
        return jnp.where(jax.random.bernoulli(jax.random.fold_in(key, place), 1 - rate, shape), x / (1 - rate), 0.0)


def _symbols(spec: Spec) -> list[int]:
    if isinstance(spec, Joint):
        return [size for part in spec.parts for size in _symbols(part)]
    return [spec.size] if isinstance(spec, Discrete) else []


def _values(spec: Spec) -> int:
    if isinstance(spec, Joint):
        return sum(_values(part) for part in spec.parts)
    return 0 if isinstance(spec, Discrete) else spec.dim


def _rows(inputs: Inputs) -> int:
    return int(jax.tree.leaves(inputs)[0].shape[0])


@functools.lru_cache(maxsize=32)
def _blueprint(network: Network) -> tuple[Any, Any]:
    return nnx.split(nnx.eval_shape(lambda: Stack(network, rngs=nnx.Rngs(0))))


def _stack(network: Network, params: Params) -> Stack:
    graph, shapes = _blueprint(network)
    state = jax.tree.map(lambda x: x, shapes)  # a copy: the next line fills it in place
    nnx.replace_by_pure_dict(state, params)
    return nnx.merge(graph, state)  # type: ignore[no-any-return]
