"""The phonemes of espeak-ng's American English in ARPAbet, and when each ends."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seqgen.domains.speech import Clip
from seqgen.domains.speech.clip import PAUSE, Phone
from seqgen.errors import DataError

ARPABET = {
    "I": "IH", "I2": "IH", "I#": "IH", "i": "IY", "i:": "IY", "E": "EH", "E2": "EH", "a": "AE", "aa": "AE", "a#": "AH", "A:": "AA",
    "0": "AA", "0#": "AA", "O": "AO", "O:": "AO", "O2": "AO", "V": "AH", "@": "AH", "@2": "AH", "@-": "AH", "U": "UH", "u:": "UW",
    "u": "UW", "3": "ER", "3:": "ER", "eI": "EY", "aI": "AY", "aU": "AW", "oU": "OW", "OI": "OY", "A@": "AA R", "O@": "AO R",
    "o@": "AO R", "U@": "UH R", "e@": "EH R", "i@3": "IH R", "i@": "IY AH", "aI3": "AY ER", "aI@": "AY AH", "@L": "AH L",
    "n-": "AH N", "p": "P", "b": "B", "t": "T", "t2": "T", "t#": "T", "d": "D", "k": "K", "g": "G", "tS": "CH", "dZ": "JH", "f": "F",
    "v": "V", "T": "TH", "D": "DH", "s": "S", "z": "Z", "S": "SH", "Z": "ZH", "h": "HH", "m": "M", "n": "N", "N": "NG", "l": "L",
    "r": "R", "r-": "R", "j": "Y", "w": "W",
}  # fmt: skip
STRESSES = {"'": 1, ",": 2}
UNHEARD = (";", "?", "")  # of what comes before: palatal, cut off
SILENCE = 0.1  # seconds at both ends


def clip_of(text: str, samples: NDArray[np.int16], rate: int, events: Sequence[tuple[int, str]]) -> Clip:
    """What was said as a clip with its phones, silence around it.

    events: samples and espeak-ng's names of what begins there, "" for a word. An event comes after the silence that
    espeak-ng keeps ahead of a stop; here that belongs to the stop, as in phonetics. Two sounds of ARPAbet that are one
    phoneme have half of its time each. Raises DataError for phonemes of other languages.

    >>> clip = clip_of("I", np.ones(1600, np.int16), 16_000, [(0, ""), (0, "'aI"), (800, "_:")])
    >>> [phone.name for phone in clip.phones], [round(end, 2) for end in clip.ends]
    (['_', 'AY', '_'], [0.1, 0.15, 0.25])
    """
    margin = round(SILENCE * rate)
    phones, begins, first = [Phone(PAUSE)], [-margin], True
    for number, (sample, event) in enumerate(events):
        name = event.lstrip("',%=|")
        first |= not event
        if name.startswith("_") and phones[-1].name != PAUSE:
            phones.append(Phone(PAUSE))
            begins.append(sample)
        if name.startswith("_") or name in UNHEARD:
            continue
        if name not in ARPABET:
            raise DataError(f"espeak-ng says {name!r}, which is no sound of American English; give the voice en-us")
        if phones[-1].name != PAUSE:
            sample = _closed(samples, sample, begins[-1] + 1)
        until, then = next((later for later in events[number + 1 :] if later[1]), (len(samples), ""))
        sounds = ARPABET[name].split()
        if then in ("r", "r-") and sounds[-1] == "R":  # one r between two words
            sounds = sounds[:-1]
        for place, sound in enumerate(sounds):
            phones.append(Phone(sound, STRESSES.get(event[0], 0) if place == 0 else 0, first))
            begins.append(sample + place * (until - sample) // len(sounds))
            first = False
    ending = begins[-1] if phones[-1].name == PAUSE else len(samples)
    heard = (np.pad(samples[:ending], margin) / 32768).astype(np.float32)
    ends = [(begin + margin) / rate for begin in begins[1:]]
    return Clip(heard, rate, text, phones=_marked(phones, text), ends=(*ends, len(heard) / rate))


def _closed(samples: NDArray[np.int16], sample: int, least: int) -> int:
    """Where the silence before a sample begins."""
    loud = np.flatnonzero(samples[least:sample])
    return least + int(loud[-1]) + 1 if len(loud) else sample


def _marked(phones: Sequence[Phone], text: str) -> tuple[Phone, ...]:
    """Phones with the marks of a text at their pauses, if it has as many, and each word's last."""
    marks = re.findall("[,.?]", text)
    rests = [number for number, phone in enumerate(phones) if phone.name == PAUSE][1:]
    found = [
        phone._replace(last=phone.name != PAUSE and (later.first or later.name == PAUSE))
        for phone, later in zip(phones, [*phones[1:], Phone(PAUSE)], strict=True)
    ]
    for number, mark in zip(rests, marks, strict=False) if len(rests) == len(marks) else ():
        found[number] = found[number]._replace(mark=mark)
    return tuple(found)
