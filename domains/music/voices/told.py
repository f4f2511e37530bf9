"""What a model is told that is given of four voices: controls, from the beginning of a piece to its end."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..grid import BAR, BEAT, KEYS, METERS, ORDER, REST, TIED
from ..score import Score

MIDDLE, OCTAVE = 60, 12
OF_A_VOICE = 4 + OCTAVE  # is it given, does a note begin, is it silent, how high, and each pitch class
WIDTH = 1 + 4 * OF_A_VOICE + 2


class Partly(NamedTuple):
    """A piece of which something is given. voices: what they sing, bool `[steps, 4]`, soprano first; key: its key.

    Bars, beats, the meter and how many beats are to come are always given.

    >>> from ..score import Note
    >>> Partly(Score([Note(0.0, 60, 1.0)])).of(np.array([KEYS, BAR, 72, 51, 65, 58])).tolist()
    [False, True, False, False, False, False]
    """

    score: Score
    voices: NDArray[np.bool_] | None = None
    key: bool = False

    def of(self, steps: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Which symbols of its stream are given, bool `[T]`."""
        given = marked(steps) | self.key & (steps > REST)
        if self.voices is not None:
            given[steps <= REST] = self.voices[:, ORDER].reshape(-1)
        return given


def marked(steps: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which symbols of a stream are given of any piece: they are no voice's, nor the key."""
    marks: NDArray[np.bool_] = (steps > REST) & ((steps < KEYS) | (steps >= METERS))
    return marks


def controls(steps: NDArray[np.int32], given: NDArray[np.bool_]) -> NDArray[np.float32]:
    """What comes with the symbols of a stream, float32 `[T, WIDTH]`.

    steps: as the grid spells a piece, int32 `[T]`; of voices that are not given anything up to `REST`, -1 for one.
    given: bool `[T]`. The first of the controls says whether the step is; then come the four voices in its sixteenth, each
    blank where it is not given, and whether a bar or a beat begins there.

    >>> told = controls(np.array([BAR, 72, -1, -1, -1]), np.array([True, True, False, False, False]))
    >>> told.shape, told[:, 0].tolist(), told[4, 1:5].tolist()  # the soprano begins an octave above the middle
    ((5, 67), [1.0, 1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 0.0, 1.0])
    """
    voiced = steps <= REST
    count: NDArray[np.int_] = np.cumsum(voiced) - voiced  # of voices that have sung
    length = max(-(-int(voiced.sum()) // 4), 1)
    cells, known = np.full(4 * length, -1), np.zeros(4 * length, bool)
    cells[: voiced.sum()], known[: voiced.sum()] = steps[voiced], given[voiced]
    turn = np.argsort(ORDER)
    cells, known = cells.reshape(-1, 4)[:, turn], known.reshape(-1, 4)[:, turn]
    # What is tied over from what is not given begins: else it would tell what that was.
    begins = (cells < TIED) | ~np.roll(known, 1, axis=0) | (np.arange(length) == 0)[:, None]
    silent, pitch = cells == REST, cells % TIED
    classes = (pitch[..., None] % OCTAVE == np.arange(OCTAVE)) & ~silent[..., None]
    high = np.where(silent, 0.0, (pitch - MIDDLE) / OCTAVE)
    ones = np.ones_like(high)
    voices = np.concatenate([np.stack([ones, begins & ~silent, silent, high], axis=-1), classes], axis=-1)
    voices = (voices * known[..., None]).reshape(length, -1)
    marked = np.zeros((length, 2))
    at = np.minimum(count // 4, length - 1)  # the end belongs to the last
    for column, marker in enumerate((BAR, BEAT)):
        marked[at[steps == marker], column] = 1
    return np.concatenate([given[:, None], voices[at], marked[at]], axis=1, dtype=np.float32)
