"""How near a voice comes to the recordings of its test part: `python benchmarks/speech_quality.py --voice alto`.

Prints mel-cepstral distortion, the error of the pitch and of voicing with durations given, beside those of the mean frame of
each phone, and the error of durations. With `--words`, and `pocketsphinx` installed, also the share of words that its own
English model does not understand, of the voice's sentences and of the recordings.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np

from seqgen import registry
from seqgen.domains import speech
from seqgen.domains.speech.front.phones import words_of
from seqgen.domains.speech.measures import Nearness, nearness
from seqgen.edits import error_rate
from seqgen.machine.cache import use_compile_cache


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--voice", default=speech.VOICE, help=f"a voice or run ({speech.VOICE})")
    options.add_argument("--words", action="store_true", help="what pocketsphinx understands, too")
    args = options.parse_args()
    use_compile_cache()
    voice, splits = speech.load(args.voice), registry.dataset("arctic-voice").load()
    found = voice.score(splits.test)
    print(f"{len(splits.test)} test sentences, {found.frames:,} frames of 10 ms, durations given")
    print(_line("voice", found.nearness))
    print(_line("mean frame of each phone", mean_frames(voice, splits.train[::4], splits.test)))
    print(f"durations: {found.durations:.2f} frames of 5 ms a phone (root mean square, pauses left out)")
    if args.words:
        for name, clips in (("recordings", splits.test), ("voice", [voice.say(clip.text) for clip in splits.test])):
            print(f"word errors of pocketsphinx, {name}: {misheard(clips, [clip.text for clip in splits.test]):.1%}")


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


def _line(name: str, found: Nearness) -> str:
    return (
        f"{name}: distortion {found.distortion:.2f} dB, pitch {found.hertz:.1f} Hz, voicing errors {found.voicing:.1%}"
    )


if __name__ == "__main__":
    main()
