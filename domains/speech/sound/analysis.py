"""Sound to frames: the envelope, the pitch and how rough it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..clip import RATE, Clip
from .envelope import envelope_of
from .frames import BINS, HOP, ORDERS, Frames
from .pitch import pitch_of, roughness
from .warping import to_cepstra

Floats = NDArray[np.float64]

HISS = 1e-5  # amplitude of the noise that is added: what is digitally silent has no envelope
MIDDLE = 140.0  # Hz, where there is no voice at all


def analysed(clip: Clip) -> Frames:
    """The frames of a clip, one every 10 ms from its beginning on.

    >>> time = np.arange(8000) / 16_000
    >>> hum = sum(np.sin(2 * np.pi * 150 * k * time) / k for k in range(1, 20))
    >>> frames = analysed(Clip(0.1 * hum))
    >>> len(frames.pitch), bool(frames.voiced.mean() > 0.9), round(float(np.exp(np.median(frames.pitch))))
    (50, True, 150)
    """
    samples = resampled(clip)
    samples = samples + HISS * np.random.default_rng(0).standard_normal(len(samples))
    count = max(1, len(samples) // HOP)
    hertz = pitch_of(samples)
    rough, power = roughness(samples, hertz)[:count], envelope_of(samples, hertz)[:count]
    cepstra = 0.5 * np.log(power) @ to_cepstra(ORDERS, BINS)
    voiced = hertz[:count] > 0
    known = np.flatnonzero(voiced)
    pitch = np.full(count, np.log(MIDDLE))
    if len(known):
        pitch = np.interp(np.arange(count), known, np.log(hertz[known]))
    return Frames(cepstra, pitch, voiced, rough)


def resampled(clip: Clip) -> Floats:
    """Its samples at 16,000 a second; what is above 8 kHz is cut off, by Fourier's transform."""
    samples = clip.samples.astype(np.float64)
    if clip.rate == RATE or not len(samples):
        return samples
    length = max(1, round(len(samples) * RATE / clip.rate))
    spectrum = np.fft.rfft(samples)
    bins = length // 2 + 1
    spectrum = np.pad(spectrum[:bins], (0, max(0, bins - len(spectrum))))
    found: Floats = np.fft.irfft(spectrum, length) * (length / len(samples))
    return found
