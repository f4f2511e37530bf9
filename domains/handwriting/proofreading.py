"""Proof-reading: of several tries of a line the best is kept, and from its first bad word on it is written again.

What is bad is seen where the window was: a letter it passed over without ink, one it stayed on, a text it did not come to
the end of; in the ink: a word that has left its line; and by a recogniser: a word that is not read as it was meant. Of
tries with as many bad words the one is kept whose ink is likelier in the hand and whose text is likelier to be read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

from seqgen.spec import Steps

from .following import Followed
from .ink import Floats
from .offsets import DOWN

if TYPE_CHECKING:
    from .recognition.opinion import Opinion

ROUNDS = 3  # times that a line is gone on with from a bad word
LEAST = {**dict.fromkeys(".,'`:;-_|!i\"", 1)}  # points of a character; of all others two
STALLED = 60  # points of a character: seven times the usual
OFF_LINE = 0.3  # x-heights
STANDING = frozenset("abcdehiklmnorstuvwxzABCDEFGHIKLMNOPRSTUVWXYZ0123456789")  # on the line


class Try(NamedTuple):
    """One try of a line: its steps without the end, words that are bad by number, nats, where each word begins.

    nats: a point, in the hand, and those of a recogniser a character.
    """

    steps: Steps
    bad: tuple[int, ...]
    nats: float
    starts: NDArray[np.int64]

    @property
    def order(self) -> tuple[float, ...]:
        """The smaller the better: how many words are bad, how late the first of them is, how unlikely the ink and the text."""
        first = self.bad[0] if self.bad else 0
        return (len(self.bad), -first, self.nats)


def judged(text: str, steps: Steps, followed: Followed, points: Floats, opinion: Opinion | None = None) -> Try:
    """A try of a line `text`, `points` `[N, 2]` in x-heights where its steps lead.

    opinion: what a recogniser says of it, if there is one.
    """
    places, pens = followed.places, np.asarray(steps[1])
    drawn = np.concatenate([[False], pens[:-1] == DOWN]) | (pens != DOWN)  # a point at the end of a line, or a dot
    words = spans(text)
    counts = np.bincount(places[drawn], minlength=len(text) + 1)
    heights = _standing(text, places, points)
    level = np.nanmedian(heights) if np.isfinite(heights).any() else 0.0
    bad = []
    nats, misread = (0.0, frozenset()) if opinion is None else opinion
    for number, (begin, end) in enumerate(words):
        few = any(counts[i] < LEAST.get(text[i], 2) for i in range(begin, end))
        own = heights[begin:end]
        off = np.isfinite(own).any() and abs(np.nanmedian(own) - level) > OFF_LINE
        if few or counts[begin:end].max() > STALLED or off or number in misread:
            bad.append(number)
    starts = np.searchsorted(places, [begin for begin, _ in words])
    return Try(steps, tuple(bad), float(followed.nats.mean()) + nats, starts)


def proofread(
    texts: Sequence[str],
    draw: Callable[[Sequence[int], Sequence[Steps], int], list[Try]],
    empty: Steps,
    tries: int,
) -> list[Steps]:
    """The best steps found for each text.

    draw: (which text, what its line begins with, round) -> a try for each. empty: the beginning of a line.
    """
    best: dict[int, Try] = {}
    begun: dict[int, Steps] = dict.fromkeys(range(len(texts)), empty)
    for number in range(ROUNDS):
        rows = [line for line in begun for _ in range(tries)]
        if not rows:
            break
        found = draw(rows, [begun[line] for line in rows], number)
        for line, one in zip(rows, found, strict=True):
            if line not in best or one.order < best[line].order:
                best[line] = one
        begun = {line: _before(best[line]) for line in begun if best[line].bad}
    return [best[line].steps for line in range(len(texts))]


def spans(text: str) -> list[tuple[int, int]]:
    """Where each word begins and ends, in characters."""
    found, begin = [], 0
    for word in text.split(" "):
        if word:
            found.append((begin, begin + len(word)))
        begin += len(word) + 1
    return found


def _before(one: Try) -> Steps:
    """The steps before the first bad word, up to where the pen was last lifted."""
    offsets, pens = one.steps
    lifted = np.flatnonzero(np.asarray(pens[: one.starts[one.bad[0]]]) != DOWN)
    count = int(lifted[-1]) + 1 if len(lifted) and one.bad[0] else 0
    return jax.tree.map(lambda leaf: leaf[:count], (offsets, pens))


def _standing(text: str, places: NDArray[np.int64], points: Floats) -> Floats:
    """The lowest point of each character that stands on the line, NaN of others."""
    lowest = np.full(len(text) + 1, -np.inf)
    np.maximum.at(lowest, places, points[:, 1])
    stands = np.array([character in STANDING for character in text], bool)
    return np.where(stands & np.isfinite(lowest[:-1]), lowest[:-1], np.nan)
