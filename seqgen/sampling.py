"""Making: take in a prompt, then draw step after step in one compiled loop, many rows at once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .errors import UsageError
from .heads import Options
from .machine.programs import kept, name_of, register
from .models.model import Model
from .nn.context import Context, Params
from .nn.recurrence import Array, Carry
from .spec import Inputs, Steps, empty_steps, null_step, stranger

if TYPE_CHECKING:
    from .devices.crew import Crew

__all__ = ["sample", "stream", "prime", "advance", "SampleState", "Grammar", "check"]

# (carry, step, context) -> bool [B]: a row is finished with this step. Graves' rule for handwriting reads the window.
Stop = Callable[[Carry, Steps, Context], Array]

LONGEST_PRIME = 256  # steps of a prompt taken in at once; a longer one goes in piece by piece


class SampleState(NamedTuple):
    """Where a sequence in the making stands; a plain value, so going back is keeping an old one.

    carry: the network's state before `inputs`.
    inputs: the last step, which the network reads next, `[B, ...]`.
    keys: PRNG key data of each row, `[B, 2]`; position: int32 `[]`, steps drawn so far.
    done: bool `[B]`, rows that have stopped.

    >>> from seqgen import Categorical, Discrete, Network
    >>> model = Model(Network(Discrete(5), layers=1, units=8), Categorical(5))
    >>> params = model.init(jax.random.key(0))
    >>> state = prime(model, params, jax.random.key(1), [[0, 1]])
    >>> once, again = (advance(model, params, state, chunk=4)[1].tolist() for _ in range(2))
    >>> once == again, int(state.position)
    (True, 0)
    """

    carry: Carry
    inputs: Steps
    keys: Array
    position: Array
    done: Array


class Grammar(NamedTuple):
    """Which symbols may come where, in a cycle of P steps: what must be is not left to the model (constrained
    decoding).

    Where `Options.allowed` is given too, a symbol must be in both.
    allowed: bool `[P, size]`, at least one symbol in each. phase: int32 `[B]`, where in the cycle a row's next step is.

    >>> from seqgen import Categorical, Discrete, Network
    >>> model = Model(Network(Discrete(5), layers=1, units=8), Categorical(5))
    >>> params = model.init(jax.random.key(0))
    >>> allowed = np.array([[True, True, True, True, False], [False, False, False, False, True]])  # every second is a 4
    >>> grammar = Grammar(allowed, phase=np.zeros(1, np.int32))
    >>> (row,) = sample(model, params, jax.random.key(1), [[]], length=4, grammar=grammar)
    >>> (row == 4).tolist()
    [False, True, False, True]
    """

    allowed: Any
    phase: Any


register(SampleState, Grammar)


def check(options: Options, seed: int = 0) -> None:
    """Raises UsageError, naming the setting, for one that means nothing; `options` are numbers, or arrays `[B]` of them.

    >>> check(Options(temperature=-1))
    Traceback (most recent call last):
        ...
    seqgen.errors.UsageError: temperature is -1; give 0 (the likeliest) or more
    """
    temperature, top_k, top_p, min_p, bias = (np.asarray(value) for value in options[:5])
    rules = (
        ("temperature", temperature, (temperature >= 0) & np.isfinite(temperature), "0 (the likeliest) or more"),
        ("top-k", top_k, top_k >= 0, "0 (all) or more"),
        ("top-p", top_p, (top_p > 0) & (top_p <= 1), "more than 0, at most 1 (all)"),
        ("min-p", min_p, (min_p >= 0) & (min_p <= 1), "0 (all) to 1"),
        ("bias", bias, (bias >= 0) & np.isfinite(bias), "0 (as learned) or more"),
        ("seed", np.asarray(seed), np.asarray(0 <= seed < 2**32), "a whole number from 0 to 2^32 - 1"),
    )
    for name, values, holds, wanted in rules:
        if not np.all(holds):
            raise UsageError(f"{name} is {values[~holds].flat[0]}; give {wanted}")


def _check_allowed(allowed: Any, grammar: Grammar | None) -> None:
    """Raises UsageError where no symbol is left to a row, in any turn of the cycle, be it soon or never reached."""
    if allowed is None and grammar is None:
        return
    left: Any = np.ones(1, bool) if allowed is None else np.asarray(allowed, bool)
    if grammar is not None:
        left = left[..., None, :] & np.asarray(grammar.allowed, bool)  # [P, size] or [B, P, size]
    if not np.all(left.any(axis=-1)):
        what = "`options.allowed`" if grammar is None else "the grammar" if allowed is None else "both together"
        where = [int(axis) for axis in np.argwhere(~left.any(axis=-1))[0]]
        names = (["row"] if left.ndim == (3 if grammar is not None else 2) else []) + ["turn"] * (grammar is not None)
        at = " and ".join(f"{name} {number}" for name, number in zip(names, where, strict=True))
        raise UsageError(f"no symbol is left to draw{at and f' in {at}'} by {what}; allow at least one everywhere")


def prime(
    model: Model,
    params: Params,
    key: Array,
    prompts: Sequence[Steps],
    context: Context = Context(),
    crew: Crew | None = None,
) -> SampleState:
    """The state after one prompt a row; a prompt may be empty and of any length.

    Row b draws from `fold_in(key, b)`, whatever the other rows are.
    crew: devices of this process that make an equal number of rows each; parameters and context must lie on them.

    Raises UsageError for a network that cannot be sampled: bidirectional, with controls, or lacking its context; for
    rows that cannot be dealt evenly; and for a prompt with a symbol that the network does not know.

    >>> from seqgen import Categorical, Discrete, Network
    >>> model = Model(Network(Discrete(5), layers=1, units=8), Categorical(5))
    >>> params = model.init(jax.random.key(0))
    >>> state = prime(model, params, jax.random.key(1), [[0, 1], []])
    >>> state.inputs.tolist()  # what is read next: of an empty prompt the null step
    [1, 5]
    """
    network = model.network
    if network.bidirectional:
        raise UsageError("a bidirectional network reads whole sequences: it has no single step, and no samples")
    if network.controls:
        raise UsageError(f"this network reads {network.controls} controls with every step, and sampling gives it none")
    if (network.source and context.memory is None) or (network.static and context.static is None):
        raise UsageError("this network is conditioned on a source or a writer: give `context`, from Network.encode")
    rows, spec = len(prompts), network.spec
    for row, prompt in enumerate(prompts):
        if found := stranger(spec, prompt):
            raise UsageError(f"prompt {row} has {found}; encode it with the codec of this model")
    if crew and rows % crew.mesh.size:
        raise UsageError(f"{rows} prompts cannot be dealt evenly to {crew.mesh.size} devices; give a multiple of that")
    place: Callable[[Any], Any] = functools.partial(crew.place, rows=True) if crew else lambda tree: tree
    carry, keys = place(_begin(model, rows)(params, jax.random.key_data(key), context))
    opening = jax.tree.map(lambda null: np.asarray(null)[None], null_step(spec))
    # The network has read everything but the last step, which stays in `inputs`.
    pieces = [jax.tree.map(lambda a, b: np.concatenate([a, np.asarray(b, a.dtype)]), opening, p) for p in prompts]
    lengths = np.array([len(jax.tree.leaves(piece)[0]) - 1 for piece in pieces])
    for begin in range(0, int(lengths.max(initial=0)), LONGEST_PRIME):
        counts = np.clip(lengths - begin, 0, LONGEST_PRIME)
        # Padded to a power of two: prompts of any length share a handful of compiled programs.
        width = 1 << (int(counts.max()) - 1).bit_length()
        blank = empty_steps(spec, width)
        window = [
            jax.tree.map(lambda z, p, n=n, begin=begin: np.concatenate([p[begin : begin + n], z[n:]]), blank, piece)
            for n, piece in zip(counts, pieces, strict=True)
        ]
        steps = jax.tree.map(lambda *leaves: np.stack(leaves), *window)
        carry = _read(model)(params, carry, *place((steps, np.arange(width) < counts[:, None])), context)
    last = jax.tree.map(lambda *leaves: np.stack([leaf[-1] for leaf in leaves]), *pieces)
    start: Any = np.zeros((), np.int32)
    state = SampleState(carry, place(last), keys, start, place(np.zeros(rows, bool)))
    if crew:
        return state._replace(position=crew.place(start))
    # Bound to a device, as `advance` gives it back: else its second call would be lowered anew.
    return jax.device_put(state, keys.sharding)  # type: ignore[no-any-return]


def advance(
    model: Model,
    params: Params,
    state: SampleState,
    options: Options = Options(),
    context: Context = Context(),
    *,
    chunk: int = 32,
    stop: Stop | None = None,
    grammar: Grammar | None = None,
) -> tuple[SampleState, Steps, Array]:
    """Draws `chunk` steps: the next state, steps `[B, chunk, ...]`, and how many of each row count, int32 `[B]`.

    Only a new `chunk`, number of rows, `stop` or cycle of the `grammar` compiles; options are traced, each `[]` or `[B]`.
    Raises UsageError for an option that means nothing, and where no symbol is allowed.

    >>> from seqgen import Categorical, Discrete, Network
    >>> model = Model(Network(Discrete(5), layers=1, units=8), Categorical(5))
    >>> params = model.init(jax.random.key(0))
    >>> state = prime(model, params, jax.random.key(1), [[0, 1], []])
    >>> state, steps, counts = advance(model, params, state, Options(temperature=0.8), chunk=8)
    >>> steps.shape, counts.tolist(), int(state.position)
    ((2, 8), [8, 8], 8)
    """
    check(options)
    _check_allowed(options.allowed, grammar)
    allowed = options.allowed
    options = jax.tree.map(lambda value: np.asarray(value, np.float32), options._replace(allowed=None))
    options = options._replace(allowed=allowed)
    return _advance(model, chunk, stop)(params, state, options, context, grammar)  # type: ignore[no-any-return]


def stream(
    model: Model,
    params: Params,
    key: Array,
    prompts: Sequence[Steps],
    *,
    length: int,
    options: Options = Options(),
    context: Context = Context(),
    chunk: int = 32,
    stop: Stop | None = None,
    grammar: Grammar | None = None,
    crew: Crew | None = None,
) -> Iterator[list[Steps]]:
    """New steps as they are made: each item holds the next up to `chunk` steps of every row, fewer once it stopped.

    crew: devices of this process that make an equal number of rows each. Raises UsageError as `prime` and `advance`.

    >>> from seqgen import Categorical, Discrete, Network
    >>> model = Model(Network(Discrete(5), layers=1, units=8), Categorical(5))
    >>> params = model.init(jax.random.key(0))
    >>> [[len(row) for row in rows] for rows in stream(model, params, jax.random.key(1), [[0, 1], []], length=40)]
    [[32, 32], [8, 8]]
    """
    check(options)
    _check_allowed(options.allowed, grammar)
    if not prompts:
        return
    if crew:
        params, context = crew.place(params), crew.place(context, rows=True)
    state, made = prime(model, params, key, prompts, context, crew), 0
    while made < length and not np.asarray(state.done).all():
        state, steps, lengths = advance(model, params, state, options, context, chunk=chunk, stop=stop, grammar=grammar)
        counts = np.minimum(np.asarray(lengths), length - made)
        host = jax.tree.map(np.asarray, steps)
        yield [jax.tree.map(lambda a, b=b, n=n: a[b, :n], host) for b, n in enumerate(counts)]
        made += chunk


def sample(
    model: Model,
    params: Params,
    key: Array,
    prompts: Sequence[Steps],
    *,
    length: int,
    options: Options = Options(),
    context: Context = Context(),
    chunk: int = 32,
    stop: Stop | None = None,
    grammar: Grammar | None = None,
    crew: Crew | None = None,
) -> list[Steps]:
    """Up to `length` new steps for each prompt; the prompt is not repeated.

    >>> from seqgen import Categorical, Discrete, Network
    >>> model = Model(Network(Discrete(5), layers=1, units=8), Categorical(5))
    >>> params = model.init(jax.random.key(0))
    >>> [row.shape for row in sample(model, params, jax.random.key(1), [[0, 1], []], length=40)]
    [(40,), (40,)]
    """
    settings: Any = {"options": options, "context": context, "chunk": chunk, "stop": stop, "grammar": grammar}
    parts = list(stream(model, params, key, prompts, length=length, crew=crew, **settings))
    if not parts:
        return [empty_steps(model.network.spec) for _ in prompts]
    return [jax.tree.map(lambda *leaves: np.concatenate(leaves), *rows) for rows in zip(*parts, strict=True)]


@functools.lru_cache(maxsize=16)
def _begin(model: Model, rows: int) -> Callable[..., Any]:
    """The start carry and the rows' keys, in one program: what is done op by op costs a compilation each."""

    def begin(params: Params, key_data: Array, context: Context) -> Any:
        key = jax.random.wrap_key_data(key_data)
        keys = jax.vmap(lambda row: jax.random.key_data(jax.random.fold_in(key, row)))(jnp.arange(rows))
        return model.start(params, rows, context), keys

    return kept(begin, model.to_dict(), rows, parts=(model,))


@functools.lru_cache(maxsize=16)
def _read(model: Model) -> Callable[..., Carry]:
    def read(params: Params, carry: Carry, steps: Steps, valid: Array, context: Context) -> Carry:
        return model.network.unroll(params["network"], carry, Inputs(steps), valid=valid, context=context)[0]

    return kept(read, model.to_dict(), parts=(model,))


@functools.lru_cache(maxsize=16)
def _advance(model: Model, chunk: int, stop: Stop | None) -> Callable[..., Any]:
    def run(params: Params, state: SampleState, options: Options, context: Context, grammar: Grammar | None) -> Any:
        head_params = model.head_params(params)

        def body(state: SampleState, _: None) -> tuple[SampleState, tuple[Steps, Array]]:
            carry, features = model.network.step(params["network"], state.carry, Inputs(state.inputs), context=context)
            keys = jax.vmap(lambda data: jax.random.fold_in(jax.random.wrap_key_data(data), state.position))(state.keys)
            here = options
            if grammar is not None:
                turn = (grammar.phase + state.position) % grammar.allowed.shape[0]
                may = grammar.allowed[turn]
                here = options._replace(allowed=may if options.allowed is None else may & options.allowed)
            step = model.head.sample(head_params, keys, features, here)
            done = state.done if stop is None else state.done | stop(carry, step, context)
            # The step that stops a row still counts; those after it are drawn, and dropped.
            return SampleState(carry, step, state.keys, state.position + 1, done), (step, ~state.done)

        state, (steps, counted) = jax.lax.scan(body, state, length=chunk)
        return state, jax.tree.map(lambda a: jnp.swapaxes(a, 0, 1), steps), counted.sum(axis=0)

    name = name_of(stop)
    return jax.jit(run) if name == "" else kept(run, model.to_dict(), chunk, name, parts=(model,))
