"""Floors of a run: what counting the training part predicts of the held-out part."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..batching.sources import Encoded, Source
from ..spec import Discrete
from .ngrams import NGrams

MOST = 1 << 22  # steps of a part that are counted for its floor: a second's reading
ORDERS = 8  # the longest sequences that are counted
SORTED = 1 << 20  # steps to learn from, up to which sequences are: a few seconds


class Floor(NamedTuple):
    """nats: a step of the held-out part. order: of how many symbols the sequences are that it counts.

    >>> Floor(2.31, 5).order
    5
    """

    nats: float
    order: int


def counting_floor(data: Encoded) -> float | None:
    """What counting alone predicts: a model that is no better has learned nothing yet.

    Nats a step of the held-out part, by how frequent each symbol is in the training part; None where steps are no symbols.

    Symbols not seen share the weight of one (Perks 1947).

    >>> from types import SimpleNamespace
    >>> from seqgen import Example, in_memory
    >>> two = in_memory(Discrete(2), [Example(np.array([0, 1] * 500))])
    >>> codec = SimpleNamespace(spec=Discrete(2))
    >>> round(counting_floor(Encoded(codec, train=two, valid=two, fingerprint="")), 3)  # ln 2
    0.693
    """
    spec = data.codec.spec
    if not isinstance(spec, Discrete):
        return None
    train, valid = _counts(data.train, spec.size), _counts(data.valid, spec.size)
    weights = train + 1 / spec.size
    return float(-(valid * np.log(weights / weights.sum())).sum() / max(valid.sum(), 1))


def ngram_floor(data: Encoded) -> Floor | None:
    """The best modified Kneser-Ney model of sequences up to 8 symbols, best on the held-out part itself.

    None where steps are no symbols, and for more than a million of them, which a network learns more from than counting.

    >>> from types import SimpleNamespace
    >>> from seqgen import Example, in_memory
    >>> two = in_memory(Discrete(2), [Example(np.array([0, 1] * 500))])
    >>> found = ngram_floor(Encoded(SimpleNamespace(spec=Discrete(2)), train=two, valid=two, fingerprint=""))
    >>> found.nats < 0.01
    True
    """
    spec = data.codec.spec
    if not isinstance(spec, Discrete) or sum(data.train.lengths) > SORTED or not sum(data.valid.lengths):
        return None
    train, valid = (np.concatenate([_steps(part, number) for number in range(len(part.lengths))]) for part in
                    (data.train, data.valid))  # fmt: skip
    used = np.unique(np.concatenate([train, valid]))
    train, valid = (np.searchsorted(used, part).astype(np.int32) for part in (train, valid[:SORTED]))
    models = NGrams.up_to(ORDERS, train, len(used))
    return min(Floor(float(model.nats(valid).mean()), order) for order, model in enumerate(models, 1))


def _steps(source: Source, number: int) -> np.ndarray:
    return np.asarray(source.read(number, 0, int(source.lengths[number])))


def _counts(source: Source, size: int) -> np.ndarray:
    counts, left = np.zeros(size), MOST
    for index, length in enumerate(source.lengths):
        if left <= 0:
            break
        part = np.asarray(source.read(index, 0, min(int(length), left)))
        counts += np.bincount(part, minlength=size)
        left -= len(part)
    return counts
