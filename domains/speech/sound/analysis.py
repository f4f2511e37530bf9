"""Sound to frames: by WORLD, from the extra `speech`, or plainly in NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seqgen.errors import UsageError

from ..clip import RATE, Clip
from .frames import BINS, HOP, ORDERS, Frames
from .plain import plain_envelope, plain_pitch
from .warping import to_cepstra

Floats = NDArray[np.float64]

WAYS = ("world", "plain")
SILENT = 1e-10  # of power: what no recording is below
MIDDLE = 140.0  # Hz, where there is no voice at all


def best_way() -> str:
    """ "world" where pyworld is installed, else "plain"."""
    try:
        import pyworld  # noqa: F401
    except ImportError:
        return "plain"
    return "world"


def analysed(clip: Clip, way: str) -> Frames:
    """The frames of a clip, one every 10 ms from its beginning on.

    way: "world", by pyworld, or "plain". Raises UsageError where pyworld is asked for and missing.

    >>> time = np.arange(8000) / 16_000
    >>> hum = sum(np.sin(2 * np.pi * 150 * k * time) / k for k in range(1, 20))
    >>> frames = analysed(Clip(0.1 * hum), "plain")
    >>> len(frames.pitch), bool(frames.voiced.mean() > 0.9), round(float(np.exp(np.median(frames.pitch))))
    (50, True, 150)
    """
    samples = resampled(clip)
    samples = samples + 1e-5 * np.random.default_rng(0).standard_normal(len(samples))  # what is digitally silent has no envelope
    power, hertz, rough = _world(samples) if way == "world" else _plain(samples)
    count = max(1, len(samples) // HOP)
    power, hertz, rough = power[:count], hertz[:count], rough[:count]
    cepstra = 0.5 * np.log(np.maximum(power, SILENT)) @ to_cepstra(ORDERS, BINS)
    voiced = hertz > 0
    known = np.flatnonzero(voiced)
    pitch = np.interp(np.arange(len(hertz)), known, np.log(hertz[known])) if len(known) else np.full(len(hertz), np.log(MIDDLE))
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


def _world(samples: Floats) -> tuple[Floats, Floats, Floats]:
    try:
        import pyworld
    except ImportError:
        raise UsageError(
            'this voice was analysed by pyworld, which is not installed: pip install "seqgen[speech]"'
        ) from None
    hop = 1000 * HOP / RATE
    samples = np.ascontiguousarray(samples)
    coarse, times = pyworld.dio(samples, RATE, f0_floor=60.0, f0_ceil=450.0, frame_period=hop)
    hertz = pyworld.stonemask(samples, coarse, times, RATE)
    power = pyworld.cheaptrick(samples, hertz, times, RATE, fft_size=2 * (BINS - 1))
    rough = pyworld.d4c(samples, hertz, times, RATE, fft_size=2 * (BINS - 1))
    middle = round(3000 / RATE * 2 * (BINS - 1))
    return power, hertz, 20 * np.log10(np.maximum(rough[:, middle], 1e-3))


def _plain(samples: Floats) -> tuple[Floats, Floats, Floats]:
    hertz, clear = plain_pitch(samples)
    # Of power in noise and in tone, by how much one period is like the next (Boersma 1993).
    rough = np.where(hertz > 0, 10 * np.log10(np.clip(1 - clear, 0.003, 1.0)), 0.0)
    return plain_envelope(samples, hertz), hertz, rough
