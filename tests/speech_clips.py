"""Clips for tests: a robot that says phones of even length, each with a spectrum of its own, so that all is known of them."""

from __future__ import annotations

import zlib

import numpy as np

from seqgen.domains.speech import Clip
from seqgen.domains.speech.clip import PAUSE
from seqgen.domains.speech.front.phones import CONSONANTS, phones_of
from seqgen.domains.speech.sound.frames import ORDERS, SECONDS, Frames
from seqgen.domains.speech.sound.vocoder import synthesised

# Of words that need no model of pronunciations.
TEXTS = (
    "It was one of us.", "She said that he would not.", "Who are they to us?", "We have been with you, and they have not.",
    "There are two of them.", "He had one, she had two.", "What would you do for me?", "All of this was for him.",
    "They said it was not so.", "You and I could do this.", "This is not the one.", "If they did, so would I.",
)  # fmt: skip
VOICELESS = ("P", "T", "K", "F", "S", "SH", "TH", "CH", "HH")


def robot(text: str, name: str = "", seed: int = 0) -> Clip:
    """A clip with its phones and their ends: 60 to 140 ms each, pauses 200 ms."""
    random = np.random.default_rng([seed, *text.encode()])
    phones = tuple(phone for phone in phones_of(text))
    lasts = [20 if phone.name == PAUSE else int(random.integers(6, 15)) for phone in phones]
    cepstra = np.concatenate(
        [np.tile(_cepstra(phone.name), (count, 1)) for phone, count in zip(phones, lasts, strict=True)]
    )
    kernel = np.ones(3) / 3
    cepstra = np.stack([np.convolve(np.pad(one, 1, "edge"), kernel, "valid") for one in cepstra.T], axis=1)
    voiced = np.repeat([phone.name not in (PAUSE, *VOICELESS) for phone in phones], lasts)
    pitch = np.log(130 - 20 * np.linspace(0, 1, len(voiced)))
    sound = synthesised(Frames(cepstra, pitch, voiced, np.full(len(voiced), -12.0)), seed=seed)
    return Clip(sound, text=text, name=name, phones=phones, ends=tuple((np.cumsum(lasts) * SECONDS).tolist()))


def _cepstra(name: str) -> np.ndarray:
    random = np.random.default_rng(zlib.crc32(name.encode()))
    values = np.zeros(ORDERS)
    values[0] = -8.0 if name == PAUSE else -4.0 if name in CONSONANTS else -3.0
    values[1:12] = random.normal(0, 0.45, 11) * (name != PAUSE)
    return values
