"""The built-in synthesiser: makes a score audible anywhere, with NumPy alone."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np

from seqgen.errors import UsageError

from ..score import DRUMS, Note, Score
from .drums import drum
from .timbres import LEVELS, Timbre, timbre

RATE = 44_100
LONGEST = 3600.0  # seconds of sound: an hour is 1.3 GB of samples
TAIL = 1.8  # seconds after the last note for its release, for cymbals and the room
PEAK = 0.9
LIFT = 3.0  # a quiet piece is made louder by no more than this

_SHORTEST = 0.04  # seconds a key stays down, however short the note
_BLOCK = 2.0  # seconds of a tone worked on at a time
_LOUD = 0.16  # the root mean square of one fortissimo tone before levelling
_ROOM = 0.2  # the sound of the room beside the sound itself
_CHUNK = 1 << 17  # samples convolved or levelled at a time


def synthesize(score: Score, rate: int = RATE) -> np.ndarray:
    """The sound of a score, [samples, 2] float32, its peak at most 0.9; deterministic.

    It lasts `TAIL` seconds longer than the notes and ends in silence. Raises UsageError beyond an hour.

    >>> from seqgen.domains.music.score import Note, Score
    >>> synthesize(Score([Note(0.0, 69, 0.5)])).shape
    (101430, 2)
    """
    check_length(score)
    sound = np.zeros((2, round((score.seconds + TAIL) * rate)), np.float32)
    parts = sorted({note.part for note in score.notes if note.program != DRUMS})
    places = {part: 0.6 * (i / (len(parts) - 1) - 0.5) if len(parts) > 1 else 0.0 for i, part in enumerate(parts)}

    tones: dict[tuple[Timbre, int, int], list[Note]] = defaultdict(list)
    strokes: dict[int, list[Note]] = defaultdict(list)
    for note in score.notes:
        if note.program == DRUMS:
            strokes[note.pitch].append(note)
        else:
            tones[timbre(note.program), note.pitch, note.velocity * LEVELS // 128].append(note)

    for (instrument, pitch, brightness), notes in tones.items():
        for note, start, wave in _tones(instrument, pitch, brightness, notes, rate):
            _add(sound, start, wave, note, places[note.part] + 0.3 * (pitch - 64) / 64)
    for pitch, notes in strokes.items():
        kind = drum(pitch)
        stroke = 3 * _LOUD * kind.level * kind.wave(pitch, rate)
        for note in notes:
            _add(sound, round(note.onset * rate), stroke, note, kind.pan)

    _add_room(sound, rate)
    fade = min(round(0.1 * rate), sound.shape[1])
    sound[:, -fade:] *= _falling(fade)
    return level(sound.T)


def check_length(score: Score) -> None:
    """Raises UsageError for a piece that is too long to be made into sound."""
    if score.seconds > LONGEST:
        raise UsageError(
            f"the piece lasts {score.seconds:,.0f} s and only {LONGEST:,.0f} s can be made into sound; "
            f"cut it with score.until({LONGEST:.0f}) or write it as MIDI"
        )


def level(sound: np.ndarray) -> np.ndarray:
    """Brings the peak to `PEAK`, in place, by one factor for the whole piece: loud and soft stay what they were.

    sound: [samples, 2]. A quiet piece becomes at most `LIFT` times as loud.
    """
    peak = max((float(abs(sound[i : i + _CHUNK]).max()) for i in range(0, len(sound), _CHUNK)), default=0.0)
    if peak:
        sound *= min(PEAK / peak, LIFT)
    return sound


def _tones(
    instrument: Timbre, pitch: int, brightness: int, notes: Iterable[Note], rate: int
) -> Iterator[tuple[Note, int, np.ndarray]]:
    """Notes of one pitch as (note, first sample, wave), block by block: each block of the tone is computed once."""
    partials = instrument.partials(pitch, brightness, rate)
    rising, falling = _falling(round(instrument.attack * rate))[::-1], _falling(round(instrument.release * rate))
    # Deep tones need more strength to be heard as loud.
    strength = _LOUD * math.sqrt(2) * instrument.level * 10 ** (0.004 * (60 - pitch))
    held = [(n, round(min(max(n.duration, _SHORTEST), partials.ring) * rate) + len(falling)) for n in notes]
    block = round(_BLOCK * rate)
    longest = max(length for _, length in held)
    for first in range(0, longest, block):
        tone = strength * partials.wave(first, min(block, longest - first), rate)
        for note, length in held:
            if length <= first:
                continue
            wave = tone[: length - first].copy()
            if first < len(rising):
                rise = rising[first : first + len(wave)]
                wave[: len(rise)] *= rise
            release = length - len(falling)  # the sample at which it begins
            if first + len(wave) > release:
                fall = falling[max(first - release, 0) : first + len(wave) - release]
                wave[len(wave) - len(fall) :] *= fall
            yield note, round(note.onset * rate) + first, wave


def _add(sound: np.ndarray, start: int, wave: np.ndarray, note: Note, place: float) -> None:
    """Adds a wave as loud as the note's velocity asks, between left (-1) and right (1) at constant power."""
    loud = (note.velocity / 127) ** 1.6
    angle = math.pi / 4 * (1 + min(max(place, -1.0), 1.0))
    space = sound[:, start : start + len(wave)]
    for channel, gain in zip(space, (math.cos(angle), math.sin(angle)), strict=True):
        channel += np.float32(loud * gain) * wave[: space.shape[1]]


def _falling(count: int) -> np.ndarray:
    """From 1 to 0 along half a cosine, [count] float32: steep nowhere, so it does not click."""
    return (0.5 + 0.5 * np.cos(np.pi * (np.arange(count) + 1) / (count + 1))).astype(np.float32)


def _add_room(sound: np.ndarray, rate: int) -> None:
    """Adds the echo of a small hall, in place, by overlap and add.

    From the last block to the first: what a block adds lies behind it, so the blocks still to come are dry.
    """
    echoes = _echoes(rate)
    reach = echoes.shape[1]
    size = 1 << (min(_CHUNK, sound.shape[1]) + reach - 1).bit_length()
    answer = np.fft.rfft(echoes, size)
    step = size - reach + 1
    for start in range((sound.shape[1] - 1) // step * step, -1, -step):
        wet = np.fft.irfft(np.fft.rfft(sound[:, start : start + step].mean(0), size) * answer, size)
        space = sound[:, start : start + size]
        space += wet[:, : space.shape[1]]


@lru_cache(1)
def _echoes(rate: int) -> np.ndarray:
    """The answer of the hall to a clap, [2, samples] float32: noise that fades, the treble sooner than the bass."""
    time = np.arange(round(1.3 * rate)) / rate
    noise = np.random.default_rng(7).standard_normal((2, len(time)))
    hertz = np.fft.rfftfreq(len(time), 1 / rate)
    answer = np.zeros((2, len(time)))
    for low, high, seconds in ((150, 900, 1.5), (900, 3000, 1.1), (3000, 7000, 0.6)):
        shape = 1 / (1 + (low / np.maximum(hertz, 1)) ** 4) / (1 + (hertz / high) ** 4)
        answer += np.fft.irfft(np.fft.rfft(noise) * shape, len(time)) * np.exp(-np.log(1000) / seconds * time)
    answer *= np.clip((time - 0.008) / 0.02, 0, 1) * np.clip((time[-1] - time) / 0.3, 0, 1)
    return np.asarray(_ROOM * answer / np.sqrt((answer**2).sum(1, keepdims=True)), np.float32)
