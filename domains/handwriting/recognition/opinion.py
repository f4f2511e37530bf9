"""What a recogniser says of ink that was meant to be a certain text: how likely it reads it, and which words it reads otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from seqgen.errors import UsageError
from seqgen.models.decoding import align, greedy, log_prob

from ..ink import Floats, Ink
from .features import Features
from .reader import HandwritingReader


class Opinion(NamedTuple):
    """nats: -ln of how likely the text is to be read, a character. misread: words by number.

    >>> Opinion(0.2, frozenset({1})).misread
    frozenset({1})
    """

    nats: float
    misread: frozenset[int]


def opinions(reader: HandwritingReader, inks: Sequence[Ink], texts: Sequence[str]) -> list[Opinion]:
    """One of each ink in x-heights and what it was meant to say; characters that the reader does not know are passed over."""
    seen = [number for number, ink in enumerate(inks) if ink.points]
    steps = [reader.codec.encode(inks[number]).steps for number in seen]
    read = dict(zip(seen, reader.model.log_probs_of(reader.params, steps), strict=True)) if seen else {}
    nothing = np.zeros((0, reader.model.labels + 1))
    return [opinion_of(reader.codec, read.get(number, nothing), text) for number, text in enumerate(texts)]


def opinion_of(codec: Features, log_probs: Floats, text: str) -> Opinion:
    """That of log-probabilities `[T, labels + 1]` of labels and blank.

    A word is misread where the likeliest labels between the spaces around it are not its own, or a space beside it
    is none. By a reader that knows no spaces all words are, or none.
    """
    wanted, space = [codec.labels(word) for word in text.split()], codec.labels(" ")
    labels = [label for word in wanted for label in (*space, *word)][len(space) :]
    try:
        places = align(log_probs, labels)
    except UsageError:  # the ink is too short for all of it
        return Opinion(np.inf, frozenset(range(len(wanted))))
    if len(space):
        spaces = places[np.cumsum([1 + len(word) for word in wanted])[:-1] - 1]
        ends = [-1, *spaces.ravel().tolist(), len(log_probs)]
        parts = [log_probs[last + 1 : first] for last, first in zip(ends[::2], ends[1::2], strict=True)]
        parted = [True, *(greedy(log_probs[a : b + 1]).tolist() == space.tolist() for a, b in spaces), True]
        right = [
            greedy(part).tolist() == word.tolist() and parted[number] and parted[number + 1]
            for number, (part, word) in enumerate(zip(parts, wanted, strict=True))
        ]
    else:
        right = [greedy(log_probs).tolist() == labels] * len(wanted)
    misread = frozenset(number for number, read in enumerate(right) if not read)
    return Opinion(-log_prob(log_probs, labels) / max(len(labels), 1), misread)
