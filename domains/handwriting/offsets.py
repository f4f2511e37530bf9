"""Ink to pen offsets and back, with the alphabet, the hands and the scale that travel inside a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqgen.domain import Example
from seqgen.errors import DataError, ModelError, UsageError
from seqgen.spec import Continuous, Discrete, Product, Steps

from .ink import MOST_POINTS, Ink
from .marks import base_of
from .resampling import ALIKE, sparser

GRID = 0.005  # x-heights, to which points are rounded: 0.02 mm of letters whose x is 4 mm high
FARTHEST = 20_000  # grid steps, 100 x-heights: a longer move is made as long as this
MOST_HANDS = 1000
MOST_DENSE = 64  # of so many points one is kept, at the least, each time it is looked
SELDOM = 260  # times that a character must have been written to be learned
LATER = {"step", "seldom", "weak"}  # not in models of before, which are written as they were
DOWN, UP, END = range(3)  # after a point the pen stays down, lifts, or the line ends
_SPEC = Product((Continuous(2), Discrete(3)))


@dataclass(frozen=True)
class Offsets:
    """Ink in x-heights as moves of the pen; a `seqgen.domain.Codec[Ink]`.

    A step is the move to a point, x to the right and y down, over the training set of mean 0 and standard deviation 1
    (Graves 2013, section 4), and what the pen does then: stays down, lifts, or has ended the line (as in sketch-rnn, Ha &
    Eck 2017). The first move is none. Points are rounded to 0.005 x-heights before they are subtracted, so ink comes back without drift.

    alphabet: characters that can be written, sorted; empty for a model that continues ink without knowing a text.
    hands: whose ink it learned from, the commonest first; empty where there is one hand only. Ink of any other hand
    counts as the first one's. mean, std: of the moves, x-heights.
    step: the usual length of a move of the pen that is down, x-heights; much denser ink is made as sparse. 0 where it is
    not known, in models of before.
    seldom: characters of the alphabet that were too seldom to be learned well and can be made of others (`marks.base_of`).
    weak: of each hand the characters, letters of the text aside, that its person hardly wrote (`leaning`); empty where all are
    written as they were learned.

    Raises ModelError for what cannot be: an unsorted alphabet, a hand twice, no spread.

    >>> line = Ink([[[0, 0], [0.5, 1]], [[1, 0]]], text="v")
    >>> codec = Offsets.fit([line])
    >>> offsets, pens = codec.encode(line).steps
    >>> offsets.shape, pens.tolist(), codec.decode((offsets, pens)).bounds
    ((3, 2), [0, 1, 2], (0.0, 0.0, 1.0, 1.0))
    """

    alphabet: str
    hands: tuple[str, ...]
    mean: tuple[float, float]
    std: tuple[float, float]
    step: float = 0.0
    seldom: str = ""
    weak: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        remedy = "the model is damaged, or was written by a newer seqgen"
        if list(self.alphabet) != sorted(set(self.alphabet)):
            raise ModelError(f"the alphabet of the offsets is not sorted, or has a character twice; {remedy}")
        if not set(self.seldom) <= set(self.alphabet):
            raise ModelError(f"the offsets name characters as seldom that are not in their alphabet; {remedy}")
        if self.weak and len(self.weak) != len(self.hands):
            raise ModelError(f"the offsets know what is weak of {len(self.weak)} hands of {len(self.hands)}; {remedy}")
        if len(set(self.hands)) != len(self.hands) or len(self.hands) > MOST_HANDS:
            raise ModelError(f"the offsets name a hand twice, or more than {MOST_HANDS:,}; {remedy}")
        numbers = [*self.mean, *self.std, self.step]
        # Compared in Python: a stranger's integers may be too large for any array, and NaN is below nothing.
        if not (all(-FARTHEST < number < FARTHEST for number in numbers) and min(self.std) >= GRID and self.step >= 0):
            raise ModelError(f"the scale of the offsets is {numbers!r:.100}, which is none; {remedy}")

    @classmethod
    def fit(cls, inks: Sequence[Ink]) -> Offsets:
        """The alphabet and the scale of these lines; lines without a text, if only one, leave no alphabet.

        Raises DataError when there is no ink.
        """
        moves = [_moves(ink)[0][1:] for ink in inks]
        every = np.concatenate([*moves, np.zeros((0, 2), np.int64)]) * GRID
        if not len(every):
            raise DataError("there is no ink to learn from; give a line of two points or more")
        texts = [ink.text for ink in inks]
        alphabet = "".join(sorted(set().union(*map(str, texts)))) if all(texts) else ""
        hands = [name for name, _ in Counter(ink.hand or "" for ink in inks).most_common()]
        mean_x, (std_x, std_y) = float(every[:, 0].mean()), np.maximum(every.std(axis=0), GRID).tolist()
        # A line ends about as high as it began; a mean of what little is left would let its height run away as a sum.
        named = tuple(hands) if 1 < len(hands) <= MOST_HANDS else ()
        lengths = np.concatenate([_lengths(ink) for ink in inks])
        step = float(lengths.mean()) if len(lengths) else 0.0
        counts = Counter(character for text in texts for character in text or "")
        return cls(alphabet, named, (mean_x, 0.0), (std_x, std_y), min(step, 1.0), _seldom(counts) if alphabet else "")

    def extended(self, other: Offsets) -> tuple[Offsets, NDArray[np.int32] | None, NDArray[np.int32] | None]:
        """This codec with the characters and hands of another one as well, and where each of its symbols and hands was.

        -1 for what is new; None where nothing of the kind is known, nor learned now. The scale stays, for the network's
        weights are in it.

        >>> ours, theirs = (Offsets(a, ("",), (0.1, 0), (0.2, 0.2)) for a in ("ac", "bc"))
        >>> both, symbols, hands = ours.extended(theirs)
        >>> both.alphabet, symbols.tolist(), hands.tolist()  # two more symbols: any other, and the end
        ('abc', [0, -1, 1, 2, 3], [0])
        """
        alphabet = "".join(sorted({*self.alphabet, *other.alphabet})) if self.alphabet else ""
        hands = (*self.hands, *(hand for hand in other.hands if hand not in self.hands)) if self.hands else ()
        seldom = "".join(sorted({*self.seldom, *(c for c in other.seldom if c not in self.alphabet)}))
        hands = hands[:MOST_HANDS]
        weak = (*self.weak, *[""] * (len(hands) - len(self.weak))) if self.weak else ()
        both = replace(self, alphabet=alphabet, hands=hands, seldom=seldom, weak=weak)
        size = len(self.alphabet)
        symbols = np.array([*(self.alphabet.find(character) for character in alphabet), size, size + 1], np.int32)
        writers = np.arange(len(both.hands), dtype=np.int32)
        writers[len(self.hands) :] = -1
        return both, symbols if alphabet else None, writers if hands else None

    @property
    def spec(self) -> Product:
        """A move, `Continuous(2)`, and what the pen does then, `Discrete(3)`."""
        return _SPEC

    @property
    def symbols(self) -> int:
        """How many ids `source` uses: the alphabet, one for any other character, one for the end of the text."""
        return len(self.alphabet) + 2 if self.alphabet else 0

    @property
    def learned(self) -> str:
        """The characters that it writes itself: the alphabet without those that were too seldom."""
        return "".join(character for character in self.alphabet if character not in self.seldom)

    def source(self, text: str) -> NDArray[np.int32]:
        """What the window slides over: an id for each character, then the end, int32 `[len(text) + 1]`."""
        ids = {character: number for number, character in enumerate(self.alphabet)}
        other = len(self.alphabet)
        return np.array([*(ids.get(character, other) for character in text), other + 1], np.int32)

    def check(self, text: str) -> None:
        """Raises UsageError for a text with other characters than the alphabet's, naming them."""
        if unknown := "".join(sorted(set(text) - set(self.alphabet))):
            shown = unknown if len(unknown) <= 20 else unknown[:20] + "..."
            raise UsageError(f"this model cannot write {shown!r}; it learned {self.alphabet!r}: replace these")

    def hand(self, name: str | None) -> int:
        """The number of a hand, 0 for one that the model does not know."""
        return self.hands.index(name or "") if (name or "") in self.hands else 0

    def canonical(self, ink: Ink) -> Ink:
        """The same strokes from (0, 0) on, in x-heights, rounded, without times, text and hand."""
        return _ink(*_moves(self._as_sparse(ink)))

    def _as_sparse(self, ink: Ink) -> Ink:
        """Of about as long steps as the ink it learned from, where its own are much shorter: pens differ by far."""
        while len(lengths := _lengths(ink)) and self.step > ALIKE * (usual := float(lengths.mean())) > 0:
            fewer = sparser(ink, max(round(min(self.step / usual, MOST_DENSE)), 2))
            if fewer.points == ink.points:
                break
            ink = fewer
        return ink

    def encode(self, ink: Ink) -> Example:
        """Raises DataError for ink without points."""
        moves, lifts = _moves(self._as_sparse(ink))
        if not len(moves):
            raise DataError("ink without a point cannot be learned from or scored; give it a stroke")
        pens = np.where(lifts, UP, DOWN).astype(np.int32)
        pens[-1] = END
        offsets = ((moves * GRID - self.mean) / self.std).astype(np.float32)
        source = self.source(ink.text or "") if self.alphabet else None
        return Example((offsets, pens), source, np.int32(self.hand(ink.hand)) if self.hands else None)

    def decode(self, steps: Steps) -> Ink:
        """Ink in x-heights; it ends with the first step that ends the line."""
        offsets, pens = np.asarray(steps[0], np.float64), np.asarray(steps[1])
        ends = np.flatnonzero(pens == END)
        count = min(ends[0] + 1 if len(ends) else len(pens), MOST_POINTS)
        moves = np.nan_to_num((offsets[:count] * self.std + self.mean) / GRID, nan=0.0)
        return _ink(np.rint(np.clip(moves, -FARTHEST, FARTHEST)).astype(np.int64), pens[:count] != DOWN)

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values, read back by `from_dict`."""
        settings = {"kind": "offsets", **asdict(self)}
        return {name: value for name, value in settings.items() if value or name not in LATER}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Offsets:
        """The codec that wrote `data`. Raises ModelError for anything else."""
        match dict(data):
            case {
                "kind": "offsets",
                "alphabet": str(alphabet),
                "hands": [*hands],
                "mean": [int() | float() as mean_x, int() | float() as mean_y],
                "std": [int() | float() as std_x, int() | float() as std_y],
                **rest,
            } if rest.keys() <= LATER and all(isinstance(hand, str) for hand in hands):
                step, seldom, weak = rest.get("step", 0.0), rest.get("seldom", ""), rest.get("weak", [])
                texts = isinstance(weak, list | tuple) and all(isinstance(text, str) for text in (seldom, *weak))
                if type(step) in (int, float) and texts:
                    return cls(alphabet, tuple(hands), (mean_x, mean_y), (std_x, std_y), step, seldom, tuple(weak))
        raise ModelError("the codec of a handwriting model is not one of offsets; the model is damaged or newer")


def _seldom(counts: Counter[str]) -> str:
    """Of the characters counted those that are made of others, if these were written often enough."""
    often = {character for character, count in counts.items() if count >= SELDOM}
    return "".join(sorted(c for c in counts if c not in often and base_of(c, often) is not None))


def _lengths(ink: Ink) -> NDArray[np.float64]:
    """Of all moves of the pen that is down."""
    return np.concatenate([np.zeros(0), *(np.hypot(*np.diff(stroke, axis=0).T) for stroke in ink.strokes)])


def _moves(ink: Ink) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The move to each point in grid steps, int64 `[N, 2]`, none to the first; and whether the pen lifts after it."""
    if not ink.strokes:
        return np.zeros((0, 2), np.int64), np.zeros(0, bool)
    points = np.concatenate(ink.strokes)
    places = np.rint(points / GRID).astype(np.int64)
    moves = np.clip(np.diff(places, axis=0, prepend=places[:1]), -FARTHEST, FARTHEST)
    lifts = np.zeros(len(moves), bool)
    lifts[np.cumsum([len(stroke) for stroke in ink.strokes]) - 1] = True
    return moves, lifts


def _ink(moves: NDArray[np.int64], lifts: NDArray[np.bool_]) -> Ink:
    if not len(moves):
        return Ink(())
    places = np.cumsum(moves, axis=0)
    # Divided, not multiplied: 7 steps are 0.035, and in a file not 0.035000000000000003.
    places = np.clip(places - places[0], -(10**10), 10**10) / round(1 / GRID)
    return Ink(tuple(part for part in np.split(places, np.flatnonzero(lifts) + 1) if len(part)), height=1.0)
