"""How near a voice comes to the recordings of its test part, how well it is understood, and how fast it is.

With durations given: mel-cepstral distortion, the error of the pitch and of voicing, beside those of what says of every
frame that it is like its phone's mean. With `pocketsphinx` installed also the share of words that its own English model
does not understand, of the voice's sentences and of the recordings; with `espeakng-loader`, how near the aligner comes to what
espeak-ng says of its own sentences.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from _report import Row, measured, parser, report

from seqgen import registry
from seqgen.domains import speech
from seqgen.domains.speech.clip import PAUSE
from seqgen.domains.speech.codec import with_rests
from seqgen.domains.speech.front.phones import VOWELS, words_of
from seqgen.domains.speech.measures import Nearness, nearness
from seqgen.domains.speech.sound import listening
from seqgen.domains.speech.sound.aligner import Aligner, Heard
from seqgen.domains.speech.sound.analysis import analysed, resampled
from seqgen.domains.speech.sound.frames import SECONDS
from seqgen.domains.speech.sound.vocoder import synthesised
from seqgen.edits import error_rate
from seqgen.machine.cache import use_compile_cache

LEAST_WORSE = 20.0  # per cent by which the mean frame's distortion is above a voice that is worth its name
TEN_WORDS = "The quick brown fox jumps over the lazy dog today."
SPOKEN = ("It was one of us.", "They said it was not so.", "You and I could do this.")


class Given(NamedTuple):
    """What is measured: a voice and its name, recordings to compare it with, and how thoroughly."""

    voice: speech.VoiceModel
    name: str
    train: Sequence[speech.Clip]
    test: Sequence[speech.Clip]
    toy: bool
    rounds: int


def quality(given: Given) -> list[Row]:
    """The measures of the field, and durations."""
    found, mean = given.voice.score(given.test), mean_frames(given.voice, given.train, given.test)
    worse = 100 * (mean.distortion / max(found.nearness.distortion, 1e-9) - 1)
    return [
        Row("mel-cepstral distortion, durations given", found.nearness.distortion, "<=", 5.3, "dB"),
        Row("pitch, root mean squared error", found.nearness.hertz, "<=", 14.0, "Hz"),
        Row("voicing errors", 100 * found.nearness.voicing, "<=", 6.0, "%"),
        Row(
            "durations, root mean squared error, pauses left out", found.durations, "<=", 7.0, "frames of 5 ms a phone"
        ),
        Row("mean frame of each phone: distortion", mean.distortion, unit="dB"),
        Row("mean frame of each phone: distortion above the voice's", worse, ">=", LEAST_WORSE, "%"),
        Row("mean frame of each phone: pitch", mean.hertz, unit="Hz"),
        Row("mean frame of each phone: voicing errors", 100 * mean.voicing, unit="%"),
    ]


def mean_frames(voice: speech.VoiceModel, train: Sequence[speech.Clip], test: Sequence[speech.Clip]) -> Nearness:
    """What says of every frame that it is like its phone's mean."""
    codec, total, count = voice.codec, np.zeros((99, voice.codec.width)), np.zeros(99)
    for clip in train:
        _, owners, values = _owned(codec.encode(clip))
        np.add.at(total, owners, values)
        np.add.at(count, owners, 1)
    means = total / np.maximum(count, 1)[:, None]
    parts = [_owned(codec.encode(clip)) for clip in test]
    made = [codec.frames(means[owners]) for _, owners, _ in parts]
    return nearness(made, [codec.frames(values) for _, _, values in parts])


def _owned(example: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    index = example.source[:, -1].astype(int)
    return index, example.steps[0][index], example.source[:, :-1]


def speed(given: Given) -> list[Row]:
    """Seconds of computing a second of sound, one sentence after another, once everything is compiled; of the command."""
    texts = [clip.text for clip in given.test]
    for text in texts:
        given.voice.say(text)
    start = time.perf_counter()
    seconds = sum(given.voice.say(text).seconds for text in texts)
    found = [Row("computing a second of sound, compiled", (time.perf_counter() - start) / seconds, "<=", 0.2, "s")]
    with tempfile.TemporaryDirectory() as folder:
        say = [sys.executable, "-m", "seqgen.shell.cli", "speech", "say", TEN_WORDS, "--voice", given.name]
        command = [*say, "--out", str(Path(folder, "said.wav"))]
        passed, worked = zip(
            *(_process(command) for _ in range(1 + given.rounds)), strict=True
        )  # the first may compile
    return [
        *found,
        measured("speech say, ten words, whole process, warm", passed[1:], "<=", 2.5, "s"),
        measured("speech say, ten words, seconds that processors worked", worked[1:], unit="s"),
    ]


def _process(command: Sequence[str]) -> tuple[float, float]:
    """Seconds that pass, and that processors work, from a process's start to its end."""
    begin, before = time.perf_counter(), os.times()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    worked = after.children_user - before.children_user + after.children_system - before.children_system
    return time.perf_counter() - begin, worked


def understood(given: Given) -> list[Row]:
    """Word errors of the recordings, of the same made of their frames, and of the voice."""
    if given.toy or find_spec("pocketsphinx") is None:
        return []
    texts = [clip.text for clip in given.test]
    again = [speech.Clip(synthesised(analysed(clip))) for clip in given.test]
    own, copied, made = (
        misheard(clips, texts) for clips in (given.test, again, [given.voice.say(text) for text in texts])
    )
    return [
        Row("word errors of pocketsphinx, recordings", 100 * own, unit="%"),
        Row("word errors, recordings through the vocoder", 100 * copied, unit="%"),
        Row("word errors, voice", 100 * made, unit="%"),
        Row("word errors, voice against recordings", made / max(own, 1e-9), "<=", 1.4, "x"),
    ]


def misheard(clips: Sequence[speech.Clip], texts: Sequence[str]) -> float:
    """The share of words that pocketsphinx gets wrong, with its own model of English."""
    from pocketsphinx import Decoder

    decoder, heard = Decoder(samprate=16_000, loglevel="FATAL"), []
    for clip in clips:
        sound = np.clip(clip.samples / max(np.abs(clip.samples).max(), 1e-6) * 0.8, -1, 1)
        decoder.start_utt()
        decoder.process_raw((sound * 32767).astype("<i2").tobytes(), full_utt=True)
        decoder.end_utt()
        said = decoder.hyp()
        heard.append(words_of(said.hypstr) if said else [])
    return error_rate([_plain(words) for words in heard], [_plain(words_of(text)) for text in texts])


def _plain(words: Sequence[str]) -> list[str]:
    return [word for word in words if word[0] not in ",.?"]


def aligner(given: Given) -> list[Row]:
    """How near boundaries of phones are to those of espeak-ng, whose phones are given, after learning from its sentences."""
    if find_spec("espeakng_loader") is None:
        return []
    splits = registry.dataset("espeak-speech").load(count=20 if given.toy else 500)
    heard = [Heard(listening.heard(resampled(clip)), with_rests(clip.phones)) for clip in splits.train]
    codec = speech.VoiceCodec({}, Aligner.fit(heard), *np.zeros((3, 63)))
    off = np.concatenate([_off(codec, clip) for clip in splits.test])
    return [
        Row(f"boundaries within {most} ms of espeak-ng's", 100 * float((off <= most / 1000).mean()), ">=", target, "%")
        for most, target in ((20, 85.0), (10, None))
    ]


def _off(codec: speech.VoiceCodec, clip: speech.Clip) -> np.ndarray:
    """Seconds by which ends of phones are off, but for those inside what espeak-ng has as one phoneme."""
    phones, counts = codec.aligned(clip)
    mine = [end for phone, end in zip(phones, np.cumsum(counts) * SECONDS, strict=True) if phone.name != PAUSE]
    following = [*clip.phones[1:], clip.phones[0]]
    own = [
        (end, phone.name in VOWELS and later.name in ("R", "L", "AH", "ER") and not later.first)
        for phone, later, end in zip(clip.phones, following, clip.ends, strict=True)
        if phone.name != PAUSE
    ]
    return np.array([abs(here - there) for here, (there, one) in zip(mine, own, strict=True) if not one])


PARTS = {"nearness": quality, "speed": speed, "understood": understood, "aligner": aligner}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--voice", default=speech.VOICE, help=f"a voice or run ({speech.VOICE})")
    options.add_argument("--part", action="append", choices=PARTS, help="only this; may repeat (all)")
    options.add_argument("--every", type=int, default=1, help="of the test sentences, each so many'th (1, all)")
    options.add_argument("--rounds", type=int, default=7, help="times the command is started (7)")
    args = options.parse_args()
    use_compile_cache()
    voice = speech.load(args.voice)
    if args.toy:  # what the voice itself says stands for recordings
        train = test = [voice.say(text) for text in SPOKEN]
    else:
        splits = registry.dataset("arctic-voice").load()
        train, test = splits.train[::4], splits.test[:: args.every]
    given = Given(voice, args.voice, train, test, args.toy, 1 if args.toy else args.rounds)
    rows = [row for part in args.part or PARTS for row in PARTS[part](given)]
    about = {"test sentences": str(len(test))}
    for package, part in (("pocketsphinx", "understood"), ("espeakng_loader", "aligner")):
        if find_spec(package) is None:
            about[package] = f"not installed, so nothing was {part}"
    report(rows, args.json, about)


if __name__ == "__main__":
    main()
