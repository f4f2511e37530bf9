"""How likely a model finds sequences: one static pass over their windows. It needs no optimiser, so none is imported."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import jax
import numpy as np

from ..batching.sources import Encoded, in_memory
from ..batching.windows import Batch, Evaluation, evaluation_windows, read_rows
from ..devices.crew import Crew
from ..domain import Example
from ..models.model import Model
from ..models.trainable import Trainable
from ..nn.context import Params
from ..nn.recurrence import Carry
from ..spec import Spec

WINDOW = 256  # steps of one example scored at once; the state is carried over, so it changes nothing but memory
ROWS = 32  # examples scored side by side where each has a condition of its own
MOST = 1 << 22  # steps of a part that are counted for its floor: a second's reading


@functools.lru_cache(maxsize=8)
def _scorer(model: Trainable, crew: Crew | None) -> tuple[Callable[..., Carry], Callable[..., Any]]:
    """What opens the rows of a batch, and what scores it."""
    if crew:
        return jax.jit(crew.start(model)), jax.jit(crew.nll(model))

    def start(params: Params, batch: Batch) -> Carry:
        return model.start(params, len(batch.reset), model.encode(params, batch))

    return start, jax.jit(model.nll)


def _terms(
    model: Trainable, params: Params, batches: Iterable[Batch], crew: Crew | None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """`Trainable.nll` of every batch, its likelihoods and counts; carried from window to window."""
    start, nll_of = _scorer(model, crew)
    carry = None
    for batch in batches:
        dealt = crew.place(_padded(batch, -len(batch.valid) % crew.parts), rows=True) if crew else batch
        carry = start(params, dealt) if carry is None else carry
        nll, count, carry = nll_of(params, carry, dealt)
        yield np.asarray(nll)[: len(batch.valid)], np.asarray(count)[: len(batch.valid)]


def log_probs(
    model: Model, params: Params, batches: Iterable[Batch], crew: Crew | None = None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Log-probability of every target and the mask of those that count, both `[B, T]`; carried from window to window.

    crew: the devices that share the rows, where the parameters lie.

    >>> from seqgen import Categorical, Discrete, Example, Network, evaluation_windows, in_memory
    >>> model = Model(Network(Discrete(4), layers=1, units=8), Categorical(4))
    >>> windows = evaluation_windows(in_memory(Discrete(4), [Example(np.arange(4))]), batch=1, window=4)
    >>> [(nats.shape, valid.tolist()) for nats, valid in log_probs(model, model.init(jax.random.key(0)), windows)]
    [((1, 4), [[True, True, True, True]])]
    """
    return ((-nll, valid) for nll, valid in _terms(model, params, batches, crew))


def _padded(batch: Batch, rows: int) -> Batch:
    """With so many rows more, of which nothing is valid."""
    return jax.tree.map(lambda leaf: np.pad(leaf, [(0, rows)] + [(0, 0)] * (leaf.ndim - 1)), batch)  # type: ignore[no-any-return]


def evaluate(model: Trainable, params: Params, batches: Iterable[Batch], crew: Crew | None = None) -> float:
    """Mean negative log-likelihood, nats a prediction: one static pass, state carried, dropout off.

    Its exponential is the perplexity.

    >>> from seqgen import Categorical, Discrete, Example, Network, evaluation_windows, in_memory
    >>> model = Model(Network(Discrete(4), layers=1, units=8), Categorical(4))
    >>> windows = evaluation_windows(in_memory(Discrete(4), [Example(np.arange(4))]), batch=1, window=4)
    >>> nats = evaluate(model, model.init(jax.random.key(0)), windows)
    >>> bool(abs(nats - np.log(4)) < 0.7)  # of a model that has learned nothing yet
    True
    """
    total, count = _totals(model, params, batches, crew)
    return total / max(count, 1)


def _totals(model: Trainable, params: Params, batches: Iterable[Batch], crew: Crew | None = None) -> tuple[float, int]:
    """Nats of all predictions, and how many there are."""
    total, count = 0.0, 0
    for nll, counted in _terms(model, params, batches, crew):
        total += float(nll.sum(dtype=np.float64))
        count += int(counted.sum())
    return total, count


def nats(model: Model, params: Params, example: Example, entries: int = 1) -> float:
    """The sum of -ln p over all steps of an example, but those that controls give, each given all before it; nothing adapts.

    entries: a source is filled up to a multiple of so many, so that those of any length share a few compiled programs.
    """

    def filled(batch: Batch) -> Batch:
        if batch.source is None:
            return batch
        more = ((0, 0), (0, -batch.source.shape[1] % entries))
        return batch._replace(source=np.pad(batch.source, more), source_valid=np.pad(batch.source_valid, more))

    if getattr(model.network, "ahead", 0):  # as far as the end
        batches: Iterable[Batch] = [_whole(model.network.spec, example)]
    else:
        batches = windows_of(model.network.spec, example)
    return _totals(model, params, map(filled, batches))[0]


def total_nats(model: Model, params: Params, examples: Sequence[Example]) -> float:
    """The sum of -ln p over all steps of many examples, each from its own beginning on; nothing adapts."""
    if len(examples) == 1 or bool(getattr(model.network, "ahead", 0)):
        return sum(nats(model, params, example) for example in examples)
    source = in_memory(model.network.spec, examples)
    rows = 1 if source.condition(0) == (None, None) else ROWS  # else an example is a row, or part of one
    return _totals(model, params, evaluation_windows(source, rows, WINDOW))[0]


def _whole(spec: Spec, example: Example) -> Batch:
    """An example in one window, filled up to a power of two."""
    source = in_memory(spec, [example])
    width = 1 << (source.lengths[0] - 1).bit_length()
    entries = 0 if example.source is None else len(example.source)
    return read_rows(source, np.zeros(1, np.int64), 1, width, entries, range(1))


def windows_of(spec: Spec, example: Example) -> Evaluation:
    """An example by itself, in windows of a power of two: examples of any length share a handful of compiled programs."""
    count = len(jax.tree.leaves(example.steps)[0])
    return evaluation_windows(in_memory(spec, [example]), 1, min(WINDOW, 1 << (count.bit_length() - 1)))


def characters_a_step(data: Encoded) -> float | None:
    """How many characters a step of the held-out part is, on the average; None where the codec counts none (`begun`)."""
    begun = getattr(data.codec, "begun", None)
    if begun is None:
        return None
    characters, steps = 0, 0
    for index, length in enumerate(data.valid.lengths):
        part = data.valid.read(index, 0, min(int(length), MOST - steps))
        characters, steps = characters + int(begun(part).sum()), steps + len(part)
        if steps >= MOST:
            break
    return characters / max(steps, 1)
