"""Items to steps for a run: where they are, with which codec, as which sources, and how they are known again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from .. import registry
from ..domain import Codec, Domain, Splits
from ..errors import DataError
from .manifest import is_corpus
from .shards import open_corpus
from .sources import Encoded, Source, in_memory


def read_named(
    domain: Domain[Any], name: str, settings: Mapping[str, Any], *, download: bool = False
) -> Splits[Any] | Encoded:
    """A folder that `prepare` made, a file or folder as the domain reads it, "-" for standard input, or a data set.

    Raises UnknownName where there is none of this name, and what the domain's reader raises.
    """
    if is_corpus(name):
        return open_corpus(name, domain)
    if name == "-" or os.path.exists(name):
        return domain.reading.read(name, **settings)
    return registry.load_dataset(name, domain.name, download=download)


def codec_for(domain: Domain[Any], data: Splits[Any] | Encoded, settings: Mapping[str, Any] = {}) -> Codec[Any]:
    """The codec of data that is in steps already, else one that learns from the training items."""
    return data.codec if isinstance(data, Encoded) else domain.fit_codec(data.train, **settings)


def encoded(codec: Codec[Any], data: Splits[Any] | Encoded) -> Encoded:
    """Items in steps, with the SHA-256 of them all; data that is in steps already is as it was.

    Raises DataError where that is in the steps of another codec.
    """
    if isinstance(data, Encoded):
        if data.codec.to_dict() != codec.to_dict():
            raise DataError(
                "the data was prepared with another alphabet or scale than the run has; give the data it began with, or "
                "begin a new run"
            )
        return data
    train, valid = (_source(codec, items) for items in (data.train, data.valid))
    digest = hashlib.sha256()
    for source in (train, valid):
        for index, length in enumerate(source.lengths):
            for leaf in jax.tree.leaves((source.read(index, 0, int(length)), source.condition(index))):
                digest.update(np.ascontiguousarray(leaf).tobytes())
    return Encoded(codec, train, valid, digest.hexdigest())


def augmented(
    domain: Domain[Any], codec: Codec[Any], items: Sequence[Any], seed: int
) -> Callable[[int], Source] | None:
    """The training items as each epoch sees them: what becomes of one follows from (seed, epoch, which item)."""
    augment = domain.augment
    if augment is None:
        return None

    def items_of(epoch: int) -> Source:
        # 1: batching draws the order of an epoch from (epoch, attempt) of the same seed.
        seeds = (np.random.SeedSequence(seed, spawn_key=(epoch, index, 1)) for index in range(len(items)))
        randoms = (np.random.Generator(np.random.Philox(one)) for one in seeds)
        return _source(codec, [augment(item, random) for item, random in zip(items, randoms, strict=True)])

    return items_of


def _source(codec: Codec[Any], items: Sequence[Any]) -> Source:
    return in_memory(codec.spec, [codec.encode(item) for item in items])
