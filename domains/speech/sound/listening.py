"""Sound as an aligner hears it: mel-frequency cepstra and how they change, every 5 ms."""

from __future__ import annotations

import functools

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..clip import RATE

Floats = NDArray[np.float64]

STEP = RATE // 200  # samples: 5 ms
SPAN = RATE // 50  # samples of a window: 20 ms, so that borders stay sharp
SIZE = 512
FILTERS, CEPSTRA = 26, 13
WIDTH = 3 * CEPSTRA


def heard(samples: Floats) -> NDArray[np.float32]:
    """Cepstra, their slopes and the slopes of these, `[T, 39]`, the mean taken out; samples of 16 kHz.

    >>> heard(np.random.default_rng(0).standard_normal(1600)).shape
    (20, 39)
    """
    cepstra = log_mels(samples) @ _cosines()
    cepstra -= cepstra.mean(axis=0)
    slopes = _slopes(cepstra)
    return np.concatenate([cepstra, slopes, _slopes(slopes)], axis=1).astype(np.float32)


def log_mels(samples: Floats, filters: int = FILTERS) -> Floats:
    """Logarithms of power in bands even on the mel scale, `[T, filters]`, every 5 ms."""
    flat = np.append(samples[:1], samples[1:] - 0.97 * samples[:-1])
    padded = np.pad(flat, (SPAN // 2 - STEP // 2, SPAN))
    windows = sliding_window_view(padded, SPAN)[: max(STEP, len(samples) // STEP * STEP) : STEP] * np.hamming(SPAN)
    power = np.abs(np.fft.rfft(windows, SIZE)) ** 2
    found: Floats = np.log(power @ _bands(filters) + 1e-7)
    return found


@functools.lru_cache(maxsize=4)
def _bands(filters: int) -> Floats:
    """Triangles on the mel scale, `[bins, filters]`."""
    top = 1127 * np.log1p(RATE / 2 / 700)
    edges = 700 * np.expm1(np.linspace(1127 * np.log1p(60 / 700), top, filters + 2) / 1127)
    bins = np.arange(SIZE // 2 + 1)[:, None] * RATE / SIZE
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    found: Floats = np.maximum(0, np.minimum(rising, falling))
    return found


@functools.lru_cache(maxsize=1)
def _cosines() -> Floats:
    found: Floats = np.cos(np.pi / FILTERS * (np.arange(FILTERS)[:, None] + 0.5) * np.arange(CEPSTRA)) * np.sqrt(
        2 / FILTERS
    )
    return found


def _slopes(values: Floats, reach: int = 3) -> Floats:
    padded = np.pad(values, ((reach, reach), (0, 0)), "edge")
    count = len(values)
    steps = range(1, reach + 1)
    rise = sum(k * (padded[reach + k : reach + k + count] - padded[reach - k : reach - k + count]) for k in steps)
    found: Floats = np.asarray(rise) / (2 * sum(k * k for k in steps))
    return found
