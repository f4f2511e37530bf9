"""How near a voice comes to the recordings of its test part, how well it is understood, and how fast it is.

With durations given: mel-cepstral distortion, the error of the pitch and of voicing, beside those of what says of every
frame that it is like its phone's mean. With `pocketsphinx` installed also the share of words that its own English model
does not understand, of the voice's sentences and of the recordings.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from _report import Row, parser, report

from seqgen import registry
from seqgen.domains import speech
from seqgen.domains.speech.front.phones import words_of
from seqgen.domains.speech.measures import Nearness, nearness
from seqgen.edits import error_rate
from seqgen.machine.cache import use_compile_cache

LEAST_WORSE = 20.0  # per cent by which the mean frame's distortion is above a voice that is worth its name
SPOKEN = ("It was one of us.", "They said it was not so.", "You and I could do this.")


def quality(voice: speech.VoiceModel, train: Sequence[speech.Clip], test: Sequence[speech.Clip]) -> list[Row]:
    """The measures of the field, and durations."""
    found, mean = voice.score(test), mean_frames(voice, train, test)
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


def real_time(voice: speech.VoiceModel, texts: Sequence[str]) -> Row:
    """Seconds of computing a second of sound, one sentence after another, once everything is compiled."""
    for text in texts:
        voice.say(text)
    start = time.perf_counter()
    seconds = sum(voice.say(text).seconds for text in texts)
    return Row("computing a second of sound, compiled", (time.perf_counter() - start) / seconds, "<=", 0.2, "s")


def understood(voice: speech.VoiceModel, test: Sequence[speech.Clip]) -> list[Row]:
    """Word errors of the recordings and of the voice."""
    texts = [clip.text for clip in test]
    own, made = misheard(test, texts), misheard([voice.say(text) for text in texts], texts)
    return [
        Row("word errors of pocketsphinx, recordings", 100 * own, unit="%"),
        Row("word errors of pocketsphinx, voice", 100 * made, unit="%"),
        Row("word errors, voice against recordings", made / max(own, 1e-9), "<=", 1.7, "x"),
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


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--voice", default=speech.VOICE, help=f"a voice or run ({speech.VOICE})")
    args = options.parse_args()
    use_compile_cache()
    voice = speech.load(args.voice)
    if args.toy:  # what the voice itself says stands for recordings
        train = test = [voice.say(text) for text in SPOKEN]
    else:
        splits = registry.dataset("arctic-voice").load()
        train, test = splits.train[::4], splits.test
    rows = [*quality(voice, train, test), real_time(voice, [clip.text for clip in test])]
    about = {"test sentences": str(len(test))}
    if args.toy or find_spec("pocketsphinx") is None:
        about["pocketsphinx"] = "not asked" if args.toy else "not installed, so no word was listened to"
    else:
        rows += understood(voice, test)
    report(rows, args.json, about)


if __name__ == "__main__":
    main()
