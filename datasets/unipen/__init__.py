"""UNIPEN: 103,631 words and 11,508 lines in the hands of 440 people, cleaned, in x-heights."""

from __future__ import annotations

import hashlib
import itertools
import operator
import zipfile
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, overload

import numpy as np
from numpy.random import Generator, Philox, SeedSequence
from numpy.typing import NDArray

from seqgen.datasets import downloads
from seqgen.domain import Splits
from seqgen.domains.handwriting.ink import Ink
from seqgen.domains.handwriting.resampling import sparser
from seqgen.errors import DataError, UsageError, pick

DOMAIN = "handwriting"
ORIGIN = "https://doi.org/10.5281/zenodo.1195803"
LICENCE = "CC-BY-4.0: UNIPEN train_r01_v07, The International Unipen Foundation; cut, cleaned and scaled (SOURCE.md)"
SUMS = {
    "words": "ce92b540412a7447d2a97cb0a4debee7e5c032c995130e235979483b8907558d",
    "lines": "80673bda4210828301448a3001d99341a0172f264dbae15c6c808bd409141c0e",
}
UNITS = 200  # an x-height
GAP, PEOPLE, PLACES = 1.7, 0.35, 0.25  # x-heights between words; how its logarithm varies among and within writers
_KINDS = {"lines": "lines", "words": "words", "joined": "words"}
_TEST, _VALID = 3, 7  # the last digit of a writer's number


class _Corpus(NamedTuple):
    """The arrays of a file, see SOURCE.md; ends begin with 0."""

    points: NDArray[np.int16]
    stroke_ends: NDArray[np.int64]
    item_strokes: NDArray[np.int64]
    labels: bytes
    label_ends: NDArray[np.int64]
    writer: NDArray[np.int16]
    quality: NDArray[np.float16]

    def text(self, item: int) -> str:
        return self.labels[self.label_ends[item] : self.label_ends[item + 1]].decode()

    def strokes(self, item: int) -> list[NDArray[np.float64]]:
        ends = self.stroke_ends[self.item_strokes[item] : self.item_strokes[item + 1] + 1]
        return [self.points[begin:end] / UNITS for begin, end in itertools.pairwise(ends)]


def load(
    *,
    download: bool = False,
    kind: str = "lines",
    seed: int = 0,
    longest: int = 40,
    writers: int = 440,
    quality: float = 0.5,
    every: int = 1,
) -> Splits[Ink]:
    """Ink of people, each `hand` a number: lines as they were written, single words, or words joined to lines.

    kind: "lines", "words", or "joined": words of one writer side by side, of at most `longest` characters together, with
    gaps as people leave them, drawn from `seed`. longest: characters of a text, at most.
    writers: only so many, the best by ink, coverage and legibility. quality: least of an item, 0.35 to 1.
    every: 2 keeps every second point of a stroke, its ends and corners in any case: some 9 a character.
    Writers whose number ends in 3 are the test part, in 7 the validation, all others are for training.

    Raises DataError where the file is not on this machine, or another; UsageError for settings out of range.

    >>> import contextlib
    >>> with contextlib.suppress(DataError):  # where it is not on this machine
    ...     assert load().train[0].height == 1
    """
    file = pick("kind of UNIPEN's ink", kind, _KINDS)
    if min(longest, writers, every) < 1 or seed < 0 or not 0 <= quality <= 1:
        raise UsageError(
            f"unipen got longest={longest}, writers={writers}, seed={seed}, quality={quality}, every={every}; wanted a "
            "length, a number of writers and `every` from 1, a seed from 0 and a quality from 0 to 1"
        )
    corpus = _read(file, download)
    lengths = np.diff(corpus.label_ends)  # bytes, of ASCII
    ranks = {int(writer): rank for rank, writer in enumerate(np.unique(corpus.writer))}
    best = np.array([ranks[int(writer)] < writers for writer in corpus.writer])
    items = np.flatnonzero(best & (corpus.quality >= quality) & (lengths <= longest))
    rows = _joined(corpus, items, longest, seed) if kind == "joined" else [(int(item),) for item in items]
    digit = {row: int(corpus.writer[row[0]]) % 10 for row in rows}
    train = [row for row in rows if digit[row] not in (_TEST, _VALID)]
    valid, test = ([row for row in rows if digit[row] == last] for last in (_VALID, _TEST))
    return Splits(*(Inks(corpus, part, seed, every) for part in (train, valid, test)))


class Inks(Sequence[Ink]):
    """One part of the data set: a list whose inks are made when they are read."""

    def __init__(self, corpus: _Corpus, rows: Sequence[tuple[int, ...]], seed: int, every: int = 1) -> None:
        self.corpus, self.rows, self.seed, self.every = corpus, rows, seed, every

    def __len__(self) -> int:
        return len(self.rows)

    def characters(self) -> Counter[str]:
        """How many characters each hand wrote, spaces between words that were joined left out; no ink is made for it."""
        sizes, count = np.diff(self.corpus.label_ends), Counter[str]()
        for row in self.rows:
            count[self._hand(row)] += int(sizes[list(row)].sum())
        return count

    def texts(self) -> list[str]:
        """What every item says; no ink is made for it."""
        return [self._text(row) for row in self.rows]

    def rows_of(self, hand: str) -> list[int]:
        """Which items a hand wrote."""
        return [number for number, row in enumerate(self.rows) if self._hand(row) == hand]

    def _text(self, row: tuple[int, ...]) -> str:
        return " ".join(map(self.corpus.text, row))

    def _hand(self, row: tuple[int, ...]) -> str:
        return f"hand {self.corpus.writer[row[0]]}"

    @overload
    def __getitem__(self, index: int) -> Ink: ...
    @overload
    def __getitem__(self, index: slice) -> list[Ink]: ...
    def __getitem__(self, index: int | slice) -> Ink | list[Ink]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        row = self.rows[range(len(self))[operator.index(index)]]
        corpus, writer = self.corpus, int(self.corpus.writer[row[0]])
        usual = _chance(self.seed, writer).normal(np.log(GAP), PEOPLE)
        chance = _chance(self.seed, writer, row[0])
        strokes: list[NDArray[np.float64]] = []
        at = 0.0
        for item in row:
            word = corpus.strokes(item)
            strokes += [stroke + np.array([at, 0.0]) for stroke in word]
            at = max(float(stroke[:, 0].max()) for stroke in strokes) + float(np.exp(chance.normal(usual, PLACES)))
        ink = Ink(strokes, text=self._text(row), hand=self._hand(row), height=1.0)
        return sparser(ink, self.every)


def _joined(corpus: _Corpus, items: NDArray[np.int64], longest: int, seed: int) -> list[tuple[int, ...]]:
    """Words of one writer in an order drawn by chance, as many in a row as `longest` characters hold; each once."""
    rows: list[tuple[int, ...]] = []
    for writer in np.unique(corpus.writer[items]):
        own = items[corpus.writer[items] == writer]
        row: list[int] = []
        length = -1
        for item in _chance(seed, int(writer), 1 << 31).permutation(own).tolist():
            size = int(corpus.label_ends[item + 1] - corpus.label_ends[item]) + 1
            if row and length + size > longest:
                rows.append(tuple(row))
                row, length = [], -1
            row.append(item)
            length += size
        rows.append(tuple(row))
    return rows


def _chance(*entropy: int) -> Generator:
    return Generator(Philox(SeedSequence(entropy)))


def _read(kind: str, download: bool) -> _Corpus:
    name = f"unipen/unipen_{kind}.npz"
    path = downloads.find(name)
    if path is None:
        why = "cannot be downloaded as it is needed" if download else "is not on this machine"
        raise DataError(
            f"{name} {why}: it is made from the archive at {ORIGIN} as SOURCE.md of the data set says; save it as "
            f"{downloads.cache_folder() / name}, or name its folder's parent in SEQGEN_DATA"
        )
    try:
        raw = path.read_bytes()
        if (found := hashlib.sha256(raw).hexdigest()) != SUMS[kind]:
            raise DataError(f"{path} is damaged or another file: its SHA-256 is {found}, not {SUMS[kind]}")
        with np.load(path, allow_pickle=False) as arrays:
            found_arrays = {key: arrays[key] for key in arrays.files if key in (*_Corpus._fields, "writer")}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"cannot read {path}: {error}; get it again") from None
    ends = {key: np.concatenate([[0], found_arrays[key]]).astype(np.int64) for key in ("stroke_ends", "label_ends")}
    return _Corpus(
        found_arrays["points"],
        ends["stroke_ends"],
        found_arrays["item_strokes"].astype(np.int64),
        found_arrays["labels"].tobytes(),
        ends["label_ends"],
        found_arrays["writer"],
        found_arrays["quality"],
    )
