"""Ink as a recogniser sees it, several points a step, and its text as labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqgen.domain import Example
from seqgen.errors import DataError, ModelError
from seqgen.spec import Continuous, Discrete, Product, Steps

from ..ink import Floats, Ink
from ..offsets import DOWN, Offsets
from ..resampling import sparser

POINTS = 2  # a step
MOST = 16
LEAST = 2  # steps of a stroke: three dots in a row are three labels, and equal ones want a blank between them
HIGHEST = 100  # x-heights
LEVELLED = 4  # times as wide as high: from there on a line that leans is seen as level


@dataclass(frozen=True)
class Features:
    """Ink in x-heights as a recogniser's steps, and its text as labels; a `seqgen.domain.Codec[Ink]`.

    A step is the moves to the next `points` points, as `Offsets` has them, how high the last of these lies, in x-heights
    from the middle of the line and down, and what the pen does then. So a network takes a half or less of the turns, and
    loses no point. The last point of a stroke is repeated until its steps are full.

    alphabet: characters that can be read, sorted; a label each. Others are no labels of a text.
    moves: scales the moves; it has no alphabet. points: of a step, 1 to 16.

    Raises ModelError for what cannot be.

    >>> line = Ink([[[0, 0], [0.5, 1], [1, 0]], [[1, 0]]], text="v.")
    >>> codec = Features.fit([line])
    >>> (seen, pens), labels, _, _ = codec.encode(line)
    >>> seen.shape, pens.tolist(), labels.tolist(), codec.decode((seen, pens)).points
    ((4, 5), [0, 1, 0, 2], [1, 0], 4)
    """

    alphabet: str
    moves: Offsets
    points: int = POINTS

    def __post_init__(self) -> None:
        remedy = "the model is damaged, or was written by a newer seqgen"
        if not self.alphabet or list(self.alphabet) != sorted(set(self.alphabet)):
            raise ModelError(f"the alphabet of a recogniser is empty, not sorted, or has a character twice; {remedy}")
        if self.moves.alphabet or not 1 <= self.points <= MOST:
            raise ModelError(f"a recogniser's steps are of 1 to {MOST} points, not {self.points!r:.40}; {remedy}")

    @classmethod
    def fit(cls, inks: Sequence[Ink], points: int = POINTS) -> Features:
        """The alphabet and the scale of these lines. Raises DataError where one has no text, or there is no ink."""
        if not inks or not all(ink.text for ink in inks):
            raise DataError("reading is learned from lines that all have their texts; leave out those that have none")
        moves = replace(Offsets.fit(inks), alphabet="", hands=(), step=0.0)  # no point is left out
        return cls("".join(sorted(set().union(*(ink.text or "" for ink in inks)))), moves, points)

    @property
    def spec(self) -> Product:
        """Moves and height, `Continuous(2 points + 1)`, and what the pen does then, `Discrete(3)`."""
        return Product((Continuous(2 * self.points + 1), Discrete(3)))

    def labels(self, text: str) -> NDArray[np.int32]:
        """The text without characters that are not in the alphabet."""
        ids = {character: number for number, character in enumerate(self.alphabet)}
        return np.array([ids[character] for character in text if character in ids], np.int32)

    def text(self, labels: Sequence[int] | NDArray[np.int32]) -> str:
        """What they say."""
        return "".join(self.alphabet[label] for label in labels)

    def places(self, ink: Ink) -> NDArray[np.int64]:
        """The number of the last point that a step has seen, int64 `[T]`."""
        return self._points_of([len(stroke) for stroke in ink.strokes])[:, -1]

    def canonical(self, ink: Ink) -> Ink:
        """The same strokes from (0, 0) on, rounded, without times, text and hand, and without points that repeat an end."""
        return _without_repeats(self.moves.canonical(ink))

    def encode(self, ink: Ink) -> Example:
        """Raises DataError for ink without points."""
        offsets, pens = self.moves.encode(ink).steps
        at = self._points_of([len(stroke) for stroke in ink.strokes])
        repeated = np.diff(at.ravel(), prepend=-1) == 0
        still = (-np.array(self.moves.mean) / self.moves.std).astype(np.float32)  # no move
        moves = np.where(repeated[:, None], still, offsets[at.ravel()]).reshape(len(at), -1)
        # The pen lifts after the last of the repeated points.
        ends = np.append(at[1:, -1] != at[:-1, -1], True)
        pen = np.where(ends, pens[at[:, -1]], DOWN).astype(np.int32)
        seen = np.concatenate([moves, _heights(ink)[at[:, -1], None]], axis=1)
        return Example((seen.astype(np.float32), pen), source=self.labels(ink.text or ""))

    def decode(self, steps: Steps) -> Ink:
        """Ink in x-heights, without a text; it ends with the first step that ends the line."""
        seen, pen = np.asarray(steps[0]), np.asarray(steps[1])
        pens = np.full((len(pen), self.points), DOWN)
        pens[:, -1] = pen
        return _without_repeats(self.moves.decode((seen[:, :-1].reshape(-1, 2), pens.ravel())))

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values, read back by `from_dict`."""
        return {
            "kind": "features",
            "alphabet": self.alphabet,
            "points": self.points,
            "mean": list(self.moves.mean),
            "std": list(self.moves.std),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Features:
        """The codec that wrote `data`. Raises ModelError for anything else."""
        match dict(data):
            case {"kind": "features", "alphabet": str(alphabet), "points": int(points), **rest}:
                moves = {"kind": "offsets", "alphabet": "", "hands": [], **rest}
                return cls(alphabet, Offsets.from_dict(moves), points)
        raise ModelError("the codec of a recogniser is not one of features; the model is damaged or newer")

    def _points_of(self, lengths: Sequence[int]) -> NDArray[np.int64]:
        """Which points a step sees, int64 `[T, points]`, of strokes of so many."""
        counts = np.asarray(lengths, np.int64)
        full = np.maximum(-(-counts // self.points), LEAST) * self.points
        first = np.repeat(np.cumsum(full) - full, full)
        within = np.minimum(np.arange(len(first)) - first, np.repeat(counts, full) - 1)
        numbers: NDArray[np.int64] = np.repeat(np.cumsum(counts) - counts, full) + within
        return numbers.reshape(-1, self.points)


def augmented(ink: Ink, random: np.random.Generator) -> Ink:
    """The ink as others might have written it: larger, wider, slanted, a little turned, with a line that wanders.

    Width and height vary by a tenth, the slant by 10 degrees and the direction by 2 (standard deviations). Along the line
    letters crowd and spread and rise and sink. Half of the time every second point is left out: pens differ. Strokes and
    texts stay as they are.

    >>> ink = Ink([[[0, 0], [1, 2]], [[3, 0]]], text="l.")
    >>> other = augmented(ink, np.random.default_rng(1))
    >>> other.text, other.points, other == ink
    ('l.', 3, False)
    """
    if not ink.strokes:
        return ink
    ink = sparser(ink, int(random.integers(1, 3)))
    points = np.concatenate(ink.strokes)
    width, height = np.exp(random.normal(0, 0.1, 2))
    slant, turn = random.normal(0, (0.18, 0.035))
    # Of a distance l along the line, waves of 2 pi l whose steepest slope is what is drawn.
    lengths = np.exp(random.uniform(np.log(0.8), np.log(4.0), 2))
    slopes, phases = np.clip(random.normal(0, (0.1, 0.03)), -0.5, 0.5), random.uniform(0, 2 * np.pi, 2)
    x, y = points.T
    waves = slopes * lengths * np.sin(x[:, None] / lengths + phases)
    bent = np.stack([width * (x + waves[:, 0]) - slant * y, height * (y + waves[:, 1])])
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    made = (rotation @ bent).T
    return replace(ink, strokes=np.split(made, np.cumsum([len(stroke) for stroke in ink.strokes])[:-1]))


def _heights(ink: Ink) -> Floats:
    """How far below the middle of the line each point lies; of a long line that leans, below the line itself."""
    x, y = np.concatenate(ink.strokes).T
    x, y = x - x.mean(), y - y.mean()
    slope = np.mean(x * y) / np.var(x) if np.ptp(x) > LEVELLED * np.ptp(y) else 0.0
    heights: Floats = np.clip(y - slope * x, -HIGHEST, HIGHEST)
    return heights


def _without_repeats(ink: Ink) -> Ink:
    """Without the points at the end of a stroke that lie on the one before."""
    strokes = []
    for stroke in ink.strokes:
        moved = np.flatnonzero(np.any(stroke[1:] != stroke[:-1], axis=1))
        strokes.append(stroke[: moved[-1] + 2 if len(moved) else 1])
    return replace(ink, strokes=strokes)
