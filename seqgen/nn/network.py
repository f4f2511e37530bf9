"""Stacks of recurrent layers between a step's input and a head: the shapes every domain shares.

Flax modules build the layers (`seqgen.nn.stack`); at this border parameters are plain dicts of arrays, and no state hides
anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import ModelError, UsageError, one_line
from ..spec import Discrete, Inputs, Spec, spec_from_dict, spec_to_dict, stranger, vector_width
from . import recurrence
from .cells import LSTM, Attending, Layer, Window, layer_from_dict
from .context import Context, Params
from .dropping import dropped
from .encoder.values import Encoder, encoder_from_dict
from .inputs.registers import Registers
from .recurrence import Array, Carry
from .window import entries

if TYPE_CHECKING:
    from .both_ways import Pair
    from .stack import OneWay, Stack

# Models without one of these settings can be read by versions without it.
_LATER = (
    "weight_drop", "embedding_drop", "static_read", "ahead", "given", "running", "encoder", "attention", "registers",
)  # fmt: skip


@dataclass(frozen=True)
class Network:
    """A stack of recurrent layers reading steps of `spec`: a value, with its functions.

    layers: what it is made of, from below, values such as `LSTM(400)` and `Window(400)`; or how many LSTMs, of `units`
    cells each, the first with a window where `window` asks for one, and with `layer_norm` and `learned_start`.
    embedding: width of the table for symbols; vectors enter linearly.
    controls: width of the known side inputs of every step.
    running: which values of a step's vectors, by number, are also given as their sum since the sequence began: where a
    pen is on its line, for one, beside how it moves.
    ahead: units of an LSTM that reads these controls backwards, from the end of what is given, so that each step knows
    what is to come; 0 for none. `look` is that reading, see there.
    skip: the input reaches every layer and every layer the output (Graves 2013, section 2).
    layer_norm, learned_start: see `seqgen.nn.lstm.LSTMCell`.
    dropout: rate between layers and before the head; `variational` keeps one mask a window (Gal & Ghahramani 2016).
    weight_drop, embedding_drop: of recurrent kernels (Merity et al. 2018), and of whole symbols that are read, see `seqgen.nn.dropping`.
    bidirectional: reads the window both ways; for encoders and recognisers, it cannot be sampled from.
    source: symbols of what conditions a sequence; its entries are attended to through `window` Gaussians, or by those
    of the `layers` that read.
    encoder: what reads the source, such as `SymbolEncoder(256)`; its entries are attended to in place of embeddings, and
    what it ends with opens the sequence (sequence to sequence, encoder-decoder).
    registers: for streams of symbols that take turns, such as voices: what is told of them, see `Registers`; features then
    end with where the stream stands whose turn it is, and the origin.
    attention: values of a feature vector in which the top layer's and what it attends to in the memory are joined, see
    `seqgen.nn.attention`; 0 for none.
    static: how many writers or corpora there are, each with a learned vector of `static_width`.
    static_read: features end with that vector, so that the head sees it as well as the layers: a topic then says at once
    which symbols are likely (Mikolov & Zweig 2012, whose topics reach the output layer, too).
    precision: "f32" or "bf16", see `seqgen.nn.products.matmul`.
    remat: gradient checkpointing, keep only the carry of every so many positions and compute the rest again on the way
    back: a third more work for a window too long to fit in memory; 0 keeps everything.

    >>> from seqgen.spec import Discrete
    >>> network = Network(Discrete(5), layers=1, units=8, embedding=4)
    >>> params = network.init(jax.random.key(0))
    >>> carry, features = network.step(params, network.start(params, 2), Inputs(jnp.array([0, 3])))
    >>> features.shape
    (2, 8)
    """

    spec: Spec
    layers: int | tuple[Layer, ...] = 2
    units: int = 256
    embedding: int = 64
    controls: int = 0
    skip: bool = False
    layer_norm: bool = False
    learned_start: bool = False
    dropout: float = 0.0
    variational: bool = True
    weight_drop: float = 0.0
    embedding_drop: float = 0.0
    bidirectional: bool = False
    source: int = 0
    source_width: int = 64
    window: int = 0
    static: int = 0
    static_width: int = 16
    static_read: bool = False
    precision: str = "f32"
    remat: int = 0
    ahead: int = 0
    given: bool = False
    running: tuple[int, ...] = ()
    encoder: Encoder | None = None
    attention: int = 0
    registers: Registers | None = None

    def __post_init__(self) -> None:
        if isinstance(self.layers, tuple):
            shorthand = self.units, self.layer_norm, self.learned_start, self.window
            if shorthand != (256, False, False, 0):
                raise UsageError(
                    "`layers` are values of their own: give units, layer_norm, learned_start, window there"
                )
        count = self.layers if isinstance(self.layers, int) else len(self.layers)
        widths = count, self.units, self.embedding, self.source_width, self.static_width
        if min(widths) < 1 or min(self.controls, self.source, self.window, self.static, self.ahead, self.attention) < 0:
            raise UsageError(
                f"a network needs layers, units, embedding >= 1, widths >= 1 and no number below 0, not {self}"
            )
        drops = self.dropout, self.weight_drop, self.embedding_drop
        if not all(0 <= rate < 1 for rate in drops):
            raise UsageError(f"a network needs 0 <= dropout < 1, of weights and symbols, too, not {drops}")
        if self.precision not in ("f32", "bf16"):
            raise UsageError(f"precision is 'f32' or 'bf16', not {self.precision!r}")
        reads = any(layer.reads for layer in self.stacked)
        if bool(self.source) != bool(reads or self.encoder or self.attention):
            raise UsageError(
                "a source is read through a window, or an encoder: give both `source` and `window`, or neither"
            )
        if self.encoder is not None and not self.encoder.ends and not (reads or self.attention):
            raise UsageError("what this encoder reads is only to be attended to: give `attention`, or layers that read")
        if self.ahead and not self.controls:
            raise UsageError("what is ahead is read in the controls: give `controls`, or leave `ahead` out")
        if self.given and not self.controls:
            raise UsageError("what is given is said in the controls: give `controls`, or leave `given` out")
        if self.remat < 0 or (self.remat and self.bidirectional):
            raise UsageError(f"remat is {self.remat}; give 0 or more positions, and 0 to a bidirectional network")
        values = vector_width(self.spec)
        if not all(type(number) is int and 0 <= number < values for number in self.running):
            raise UsageError(f"running is {self.running}; the steps have {values} values, give numbers below that")
        if self.registers and (not isinstance(self.spec, Discrete) or self.bidirectional or self.attention):
            raise UsageError("registers are of symbols, read forward and attended to by nobody: leave the others out")
        if self.static_read and (not self.static or self.registers):
            raise UsageError(
                "what the head is told is the vector of `static`, and no place of registers: give the one alone"
            )
        if self.bidirectional and (reads or self.encoder):
            raise UsageError("a window moves forward only, as a decoder does: a bidirectional network cannot have one")

    @property
    def stacked(self) -> tuple[Layer, ...]:
        """The layers, from below, where `layers` is a number, too."""
        if isinstance(self.layers, tuple):
            return self.layers
        shared = self.layer_norm, self.learned_start
        plain = LSTM(self.units, *shared)
        first = Window(self.units, self.window, *shared) if self.window else plain
        return (first, *[plain] * (self.layers - 1))

    @property
    def causal(self) -> bool:
        """Whether it can be stepped, and so sampled from."""
        return not self.bidirectional

    @property
    def whole(self) -> bool:
        """Whether an item is to be seen from its beginning to its end at once: what is encoded, or ahead, belongs to all of it."""
        return self.encoder is not None or self.ahead > 0

    @property
    def entry(self) -> int:
        """How many values an entry of the memory has."""
        return self.source_width if self.encoder is None else self.encoder.entry

    @property
    def width(self) -> int:
        """How many values a feature vector has."""
        below = self.attention or self.read_width + 2 * bool(self.registers)
        return below + self.static_width * self.static_read

    @property
    def read_width(self) -> int:
        """How many the layers give, before attention."""
        outputs = [layer.units * (1 + self.bidirectional) for layer in self.stacked]
        seen = [self.entry * layer.reads for layer in self.stacked]
        return sum(outputs) + sum(seen) if self.skip else outputs[-1] + seen[-1]

    def init(self, key: Array) -> Params:
        """New parameters, a nested dict of float32 arrays."""
        from . import stack

        return stack.init(self, key)

    def encode(
        self,
        params: Params,
        source: Array | None = None,
        static: Array | None = None,
        source_valid: Array | None = None,
        *,
        key: Array | None = None,
    ) -> Context:
        """What conditions the sequences of a batch: source `[B, U]` int32, static `[B]` int32.

        key: turns the encoder's dropout on.

        static may also be vectors, float32 `[B, static_width]`: of a writer between others, or one fitted to new ink; or
        `[B, U, static_width]`, of each entry, for a network with a window (`seqgen.nn.window.entries`).
        Raises UsageError where one that is known here, a NumPy array or a list, is out of range.
        """
        for name, size, given in (("source", self.source, source), ("static", self.static, static)):
            vectors = name == "static" and given is not None and np.ndim(given) > 1
            if (
                size
                and not vectors
                and isinstance(given, np.ndarray | list)
                and (found := stranger(Discrete(size), given))
            ):
                knows = f"this network knows 0 to {size - 1}"
                raise UsageError(
                    f"`{name}` has {found.symbol} in row {found.position // (np.size(given) // len(given))}; {knows}; give one of these"
                )
        return _stack(self, params).encode(source, static, source_valid, key)

    def start(self, params: Params, batch: int, context: Context = Context()) -> Carry:
        """The carry that opens a sequence; every leaf leads with B."""
        if context.start is not None:
            return context.start
        return _stack(self, params).start(batch, context.memory)

    def look(self, params: Params, controls: Array, *, reset: Array | None = None, valid: Array | None = None) -> Array:
        """Controls `[B, T, C]` with what is ahead of each, `[B, T, C + ahead]`: what `step` takes in place of controls.

        `unroll` does so by itself with controls `[B, T, C]`, up to the window's end or the next reset. For sampling it is
        done once, over all there are; `sampling.stream` does.
        """
        return jnp.swapaxes(_stack(self, params).look(*_time_first((controls, reset, valid))), 0, 1)

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
        if self._by_entry(context):
            return entries.unroll(self, params, carry, inputs, reset=reset, valid=valid, context=context, key=key)
        carry, features = self._below(params, carry, inputs, reset, valid, context, key)
        if self.attention or self.static_read:
            features = _stack(self, params).finish(features, context, key)
            if valid is not None:
                features = recurrence.where(valid.T, features, jnp.zeros_like(features))
        return carry, jnp.swapaxes(features, 0, 1)

    def align(
        self, params: Params, carry: Carry, inputs: Inputs, *, context: Context, valid: Array | None = None
    ) -> Array:
        """How much of each entry of the memory the positions of a window take, `[B, T, U]`: attention's alignment.

        Raises UsageError for one without `attention` and without `Attending` on top; where a window of Gaussians stands, its carry says.

        >>> import numpy
        >>> from seqgen import Discrete, SymbolEncoder
        >>> network = Network(Discrete(5), layers=1, units=8, source=30, encoder=SymbolEncoder(6), attention=8)
        >>> params = network.init(jax.random.key(0))
        >>> context = network.encode(params, numpy.array([[4, 1, 7]]))
        >>> start = network.start(params, 1, context)
        >>> network.align(params, start, Inputs(jnp.array([[5, 2]])), context=context).shape
        (1, 2, 3)
        """
        inside = isinstance(self.stacked[-1], Attending) and not self.skip
        if not (self.attention or inside) or context.memory is None:
            raise UsageError("this network has no attention whose alignment could be shown; give `attention`")
        _, features = self._below(params, carry, inputs, None, valid, context, None)
        stack = _stack(self, params)
        looks = stack.attention if self.attention else getattr(stack, f"layer{len(self.stacked) - 1}").cell
        return jnp.swapaxes(looks.weights(features, context.memory), 0, 1)

    def _below(
        self,
        params: Params,
        carry: Carry,
        inputs: Inputs,
        reset: Array | None,
        valid: Array | None,
        context: Context,
        key: Array | None,
    ) -> tuple[Carry, Array]:
        """What the layers give of a window, before attention, `[T, B, ...]`."""
        stack = _stack(self, dropped(params, key, self.weight_drop, self.embedding_drop))
        start = self.start(params, _rows(inputs), context)
        x, reset, valid = _time_first((inputs, reset, valid))
        if valid is not None:
            # Blank, not only uncounted: a NaN in a padded position would reach the gradients of the others.
            x = recurrence.where(valid, x, jax.tree.map(jnp.zeros_like, x))

        if self.ahead and x.controls.shape[-1] == self.controls:
            x = x._replace(controls=stack.look(x.controls, reset, valid))

        def window(carry: Carry, at: Any) -> tuple[Carry, Array]:
            x, reset, valid, key = at

            def run(layer: OneWay | Pair, carry: Carry, start: Carry, xs: Array) -> tuple[Carry, Array]:
                return layer.unroll(carry, xs, start=start, reset=reset, valid=valid, memory=context.memory)

            return stack(run, carry, start, x, context, key, reset, valid)

        return self._in_pieces(window, carry, (x, reset, valid), key)

    def _in_pieces(self, window: Any, carry: Carry, xs: Any, key: Array | None) -> tuple[Carry, Array]:
        """`window` over the whole of xs, or over pieces of `remat` positions whose insides are not kept."""
        length = jax.tree.leaves(xs)[0].shape[0]
        if not self.remat or length <= self.remat:
            return window(carry, (*xs, key))  # type: ignore[no-any-return]
        count = length // self.remat
        whole = jax.tree.map(lambda a: a[: count * self.remat].reshape(count, self.remat, *a.shape[1:]), xs)

        def dropout(piece: Array | int) -> Array | None:
            # One mask a window stays one mask; a fresh mask a position must not come again in the next piece.
            return key if key is None or self.variational else jax.random.fold_in(key, piece)

        def body(carry: Carry, at: Any) -> tuple[Carry, Array]:
            piece, xs = at
            return window(carry, (*xs, dropout(piece)))  # type: ignore[no-any-return]

        carry, features = jax.lax.scan(jax.checkpoint(body), carry, (jnp.arange(count), whole))
        features = features.reshape(-1, *features.shape[2:])
        if rest := length % self.remat:
            carry, last = window(carry, (*jax.tree.map(lambda a: a[-rest:], xs), dropout(count)))
            features = jnp.concatenate([features, last])
        return carry, features

    def step(
        self, params: Params, carry: Carry, inputs: Inputs, *, context: Context = Context()
    ) -> tuple[Carry, Array]:
        """One position: inputs `[B, ...]` -> features `[B, width]`. Raises UsageError for a bidirectional network."""
        if self.bidirectional:
            raise UsageError("a bidirectional network reads whole sequences: it has no single step, and no samples")

        def run(layer: Any, carry: Carry, start: Carry, x: Array | recurrence.Symbols) -> tuple[Carry, Array]:
            return recurrence.step(layer.cell, carry, x, context.memory)

        if self._by_entry(context):
            context = entries.seen(context, carry)
        stack = _stack(self, params)
        carry, features = stack(run, carry, carry, inputs, context, None)
        return carry, stack.finish(features, context, None)

    def _by_entry(self, context: Context) -> bool:
        """Whether a window says which static vector is seen, for each entry of the memory has one."""
        reads = any(isinstance(layer, Window) for layer in self.stacked)
        return self.static > 0 and reads and np.ndim(context.static) == 3  # type: ignore[arg-type]

    def to_dict(self) -> dict[str, Any]:
        """Every setting by its name, as plain JSON values."""
        layers = self.layers if isinstance(self.layers, int) else [layer.to_dict() for layer in self.layers]
        settings = {**asdict(self), "spec": spec_to_dict(self.spec), "layers": layers}
        settings["encoder"] = self.encoder and self.encoder.to_dict()
        settings["registers"] = self.registers and self.registers.to_dict()
        return {name: value for name, value in settings.items() if value or name not in _LATER}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Network:
        """Raises ModelError for unknown or missing settings."""
        try:
            layers = data["layers"]
            layers = tuple(map(layer_from_dict, layers)) if isinstance(layers, list) else layers
            read = {"spec": spec_from_dict(data["spec"]), "layers": layers, "running": tuple(data.get("running", ()))}
            encoder = data.get("encoder") and encoder_from_dict(data["encoder"])
            registers = data.get("registers") and Registers.from_dict(data["registers"])
            return cls(**{**data, **read, "encoder": encoder, "registers": registers})
        except (TypeError, ValueError, KeyError, UsageError) as error:
            raise ModelError(
                f"the network's settings do not fit: {one_line(error)}; the model is damaged or newer"
            ) from None


def _time_first(tree: Any) -> Any:
    return jax.tree.map(lambda leaf: jnp.swapaxes(leaf, 0, 1), tree)


def _rows(inputs: Inputs) -> int:
    return int(jax.tree.leaves(inputs)[0].shape[0])


def _stack(network: Network, params: Params) -> Stack:
    from . import stack  # here, for Flax takes as long to import as JAX, and a program that was kept needs none of it

    return stack.merge(network, params)
