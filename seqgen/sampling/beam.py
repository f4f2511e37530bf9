"""Beam search: the likeliest steps to follow a prompt, many rows at once, in one compiled loop.

Length penalty: Wu et al., Google's neural machine translation system (2016), equation 14, without coverage.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import UsageError
from ..heads import Categorical
from ..machine.programs import kept, register
from ..models.model import Model
from ..nn.context import Context, Params
from ..nn.recurrence import Array, Carry
from ..spec import Inputs, Steps
from .drawing import prime

PENALTY = 0.8


class Hypothesis(NamedTuple):
    """Steps that may follow, without the symbol that ends them, nats of them all, and what they were ranked by.

    >>> Hypothesis(np.array([3, 1]), log_prob=-0.5, score=-0.4).steps.tolist()
    [3, 1]
    """

    steps: Any
    log_prob: float
    score: float


class _Beams(NamedTuple):
    """rows B, beams K, so far L symbols: all beams of a row lie side by side, those of `carry` and `inputs` as B K rows."""

    carry: Carry
    inputs: Any  # int32 [B K]
    symbols: Array  # int32 [B, K, L], the end's where a beam has ended
    log_prob: Array  # [B, K]
    lengths: Array  # int32 [B, K], the end counted
    done: Array  # bool [B, K]
    position: Array


register(_Beams)


def beam_search(
    model: Model,
    params: Params,
    prompts: Sequence[Steps],
    *,
    length: int,
    end: int | None = None,
    beam: int = 5,
    penalty: float = PENALTY,
    context: Context = Context(),
    allowed: Any = None,
) -> list[list[Hypothesis]]:
    """For each prompt the likeliest steps that follow, best first, at most `beam` of them (n-best).

    length: at most so many. end: the symbol that ends a row and is not given back; None where nothing does.
    penalty: how much length counts: rank is log_prob / ((5 + n) / 6)^penalty, 0 for log_prob alone.
    allowed: bool `[size]` or `[B, size]`, the symbols that may come. With a beam of 1 it is greedy.
    Raises UsageError for a model of other steps than symbols, and settings out of range.

    >>> from seqgen import Categorical, Discrete, Network
    >>> model = Model(Network(Discrete(5), layers=1, units=8), Categorical(5))
    >>> (found,) = beam_search(model, model.init(jax.random.key(0)), [[0, 1]], length=4, beam=3)
    >>> [len(one.steps) for one in found], found[0].score >= found[1].score
    ([4, 4, 4], True)
    """
    if not isinstance(model.head, Categorical):
        raise UsageError(f"a beam is of symbols, and this model draws {model.head.spec}; sample from it")
    size = model.head.size
    if length < 1 or beam < 1 or not np.isfinite(penalty):
        raise UsageError(
            f"a beam of {beam} over {length} steps, penalty {penalty}, cannot be; give 1 or more, and a number"
        )
    if end is not None and not 0 <= end < size:
        raise UsageError(f"the end is symbol {end}; this model has 0 to {size - 1}")
    may = np.ones(size, bool) if allowed is None else np.asarray(allowed, bool)
    if not may.any(axis=-1).all():
        raise UsageError("no symbol is left to a row; allow at least one")
    if not prompts:
        return []
    state = prime(model, params, jax.random.key(0), prompts, context)
    search = _search(model, min(beam, size**length), length, size if end is None else end)
    may = np.broadcast_to(may, (len(prompts), size))
    beams, ranks = jax.device_get(search(params, state.carry, state.inputs, context, may, np.float32(penalty)))
    found = []
    for row, ranked in enumerate(np.asarray(ranks)):
        order = [k for k in np.argsort(-ranked, kind="stable") if ranked[k] > -np.inf]
        found.append([_hypothesis(beams, row, int(k), float(ranked[k])) for k in order])
    return found


def _hypothesis(beams: _Beams, row: int, k: int, score: float) -> Hypothesis:
    count = int(beams.lengths[row, k]) - int(beams.done[row, k])
    return Hypothesis(np.asarray(beams.symbols[row, k, :count]), float(beams.log_prob[row, k]), score)


@functools.lru_cache(maxsize=16)
def _search(model: Model, beam: int, length: int, end: int) -> Callable[..., tuple[_Beams, Array]]:
    head: Any = model.head
    size = head.size

    def run(params: Params, carry: Carry, inputs: Array, context: Context, allowed: Array, penalty: Array) -> Any:
        rows = inputs.shape[0]

        def each(leaf: Array) -> Array:
            return jnp.repeat(leaf, beam, axis=0)

        context = jax.tree.map(each, context)
        may = jnp.where(allowed, 0.0, -jnp.inf)[:, None]
        ended = (
            jnp.full(size, -jnp.inf).at[end].set(0.0, mode="drop")
        )  # what has ended goes on with its end, for nothing

        def ranks(log_prob: Array, lengths: Array) -> Array:
            return log_prob / ((5.0 + lengths.astype(jnp.float32)) / 6.0) ** penalty

        def body(beams: _Beams) -> _Beams:
            read, features = model.network.step(params["network"], beams.carry, Inputs(beams.inputs), context=context)
            logits = head.logits(model.head_params(params), features).reshape(rows, beam, size)
            likely = jax.nn.log_softmax(logits) + may
            totals = beams.log_prob[..., None] + jnp.where(beams.done[..., None], ended, likely)
            lengths = beams.lengths + (~beams.done).astype(jnp.int32)
            ranked = ranks(totals, lengths[..., None]).reshape(rows, beam * size)
            _, best = jax.lax.top_k(ranked, beam)
            parent, symbol = best // size, (best % size).astype(jnp.int32)

            def follow(leaf: Array) -> Array:  # [B, K, ...] of the parents
                return jnp.take_along_axis(leaf, parent.reshape(rows, beam, *[1] * (leaf.ndim - 2)), axis=1)

            def carried(leaf: Array) -> Array:
                return follow(leaf.reshape(rows, beam, *leaf.shape[1:])).reshape(leaf.shape)

            done = follow(beams.done)
            symbols = follow(beams.symbols).at[:, :, beams.position].set(symbol)
            return _Beams(
                jax.tree.map(carried, read),
                symbol.reshape(-1),
                symbols,
                jnp.take_along_axis(totals.reshape(rows, -1), best, axis=1),
                follow(lengths),
                done | (symbol == end),
                beams.position + 1,
            )

        # All beams of a row are one at first: only that counts.
        first = jnp.broadcast_to(jnp.where(jnp.arange(beam) == 0, 0.0, -jnp.inf), (rows, beam))
        nothing = jnp.zeros((rows, beam), jnp.int32)
        begun = _Beams(
            jax.tree.map(each, carry),
            each(inputs),
            jnp.zeros((rows, beam, length), jnp.int32),
            first,
            nothing,
            nothing > 0,
            jnp.int32(0),
        )
        found = jax.lax.while_loop(lambda beams: (beams.position < length) & ~beams.done.all(), body, begun)
        return found._replace(carry=None, inputs=None), ranks(found.log_prob, found.lengths)

    return kept(run, model.to_dict(), beam, length, end, parts=(model,))
