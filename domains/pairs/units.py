"""What a text is cut into, one kind a class: letters, words that stand between spaces, sub-words.

Each has ids from 0, of which 0 stands for what is not known.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from seqgen.errors import ModelError

from .merges import learned, merged, words

UNKNOWN = "\ufffd"
RARE = 2  # times a letter must have been seen
MOST = 65_536


class Units(Protocol):
    """A text as ids and back. names: what each id stands for, the unknown first."""

    @property
    def names(self) -> tuple[str, ...]: ...
    def encode(self, text: str) -> list[int]: ...
    def decode(self, ids: Iterable[int]) -> str: ...
    def to_dict(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Letters:
    """Characters, sorted.

    >>> units = Letters.fit(["abba", "ab"])
    >>> units.encode("abc"), units.decode([1, 2, 0])
    ([1, 2, 0], 'ab\ufffd')
    """

    alphabet: str

    @classmethod
    def fit(cls, texts: Iterable[str]) -> Letters:
        """Every character that is in the texts more than once."""
        return cls(_letters(Counter(texts)))

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """U+FFFD and the alphabet."""
        return (UNKNOWN, *self.alphabet)

    def encode(self, text: str) -> list[int]:
        """An id a character."""
        return [self._ids.get(character, 0) for character in text]

    def decode(self, ids: Iterable[int]) -> str:
        """The characters."""
        return "".join(self.names[i] for i in ids)

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values with `kind`, read back by `units_from_dict`."""
        return {"kind": "letters", "alphabet": self.alphabet}

    @functools.cached_property
    def _ids(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.names)}


@dataclass(frozen=True)
class Tokens:
    """Words between spaces, such as phonemes, sorted.

    >>> units = Tokens.fit(["HH AY1", "AY1"])
    >>> units.encode("HH AY1 X"), units.decode([2, 1])
    ([2, 1, 0], 'HH AY1')
    """

    tokens: tuple[str, ...]

    @classmethod
    def fit(cls, texts: Iterable[str]) -> Tokens:
        """Every word of the texts."""
        return cls(tuple(sorted({token for text in texts for token in text.split()})))

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """U+FFFD and the words."""
        return (UNKNOWN, *self.tokens)

    def encode(self, text: str) -> list[int]:
        """An id a word."""
        return [self._ids.get(token, 0) for token in text.split()]

    def decode(self, ids: Iterable[int]) -> str:
        """The words with spaces between."""
        return " ".join(self.names[i] for i in ids)

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values with `kind`, read back by `units_from_dict`."""
        return {"kind": "tokens", "tokens": list(self.tokens)}

    @functools.cached_property
    def _ids(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.names)}


@dataclass(frozen=True)
class Subwords:
    """Parts of words, joined of letters by `merges` in their order (byte-pair encoding: Sennrich, Haddow & Birch 2016).

    A word keeps the space before it, so that parts put end to end are the text.

    >>> units = Subwords.fit(["low lower lowest", "lower low"], size=20)
    >>> units.decode(units.encode("lower low")), units.encode("low") == units.encode("low low")[:1]
    ('lower low', True)
    """

    letters: str
    merges: tuple[tuple[str, str], ...]

    @classmethod
    def fit(cls, texts: Iterable[str], size: int) -> Subwords:
        """About `size` units: the letters that are in the texts more than once, and the commonest parts of words."""
        counts = Counter(texts)
        letters = _letters(counts)
        known = set(letters)
        seen: Counter[str] = Counter()
        for text, count in counts.items():
            for word in words(text):
                seen[word] += count
        kept = {word: count for word, count in seen.items() if known.issuperset(word)}
        return cls(letters, learned(kept, max(size - len(letters) - 1, 0)))

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """U+FFFD, the letters, and what each merge makes."""
        return (UNKNOWN, *self.letters, *dict.fromkeys(a + b for a, b in self.merges))

    def encode(self, text: str) -> list[int]:
        """The ids of its parts; a letter that is not known is id 0."""
        return [i for word in words(text) for i in self._word(word)]

    def decode(self, ids: Iterable[int]) -> str:
        """The parts end to end."""
        return "".join(self.names[i] for i in ids)

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values with `kind`, read back by `units_from_dict`."""
        return {"kind": "subwords", "letters": self.letters, "merges": [list(pair) for pair in self.merges]}

    @functools.cached_property
    def _word(self) -> Any:
        ids = {name: i for i, name in enumerate(self.names)}
        ranks = {pair: rank for rank, pair in enumerate(self.merges)}

        @functools.lru_cache(maxsize=100_000)
        def word(text: str) -> tuple[int, ...]:
            return tuple(ids.get(part, 0) for part in merged(text, ranks))

        return word


def units_from_dict(data: Mapping[str, Any]) -> Units:
    """The units that wrote `data` with `to_dict`. Raises ModelError for anything else."""
    match dict(data):
        case {"kind": "letters", "alphabet": str(alphabet)} if _distinct(alphabet):
            return Letters(alphabet)
        case {"kind": "tokens", "tokens": [*tokens]} if _distinct(tokens):
            return Tokens(tuple(tokens))
        case {"kind": "subwords", "letters": str(letters), "merges": [*merges]} if _distinct(letters) and all(
            isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) and part for part in pair)
            for pair in merges
        ):
            return Subwords(letters, tuple((a, b) for a, b in merges))
    raise ModelError("the units of a model of pairs are letters, tokens or subwords; the model is damaged or newer")


def _distinct(names: Sequence[Any]) -> bool:
    return len(names) <= MOST and all(isinstance(name, str) and name for name in names) and len({*names}) == len(names)


def _letters(texts: Mapping[str, int]) -> str:
    counts: Counter[str] = Counter()
    for text, count in texts.items():
        for character in text:
            counts[character] += count
    return "".join(sorted(character for character, count in counts.items() if count >= RARE))
