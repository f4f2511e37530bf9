"""Documents to steps: the symbols of a text, and one more where it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqgen.domain import Example
from seqgen.errors import ModelError, UsageError, pick
from seqgen.spec import Discrete, Steps

from .codec import Symbol
from .division import Division, Document, Item, text_of
from .levels import LEVELS, UNITS, Decoding, Level, load_level, name_of


@dataclass(frozen=True)
class Documents:
    """The symbols of a text and, as the last one of all, its end; a `seqgen.domain.Codec` of texts and `Document`s.

    level: what a text is spelt in. division: how the training texts were divided, and others are to be.

    >>> from seqgen.domains.text import Characters
    >>> codec = Documents(Characters("ab"), Division("line"))
    >>> codec.encode("abba").steps.tolist(), codec.decode([256, 258, 257])
    ([256, 257, 257, 256, 258], 'a')
    """

    level: Level
    division: Division

    @property
    def spec(self) -> Discrete:
        """One id of the level's, or the end."""
        return Discrete(self.end + 1)

    @property
    def end(self) -> int:
        """The id of the end."""
        return self.level.spec.size

    def canonical(self, item: Item) -> str:
        """The text as its level gives it back."""
        return self.level.canonical(item)

    def encode(self, item: Item) -> Example:
        """The ids of a text and the end, but of a document that goes on elsewhere; int32 `[T]`."""
        steps = self.prompt(text_of(item))
        ends = not isinstance(item, Document) or item.ends
        return Example(np.append(steps, np.int32(self.end)) if ends else steps)

    def prompt(self, text: str) -> Any:
        """The ids of a text that is to go on."""
        return self.level.encode(text).steps

    def divided(self, text: str) -> list[Item]:
        """The documents of a text, divided as those of the training were; one, where they were records."""
        return list(Division(self.division.documents or "file").of([text], "the text"))

    def characters(self, item: Item) -> int:
        """How many characters its steps are of; an end counts as one."""
        return len(self.canonical(item)) + (not isinstance(item, Document) or item.ends)

    def begun(self, steps: Steps) -> NDArray[Any]:
        """How many characters each step begins; an end counts as one."""
        ids = np.asarray(steps)
        ends = ids == self.end
        return np.where(ends, 1, self.level.begun(np.where(ends, 0, ids)))

    def decode(self, steps: Steps) -> str:
        """The text up to the first end; of any integers."""
        return self.decoder().decode(steps, final=True)

    def decoder(self) -> UntilEnd:
        """A decoder for ids that arrive in pieces."""
        return UntilEnd(self.level.decoder(), self.end)

    def symbols(self) -> list[Symbol]:
        """What each id stands for, in order; ("end", 0) is the last."""
        return [*self.level.symbols(), ("end", 0)]

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values, read back by `from_dict`."""
        return {"kind": "documents", "level": self.level.to_dict(), "division": asdict(self.division)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Documents:
        """The codec that wrote `data` with `to_dict`. Raises ModelError for anything else."""
        match dict(data):
            case {"kind": "documents", "level": dict(level), "division": dict(division), **rest} if not rest:
                try:
                    return cls(load_level(level), Division(**division))
                except (TypeError, AttributeError, UsageError):
                    pass
        raise ModelError(
            "the settings of a codec of documents are a level and a division; the model is damaged, or was written by a "
            "newer seqgen"
        )


class UntilEnd:
    """Ids in pieces to text in pieces, up to the first end.

    >>> from seqgen.domains.text import Characters
    >>> decoder = Documents(Characters("ab"), Division("line")).decoder()
    >>> decoder.decode([256, 258, 257]), decoder.ended, decoder.decode([257])
    ('a', True, '')
    """

    def __init__(self, decoder: Decoding, end: int) -> None:
        self._decoder, self._end = decoder, end
        self.ended = False

    def decode(self, steps: Steps, final: bool = False) -> str:
        """The text that `steps` complete; `final` gives up on what is still held back."""
        if self.ended:
            return ""
        ids = np.asarray(steps).reshape(-1)
        ends = np.flatnonzero(ids == self._end)
        self.ended = len(ends) > 0
        return self._decoder.decode(ids[: ends[0]] if self.ended else ids, final or self.ended)


TextCodec = Level | Documents


def fit_codec(
    items: Sequence[Item], *, level: str = "characters", documents: str = "", field: str = "", **reading: Any
) -> TextCodec:
    """The codec of these texts; `reading` are settings that only the reader needs. Raises UnknownName."""
    spelt, division = pick("level", level, LEVELS)(map(text_of, items)), Division(documents, field)
    return Documents(spelt, division) if division else spelt


def load_codec(data: Mapping[str, Any]) -> TextCodec:
    """The codec that wrote `data`. Raises ModelError for anything else."""
    return Documents.from_dict(data) if data.get("kind") == "documents" else load_level(data)


def level_of(codec: TextCodec) -> str:
    """The name of what a codec spells texts in, one of `LEVELS`."""
    return name_of(codec.level if isinstance(codec, Documents) else codec)


def unit_of(codec: TextCodec) -> str:
    """What one step of it is called."""
    return UNITS[level_of(codec)]
