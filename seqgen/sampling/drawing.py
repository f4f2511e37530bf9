"""Making: take in a prompt, then draw step after step in one compiled loop, many rows at once."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import UsageError
from ..heads import Alternatives, Options
from ..machine.programs import kept, name_of, register
from ..models.model import Model
from ..nn.context import Context, Params
from ..nn.recurrence import Array, Carry
from ..spec import Inputs, Product, Steps, empty_steps, null_step, stranger
from .controls import check_controls, cut, looked_ahead
from .options import Grammar, check, check_allowed, check_alternatives
from .rules import Rules, bent, check_rules

if TYPE_CHECKING:
    from ..devices.crew import Crew

# (carry, step, context) -> bool [B]: a row is finished with this step. Graves' rule for handwriting reads the window.
Stop = Callable[[Carry, Steps, Context], Array]

LONGEST_PRIME = 256  # steps of a prompt taken in at once; a longer one goes in piece by piece


class SampleState(NamedTuple):
    """Where a sequence in the making stands; a plain value, so going back is keeping an old one.

    carry: the network's state before `inputs`.
    inputs: the last step, which the network reads next, `[B, ...]`.
    keys: PRNG key data of each row, `[B, 2]`; position: int32 `[]`, steps drawn so far.
    done: bool `[B]`, rows that have stopped.
    rules: what each rule knows of every row.

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
    rules: tuple[Any, ...] = ()


class Drawn(NamedTuple):
    """Steps and how likely they were, in the place of the steps where `alternatives` is given.

    log_prob: nats, float32 `[B, T]`, as the head finds the step: temperature 1, and nothing cut or ruled out.
    top: the likeliest symbols in its place, `[B, T, alternatives]`; None for 0.

    >>> from seqgen import Categorical, Discrete, Network
    >>> model = Model(Network(Discrete(5), layers=1, units=8), Categorical(5))
    >>> params = model.init(jax.random.key(0))
    >>> (drawn,) = sample(model, params, jax.random.key(1), [[0, 1]], length=6, alternatives=2)
    >>> drawn.steps.shape, drawn.log_prob.shape, drawn.top.symbols.shape
    ((6,), (6,), (6, 2))
    """

    steps: Steps
    log_prob: Any
    top: Alternatives | None


register(SampleState, Drawn)


def _lengths(model: Model, prompts: Sequence[Steps]) -> list[int]:
    whole = isinstance(model.network.spec, Product)
    return [len(prompt[0] if whole else prompt) for prompt in prompts]


def prime(
    model: Model,
    params: Params,
    key: Array,
    prompts: Sequence[Steps],
    context: Context = Context(),
    crew: Crew | None = None,
    controls: Sequence[Any] | None = None,
    rules: Rules = (),
) -> SampleState:
    """The state after one prompt a row; a prompt may be empty and of any length.

    Row b draws from `fold_in(key, b)`, whatever the other rows are.
    crew: devices of this process that make an equal number of rows each; parameters and context must lie on them.
    controls: float32 `[length, C]` a row, the known side inputs of the prompt's steps; more of them are only looked at, by
    a network that looks ahead.
    rules: what `advance` will be given; the state holds what they know of the prompts.

    Raises UsageError for a network that cannot be sampled: bidirectional, or lacking its context or controls; for
    rows that cannot be dealt evenly; and for a prompt with a symbol that the network does not know.

    >>> from seqgen import Categorical, Discrete, Network
    >>> model = Model(Network(Discrete(5), layers=1, units=8), Categorical(5))
    >>> params = model.init(jax.random.key(0))
    >>> state = prime(model, params, jax.random.key(1), [[0, 1], []])
    >>> state.inputs.tolist()  # what is read next: of an empty prompt the null step
    [1, 5]
    """
    network = model.network
    check_rules(model, rules)
    if not network.causal:
        raise UsageError("a bidirectional network reads whole sequences: it has no single step, and no samples")
    if (network.source and context.memory is None) or (network.static and context.static is None):
        raise UsageError("this network is conditioned on a source or a writer: give `context`, from Network.encode")
    rows, spec = len(prompts), network.spec
    for row, prompt in enumerate(prompts):
        if found := stranger(spec, prompt):
            raise UsageError(f"prompt {row} has {found}; encode it with the codec of this model")
    lengths = np.array(_lengths(model, prompts))
    looked = controls is not None and len(controls) > 0 and np.shape(controls[0])[-1] != network.controls
    check_controls(model, controls, lengths.tolist(), ahead=looked)
    controls = looked_ahead(model, params, controls, crew)
    if crew and rows % crew.mesh.size:
        raise UsageError(f"{rows} prompts cannot be dealt evenly to {crew.mesh.size} devices; give a multiple of that")
    place: Callable[[Any], Any] = functools.partial(crew.place, rows=True) if crew else lambda tree: tree
    carry, keys = place(_begin(model, rows)(params, jax.random.key_data(key), context))
    opening = jax.tree.map(lambda null: np.asarray(null)[None], null_step(spec))
    # The network has read everything but the last step, which stays in `inputs`.
    pieces = [jax.tree.map(lambda a, b: np.concatenate([a, np.asarray(b, a.dtype)]), opening, p) for p in prompts]
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
        inputs = Inputs(steps, cut(controls, [begin] * rows, width))
        carry = _read(model)(params, carry, *place((inputs, np.arange(width) < counts[:, None])), context)
    last = jax.tree.map(lambda *leaves: np.stack([leaf[-1] for leaf in leaves]), *pieces)
    start: Any = np.zeros((), np.int32)
    known = tuple(place(rule.start(prompts, spec.size)) for rule in rules)  # type: ignore[union-attr]
    state = SampleState(carry, place(last), keys, start, place(np.zeros(rows, bool)), known)
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
    controls: Any = None,
    alternatives: int | None = None,
    rules: Rules = (),
) -> tuple[SampleState, Steps, Array]:
    """Draws `chunk` steps: the next state, steps `[B, chunk, ...]`, and how many of each row count, int32 `[B]`.

    Only a new `chunk`, number of rows, `stop` or cycle of the `grammar` compiles; options are traced, each `[]` or `[B]`.
    controls: float32 `[B, chunk, C]`, the known side inputs of the steps that are drawn, as `Network.look` gives them.
    alternatives: steps come as `Drawn`, with how likely each was and so many of the likeliest symbols, of a softmax.
    rules: those that the state was primed with; what they do to the scores comes before temperature and the like.
    Raises UsageError for an option that means nothing, where no symbol is allowed, and for controls that do not fit.

    >>> from seqgen import Categorical, Discrete, Network
    >>> model = Model(Network(Discrete(5), layers=1, units=8), Categorical(5))
    >>> params = model.init(jax.random.key(0))
    >>> state = prime(model, params, jax.random.key(1), [[0, 1], []])
    >>> state, steps, counts = advance(model, params, state, Options(temperature=0.8), chunk=8)
    >>> steps.shape, counts.tolist(), int(state.position)
    ((2, 8), [8, 8], 8)
    """
    check(options)
    check_allowed(options.allowed, grammar)
    rows = len(state.done)
    check_controls(model, controls, [chunk] * rows, ahead=True)
    check_alternatives(model, alternatives)
    check_rules(model, rules, state.rules)
    rules = jax.tree.map(jnp.asarray, rules)
    allowed = options.allowed
    options = jax.tree.map(lambda value: np.asarray(value, np.float32), options._replace(allowed=None))
    options = options._replace(allowed=allowed)
    given = cut(controls, [0] * rows, chunk)
    draw = _advance(model, chunk, stop, alternatives, tuple(type(rule) for rule in rules))
    return draw(params, state, options, context, grammar, given, rules)  # type: ignore[no-any-return]


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
    controls: Sequence[Any] | None = None,
    alternatives: int | None = None,
    rules: Rules = (),
) -> Iterator[list[Steps]]:
    """New steps as they are made: each item holds the next up to `chunk` steps of every row, fewer once it stopped.

    crew: devices of this process that make an equal number of rows each.
    controls: float32 `[length_b, C]` a row, the known side inputs of the prompt's steps and of `length` more.
    alternatives: each row's steps come as `Drawn`, see `advance`.
    rules: what bends the draws of symbols by those before, see `Rule`; where two leave nothing, the first goes first.
    Raises UsageError as `prime` and `advance`.

    >>> from seqgen import Categorical, Discrete, Network
    >>> model = Model(Network(Discrete(5), layers=1, units=8), Categorical(5))
    >>> params = model.init(jax.random.key(0))
    >>> [[len(row) for row in rows] for rows in stream(model, params, jax.random.key(1), [[0, 1], []], length=40)]
    [[32, 32], [8, 8]]
    """
    check(options)
    check_allowed(options.allowed, grammar)
    if not prompts:
        return
    read = _lengths(model, prompts)
    check_controls(model, controls, [own + length for own in read])
    check_alternatives(model, alternatives)
    if crew:
        params, context = crew.place(params), crew.place(context, rows=True)
    controls = looked_ahead(model, params, controls, crew)
    state, made = prime(model, params, key, prompts, context, crew, controls, rules), 0
    rules = crew.place(rules) if crew else jax.device_put(rules)  # once: an index of a corpus is large
    settings: Any = {"chunk": chunk, "stop": stop, "grammar": grammar, "alternatives": alternatives, "rules": rules}
    while made < length and not np.asarray(state.done).all():
        given = cut(controls, [own + made for own in read], chunk)
        state, steps, lengths = advance(model, params, state, options, context, controls=given, **settings)
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
    controls: Sequence[Any] | None = None,
    alternatives: int | None = None,
    rules: Rules = (),
) -> list[Steps]:
    """Up to `length` new steps for each prompt; the prompt is not repeated. Arguments and errors are those of `stream`.

    >>> from seqgen import Categorical, Discrete, Network
    >>> model = Model(Network(Discrete(5), layers=1, units=8), Categorical(5))
    >>> params = model.init(jax.random.key(0))
    >>> [row.shape for row in sample(model, params, jax.random.key(1), [[0, 1], []], length=40)]
    [(40,), (40,)]
    """
    settings: Any = {"options": options, "context": context, "chunk": chunk, "stop": stop, "grammar": grammar}
    settings |= {"crew": crew, "controls": controls, "alternatives": alternatives, "rules": rules}
    parts = list(stream(model, params, key, prompts, length=length, **settings))
    if not parts:
        return [_nothing(model, alternatives) for _ in prompts]
    return [jax.tree.map(lambda *leaves: np.concatenate(leaves), *rows) for rows in zip(*parts, strict=True)]


def _nothing(model: Model, alternatives: int | None) -> Any:
    """No steps, as `sample` gives them."""
    steps, log_prob = empty_steps(model.network.spec), np.zeros((0, alternatives or 0), np.float32)
    if alternatives is None:
        return steps
    return Drawn(
        steps, log_prob.sum(axis=1), Alternatives(log_prob.astype(np.int32), log_prob) if alternatives else None
    )


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
    def read(params: Params, carry: Carry, inputs: Inputs, valid: Array, context: Context) -> Carry:
        return model.network.unroll(params["network"], carry, inputs, valid=valid, context=context)[0]

    return kept(read, model.to_dict(), parts=(model,))


@functools.lru_cache(maxsize=16)
def _advance(
    model: Model, chunk: int, stop: Stop | None, alternatives: int | None, kinds: tuple[type, ...] = ()
) -> Callable[..., Any]:
    def run(
        params: Params,
        state: SampleState,
        options: Options,
        context: Context,
        grammar: Grammar | None,
        controls: Array | None,
        rules: Rules,
    ) -> Any:
        head, head_params = model.head, model.head_params(params)

        def told(step: Steps, features: Array) -> Drawn:
            top = head.alternatives(head_params, features, alternatives) if alternatives else None  # type: ignore[attr-defined]
            return Drawn(step, head.log_prob(head_params, features, step), top)

        def body(state: SampleState, controls: Array | None) -> tuple[SampleState, tuple[Steps, Array]]:
            inputs = Inputs(state.inputs, controls)
            carry, features = model.network.step(params["network"], state.carry, inputs, context=context)
            keys = jax.vmap(lambda data: jax.random.fold_in(jax.random.wrap_key_data(data), state.position))(state.keys)
            here = options
            if grammar is not None:
                turn = (grammar.phase + state.position) % grammar.allowed.shape[0]
                may = grammar.allowed[turn]
                here = options._replace(allowed=may if options.allowed is None else may & options.allowed)
            known, done = state.rules, state.done
            if rules:
                logits = head.logits(head_params, features)  # type: ignore[attr-defined]
                if here.allowed is not None:  # first, so that a rule that leaves none of these gives way
                    logits = jnp.where(here.allowed, logits, -jnp.inf)
                logits = bent(rules, known, logits)
                step = head.draw(keys, logits, here._replace(allowed=None))  # type: ignore[attr-defined]
                known = tuple(rule.read(own, step) for rule, own in zip(rules, known, strict=True))
                done = functools.reduce(
                    operator.or_, (rule.done(own) for rule, own in zip(rules, known, strict=True)), done
                )
            else:
                step = head.sample(head_params, keys, features, here)
            done = done if stop is None else done | stop(carry, step, context)
            # The step that stops a row still counts; those after it are drawn, and dropped.
            drawn = step if alternatives is None else told(step, features)
            return SampleState(carry, step, state.keys, state.position + 1, done, known), (drawn, ~state.done)

        each = None if controls is None else jnp.swapaxes(controls, 0, 1)
        state, (drawn, counted) = jax.lax.scan(body, state, each, length=chunk)
        return state, jax.tree.map(lambda a: jnp.swapaxes(a, 0, 1), drawn), counted.sum(axis=0)

    name = name_of(stop)
    return jax.jit(run) if name == "" else kept(run, model.to_dict(), chunk, name, alternatives, parts=(model, *kinds))
