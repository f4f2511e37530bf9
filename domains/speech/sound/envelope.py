"""Spectral envelopes of speech: what the throat and mouth make of a voice, without its harmonics."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..clip import RATE
from .frames import BINS
from .pitch import windows

Floats = NDArray[np.float64]

SIZE = 2 * (BINS - 1)
UNVOICED = 500.0  # Hz: what is taken for the pitch where there is none


def envelope_of(samples: Floats, hertz: Floats) -> Floats:
    """Power of every frame at each frequency, smooth over the harmonics (CheapTrick: Morise 2015)."""
    pitch = np.where(hertz > 0, hertz, UNVOICED)
    span = np.minimum(3 * RATE / pitch, SIZE - 2)
    offsets = np.arange(SIZE) - SIZE // 2
    seen = windows(samples, SIZE)
    shape = np.where(np.abs(offsets) <= span[:, None] / 2, 0.5 + 0.5 * np.cos(2 * np.pi * offsets / span[:, None]), 0.0)
    shape /= np.sqrt((shape**2).sum(axis=1, keepdims=True))
    seen = seen * shape
    seen -= shape * (seen.sum(axis=1, keepdims=True) / shape.sum(axis=1, keepdims=True))
    power = np.abs(np.fft.rfft(seen)) ** 2 + 1e-12
    step = RATE / SIZE
    frequencies = np.arange(BINS) * step
    # Below the pitch there is nothing but a window's skirt: what is above is mirrored there.
    places = np.clip((pitch[:, None] - frequencies) / step, 0, BINS - 1).astype(int)
    mirrored = np.take_along_axis(power, places, axis=1)
    power = np.where(frequencies < pitch[:, None] / 2, mirrored, power)
    cumulated = np.concatenate(
        [np.zeros((len(power), 1)), np.cumsum(np.pad(power, ((0, 0), (BINS // 4, BINS // 4)), "reflect"), axis=1)],
        axis=1,
    )
    half: Floats = pitch / 3 / step
    smooth = _between(cumulated, BINS // 4 + 0.5 + np.arange(BINS, dtype=np.float64), half)
    quefrencies = np.arange(BINS) / RATE
    around = pitch[:, None] * quefrencies
    lifter = np.sinc(around) * (1.3 - 0.3 * np.cos(2 * np.pi * around))  # takes out what comes at the pitch
    cepstra = np.fft.irfft(np.log(smooth))
    cepstra[:, :BINS] *= lifter
    cepstra[:, BINS:] *= lifter[:, 1:-1][:, ::-1]
    found: Floats = np.exp(np.fft.rfft(cepstra).real)
    return found


def _between(cumulated: Floats, centres: Floats, half: Floats) -> Floats:
    """The mean of what was summed, from `half` before each centre to `half` after."""

    def at(places: Floats) -> Floats:
        low = np.clip(places.astype(int), 0, cumulated.shape[1] - 2)
        share = places - low
        below, above = (np.take_along_axis(cumulated, low + step, axis=1) for step in (0, 1))
        found: Floats = below + share * (above - below)
        return found

    return (at(centres + half[:, None]) - at(centres - half[:, None])) / (2 * half[:, None])
