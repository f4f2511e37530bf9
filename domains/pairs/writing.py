"""Targets in the making: sources of about one length side by side, by beam search."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from seqgen.batching.filling import filled
from seqgen.errors import UsageError
from seqgen.machine.programs import kept
from seqgen.models.model import Model
from seqgen.nn.context import Context, Params
from seqgen.sampling import beam_search
from seqgen.sampling.beam import PENALTY

from .codec import PairCodec
from .pictures.picture import Picture

ROWS = 64  # beams side by side, or as many more as make the sources a power of two
ENTRIES = 16  # sources are filled up to a multiple: texts of any length share a few compiled programs
LONGER = 2  # a target has at most so many times as many units as its source, and MORE
MORE = 16
MOST = 400  # units of a source


class Written(NamedTuple):
    """A target, nats of it given the source, and what it was ranked by, which length counts in.

    >>> Written("Va !", -0.7, -0.6).text
    'Va !'
    """

    text: str
    log_prob: float
    score: float


def write(
    codec: PairCodec,
    model: Model,
    params: Params,
    sources: Sequence[str | Picture],
    *,
    beam: int,
    n: int,
    penalty: float = PENALTY,
) -> list[list[Written]]:
    """The n likeliest targets of each source, best first. Raises UsageError for one that is too long."""
    ids = [codec.read(source) for source in sources]
    for source, own in zip(sources, ids, strict=True):
        if len(own) > MOST:
            raise UsageError(f"a source of {len(own):,} units is too long: {source!r:.40}; give {MOST} at most")
    allowed = np.ones(codec.spec.size, bool)
    allowed[0] = False  # what is not known is never written
    found: dict[int, list[Written]] = {}
    order = np.argsort([len(own) for own in ids], kind="stable")
    at_once = 1 << (max(1, ROWS // beam) - 1).bit_length()  # fewer would be filled up to it
    for begin in range(0, len(order), at_once):
        rows = [int(row) for row in order[begin : begin + at_once]]
        batch = filled([ids[row] for row in rows])
        size = -(-max(map(len, batch)) // ENTRIES) * ENTRIES
        context = _context(model, params, batch, size)
        best = beam_search(
            model,
            params,
            [np.zeros(0, np.int32)] * len(batch),
            length=LONGER * size + MORE,
            end=codec.end,
            beam=beam,
            penalty=penalty,
            context=context,
            allowed=allowed,
        )
        for row, hypotheses in zip(rows, best, strict=False):
            found[row] = [
                Written(codec.decode(one.steps).target.strip(), one.log_prob, one.score) for one in hypotheses[:n]
            ]
    return [found[row] for row in range(len(sources))]


def _context(model: Model, params: Params, sources: Sequence[np.ndarray], size: int) -> Context:
    source = np.zeros((len(sources), size, *sources[0].shape[1:]), sources[0].dtype)
    for row, own in enumerate(sources):
        source[row, : len(own)] = own
    valid = np.arange(size) < np.array([[len(own)] for own in sources])
    return _encoder(model)(params["network"], source, None, valid)


@functools.lru_cache(maxsize=8)
def _encoder(model: Model) -> Callable[..., Context]:
    network: Any = model.network
    return kept(network.encode, model.to_dict(), parts=(model,))
