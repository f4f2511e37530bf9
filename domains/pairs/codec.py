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
from .units import Letters, Subwords, Tokens, Units, units_from_dict

LEVELS = ("subwords", "letters")
VOCABULARY = 4000


@dataclass(frozen=True)
class PairCodec:
    """Pairs of texts; a `seqgen.domain.Codec[Pair]`.

    source, target: the units of either side. The last symbol of a target is the end.

    >>> codec = PairCodec.fit([Pair("hi", "HH AY"), Pair("ha", "HH AA")] * 2, "phonemes")
    >>> steps, source, _, _ = codec.encode(Pair("hi", "HH AY"))
    >>> source.tolist(), steps.tolist(), codec.decode(steps).target
    ([2, 3], [3, 2, 4], 'HH AY')
    """

    source: Units
    target: Units

    @classmethod
    def fit(cls, pairs: Sequence[Pair], level: str = "subwords", vocabulary: int = VOCABULARY) -> PairCodec:
        """Units of these pairs: "subwords", about `vocabulary` of them a side, "letters", or letters to "phonemes"."""
        if not pairs:
            raise DataError("there are no pairs to learn from; give a file with one a line")
        sources, targets = ([clean(pair[side]) for pair in pairs] for side in (0, 1))
        if level == "phonemes":
            return cls(Letters.fit(sources), Tokens.fit(targets))
        if level == "letters":
            return cls(Letters.fit(sources), Letters.fit(targets))
        if level != "subwords":
            raise UsageError(f"level is {level!r}; give {' or '.join(LEVELS)}")
        return cls(Subwords.fit(sources, vocabulary), Subwords.fit(targets, vocabulary))

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
        """Units of a source, and one for a source that has none."""
        return len(self.source.names)

    def canonical(self, item: Pair) -> Pair:
        """The target alone, U+FFFD for what is not known."""
        return Pair("", self.target.decode(self.target.encode(clean(item.target))))

    def encode(self, item: Pair) -> Example:
        """Raises DataError for an empty source."""
        target = self.target.encode(clean(item.target))
        return Example(np.array([*target, self.end], np.int32), source=self.read(item.source))

    def read(self, source: str) -> np.ndarray:
        """The ids of a source, int32 `[U]`. Raises DataError for one without characters."""
        ids = self.source.encode(clean(source))
        if not ids:
            raise DataError("a source is empty: there is nothing to read; leave the pair out")
        return np.array(ids, np.int32)

    def unknown(self, source: str) -> float:
        """The share of a source that is not known, 0 to 1."""
        ids = self.source.encode(clean(source))
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
                return cls(units_from_dict(source), units_from_dict(target))
        raise ModelError("the codec of a model of pairs is not one of pairs; the model is damaged or newer")


def match(old: PairCodec, new: PairCodec) -> tuple[np.ndarray, np.ndarray]:
    """For each symbol of the new target, and of the new source, the old id of the same unit, or -1."""
    target, source = (_ids(getattr(old, side), getattr(new, side)) for side in ("target", "source"))
    return np.append(target, old.end).astype(np.int32), source


def _ids(old: Units, new: Units) -> np.ndarray:
    ids = {name: number for number, name in enumerate(old.names)}
    return np.array([ids.get(name, -1) for name in new.names], np.int32)
