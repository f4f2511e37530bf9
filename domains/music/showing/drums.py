"""The drum kit of the built-in synthesiser: falling sines, bands of noise and clusters of metal, by General MIDI pitch."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .timbres import BAND, Partials


@dataclass(frozen=True)
class Drum:
    """One drum or cymbal. All times are seconds until the sound has fallen by 60 dB.

    high, low, fall: the skin starts at `high` Hz and falls to `low` within about `fall` seconds.
    skin, noise, metal: how strong each part is. ring: of the skin.
    band, hiss: of the noise, Hz, and how long it lasts. shine: how long the metal lasts.
    claps: how often the noise starts anew, 11 ms apart. pan: -1 left, 1 right. level: beside the others.
    """

    high: float = 200.0
    low: float = 200.0
    fall: float = 0.04
    ring: float = 0.3
    skin: float = 0.0
    noise: float = 0.0
    band: tuple[float, float] = (1000.0, 8000.0)
    hiss: float = 0.2
    metal: float = 0.0
    shine: float = 0.3
    claps: int = 1
    pan: float = 0.0
    level: float = 1.0

    def wave(self, seed: int, rate: int) -> np.ndarray:
        """One stroke, [samples] float32 with a peak of 1, starting and ending in silence."""
        lasts = max(self.ring * (self.skin > 0), self.hiss * (self.noise > 0), self.shine * (self.metal > 0))
        time = np.arange(round((lasts + 0.02) * rate)) / rate
        random = np.random.default_rng(seed)
        sound = np.zeros(len(time))
        if self.skin:
            turns = self.low * time + (self.high - self.low) * self.fall * (1 - np.exp(-time / self.fall))
            sound += self.skin * np.sin(2 * np.pi * turns) * _dying(time, self.ring)
        if self.noise:
            hiss = _band(random.standard_normal(len(time)), self.band, rate)
            for clap in range(self.claps):
                late = time - 0.011 * clap
                fade = self.hiss if clap == self.claps - 1 else 0.03
                sound += self.noise * np.where(late >= 0, hiss * _dying(late, fade) * np.clip(late / 0.001, 0, 1), 0)
        if self.metal:
            low, high = np.log(self.band)
            tones = np.exp(random.uniform(low, high, 48))
            tones = tones[tones < BAND * rate]
            phases = np.exp(2j * np.pi * random.uniform(size=len(tones)))
            dampings = np.full(len(tones), np.log(1000) / self.shine)
            sound += self.metal * Partials(tones, phases / np.sqrt(len(tones) or 1), dampings).wave(0, len(time), rate)
        sound[: round(0.002 * rate)] *= np.linspace(0, 1, round(0.002 * rate))
        sound[-round(0.02 * rate) :] *= np.linspace(1, 0, round(0.02 * rate))
        return np.asarray(sound / max(abs(sound).max(), 1e-9), np.float32)


def _dying(time: np.ndarray, seconds: float) -> np.ndarray:
    return np.asarray(np.exp(-np.log(1000) / seconds * np.maximum(time, 0)))


def _band(noise: np.ndarray, band: tuple[float, float], rate: int) -> np.ndarray:
    """What of the noise lies in the band, its slopes gentle, its energy 1 a sample."""
    hertz = np.fft.rfftfreq(len(noise), 1 / rate)
    low, high = band
    shape = 1 / (1 + (low / np.maximum(hertz, 1)) ** 6) / (1 + (hertz / high) ** 6) * (hertz < BAND * rate)
    sound = np.fft.irfft(np.fft.rfft(noise) * shape, len(noise))
    return np.asarray(sound / max(float(np.sqrt(np.mean(sound**2))), 1e-9))


_KICK = Drum(high=170, low=48, fall=0.035, ring=0.5, skin=1, noise=0.12, band=(1500, 5000), hiss=0.02, level=1.5)
_SNARE = Drum(high=280, low=185, fall=0.02, ring=0.2, skin=0.8, noise=0.45, band=(1500, 9000), hiss=0.28, level=1.0)
_STICK = Drum(high=900, low=820, fall=0.01, ring=0.06, skin=0.8, noise=0.3, band=(1500, 6000), hiss=0.03, level=0.6)
_CLAP = Drum(noise=1, band=(900, 3500), hiss=0.25, claps=4, level=0.8)
_HAT = Drum(noise=0.5, metal=0.7, band=(6500, 14000), hiss=0.08, shine=0.09, pan=0.25, level=0.4)
_CRASH = Drum(noise=0.6, metal=0.5, band=(2800, 13000), hiss=1.6, shine=1.9, pan=-0.3, level=0.55)
_RIDE = Drum(high=3300, low=3300, ring=0.5, skin=0.12, noise=0.15, metal=0.6, band=(3500, 12000), hiss=0.6, shine=1.3)
_TOM = Drum(fall=0.06, ring=0.55, skin=1, noise=0.08, band=(800, 4000), hiss=0.04, level=1.1)
_SKIN = Drum(fall=0.02, ring=0.25, skin=1, noise=0.1, band=(1500, 6000), hiss=0.02, level=0.8)
_SHAKER = Drum(noise=1, band=(4500, 12000), hiss=0.1, pan=-0.2, level=0.3)
_METAL = Drum(skin=1, metal=0.2, band=(2500, 9000), shine=0.1, level=0.5, pan=0.15)


def _pitched(kind: Drum, low: float, bend: float = 1.0, **changes: float) -> Drum:
    return replace(kind, high=low * bend, low=low, **changes)  # type: ignore[arg-type]


KIT = {
    35: replace(_KICK, high=150, low=43),
    36: _KICK,
    37: _STICK,
    38: _SNARE,
    39: _CLAP,
    40: replace(_SNARE, high=330, low=220, hiss=0.2),
    **{p: _pitched(_TOM, hz, 1.5, pan=pan) for p, hz, pan in ((41, 75, 0.35), (43, 90, 0.25), (45, 108, 0.1))},
    **{p: _pitched(_TOM, hz, 1.5, pan=pan) for p, hz, pan in ((47, 128, 0.0), (48, 152, -0.15), (50, 180, -0.3))},
    42: _HAT,
    44: replace(_HAT, hiss=0.06, shine=0.06, level=0.3),
    46: replace(_HAT, hiss=0.5, shine=0.6),
    49: _CRASH,
    51: replace(_RIDE, pan=0.3, level=0.35),
    52: replace(_CRASH, band=(1800, 9000), hiss=1.2),
    53: replace(_RIDE, high=2700, low=2700, skin=0.7, pan=0.3, level=0.4),
    54: replace(_SHAKER, metal=0.7, shine=0.25),
    55: replace(_CRASH, band=(4000, 14000), hiss=0.6, shine=0.7),
    56: replace(_pitched(_METAL, 560, ring=0.25), metal=0.3),
    57: replace(_CRASH, band=(2400, 12000), pan=0.35),
    58: replace(_SHAKER, band=(1800, 6000), hiss=0.5),
    59: replace(_RIDE, band=(3000, 10000), pan=0.35, level=0.35),
    **{p: _pitched(_SKIN, hz, 1.2) for p, hz in ((60, 400), (61, 300), (62, 330), (63, 260), (64, 195))},
    **{p: _pitched(_SKIN, hz, 1.1, ring=0.35) for p, hz in ((65, 360), (66, 260), (78, 520), (79, 420))},
    **{p: _pitched(_METAL, hz, ring=0.3) for p, hz in ((67, 880), (68, 660))},
    **dict.fromkeys((69, 70, 82), _SHAKER),
    **{p: _pitched(_METAL, hz, ring=0.25) for p, hz in ((71, 2300), (72, 2100))},
    73: replace(_SHAKER, band=(2000, 7000), hiss=0.08),
    74: replace(_SHAKER, band=(2000, 7000), hiss=0.25, claps=8),
    **{p: _pitched(_STICK, hz, ring=0.07) for p, hz in ((75, 2500), (76, 980), (77, 740))},
    80: _pitched(_METAL, 4200, ring=0.12),
    81: _pitched(_METAL, 4200, ring=1.2),
}


def drum(pitch: int) -> Drum:
    """What a General MIDI drum pitch sounds like; a stick where it names none."""
    return KIT.get(pitch, _STICK)
