"""What a voice is learned as: frames of an envelope, a pitch, whether there is one, and how rough it is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..clip import RATE

Floats = NDArray[np.float64]

HOP = RATE // 100  # samples from frame to frame
SECONDS = HOP / RATE
BINS = 513  # frequencies of an envelope
ORDERS = 60  # mel-cepstra


class Frames(NamedTuple):
    """A voice, every 10 ms.

    cepstra: `[T, 60]`, see `warping`. pitch: `[T]`, ln of Hz, through stretches without voice, too. voiced: bool `[T]`.
    rough: `[T]`, dB of what is noise around 3 kHz, 0 for all of it.

    >>> Frames(np.zeros((9, 60)), np.full(9, 5.0), np.ones(9, bool), np.zeros(9)).seconds
    0.09
    """

    cepstra: Floats
    pitch: Floats
    voiced: NDArray[np.bool_]
    rough: Floats

    @property
    def seconds(self) -> float:
        """How long they last."""
        return len(self.pitch) * SECONDS

    def stacked(self) -> Floats:
        """All of it side by side, `[T, 63]`."""
        return np.concatenate([self.cepstra, np.stack([self.pitch, self.voiced, self.rough], axis=1)], axis=1)


def unstacked(values: Floats) -> Frames:
    """What `stacked` put together; voiced is what is above a half."""
    return Frames(values[:, :-3], values[:, -3], values[:, -2] > 0.5, values[:, -1])
