"""The modules behind a `Network`: embeddings, recurrent layers, how they are wired; Flax holds their weights."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from ..errors import UsageError
from ..spec import Discrete, Inputs, Product, Spec, vector_width
from . import cudnn, recurrence
from .attention import Attention
from .both_ways import Pair, backwards
from .cells import LSTM, Layer
from .context import Context, Params
from .inputs.registers import Registers
from .network import Network
from .products import look_up, matmul
from .recurrence import Array, Carry, Cell, LSTMCarry, Memory, Symbols


def init(network: Network, key: Array) -> Params:
    """New parameters."""
    return nnx.to_pure_dict(nnx.state(Stack(network, rngs=nnx.Rngs(key)), nnx.Param))


class OneWay(nnx.Module):
    """One cell, run over a window; the forward half of `Pair`."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell

    def start(self, batch: int, memory: Memory | None) -> Carry:
        return self.cell.start(batch, memory)

    def unroll(self, carry: Carry, xs: Array | Symbols, *, memory: Memory | None, **masks: Any) -> tuple[Carry, Array]:
        if not isinstance(xs, Symbols) and cudnn.asked(self.cell):
            return cudnn.unroll(self.cell, carry, xs, **masks)
        return recurrence.unroll(self.cell, carry, xs, memory=memory, **masks)


class Stack(nnx.Module):
    """The modules of a `Network`."""

    def __init__(self, network: Network, *, rngs: nnx.Rngs) -> None:
        self.network = network
        tables = _symbols(network.spec)
        for i, size in enumerate(tables):  # one row more: the null step that opens a sequence
            setattr(self, f"table{i}", nnx.Param(jax.random.normal(rngs.params(), (size + 1, network.embedding)) * 0.1))
        if network.encoder is not None:
            self.encoder = network.encoder.build(network.source, precision=network.precision, rngs=rngs)
        elif network.source:
            shape = (network.source, network.source_width)
            self.source_table = nnx.Param(jax.random.normal(rngs.params(), shape))
        if network.static:
            shape = (network.static, network.static_width)
            self.static_table = nnx.Param(jax.random.normal(rngs.params(), shape) * 0.1)
        width = len(tables) * network.embedding + vector_width(network.spec)
        width += network.controls + network.ahead + len(network.running)
        width += network.static_width if network.static else 0
        if network.registers is not None:
            rows = network.registers.rows
            for i, size in enumerate(rows):
                shape = (size, network.registers.width)
                setattr(self, f"register{i}", nnx.Param(jax.random.normal(rngs.params(), shape) * 0.1))
            width += len(rows) * network.registers.width
        below, seen = width, 0
        for i, layer in enumerate(network.stacked):

            def built(layer: Layer = layer, inputs: int = below) -> Cell:
                return layer.build(inputs, network.entry, precision=network.precision, rngs=rngs)

            setattr(self, f"layer{i}", Pair(built(), built()) if network.bidirectional else OneWay(built()))
            here = network.entry if layer.reads else 0
            seen += here
            below = layer.units * (1 + network.bidirectional) + (width + seen if network.skip else here)

        if network.attention:
            sizes = network.read_width, network.entry, network.attention
            self.attention = Attention(*sizes, precision=network.precision, rngs=rngs)
        if network.encoder is not None and network.encoder.ends:
            new = nnx.initializers.lecun_normal()
            for i, layer in enumerate(network.stacked):
                shape = (network.encoder.ends, 2 * layer.units)
                setattr(self, f"bridge{i}", nnx.Param(new(rngs.params(), shape)))
        if network.ahead:
            self.ahead = LSTM(network.ahead).build(network.controls, 0, precision=network.precision, rngs=rngs)

    def look(self, controls: Array, reset: Array | None, valid: Array | None) -> Array:
        """Controls `[T, B, C]` and what is ahead of each, `[T, B, C + ahead]`."""
        _, seen = backwards(self.ahead, self.ahead.start(controls.shape[1], None), controls, reset, valid)
        return jnp.concatenate([controls, seen], axis=-1)

    def encode(
        self, source: Array | None, static: Array | None, source_valid: Array | None, key: Array | None
    ) -> Context:
        network, memory, vector, start = self.network, None, None, None
        if network.source:
            if source is None:
                raise UsageError("this network writes for a source: give `source`, int32 [B, U]")
            if network.encoder is not None:
                memory, ends = self.encoder(source, source_valid, key)
                start = self._bridged(ends, memory) if network.encoder.ends else None
            else:
                valid = jnp.ones(source.shape) if source_valid is None else source_valid.astype(jnp.float32)
                memory = Memory(look_up(self.source_table[...], source), valid)
        if network.static:
            if static is None:
                raise UsageError(f"this network knows {network.static} writers: give `static`, int32 [B]")
            vector = static if jnp.ndim(static) > 1 else look_up(self.static_table[...], static)
        return Context(start, memory, vector)

    def _bridged(self, ends: Array, memory: Memory) -> Carry:
        """The carry that opens a sequence: what every LSTM remembers comes of what the encoder ended with."""

        def opened(i: int, carry: Carry) -> Carry:
            if not isinstance(carry, LSTMCarry):
                return carry
            hidden, cell = jnp.split(matmul(ends, getattr(self, f"bridge{i}")[...], self.network.precision), 2, axis=-1)
            return LSTMCarry(jnp.tanh(hidden), cell)

        given = self.start(ends.shape[0], memory)
        count = len(self.network.stacked)
        is_lstm = lambda carry: isinstance(carry, LSTMCarry)
        made = [jax.tree.map(functools.partial(opened, i), given[i], is_leaf=is_lstm) for i in range(count)]
        return (*made, *given[count:])

    def start(self, batch: int, memory: Memory | None) -> Carry:
        carry = [getattr(self, f"layer{i}").start(batch, memory) for i in range(len(self.network.stacked))]
        running, registers = self.network.running, self.network.registers
        if running:
            carry.append(jnp.zeros((batch, len(running))))
        return (*carry, registers.start(batch)) if registers else tuple(carry)

    def sums(self, before: Array, start: Array, inputs: Inputs, reset: Array | None) -> tuple[Array, Array]:
        """The sums of the `running` values after the last position, and at each, over `[T, B]` or at `[B]`."""
        values = jnp.concatenate(_vectors(self.network.spec, inputs.steps), axis=-1)[..., self.network.running]
        if values.ndim == 2:
            return before + values, before + values
        reset = jnp.zeros(values.shape[:2], bool) if reset is None else reset

        def body(total: Array, at: Any) -> tuple[Array, Array]:
            value, begins = at
            total = recurrence.where(begins, start, total) + value
            return total, total

        return recurrence.loop(body, before, (values, reset))

    def _told(self, registers: Registers, states: Array) -> list[Array]:
        """What the network is told of states of the registers, each as a vector."""
        rows = registers.rows_of(states)
        return [look_up(getattr(self, f"register{i}")[...], chosen) for i, chosen in enumerate(rows)]

    def embed(self, inputs: Inputs, context: Context, more: Sequence[Array] = ()) -> Array:
        """Steps and what comes with them as one vector a position."""
        tables = iter([getattr(self, f"table{i}")[...] for i in range(len(_symbols(self.network.spec)))])

        def flat(spec: Spec, steps: Any) -> list[Array]:
            if isinstance(spec, Product):
                return [x for part, values in zip(spec.parts, steps, strict=True) for x in flat(part, values)]
            if isinstance(spec, Discrete):
                return [look_up(next(tables), steps)]
            return [steps]

        parts = flat(self.network.spec, inputs.steps)
        if self.network.controls:
            parts.append(inputs.controls)
        parts.extend(more)
        if self.network.static:
            assert context.static is not None
            if context.static.ndim == 3:
                raise UsageError(
                    f"static vectors of shape {context.static.shape} are of the entries of a memory, of which `step` and `unroll` "
                    "see one through a window: give one vector a row, [B, S]"
                )
            parts.append(jnp.broadcast_to(context.static, (*parts[0].shape[:-1], context.static.shape[-1])))
        return jnp.concatenate(parts, axis=-1)

    def _chosen(self, inputs: Inputs) -> Symbols | None:
        """The input as rows of the table, where it is nothing else and their projection is used often enough.

        By a window of more positions than the table has rows; by a step of a fourth as many sequences, for steps are
        taken in loops, out of which XLA takes what is the same every time.
        """
        network = self.network
        others = network.controls or network.static or network.bidirectional or network.registers
        if not isinstance(network.spec, Discrete) or others:
            return None
        table, layer = (getattr(self, name) for name in ("table0", "layer0"))
        often = 1 if inputs.steps.ndim == 2 else 4
        if often * inputs.steps.size <= len(table[...]) or cudnn.asked(layer.cell):
            return None
        return Symbols(table[...], inputs.steps)

    def __call__(
        self,
        run: Callable[[Any, Carry, Carry, Any], tuple[Carry, Array]],
        carry: Carry,
        start: Carry,
        inputs: Inputs,
        context: Context,
        key: Array | None,
        reset: Array | None = None,
        valid: Array | None = None,
    ) -> tuple[Carry, Array]:
        """The layers in order, each run over `[T, B, D]` or `[B, D]` by `run`."""
        network, count = self.network, len(self.network.stacked)
        total: list[Array] = []
        more: list[Array] = []
        place: list[Array] = []
        if network.running:
            end, sums = self.sums(carry[count], start[count], inputs, reset)
            total, more = [end], [sums]
        if registers := network.registers:
            if inputs.steps.ndim == 1:
                end = states = registers.read(carry[-1], inputs.steps)
            else:
                end, states = registers.scan(carry[-1], start[-1], inputs.steps, reset, valid)
            place = [registers.place(states)]
            if valid is not None:
                place = [recurrence.where(valid, place[0], jnp.zeros_like(place[0]))]
            total, more = [*total, end], [*more, *self._told(registers, states)]
        x = self.embed(inputs, context, more)
        if registers:
            x = self._drop(x, key, count + 1, registers.dropout)
        carries: list[Carry] = []
        outputs: list[Array] = []
        seen: list[Array] = []
        below: Any = self._chosen(inputs) or x
        for i, layer in enumerate(network.stacked):
            after, out = run(getattr(self, f"layer{i}"), carry[i], start[i], below)
            if layer.reads and network.skip:
                out, seen = out[..., : layer.units], [*seen, out[..., layer.units :]]
            out = self._drop(out, key, i, network.dropout)
            carries.append(after)
            outputs.append(out)
            below = jnp.concatenate([out, x, *seen], axis=-1) if network.skip else out
        features = jnp.concatenate([*outputs, *seen], axis=-1) if network.skip else below
        features = jnp.concatenate([features, *place], axis=-1) if place else features
        return (*carries, *total), features

    def finish(self, features: Array, context: Context, key: Array | None) -> Array:
        """Features with what is attended to after the layers, and with the static vector, where the head is told either."""
        network = self.network
        if network.attention:
            assert context.memory is not None
            features = self.attention(features, context.memory)
            features = self._drop(features, key, len(network.stacked), network.dropout)
        if network.static_read:
            assert context.static is not None
            told = jnp.broadcast_to(context.static, (*features.shape[:-1], network.static_width))
            features = jnp.concatenate([features, told], axis=-1)
        return features

    def _drop(self, x: Array, key: Array | None, place: int, rate: float) -> Array:
        if key is None or not rate:
            return x
        shape = (1, *x.shape[1:]) if self.network.variational else x.shape
        return jnp.where(jax.random.bernoulli(jax.random.fold_in(key, place), 1 - rate, shape), x / (1 - rate), 0.0)


def _symbols(spec: Spec) -> list[int]:
    if isinstance(spec, Product):
        return [size for part in spec.parts for size in _symbols(part)]
    return [spec.size] if isinstance(spec, Discrete) else []


def _vectors(spec: Spec, steps: Any) -> list[Array]:
    if isinstance(spec, Product):
        return [x for part, values in zip(spec.parts, steps, strict=True) for x in _vectors(part, values)]
    return [] if isinstance(spec, Discrete) else [steps]


@functools.lru_cache(maxsize=32)
def _blueprint(network: Network) -> tuple[Any, Any]:
    return nnx.split(nnx.eval_shape(lambda: Stack(network, rngs=nnx.Rngs(0))))


def merge(network: Network, params: Params) -> Stack:
    """The modules with these parameters in them."""
    graph, shapes = _blueprint(network)
    state = jax.tree.map(lambda x: x, shapes)  # a copy: the next line fills it in place
    nnx.replace_by_pure_dict(state, params)
    return nnx.merge(graph, state)  # type: ignore[no-any-return]
