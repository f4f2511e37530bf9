"""Spectral envelopes as mel-cepstra and back: a few dozen numbers a frame, finer where hearing is.

log |H(w)| is a sum of cosines of a warped frequency, c0 + sum c_n cos(n w'), w' = w + 2 atan(a sin w / (1 - a cos w))
(Tokuda, Kobayashi & Imai 1995). Both ways are one matrix.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WARP = 0.58  # all-pass constant, at 16 kHz close to the Bark scale (Smith & Abel 1999)


def warped(frequencies: Floats, warp: float = WARP) -> Floats:
    """Frequencies, 0 to pi, on the warped axis.

    >>> np.round(warped(np.array([0, np.pi / 8, np.pi])), 2).tolist()
    [0.0, 1.28, 3.14]
    """
    found: Floats = frequencies + 2 * np.arctan2(warp * np.sin(frequencies), 1 - warp * np.cos(frequencies))
    return found


@functools.lru_cache(maxsize=8)
def to_envelope(orders: int, bins: int) -> Floats:
    """`[orders, bins]`: mel-cepstra times this are log amplitudes at frequencies 0 to half the rate."""
    return np.cos(np.arange(orders)[:, None] * warped(np.linspace(0, np.pi, bins)))


@functools.lru_cache(maxsize=8)
def to_cepstra(orders: int, bins: int) -> Floats:
    """`[bins, orders]`: log amplitudes times this are mel-cepstra."""
    axis = np.linspace(0, np.pi, bins)
    places = warped(axis, -WARP) * (bins - 1) / np.pi  # where the points of an even warped axis lie on the plain one
    low = np.minimum(places.astype(int), bins - 2)
    sampled = np.zeros((bins, bins))
    sampled[low, np.arange(bins)] += 1 - (places - low)
    sampled[low + 1, np.arange(bins)] += places - low
    weights = np.full(bins, 2.0 / (bins - 1))
    weights[[0, -1]] /= 2
    found: Floats = sampled @ (weights[:, None] * np.cos(axis[:, None] * np.arange(orders)))
    found[:, 0] /= 2
    return found
