"""Sequential Monte Carlo: draw what is free of a sequence, given symbols that stand later in it too.

Particles are drawn left to right beside one another and weighted by how likely each finds the symbols that are given. Where
few of them carry all the weight, those are continued and the others dropped: systematic resampling (Kitagawa 1996; Doucet
& Johansen 2009, section 3.4).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..heads import Options
from ..machine.programs import kept, register
from ..models.model import Model
from ..nn.context import Context, Params
from ..nn.recurrence import Array, Carry
from ..spec import Discrete, Inputs, Steps, stranger
from .controls import check_controls, cut, looked_ahead
from .drawing import prime
from .options import check
from .rules import Rules, bent

CHUNK = 128  # steps of one compiled scan
ENOUGH = 0.5  # of the particles must carry weight, or they are drawn anew


class Particles(NamedTuple):
    """N ways to fill what was free. steps: int32 `[N, T]`, what was given among them.

    log_weight: nats `[N]`; each is drawn in proportion to its weight, and the mean of all weights is an unbiased estimate of
    how likely what was given is, and what biases and rules take off. log_prob: nats of all T steps, as the model finds them.

    >>> found = Particles(np.zeros((2, 3), np.int32), np.log(np.float32([0.125, 0.375])), np.zeros(2, np.float32))
    >>> round(float(np.exp(found.log_evidence)), 3)  # the mean
    0.25
    """

    steps: NDArray[np.int32]
    log_weight: NDArray[np.float32]
    log_prob: NDArray[np.float32]

    @property
    def log_evidence(self) -> float:
        """The logarithm of the mean weight, -inf where nothing could be."""
        most = float(self.log_weight.max())
        return most + float(np.log(np.exp(self.log_weight - most).mean())) if np.isfinite(most) else -np.inf

    def drawn(self, key: Array) -> int:
        """The number of one of them, drawn in proportion to its weight."""
        return int(jax.random.categorical(key, jnp.asarray(self.log_weight)))


class _Flock(NamedTuple):
    """Where N particles stand; see `SampleState` for the first five."""

    carry: Carry
    inputs: Array
    keys: Array
    position: Array
    rules: tuple[Any, ...]
    log_weight: Array
    turn: Array  # key data of the draws that say who goes on


register(_Flock)


def fill(
    model: Model,
    params: Params,
    key: Array,
    given: Any,
    *,
    prompt: Steps = (),
    particles: int = 64,
    options: Options = Options(),
    context: Context = Context(),
    bias: Any = None,
    rules: Rules = (),
    turns: Any = None,
    controls: Any = None,
) -> Particles:
    """Draws the steps where `given`, int `[T]`, is -1; elsewhere they are what it says.

    prompt: what stands before; it is read once for all, and not weighed.
    bias: nats that are added to each symbol's log-probability in each step, float32 `[T, size]`; -inf rules it out.
    rules: see `Rule`; what they take off a symbol counts in the weight, whether it was drawn or given.
    turns: bool `[T]`, after which steps particles may be dropped for others; None for all. It copies the carry.
    context: of one row. options: how free steps are drawn; at another temperature than 1 weights are of what is drawn so.
    controls: float32 `[length, C]`, the known side inputs of the prompt's steps and of all that is given, and, for a network that
    looks ahead, of what follows. Of a network to which they say what is given, that has no weight but for biases and rules.
    Particle n draws from `fold_in(key, n)`: where nothing is given, it is what `sample` draws in row n.
    Raises UsageError for a model of other steps than symbols, symbols it does not have, and shapes that do not fit.

    >>> from seqgen import Categorical, Discrete, Network
    >>> model = Model(Network(Discrete(5), layers=1, units=8), Categorical(5))
    >>> found = fill(model, model.init(jax.random.key(0)), jax.random.key(1), [-1, 3, -1, 0], particles=8)
    >>> found.steps.shape, found.steps[:, 1].tolist() == [3] * 8, found.log_evidence < 0
    ((8, 4), True, True)
    """
    steps = np.asarray(given, np.int32).reshape(-1)
    if not isinstance(model.head.spec, Discrete):
        raise UsageError(f"what is filled in are symbols, and this model draws {model.head.spec}; sample from it")
    size, length = model.head.spec.size, len(steps)
    check(options)
    if particles < 1:
        raise UsageError(f"{particles} particles cannot be; give 1 or more")
    if found := stranger(model.network.spec, np.maximum(steps, 0)):
        raise UsageError(f"`given` has {found}; give symbols of this model, and -1 where it shall draw")
    added = np.zeros((length, size), np.float32) if bias is None else np.asarray(bias, np.float32)
    may_turn = np.ones(length, bool) if turns is None else np.asarray(turns, bool)
    if added.shape != (length, size) or may_turn.shape != (length,):
        raise UsageError(
            f"`bias` is {list(added.shape)} and `turns` {list(may_turn.shape)}, and {length} steps of {size} symbols are "
            f"given; they must be [{length}, {size}] and [{length}]"
        )
    before = len(np.asarray(prompt))
    told = None if controls is None else [controls]
    check_controls(model, told, [before + length])
    told = looked_ahead(model, params, told, None)
    state = prime(model, params, key, [np.asarray(prompt, np.int32)], context, controls=told, rules=rules)
    flock = _begin(model, particles)(jax.random.key_data(key), state.carry, state.inputs, state.rules)
    context = jax.tree.map(lambda leaf: jnp.repeat(leaf, particles, axis=0), context)
    advance = _advance(model, particles, tuple(type(rule) for rule in rules))
    rules = jax.tree.map(jnp.asarray, rules)
    settings = options._replace(allowed=None)
    settings = jax.tree.map(lambda value: np.asarray(value, np.float32), settings)
    if options.allowed is not None:
        added = np.where(np.asarray(options.allowed, bool), added, -np.inf).astype(np.float32)
    parts = []
    for begin in range(0, length, CHUNK):
        own, counts = slice(begin, begin + CHUNK), min(CHUNK, length - begin)
        spare = CHUNK - counts
        window = (
            np.pad(steps[own], (0, spare)),
            np.pad(added[own], ((0, spare), (0, 0))),
            np.pad(may_turn[own], (0, spare)),
            np.arange(CHUNK) < counts,
            None if told is None else cut(told, [before + begin], CHUNK)[0],
        )
        flock, made = advance(params, flock, settings, context, rules, window)
        parts.append(jax.tree.map(lambda leaf, counts=counts: np.asarray(leaf)[:counts], made))
    return _traced(parts, np.asarray(flock.log_weight))


def _traced(parts: list[Any], log_weight: NDArray[np.float32]) -> Particles:
    """Each particle's steps, from its last back through those that it went on from."""
    count = len(log_weight)
    own, length = np.arange(count), sum(len(part[0]) for part in parts)
    steps, log_prob, end = np.zeros((count, length), np.int32), np.zeros(count, np.float64), length
    for drawn, likely, parents in reversed(parts):
        for at in range(len(drawn) - 1, -1, -1):
            end -= 1
            own = parents[at][own]
            steps[:, end] = drawn[at][own]
            log_prob += likely[at][own]
    return Particles(steps, log_weight, log_prob.astype(np.float32))


def systematic(key: Array, log_weight: Array) -> Array:
    """The particle that each of N goes on from, int32 `[N]`: n of weight w/N in the mean are floor(w) or more of them."""
    count = len(log_weight)
    total = jnp.cumsum(jnp.exp(log_weight - log_weight.max()))
    points = (jnp.arange(count, dtype=jnp.float32) + jax.random.uniform(key)) / count
    points = jnp.minimum(points, jnp.nextafter(jnp.float32(1), jnp.float32(0)))  # one that rounds up to 1 is nobody's
    return jnp.searchsorted(total / total[-1], points, side="right").astype(jnp.int32)


@functools.lru_cache(maxsize=16)
def _begin(model: Model, particles: int) -> Callable[..., _Flock]:
    """Of one row that has read the prompt, N, each with a key of its own."""

    def begin(key_data: Array, carry: Carry, inputs: Array, known: tuple[Any, ...]) -> _Flock:
        keys = jax.vmap(lambda n: jax.random.key_data(jax.random.fold_in(jax.random.wrap_key_data(key_data), n)))(
            jnp.arange(particles + 1)
        )
        each: Callable[[Any], Any] = functools.partial(
            jax.tree.map, lambda leaf: jnp.repeat(jnp.asarray(leaf), particles, axis=0)
        )
        nothing = jnp.zeros(particles, jnp.float32)
        return _Flock(each(carry), each(inputs), keys[:-1], jnp.int32(0), each(known), nothing, keys[-1])

    return jax.jit(begin)


@functools.lru_cache(maxsize=16)
def _advance(model: Model, particles: int, kinds: tuple[type, ...]) -> Callable[..., Any]:
    head: Any = model.head
    certain = getattr(model.network, "given", False)

    def run(params: Params, flock: _Flock, options: Options, context: Context, rules: Rules, window: Any) -> Any:
        def body(flock: _Flock, here: tuple[Array, Array, Array, Array, Array | None]) -> tuple[_Flock, Any]:
            given, bias, may_turn, counts, controls = here
            told = None if controls is None else jnp.broadcast_to(controls, (particles, len(controls)))
            inputs = Inputs(flock.inputs, told)
            carry, features = model.network.step(params["network"], flock.carry, inputs, context=context)
            likely = jax.nn.log_softmax(head.logits(model.head_params(params), features))
            if certain and controls is not None:  # what is given says nothing of what was drawn before
                likely = jnp.where(controls[0] > 0, 0.0, likely)
            scores = bent(rules, flock.rules, likely + bias)

            def own(data: Array, position: Array = flock.position) -> Array:
                return jax.random.fold_in(jax.random.wrap_key_data(data), position)

            step = jnp.where(given < 0, head.draw(jax.vmap(own)(flock.keys), scores, options), given)
            chosen = jnp.take_along_axis(scores, step[:, None], axis=1)[:, 0]
            gain = jnp.where(given < 0, jax.nn.logsumexp(scores, axis=-1), chosen)
            weight = flock.log_weight + jnp.where(counts, gain, 0.0)
            known = tuple(rule.read(state, step) for rule, state in zip(rules, flock.rules, strict=True))
            total = jax.nn.logsumexp(weight)
            shares = weight - jnp.where(jnp.isfinite(total), total, 0.0)
            effective = jnp.exp(-jax.nn.logsumexp(2 * shares))  # infinite where nothing has weight: all stay
            turn = counts & may_turn & (effective < ENOUGH * particles)
            # A key of nobody's: row keys are those of 0 to N - 1.
            parents = jnp.where(turn, systematic(own(flock.turn), weight), jnp.arange(particles))
            moving = carry, step, known

            def gathered(moving: Any) -> Any:
                return jax.tree.map(lambda leaf: leaf[parents], moving)

            carry, inputs, known = jax.lax.cond(turn, gathered, lambda moving: moving, moving)
            weight = jnp.where(turn, total - jnp.log(float(particles)), weight)
            flock = flock._replace(carry=carry, inputs=inputs, rules=known, log_weight=weight)
            model_likes = jnp.take_along_axis(likely, step[:, None], axis=1)[:, 0]
            return flock._replace(position=flock.position + 1), (step, model_likes, parents)

        return jax.lax.scan(body, flock, window)

    return kept(run, model.to_dict(), particles, parts=(model, *kinds))
