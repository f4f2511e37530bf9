"""What a report measures: intervals, floors, memory, invented words, copies."""

from __future__ import annotations

import lzma
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqgen.counting.ngrams import NGrams

BLOCK = 1024  # characters that a bootstrap keeps together: neighbours are alike
DRAWS = 1000
ORDERS = 8
WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")


class Mean(NamedTuple):
    """A mean, and between which it lies in 95 of 100 drawings of as many blocks."""

    value: float
    low: float
    high: float


def bootstrap(values: NDArray[np.floating], seed: int = 0) -> Mean:
    """The mean of a sequence and its percentile interval over blocks of 1,024 (Efron 1979; Kuensch 1989).

    >>> bootstrap(np.ones(5000))
    Mean(value=1.0, low=1.0, high=1.0)
    """
    blocks = np.array_split(np.asarray(values, np.float64), max(len(values) // BLOCK, 1))
    sums, sizes = np.array([block.sum() for block in blocks]), np.array([len(block) for block in blocks])
    chosen = np.random.default_rng(seed).integers(0, len(blocks), (DRAWS, len(blocks)))
    low, high = np.quantile(sums[chosen].sum(axis=1) / sizes[chosen].sum(axis=1), [0.025, 0.975])
    return Mean(float(sums.sum() / sizes.sum()), float(low), float(high))


class Floor(NamedTuple):
    """What needs no network. nats: a character."""

    name: str
    nats: float


def counted(train: NDArray[np.int32], text: NDArray[np.int32], characters: int) -> list[Floor]:
    """Counts of single symbols, and the best modified Kneser-Ney model of up to eight: best on the text itself, the
    hardest floor.
    """
    used = np.unique(np.concatenate([train, text]))
    train, text = np.searchsorted(used, train).astype(np.int32), np.searchsorted(used, text).astype(np.int32)
    found = [
        Floor(f"{order} symbols, Kneser-Ney", float(model.nats(text).sum()) / characters)
        for order, model in enumerate(NGrams.up_to(ORDERS, train, len(used)), 1)
    ]
    return [Floor("frequencies of symbols", found[0].nats), min(found, key=lambda floor: floor.nats)]


def packed(text: str) -> Floor:
    """The text alone by xz -9e."""
    data = text.encode()
    size = len(lzma.compress(data, preset=9 | lzma.PRESET_EXTREME))
    return Floor("xz -9e of the text alone", size * 8 * float(np.log(2)) / len(text))


def by_distance(likely: Sequence[NDArray[np.float32]]) -> list[tuple[int, int, float]]:
    """Nats a character by how far behind a beginning it is, of texts that each begin anew: (from, to, nats)."""
    longest = max(map(len, likely), default=0)
    edges = [0] + [1 << power for power in range(longest.bit_length())]
    found = []
    for low, high in zip(edges, [*edges[1:], longest], strict=True):
        part = np.concatenate([own[low:high] for own in likely]) if high > low else np.zeros(0)
        if len(part):
            found.append((low, high, -float(part.mean())))
    return found


def words_of(text: str) -> list[str]:
    """The words of a text, in small letters.

    >>> words_of("Don't go, Lear's fool: 3 o'clock!")
    ["don't", 'go', "lear's", 'fool', "o'clock"]
    """
    return [found.casefold() for found in WORD.findall(text)]


def invented(text: str, known: Iterable[str]) -> tuple[float, list[str]]:
    """The share of a text's words that are not known, and which these are, the most frequent first.

    >>> invented("the seat, the shud", {"the", "seat"})
    (0.25, ['shud'])
    """
    found, known = words_of(text), known if isinstance(known, set) else set(known)
    new = [word for word in found if word not in known]
    return len(new) / max(len(found), 1), sorted(set(new), key=lambda word: (-new.count(word), word))


def longest_copies(text: str, corpus: str, count: int = 3) -> list[str]:
    """The longest pieces of a text that stand in a corpus as they are, none inside of another.

    >>> longest_copies("to be or knot to be", "or not to be", 2)
    ['not to be', 'to be']
    """
    found, length, covered = [], 0, 0
    for begin in range(len(text)):
        length = max(length - 1, 0)
        while begin + length < len(text) and text[begin : begin + length + 1] in corpus:
            length += 1
        if length and begin + length > covered:  # else it is the end of the one before
            found.append(text[begin : begin + length])
            covered = begin + length
    return sorted(dict.fromkeys(found), key=lambda piece: -len(piece))[:count]
