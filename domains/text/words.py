"""Words to ids and back; a word that is not among them is spelt in characters, so no text is refused."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seqgen.errors import ModelError

from .codec import BYTES, FIT_LENGTH, Characters, Symbol, canonical
from .pieces import LONGEST, Spelt, pieces

MOST = 32_000  # words: with bytes and an alphabet they fit in 16 bits
LEAST = 3  # times that a word stands in the training texts: rarer ones are spelt, and so teach to spell


@dataclass(frozen=True)
class Words(Spelt):
    """Ids of bytes and characters as in `Characters`, then words; a `seqgen.domain.Codec` of texts.

    Case and punctuation are kept: a word comes with the space before it, a mark of punctuation of its own too.

    alphabet: what other words are spelt in. words: pieces of two characters or more, the commonest first.
    Raises ModelError when they are not.

    >>> codec = Words.fit(["the cat and the dog and the cat, the dog"] * 3)
    >>> codec.words
    (' the', ' and', ' cat', ' dog', 'the')
    >>> codec.encode("the dog").steps.tolist()[-1] == codec.encode(" dog").steps.tolist()[0]
    True
    """

    alphabet: str
    words: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.words) > MOST or len(set(self.words)) < len(self.words):
            raise ModelError(f"a model of words knows one twice, or more than {MOST}; the model is damaged")
        if wrong := [one for one in self.words if not 2 <= len(one) <= LONGEST or canonical(one) != one]:
            raise ModelError(f"{wrong[0]!r:.80} is no word; the model is damaged")

    @classmethod
    def fit(cls, texts: Iterable[str]) -> Words:
        """The alphabet and the 32,000 most frequent words of the first 32 million characters."""
        read: list[str] = []
        counts: Counter[str] = Counter()
        left = FIT_LENGTH
        for text in texts:
            read.append(text[:left])
            counts.update(pieces(canonical(read[-1])))
            left -= len(text)
            if left <= 0:
                break
        known = [one for one, count in counts.items() if count >= LEAST and 2 <= len(one) <= LONGEST]
        return cls(Characters.fit(read).alphabet, tuple(sorted(known, key=lambda one: (-counts[one], one))[:MOST]))

    @functools.cached_property
    def spelling(self) -> Sequence[bytes]:
        """UTF-8 of each id."""
        return [*map(_byte, range(BYTES)), *(one.encode() for one in (*self.alphabet, *self.words))]

    def spell(self, piece: str) -> Sequence[int]:
        """The id of a word, or those of its characters."""
        known = self._ids.get(piece)
        return (known,) if known is not None else tuple(self._characters.encode(piece).steps.tolist())

    def symbols(self) -> list[Symbol]:
        """What each id stands for, in order: ("byte", value), the character, or ("word", word)."""
        return [*self._characters.symbols(), *(("word", word) for word in self.words)]

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values, read back by `from_dict`."""
        return {"kind": "words", "alphabet": self.alphabet, "words": list(self.words)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Words:
        """The codec that wrote `data` with `to_dict`. Raises ModelError for anything else."""
        match dict(data):
            case {"kind": "words", "alphabet": str(alphabet), "words": list(words), **rest} if not rest:
                if all(isinstance(word, str) for word in words):
                    return cls(alphabet, tuple(words))
        raise ModelError("a codec of words has an alphabet and a list of words; the model is damaged")

    @functools.cached_property
    def _ids(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.words, BYTES + len(self.alphabet))}

    @functools.cached_property
    def _characters(self) -> Characters:
        return Characters(self.alphabet)


def _byte(value: int) -> bytes:
    return bytes([value])
