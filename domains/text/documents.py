"""Documents to steps: the symbols of a text, and one more where it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqgen.domain import Example
from seqgen.errors import DataError, ModelError, UsageError, pick
from seqgen.spec import Discrete, Steps

from .codec import Symbol, match
from .division import Division, Document, Item, text_of
from .levels import LEVELS, UNITS, Decoding, Level, load_level, name_of

MOST_LABELS = 1000


@dataclass(frozen=True)
class Documents:
    """The symbols of a text and, as the last one of all, its end; a `seqgen.domain.Codec` of texts and `Document`s.

    level: what a text is spelt in. division: how the training texts were divided, and others are to be.
    labels: of the documents, sorted; each has a learned vector. One of any other label counts as the first one's.
    Raises ModelError for labels that are not sorted.

    >>> from seqgen.domains.text import Characters
    >>> codec = Documents(Characters("ab"), Division("line"))
    >>> codec.encode("abba").steps.tolist(), codec.decode([256, 258, 257])
    ([256, 257, 257, 256, 258], 'a')
    """

    level: Level
    division: Division
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.labels) > MOST_LABELS or list(self.labels) != sorted(set(self.labels)):
            raise ModelError(f"the labels are not sorted, or more than {MOST_LABELS}; the model is damaged")

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
        label = item.label if isinstance(item, Document) else ""
        known = self.labels.index(label) if label in self.labels else 0
        return Example(
            np.append(steps, np.int32(self.end)) if ends else steps, static=np.int32(known) if self.labels else None
        )

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
        told = {"kind": "documents", "level": self.level.to_dict(), "division": asdict(self.division)}
        return {**told, "labels": list(self.labels)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Documents:
        """The codec that wrote `data` with `to_dict`. Raises ModelError for anything else."""
        match dict(data):
            case {
                "kind": "documents",
                "level": dict(level),
                "division": dict(division),
                "labels": list(labels),
                **rest,
            } if not rest and all(isinstance(label, str) for label in labels):
                try:
                    return cls(load_level(level), Division(**division), tuple(labels))
                except (TypeError, AttributeError, UsageError):
                    pass
        raise ModelError(
            "the settings of a codec of documents are a level, a division and labels; the model is damaged, or was written by a "
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
    items: Sequence[Item],
    *,
    level: str = "characters",
    documents: str = "",
    field: str = "",
    labels: str = "",
    **reading: Any,
) -> TextCodec:
    """The codec of these texts; `reading` are settings that only the reader needs.

    Raises UnknownName, and DataError where all have one label, or too many.
    """
    learn, division = pick("level", level, LEVELS), Division(documents, field, labels)
    spelt = learn(map(text_of, items))
    if not division:
        return spelt
    found = sorted({item.label for item in items if isinstance(item, Document)}) if labels else []
    if labels and not 1 < len(found) <= MOST_LABELS:
        what = f"{len(found):,} labels" if len(found) != 1 else f"one label, {found[0]!r}"
        raise DataError(f"the documents have {what}; 2 to {MOST_LABELS} can be told apart: name others, or none")
    return Documents(spelt, division, tuple(found))


def match_texts(old: TextCodec, new: TextCodec) -> NDArray[np.int32]:
    """As `codec.match`. Raises UsageError where labels differ: a network has one vector for each."""
    if old.labels != new.labels:
        told = [", ".join(codec.labels[:5]) or "none" for codec in (old, new)]
        raise UsageError(
            f"the model's labels are {told[0]}, the texts' {told[1]}; fine-tune with the same, or train anew"
        )
    return match(old, new)


def load_codec(data: Mapping[str, Any]) -> TextCodec:
    """The codec that wrote `data`. Raises ModelError for anything else."""
    settings = dict(data)
    return Documents.from_dict(settings) if settings.get("kind") == "documents" else load_level(settings)


def level_of(codec: TextCodec) -> str:
    """The name of what a codec spells texts in, one of `LEVELS`."""
    return name_of(codec.level if isinstance(codec, Documents) else codec)


def unit_of(codec: TextCodec) -> str:
    """What one step of it is called."""
    return UNITS[level_of(codec)]
