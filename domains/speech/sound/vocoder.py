"""Frames to sound: pulses at the pitch and noise, through the envelope with minimum phase.

The model of WORLD's synthesis (Morise, Yokomori & Ozawa 2016), in NumPy: each pulse is the impulse response of the
envelope where it stands; noise, for as long as it is to the next one, goes through the same envelope.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..clip import RATE
from .frames import BINS, HOP, Frames
from .warping import to_envelope

Floats = NDArray[np.float64]

SIZE = 2 * (BINS - 1)
UNVOICED = 400.0  # Hz: how often noise is filtered anew
BEFORE = 64  # samples that a pulse between two of them is heard ahead of it
PEAK = 0.9  # of what sound may reach
AT_ONCE = 2000  # pulses


def synthesised(frames: Frames, *, speed: float = 1.0, pitch: float = 1.0, seed: int = 0) -> NDArray[np.float32]:
    """Sound of 16,000 samples a second, never beyond -0.9 to 0.9.

    speed: so many times as fast. pitch: so many times as high.

    >>> hum = Frames(np.zeros((50, 60)), np.full(50, 5.0), np.ones(50, bool), np.full(50, -30.0))
    >>> sound = synthesised(hum)
    >>> len(sound), bool(np.abs(sound).max() <= 0.9)
    (8000, True)
    """
    count = len(frames.pitch)
    length = round(count * HOP / speed)
    if not length:
        return np.zeros(0, np.float32)
    random = np.random.default_rng(seed)
    at = np.minimum(np.arange(length) * speed / HOP, count - 1)
    voiced = np.interp(at, np.arange(count), frames.voiced.astype(float)) > 0.5
    tone = pitch * np.exp(np.interp(at, np.arange(count), frames.pitch))
    phase = np.cumsum(np.where(voiced, np.clip(tone, 20.0, RATE / 4), UNVOICED) / RATE)
    pulses = np.flatnonzero(np.diff(np.floor(phase), prepend=0.0) > 0)
    if not len(pulses):
        return np.zeros(length, np.float32)
    periods = np.diff(pulses, append=min(pulses[-1] + RATE // 100, length))
    late = (phase[pulses] % 1.0) / np.maximum(phase[pulses] - phase[pulses - 1], 1e-9)  # of a sample
    sound = np.zeros(BEFORE + length + 2 * SIZE)
    envelope = to_envelope(frames.cepstra.shape[1], BINS)
    for begin in range(0, len(pulses), AT_ONCE):
        part = slice(begin, begin + AT_ONCE)
        _add(sound, frames, envelope, at, pulses[part], periods[part], late[part], voiced, random)
    sound = sound[BEFORE : BEFORE + length]
    quieter: NDArray[np.float32] = (sound * min(1.0, PEAK / max(np.abs(sound).max(), 1e-9))).astype(np.float32)
    return quieter


def _add(
    sound: Floats,
    frames: Frames,
    envelope: Floats,
    at: Floats,
    pulses: NDArray[np.int64],
    periods: NDArray[np.int64],
    late: Floats,
    voiced: NDArray[np.bool_],
    random: np.random.Generator,
) -> None:
    low = at[pulses].astype(int)
    high, share = np.minimum(low + 1, len(frames.pitch) - 1), (at[pulses] - low)[:, None]
    cepstra = (1 - share) * frames.cepstra[low] + share * frames.cepstra[high]
    log_amplitude = np.clip(cepstra @ envelope, -20.0, 12.0)
    rough = np.minimum((1 - share[:, 0]) * frames.rough[low] + share[:, 0] * frames.rough[high], -0.01)
    noise = 10 ** (_roughness(rough) / 20)
    noise[~voiced[pulses]] = 1.0
    tonal = log_amplitude + 0.5 * np.log(np.maximum(1 - noise**2, 1e-12))
    shift = np.exp(1j * np.pi * np.arange(BINS) / (BINS - 1) * (late[:, None] - BEFORE))
    wave = _least_phase(tonal) * shift
    wave[:, 0] = 0  # a pulse train without what is no sound
    responses = np.fft.irfft(wave) * (np.sqrt(periods) * voiced[pulses])[:, None]
    hiss = random.standard_normal((len(pulses), SIZE))
    hiss[np.arange(SIZE) >= periods[:, None]] = 0.0
    filtered = np.fft.irfft(
        np.fft.rfft(hiss, 2 * SIZE) * np.fft.rfft(np.fft.irfft(_least_phase(log_amplitude + np.log(noise))), 2 * SIZE)
    )
    for start, response, noisy in zip(pulses.tolist(), responses, filtered, strict=True):
        sound[start : start + SIZE] += response
        sound[start + BEFORE : start + BEFORE + 2 * SIZE] += noisy


def _roughness(middle: Floats) -> Floats:
    """dB of noise at every frequency: none below, all of it at the top, what was measured around 3 kHz."""
    frequencies = np.linspace(0, RATE / 2, BINS)
    rising = np.minimum(frequencies / 3000, 1.0)
    falling = np.maximum((frequencies - 3000) / (RATE / 2 - 3000), 0.0)
    found: Floats = (1 - rising) * -60 + np.where(frequencies < 3000, rising, 1 - falling) * middle[:, None]
    return found


def _least_phase(log_amplitudes: Floats) -> NDArray[np.complex128]:
    """Spectra with these amplitudes whose sound comes as early as it can (Oppenheim & Schafer, homomorphic)."""
    cepstra = np.fft.irfft(log_amplitudes)
    cepstra[:, 1 : SIZE // 2] *= 2
    cepstra[:, SIZE // 2 + 1 :] = 0
    found: NDArray[np.complex128] = np.exp(np.fft.rfft(cepstra))
    return found
