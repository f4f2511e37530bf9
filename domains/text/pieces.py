"""What the codecs of words and of sub-words share: the pieces a text is cut into, ids as spelt bytes, and back."""

from __future__ import annotations

import codecs
import functools
import re
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqgen.domain import Example
from seqgen.spec import Discrete, Steps

from .codec import REPLACEMENT, ReadWhole, starts
from .division import Item

# A word with the space before it, a mark of punctuation with it, or any white space by itself. Joined they are the text,
# and none goes on after a line end, so that a text may be cut there.
PATTERN = " ?\\w+(?:['\u2019]\\w+)*| ?[^\\w\\s]|\\s"
LONGEST = 64  # characters of a piece that is a symbol
KEPT = 1 << 16  # pieces whose ids are remembered


class Spelt(ReadWhole):
    """What such a codec is, once it says how a piece is spelt: a `seqgen.domain.Codec` of texts."""

    @property
    @abstractmethod
    def spelling(self) -> Sequence[bytes]:
        """UTF-8 of each id."""

    @abstractmethod
    def spell(self, piece: str) -> Sequence[int]:
        """The ids of a piece."""

    @property
    def spec(self) -> Discrete:
        """One id."""
        return Discrete(len(self.spelling))

    def encode(self, item: Item) -> Example:
        """The ids of a text, int32 `[T]`."""
        ids: list[int] = []
        spell = self._spell
        for piece in pieces(self.canonical(item)):
            ids.extend(spell(piece))
        return Example(np.array(ids, np.int32))

    def begun(self, steps: Steps) -> NDArray[np.int64]:
        """How many characters each step begins."""
        found: NDArray[np.int64] = self._begun[np.asarray(steps)]
        return found

    def decoder(self) -> SpeltDecoder:
        """A decoder for ids that arrive in pieces."""
        return SpeltDecoder(self.spelling)

    @functools.cached_property
    def _spell(self) -> Any:
        return functools.lru_cache(maxsize=KEPT)(self.spell)

    @functools.cached_property
    def _begun(self) -> NDArray[np.int64]:
        return np.array(
            [int(starts(np.frombuffer(one, np.uint8).astype(int)).sum()) for one in self.spelling], np.int64
        )


class SpeltDecoder:
    """Ids in pieces to text in pieces, holding back a character's first bytes until the rest arrives.

    >>> decoder = SpeltDecoder([b"a", "é".encode()[:1], "é".encode()[1:]])
    >>> decoder.decode([0, 1]), decoder.decode([2]), decoder.decode([3], final=True)
    ('a', 'é', '�')
    """

    ended = False  # a text goes on for ever

    def __init__(self, spelling: Sequence[bytes]) -> None:
        self._spelling, self._nowhere = spelling, REPLACEMENT.encode()
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")

    def decode(self, steps: Steps, final: bool = False) -> str:
        """The text that `steps` complete; `final` gives up on what is still held back."""
        count = len(self._spelling)
        spelt = (self._spelling[i] if 0 <= i < count else self._nowhere for i in np.asarray(steps).reshape(-1).tolist())
        return self._utf8.decode(b"".join(spelt), final)


def pieces(text: str) -> list[str]:
    """The words, marks and spaces of a text, in order.

    >>> pieces("Don't stop: 7 days.")
    ["Don't", ' stop', ':', ' 7', ' days', '.']
    """
    return _PATTERN.findall(text)


_PATTERN = re.compile(PATTERN)
