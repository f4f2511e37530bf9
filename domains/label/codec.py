"""Rows as arrays: numbers on a scale of their own or symbols, and labels by number."""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqgen.domain import Example
from seqgen.errors import DataError, ModelError
from seqgen.spec import Continuous, Discrete, Steps

from .row import EACH, Row

UNKNOWN = "\ufffd"
RARE = 2  # times that a symbol must have been seen
MOST = 65_536  # symbols, labels
FINEST = 2.0**-16  # of the scale: what numbers are rounded to


@dataclass(frozen=True)
class LabelCodec:
    """Rows whose labels are known by name; a `seqgen.domain.Codec[Row]`.

    each: what has a label, "row" or "position". labels: their names, sorted.
    symbols: the characters or words that are known; 0 stands for any other. Or numbers:
    mean, scale: of each of a position's values, over what was learned from; a scale is a power of two.

    >>> codec = LabelCodec.fit([Row("aab", ("x",)), Row("abb", ("y",))])
    >>> steps, source, _, _ = codec.encode(Row("ba?", ("y",)))
    >>> steps.tolist(), source.tolist(), codec.decode(steps).values
    ([2, 1, 0], [1], 'ba\ufffd')
    """

    each: str
    labels: tuple[str, ...]
    symbols: tuple[str, ...] = ()
    mean: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()

    @classmethod
    def fit(cls, rows: Sequence[Row], each: str = "row") -> LabelCodec:
        """What there is in these rows. Raises DataError for fewer than two labels, and values of several kinds."""
        if not rows:
            raise DataError("there are no rows to learn from; give a file with some")
        names = tuple(sorted({label for row in rows for label in row.labels}))
        if len(names) < 2:
            raise DataError(f"there is nothing to tell apart: {len(names)} different labels; give rows of two or more")
        if len(names) > MOST:
            raise DataError(f"there are {len(names):,} labels; give {MOST:,} at most, or name another column of labels")
        if not rows[0].numeric:
            counts = Counter(value for row in rows for value in row.values)
            known = [str(value) for value, count in counts.most_common(MOST) if count >= RARE]
            return cls(each, names, tuple(sorted(known)) or (" ",))
        widths = {len(position) for row in rows if row.numeric for position in row.values}
        if len(widths) != 1 or not all(row.numeric for row in rows):
            raise DataError("rows are of several kinds; give all of them text, or as many numbers at each position")
        values = np.concatenate([np.array(row.values, np.float64) for row in rows])
        mean, deviation = values.mean(axis=0), values.std(axis=0)
        least = np.maximum(np.abs(mean) * 2.0**-20, 1e-30)
        scale = 2.0 ** np.ceil(np.log2(np.maximum(deviation, least)))
        return cls(each, names, (), tuple(mean.tolist()), tuple(scale.tolist()))

    @property
    def spec(self) -> Discrete | Continuous:
        """A symbol, or the numbers of a position."""
        return Continuous(len(self.mean)) if self.mean else Discrete(len(self.symbols) + 1)

    @functools.cached_property
    def _ids(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.symbols, 1)}

    def canonical(self, item: Row) -> Row:
        """The values alone: symbols that are not known as U+FFFD, numbers rounded to 1/65536 of the scale."""
        return self.decode(self.encode(Row(item.values)).steps)

    def encode(self, item: Row) -> Example:
        """Raises DataError for values of another kind than was learned from, and a label that was not there."""
        numeric = bool(self.mean)
        if not item.values or item.numeric != numeric:
            kind = f"{len(self.mean)} numbers a position" if numeric else "text"
            raise DataError(f"a row is {str(item.values)[:40]!r}, and this model reads {kind}; give it that")
        if numeric:
            if {len(position) for position in item.values} != {len(self.mean)}:
                raise DataError(f"a row has other than {len(self.mean)} numbers a position; give it those")
            steps: Any = self._rounded((np.array(item.values, np.float64) - self.mean) / self.scale)
        else:
            steps = np.array([self._ids.get(str(value), 0) for value in item.values], np.int32)
        for label in item.labels:
            if label not in self.labels:
                raise DataError(f"label {label!r:.40} is not one of the model's, {self._some()}; train a new model")
        return Example(steps, source=np.array([self.labels.index(label) for label in item.labels], np.int32))

    def decode(self, steps: Steps) -> Row:
        """The values that steps stand for."""
        if self.mean:
            rounded = self._rounded(np.nan_to_num(np.asarray(steps, np.float64)))
            return Row(tuple(map(tuple, (rounded.astype(np.float64) * self.scale + self.mean).tolist())))
        names = (UNKNOWN, *self.symbols)
        values = [names[i] if 0 <= i < len(names) else UNKNOWN for i in np.asarray(steps).tolist()]
        return Row(tuple(values) if self.each == "position" else "".join(values))

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values, read back by `from_dict`."""
        lists = {name: list(getattr(self, name)) for name in ("labels", "symbols", "mean", "scale")}
        return {"kind": "label", "each": self.each, **lists}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LabelCodec:
        """The codec that wrote `data`. Raises ModelError for anything else."""
        match dict(data):
            case {"kind": "label", "each": each, "labels": [*labels], "symbols": [*symbols], "mean": [*mean],
                  "scale": [*scale], **others} if (
                not others and each in EACH and len(labels) > 1 and _names(labels) and _names(symbols)
                and bool(symbols) != bool(mean) and len(mean) == len(scale)
                and all(isinstance(value, int | float) and math.isfinite(value) for value in (*mean, *scale))
                and all(value > 0 for value in scale)
            ):  # fmt: skip
                return cls(each, tuple(labels), tuple(symbols), tuple(mean), tuple(scale))
        raise ModelError("the codec of a model of labels is not one of labels; the model is damaged or newer")

    @staticmethod
    def _rounded(values: np.ndarray) -> np.ndarray:
        rounded: np.ndarray = (np.round(np.clip(values, -1e6, 1e6) / FINEST) * FINEST).astype(np.float32)
        return rounded

    def _some(self) -> str:
        return ", ".join(self.labels[:5]) + (", ..." if len(self.labels) > 5 else "")


def _names(names: Sequence[Any]) -> bool:
    return len(names) <= MOST and all(isinstance(name, str) for name in names) and len({*names}) == len(names)
