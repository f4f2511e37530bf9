"""Pitch of speech: how often a second its voice vibrates, where it does, and how much of that is noise."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..clip import RATE
from .frames import HOP

Floats = NDArray[np.float64]

LOWEST, HIGHEST = 60.0, 450.0  # Hz
SPAN, SHORT = 1200, 240  # samples that are looked at for a pitch; for whether there is sound at all
QUIET = 0.06  # of the loudest
CANDIDATES = 8  # pitches a frame
VOICED = 0.3  # how alike periods of a voice are at the least
OCTAVE = 0.03  # how much a pitch is favoured over one an octave below
JUMP, ONSET = 1.2, 0.4  # what a change of an octave costs; of voicing
ENOUGH = 20  # frames with a voice, from which its range is known
BELOW, ABOVE = 0.75, 1.75  # times its lower and upper quartile: no pitch is beyond (after De Looze & Hirst 2008)
BAND, BAND_SPAN = (2000.0, 4000.0), 480  # Hz where noise is measured; samples that are looked at
LEAST = 0.003  # of power in noise
SHARPER = 1.75  # a voice is never quite even: on average this agrees with D4C (Morise 2016)


def pitch_of(samples: Floats) -> Floats:
    """Hz of every frame, 0 where there is no voice.

    The autocorrelation of a window divided by that of the window function, its peaks as candidates, the best path
    through them (Boersma 1993); then once more within the range that the voice turned out to have, as an octave too
    low or too high is the usual mistake.
    """
    seen = windows(samples, SPAN)
    seen = seen - seen.mean(axis=1, keepdims=True)
    shape = np.hanning(SPAN)
    own = np.fft.irfft(np.abs(np.fft.rfft(shape, 2 * SPAN)) ** 2)
    spectra = np.abs(np.fft.rfft(seen * shape, 2 * SPAN)) ** 2
    same = np.fft.irfft(spectra)
    loud = np.sqrt((windows(samples, SHORT) ** 2).mean(axis=1))
    low, high = int(RATE / HIGHEST), int(RATE / LOWEST) + 1
    alike = same[:, : high + 2] / np.maximum(same[:, :1], 1e-9) / (own[: high + 2] / own[0])
    inner = alike[:, low : high + 1]
    peak = (inner >= alike[:, low - 1 : high]) & (inner >= alike[:, low + 1 : high + 2])
    scores = np.where(peak, inner - OCTAVE * np.log2(np.arange(low, high + 1) * LOWEST / RATE), -1.0)
    quiet = loud < QUIET * np.percentile(loud, 95)  # closures of stops, which a long window looks across
    scores[quiet] = -1.0
    found = _tracked(alike, scores, low)
    voiced = found[found > 0]
    if len(voiced) >= ENOUGH:
        quarter, three_quarters = np.percentile(voiced, (25, 75))
        tones = RATE / np.arange(low, high + 1)
        scores[:, (tones < BELOW * quarter) | (tones > ABOVE * three_quarters)] = -1.0
        found = _tracked(alike, scores, low)
    return found


def _tracked(alike: Floats, scores: Floats, low: int) -> Floats:
    """Hz of every frame by the best path through the peaks of `scores`, whose first lag is `low`."""
    best = np.argsort(-scores, axis=1)[:, :CANDIDATES]
    lags = best + low
    rows = np.arange(len(lags))[:, None]
    before, here, after = (alike[rows, lags + step] for step in (-1, 0, 1))
    curve = before - 2 * here + after
    fine = lags + np.where(np.abs(curve) > 1e-9, 0.5 * (before - after) / np.where(curve == 0, 1, curve), 0.0)
    chosen = _path(np.log2(RATE / np.maximum(fine, 1.0)), scores[rows, best])
    taken = np.minimum(chosen, CANDIDATES - 1)
    return np.where(chosen < CANDIDATES, RATE / fine[rows[:, 0], taken], 0.0)


def roughness(samples: Floats, hertz: Floats) -> Floats:
    """How much of the power around 3 kHz is noise, dB, 0 where there is no voice: by how little periods there are alike."""
    spectrum = np.fft.rfft(samples)
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE)
    spectrum[(frequencies < BAND[0]) | (frequencies > BAND[1])] = 0
    seen = windows(np.fft.irfft(spectrum, len(samples)), BAND_SPAN)[: len(hertz)] * np.hanning(BAND_SPAN)
    own = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(BAND_SPAN), 2 * BAND_SPAN)) ** 2)
    same = np.fft.irfft(np.abs(np.fft.rfft(seen, 2 * BAND_SPAN)) ** 2)
    lags = np.clip(RATE / np.where(hertz > 0, hertz, HIGHEST), 4, BAND_SPAN * 0.7)
    near = np.round(lags[:, None] * np.linspace(0.95, 1.05, 15)).astype(int)
    alike = np.take_along_axis(same, near, axis=1) / np.maximum(same[:, :1], 1e-12) / (own[near] / own[0])
    found = SHARPER * 10 * np.log10(np.clip(1 - alike.max(axis=1), LEAST, 1.0))
    return np.where(hertz > 0, found, 0.0)


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


def windows(samples: Floats, span: int) -> Floats:
    """`span` samples around each frame, `[T, span]`."""
    padded = np.pad(samples, (span // 2, span // 2 + HOP))
    return sliding_window_view(padded, span)[: max(HOP, len(samples)) : HOP]
