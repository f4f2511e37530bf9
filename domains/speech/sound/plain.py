"""Pitch and envelope of speech in NumPy, where WORLD is not installed."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..clip import RATE
from .frames import BINS, HOP

Floats = NDArray[np.float64]

LOWEST, HIGHEST = 60.0, 450.0  # Hz
SPAN = 1024  # samples that are looked at for a pitch
SIZE = 2 * (BINS - 1)
CANDIDATES = 8  # pitches a frame
VOICED = 0.45  # how alike periods of a voice are at the least
JUMP, ONSET = 1.2, 0.15  # what a change of an octave costs; of voicing


def plain_pitch(samples: Floats) -> tuple[Floats, Floats]:
    """Hz of every frame, 0 where there is no voice, and how alike neighbouring periods are, 0 to 1.

    The autocorrelation of a window divided by that of the window function, its peaks as candidates, the best path
    through them (Boersma 1993).
    """
    windows = _windows(samples, SPAN)
    windows = windows - windows.mean(axis=1, keepdims=True)
    shape = np.hanning(SPAN)
    own = np.fft.irfft(np.abs(np.fft.rfft(shape, 2 * SPAN)) ** 2)
    spectra = np.abs(np.fft.rfft(windows * shape, 2 * SPAN)) ** 2
    same = np.fft.irfft(spectra)
    loud = np.sqrt(np.maximum(same[:, 0], 0))
    low, high = int(RATE / HIGHEST), int(RATE / LOWEST) + 1
    alike = same[:, : high + 2] / np.maximum(same[:, :1], 1e-9) / (own[: high + 2] / own[0])
    inner = alike[:, low : high + 1]
    peak = (inner >= alike[:, low - 1 : high]) & (inner >= alike[:, low + 1 : high + 2])
    scores = np.where(peak, inner - 0.02 * np.log2(np.arange(low, high + 1) * LOWEST / RATE + 1e-9) ** 2 / 8, -1.0)
    best = np.argsort(-scores, axis=1)[:, :CANDIDATES]
    lags = best + low
    rows = np.arange(len(lags))[:, None]
    before, here, after = (alike[rows, lags + step] for step in (-1, 0, 1))
    curve = before - 2 * here + after
    fine = lags + np.where(np.abs(curve) > 1e-9, 0.5 * (before - after) / np.where(curve == 0, 1, curve), 0.0)
    quiet = loud < 0.03 * np.percentile(loud, 95)
    strength = np.where(quiet[:, None], -1.0, scores[rows, best])
    chosen = _path(np.log2(RATE / np.maximum(fine, 1.0)), strength)
    voiced = chosen < CANDIDATES
    taken = np.minimum(chosen, CANDIDATES - 1)
    hertz = np.where(voiced, RATE / fine[rows[:, 0], taken], 0.0)
    return hertz, np.clip(np.where(voiced, here[rows[:, 0], taken], 0.0), 0.0, 1.0)


def _path(octaves: Floats, strength: Floats) -> NDArray[np.int64]:
    """Which candidate each frame takes, the last, CANDIDATES, for none."""
    count = len(octaves)
    gain = np.concatenate([strength, np.full((count, 1), VOICED)], axis=1)
    score, back = gain[0], np.zeros((count, CANDIDATES + 1), np.int64)
    costs = np.full((CANDIDATES + 1, CANDIDATES + 1), ONSET)
    costs[-1, -1] = 0.0
    for frame in range(1, count):
        costs[:-1, :-1] = JUMP * np.abs(octaves[frame - 1][:, None] - octaves[frame])
        ways = score[:, None] - costs
        back[frame] = ways.argmax(axis=0)
        score = ways.max(axis=0) + gain[frame]
    path = np.zeros(count, np.int64)
    path[-1] = int(score.argmax())
    for frame in range(count - 1, 0, -1):
        path[frame - 1] = back[frame, path[frame]]
    return path


def plain_envelope(samples: Floats, hertz: Floats) -> Floats:
    """Power of every frame at each frequency, smooth over the harmonics (CheapTrick: Morise 2015)."""
    pitch = np.where(hertz > 0, hertz, 500.0)
    span = np.minimum(3 * RATE / pitch, SIZE - 2)
    offsets = np.arange(SIZE) - SIZE // 2
    windows = _windows(samples, SIZE)
    shape = np.where(
        np.abs(offsets) <= span[:, None] / 2, 0.5 + 0.5 * np.cos(2 * np.pi * offsets / span[:, None]), 0.0
    )
    shape /= np.sqrt((shape**2).sum(axis=1, keepdims=True))
    seen = windows * shape
    seen -= shape * (seen.sum(axis=1, keepdims=True) / shape.sum(axis=1, keepdims=True))
    power = np.abs(np.fft.rfft(seen)) ** 2 + 1e-12
    step = RATE / SIZE
    frequencies = np.arange(BINS) * step
    # Below the pitch there is nothing but a window's skirt: what is above is mirrored there.
    places = np.clip((pitch[:, None] - frequencies) / step, 0, BINS - 1).astype(int)
    mirrored = np.take_along_axis(power, places, axis=1)
    power = np.where(frequencies < pitch[:, None] / 2, mirrored, power)
    cumulated = np.concatenate([np.zeros((len(power), 1)), np.cumsum(np.pad(power, ((0, 0), (BINS // 4, BINS // 4)), "reflect"), axis=1)], axis=1)
    half = pitch / 3 / step
    smooth = _between(cumulated, BINS // 4 + np.arange(BINS) + 0.5, half)
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


def _windows(samples: Floats, span: int) -> Floats:
    """A window of samples around each frame."""
    padded = np.pad(samples, (span // 2, span // 2 + HOP))
    return sliding_window_view(padded, span)[: max(HOP, len(samples)) : HOP]
