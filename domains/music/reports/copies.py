"""How much of a piece is somebody else's: the longest run that it shares with others, in whichever key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..grid import REST, TIED, to_grid
from ..score import Score


class Run(NamedTuple):
    """The longest run that a piece shares. length: sixteenths of all four voices; piece: of which one, by its number from 0;
    bar: in which bar it begins there, and own: here; counted from 1, an upbeat is bar 0."""

    length: int
    piece: int
    bar: int
    own: int


class Known:
    """Pieces, as they sound in any key: what a run is looked for in.

    >>> from seqgen.domains.music import load
    >>> piece = load().sample(bars=2, seed=1)
    >>> Known([piece]).longest(piece.transposed(1)).length
    32
    """

    def __init__(self, pieces: Sequence[Score]) -> None:
        grids = [to_grid(piece) for piece in pieces]
        self._bars = [grid.bars for grid in grids]
        signs = [_signs(grid.cells) for grid in grids]
        self._numbers: dict[bytes, int] = {}
        ids = [[self._numbers.setdefault(sign, len(self._numbers)) for sign in piece] for piece in signs]
        self._starts = np.cumsum([0, *map(len, ids)])
        self._all = np.array([one for piece in ids for one in piece], np.int64)

    def longest(self, piece: Score) -> Run:
        """Its longest run that one of the pieces has too; of equally long ones the first."""
        grid = to_grid(piece)
        runs, best = np.zeros(len(self._all) + 1, np.int64), (0, 0, 0)
        begins = self._starts[:-1]
        for at, sign in enumerate(_signs(grid.cells)):
            same = self._all == self._numbers.get(sign, -1)
            before = runs[:-1].copy()
            before[begins] = 0  # a run does not go on in the next piece
            runs[1:] = np.where(same, before + 1, 0)
            top = int(runs.argmax())
            best = max(best, (int(runs[top]), -at, top), key=lambda found: found[:2])
        length, at, end = best[0], -best[1], best[2]
        number = int(np.searchsorted(self._starts, end - 1, side="right")) - 1
        begin = end - length - int(self._starts[number])
        return Run(length, number, _bar(self._bars[number], begin), _bar(grid.bars, at + 1 - length))


def _signs(cells: NDArray[np.int32]) -> list[bytes]:
    """What each sixteenth is in any key: its chord above the bass, who begins a note, and how the bass came there."""
    rests = cells == REST
    pitches = np.where(rests, -1, cells % TIED)
    above = np.where(rests, -100, pitches - pitches[:, 3:])
    move = np.diff(pitches[:, 3], prepend=pitches[:1, 3])
    return [row.tobytes() for row in np.concatenate([above, cells < TIED, move[:, None]], axis=1).astype(np.int16)]


def _bar(lines: Sequence[int], step: int) -> int:
    return sum(line <= step for line in lines)
