"""What a text is spelt in: bytes, characters, words or sub-words, each a codec of the same members."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Protocol

from numpy.typing import NDArray

from seqgen.domain import Example
from seqgen.errors import ModelError, one_line
from seqgen.spec import Discrete, Steps

from .codec import Characters, Symbol
from .division import Division, Item
from .subwords import Subwords
from .words import Words


class Decoding(Protocol):
    """Ids in pieces to text in pieces; `ended`: nothing more will come of it."""

    ended: bool

    def decode(self, steps: Steps, final: bool = False) -> str: ...


class Level(Protocol):
    """A `seqgen.domain.Codec` of texts that can also be gone on with, be counted and be matched."""

    division: ClassVar[Division]
    labels: ClassVar[tuple[str, ...]]

    @property
    def spec(self) -> Discrete: ...
    def canonical(self, item: Item) -> str: ...
    def encode(self, item: Item) -> Example: ...
    def prompt(self, text: str) -> Any: ...
    def divided(self, text: str) -> list[Item]: ...
    def characters(self, item: Item) -> int: ...
    def begun(self, steps: Steps) -> NDArray[Any]: ...
    def decode(self, steps: Steps) -> str: ...
    def decoder(self) -> Decoding: ...
    def symbols(self) -> list[Symbol]: ...
    def to_dict(self) -> dict[str, Any]: ...


# By the name on the command line: how it is learned from texts.
LEVELS: dict[str, Callable[[Iterable[str]], Level]] = {
    "bytes": lambda texts: Characters(""),
    "characters": Characters.fit,
    "words": Words.fit,
    "subwords": Subwords.fit,
}
UNITS = {"bytes": "byte", "characters": "char", "words": "word", "subwords": "subword"}  # what a step is called
_KINDS: dict[str, Callable[[Mapping[str, Any]], Level]] = {
    "characters": Characters.from_dict,
    "words": Words.from_dict,
    "subwords": Subwords.from_dict,
}


def load_level(data: Mapping[str, Any]) -> Level:
    """The level that wrote `data` with `to_dict`. Raises ModelError for anything else."""
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        known = ", ".join(_KINDS)
        raise ModelError(
            f"a text codec's settings are of kind {known} or documents, not {one_line(repr(kind))[:80]}; the model is "
            "damaged, or was written by a newer seqgen"
        )
    return _KINDS[kind](data)


def name_of(level: Level) -> str:
    """The name of a level, one of `LEVELS`."""
    kind = str(level.to_dict()["kind"])
    return "bytes" if kind == "characters" and level.spec.size == Characters("").spec.size else kind
