"""Instruments of the built-in synthesiser: every tone is a sum of partials that turn and decay at their own pace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

BAND = 0.45  # of the sampling rate: no partial above, so nothing folds back
LEVELS = 4  # of brightness: a key struck harder sounds brighter, not only louder
_COLUMNS = 64
_BITE = 1 << 18  # products
_SIDES = np.arange(-6, 7)  # sidebands that vibrato gives a partial
_FAINT = 4e-3  # of the strongest partial: below, nobody hears it
_VIBRATO = 5.3  # Hz


class Partials(NamedTuple):
    """What a tone is made of, one entry a partial.

    frequencies: Hz. strengths: complex, the phase included; their energy is 1. dampings: nepers a second.
    """

    frequencies: np.ndarray
    strengths: np.ndarray
    dampings: np.ndarray

    @property
    def ring(self) -> float:
        """Seconds until the tone has decayed by 66 dB; infinite where it is sustained."""
        slowest = float(self.dampings.min(initial=np.inf))
        return 7.6 / slowest if slowest > 0 else np.inf

    def wave(self, start: int, count: int, rate: int) -> np.ndarray:
        """The samples from `start` on, [count] float32.

        A damped rotation e^(s(64i + j)) is e^(64si) e^(sj): all partials at once are one product of two matrices,
        many times faster than as many sines.
        """
        turn = (2j * np.pi * self.frequencies - self.dampings)[:, None] / rate
        if not len(turn):  # the pitch lies above the band
            return np.zeros(count, np.float32)
        rows = -(-count // _COLUMNS)
        # In bites too small for BLAS to share between threads: on a busy machine it waits for them far longer than
        # it works.
        bite = min(max(_BITE // (2 * len(turn) * _COLUMNS), 1), rows)
        rows += -rows % bite
        coarse = _rotations(turn * _COLUMNS, rows) * (self.strengths[:, None] * np.exp(turn * start))
        fine = _rotations(turn, _COLUMNS)
        left = np.concatenate((coarse.real, coarse.imag)).astype(np.float32).T.reshape(-1, bite, 2 * len(turn))
        right = np.concatenate((fine.imag, fine.real)).astype(np.float32)
        return np.asarray(left @ right, np.float32).reshape(-1)[:count]


def _rotations(turn: np.ndarray, count: int) -> np.ndarray:
    """e^(turn n) for n from 0 to count - 1, [partials, count], with few calls of the dear exponential."""
    tens, ones = np.exp(16 * turn * np.arange(-(-count // 16))), np.exp(turn * np.arange(16))
    return (tens[:, :, None] * ones[:, None]).reshape(len(turn), -1)[:, :count]


class Layer(NamedTuple):
    """One of the strings, pipes or players that sound a note together.

    cents: out of tune by. strength: beside the others. damping: dies away so many times as fast.
    """

    cents: float = 0.0
    strength: float = 1.0
    damping: float = 1.0


@dataclass(frozen=True)
class Timbre:
    """How an instrument sounds.

    attack, release: seconds to fade in, and out once the key is let go.
    decay: seconds in which middle C falls by 60 dB while the key is held; 0 where it is sustained.
    slope: partial k is k**-slope strong; above `corner` (Hz) they weaken faster.
    even: strength of the even partials; closed pipes and clarinets have few.
    stiffness: of a string, which sharpens partial k by sqrt(1 + stiffness k**2).
    modes: (ratio, strength) of the partials where they are no harmonics.
    vibrato: of the first layer, cents to either side. level: loudness beside the others.
    """

    attack: float = 0.004
    release: float = 0.12
    decay: float = 0.0
    slope: float = 1.0
    corner: float = 2500.0
    even: float = 1.0
    stiffness: float = 0.0
    modes: tuple[tuple[float, float], ...] = ()
    layers: tuple[Layer, ...] = (Layer(),)
    vibrato: float = 0.0
    level: float = 1.0

    def partials(self, pitch: int, brightness: int, rate: int) -> Partials:
        """The tone of a MIDI `pitch`, `brightness` from 0 to LEVELS - 1, as far as `rate` can carry it."""
        base = 440 * 2 ** ((pitch - 69) / 12)
        order = np.arange(1, 41)
        if self.modes:
            ratios, strengths = np.array(self.modes).T
        else:
            ratios = order * np.sqrt((1 + self.stiffness * order**2) / (1 + self.stiffness))
            strengths = order**-self.slope * np.where(order % 2, 1, self.even)
        corner = self.corner * 2 ** (0.6 * (brightness - 2))
        strengths = strengths / (1 + (ratios * base / max(corner, base)) ** 2)
        # Treble strings die away sooner, and so do the upper partials of every string.
        seconds = self.decay * min(2 ** ((60 - pitch) / 14), 2.5)
        dampings = np.log(1000) / seconds * (0.75 + 0.25 * ratios) if self.decay else np.zeros(len(ratios))

        heap = []
        for number, layer in enumerate(self.layers):
            turned = strengths * np.exp(2.4j * np.arange(len(ratios)) ** 2)  # apart, or the peaks pile up
            tuned = ratios * base * 2 ** (layer.cents / 1200)
            one = Partials(tuned, layer.strength * turned, layer.damping * dampings)
            heap.append(one if number or not self.vibrato else _shaken(one, self.vibrato))
        frequencies, strengths, dampings = (np.concatenate(rows) for rows in zip(*heap, strict=True))
        keep = (frequencies < BAND * rate) & (frequencies > 0)
        keep &= abs(strengths) > _FAINT * abs(strengths[keep]).max(initial=0)
        energy = np.sqrt((abs(strengths[keep]) ** 2).sum()) or 1.0
        return Partials(frequencies[keep], strengths[keep] / energy, dampings[keep])


def _shaken(tone: Partials, cents: float) -> Partials:
    """With vibrato, which a Fourier series turns into a few steady partials around each one."""
    depth = tone.frequencies * (2 ** (cents / 1200) - 1) / _VIBRATO
    circle = np.sin(2 * np.pi * np.arange(32) / 32)
    sides = np.fft.fft(np.exp(1j * depth[:, None] * circle), axis=1)[:, _SIDES] / 32
    around = tone.frequencies[:, None] + _VIBRATO * _SIDES
    held = np.repeat(tone.dampings, len(_SIDES))
    return Partials(around.reshape(-1), (tone.strengths[:, None] * sides).reshape(-1), held)


# Two strings a note: one sings on after the other has died away.
_STRINGS = (Layer(-0.2, 0.8, 1.6), Layer(0.2, 0.5, 0.6))
_PLAYERS = (Layer(), Layer(-7, 0.7), Layer(6, 0.7))
_BAR = ((1.0, 1.0), (3.93, 0.35), (9.2, 0.1))  # a free bar, tuned underneath as a marimba's is
_BELL = ((1.0, 1.0), (2.0, 0.5), (2.76, 0.45), (4.07, 0.25), (5.4, 0.2), (8.93, 0.08))
_PIPES = ((1.0, 1.0), (2.0, 0.55), (3.0, 0.3), (4.0, 0.3), (6.0, 0.12), (8.0, 0.15))

PIANO = Timbre(decay=9, slope=1.1, corner=1900, stiffness=4e-4, layers=_STRINGS, release=0.14, level=1.5)
PLUCKED = Timbre(decay=4, slope=0.9, corner=2600, stiffness=1e-4, layers=_STRINGS, release=0.16, level=1.4)
MALLET = Timbre(attack=0.003, decay=1.6, corner=3000, modes=_BAR, release=0.3, level=1.5)
BELL = Timbre(attack=0.003, decay=6, corner=5000, modes=_BELL, release=0.9, level=1.2)
ORGAN = Timbre(attack=0.02, release=0.09, corner=4000, modes=_PIPES, layers=(Layer(), Layer(3, 0.3)), level=0.8)
BASS = Timbre(attack=0.006, release=0.08, decay=5, slope=1.2, corner=900, layers=_STRINGS, level=1.7)
STRINGS = Timbre(attack=0.11, release=0.25, slope=1.1, corner=2600, layers=_PLAYERS, vibrato=7, level=0.95)
CHOIR = Timbre(attack=0.14, release=0.3, slope=1.3, corner=1100, layers=_PLAYERS, vibrato=9, level=1.0)
BRASS = Timbre(attack=0.035, release=0.1, slope=0.75, corner=1500, layers=(Layer(), Layer(3, 0.4)), level=0.9)
REED = Timbre(attack=0.03, release=0.09, slope=0.9, corner=2200, even=0.35, vibrato=4, level=0.85)
FLUTE = Timbre(attack=0.045, release=0.11, slope=2.0, corner=2500, vibrato=6, level=1.0)
LEAD = Timbre(attack=0.01, release=0.1, slope=1.0, corner=3500, layers=(Layer(), Layer(8, 0.5)), level=0.75)
PAD = Timbre(
    attack=0.25, release=0.45, slope=1.4, corner=1500, layers=(Layer(), Layer(-7, 0.6), Layer(6, 0.6)), level=0.95
)

_FAMILIES = (  # of eight General MIDI programs each
    *(PIANO, MALLET, ORGAN, PLUCKED, BASS, STRINGS, STRINGS, BRASS),
    *(REED, FLUTE, LEAD, PAD, PAD, PLUCKED, MALLET, PAD),
)
_OTHERS = {
    **dict.fromkeys((6, 7, 15, 45, 46), PLUCKED),  # harpsichord, clavinet, dulcimer, pizzicato, harp
    **dict.fromkeys((8, 9, 10, 11, 14, 112), BELL),  # celesta, glockenspiel, music box, vibraphone, bells
    **dict.fromkeys((21, 22, 23, 109, 111), REED),  # accordion, harmonica, bagpipe, shanai
    **dict.fromkeys((52, 53, 54, 85, 91), CHOIR),
    110: STRINGS,  # fiddle
    108: MALLET,  # kalimba
    47: MALLET,  # timpani
}


def timbre(program: int) -> Timbre:
    """What plays a General MIDI program, 0-127."""
    return _OTHERS.get(program, _FAMILIES[program // 8])
