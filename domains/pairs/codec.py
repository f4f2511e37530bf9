"""A pair as arrays: the source is what conditions, the target, and an end, the steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqgen.domain import Example
from seqgen.errors import DataError, ModelError, UsageError
from seqgen.spec import Discrete, Steps

from .pair import Pair, clean
from .pictures.picture import Picture
from .pictures.pixels import SIDE, Pixels
from .units import Letters, Subwords, Tokens, Units, units_from_dict

LEVELS = ("subwords", "letters")
VOCABULARY = 4000


@dataclass(frozen=True)
class PairCodec:
    """Pairs of texts, or of a picture and a text; a `seqgen.domain.Codec[Pair]`.

    source, target: the units of either side, or the pixels of a source. The last symbol of a target is the end.

    >>> codec = PairCodec.fit([Pair("hi", "HH AY"), Pair("ha", "HH AA")] * 2, "phonemes")
    >>> steps, source, _, _ = codec.encode(Pair("hi", "HH AY"))
    >>> source.tolist(), steps.tolist(), codec.decode(steps).target
    ([2, 3], [3, 2, 4], 'HH AY')
    """

    source: Units | Pixels
    target: Units

    @classmethod
    def fit(
        cls,
        pairs: Sequence[Pair],
        level: str = "subwords",
        vocabulary: int = VOCABULARY,
        side: int = SIDE,
        vary: bool = False,
    ) -> PairCodec:
        """Units of these pairs: "subwords", about `vocabulary` of them a side, "letters", or letters to "phonemes".

        side: pixels of pictures, where sources are such. vary: whether these are learned from as each epoch varies them.
        """
        if not pairs:
            raise DataError("there are no pairs to learn from; give a file with one a line")

        def units(texts: Sequence[str]) -> Units:
            return Letters.fit(texts) if level in ("letters", "phonemes") else Subwords.fit(texts, vocabulary)

        if level not in (*LEVELS, "phonemes"):
            raise UsageError(f"level is {level!r}; give {' or '.join(LEVELS)}")
        sources = [clean(pair.source) for pair in pairs if isinstance(pair.source, str)]
        targets = [clean(pair.target) for pair in pairs]
        target = Tokens.fit(targets) if level == "phonemes" else units(targets)
        return cls(units(sources) if sources else Pixels(side, vary), target)

    @property
    def end(self) -> int:
        """The symbol after the last of a target."""
        return len(self.target.names)

    @property
    def spec(self) -> Discrete:
        """A unit of the target, or the end."""
        return Discrete(self.end + 1)

    @property
    def symbols(self) -> int:
        """Units of a source, or values of a byte."""
        return 256 if isinstance(self.source, Pixels) else len(self.source.names)

    def canonical(self, item: Pair) -> Pair:
        """The target alone, U+FFFD for what is not known."""
        return Pair("", self.target.decode(self.target.encode(clean(item.target))))

    def encode(self, item: Pair) -> Example:
        """Raises DataError for an empty source, and one of the other kind."""
        target = self.target.encode(clean(item.target))
        return Example(np.array([*target, self.end], np.int32), source=self.read(item.source))

    def read(self, source: str | Picture) -> np.ndarray:
        """The ids of a source, int32 `[U]`, or its pixels. Raises DataError for one without any, and of the other kind."""
        if isinstance(source, Picture) and isinstance(self.source, Pixels):
            return self.source.encode(source)
        if isinstance(source, Picture) or isinstance(self.source, Pixels):
            kinds = ("pictures", "a text") if isinstance(self.source, Pixels) else ("texts", "a picture")
            raise DataError(f"this model reads {kinds[0]}, and the source is {kinds[1]}; give the other")
        ids = self.source.encode(clean(source))
        if not ids:
            raise DataError("a source is empty: there is nothing to read; leave the pair out")
        return np.array(ids, np.int32)

    def unknown(self, source: str) -> float:
        """The share of a source that is not known, 0 to 1."""
        ids = self.read(source).tolist() if clean(source) else []
        return ids.count(0) / max(len(ids), 1)

    def decode(self, steps: Steps) -> Pair:
        """The target that steps make, up to the first end."""
        ids = np.asarray(steps).reshape(-1).tolist()
        ids = ids[: ids.index(self.end)] if self.end in ids else ids
        known = len(self.target.names)
        return Pair("", self.target.decode(i if 0 <= i < known else 0 for i in ids))

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values, read back by `from_dict`."""
        return {"kind": "pairs", "source": self.source.to_dict(), "target": self.target.to_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PairCodec:
        """The codec that wrote `data`. Raises ModelError for anything else."""
        match dict(data):
            case {"kind": "pairs", "source": dict(source), "target": dict(target)}:
                return cls(_source_from_dict(source), units_from_dict(target))
        raise ModelError("the codec of a model of pairs is not one of pairs; the model is damaged or newer")


def match(old: PairCodec, new: PairCodec) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """For each symbol of the new target, and of the new source, the old id of the same unit, or -1.

    Of pairs with pictures of the target alone.
    """
    target = np.append(_ids(old.target, new.target), old.end).astype(np.int32)
    if isinstance(old.source, Pixels) or isinstance(new.source, Pixels):
        return target
    return target, _ids(old.source, new.source)


def _ids(old: Units, new: Units) -> np.ndarray:
    ids = {name: number for number, name in enumerate(old.names)}
    return np.array([ids.get(name, -1) for name in new.names], np.int32)


def _source_from_dict(data: Mapping[str, Any]) -> Units | Pixels:
    match dict(data):
        case {"kind": "pixels", "side": int(side), **rest}:
            try:
                return Pixels(side, vary=rest.get("vary") is True)
            except UsageError as error:
                raise ModelError(f"the codec asks for {error}; the model is damaged") from None
    return units_from_dict(data)
