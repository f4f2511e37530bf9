"""Says a text with the shipped voice, sentence by sentence, faster and higher, and draws it, beside a recording if you have one.

python examples/speak.py "It was five o'clock. Who rang?"
python examples/speak.py "It was so." --voice runs/me --recording so.wav
"""

from __future__ import annotations

import argparse
from pathlib import Path

from seqgen import SeqgenError
from seqgen.domains import speech


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", nargs="?", default="The quick brown fox jumps over the lazy dog.", help="what to say")
    parser.add_argument(
        "--voice", default=speech.VOICE, help=f"a voice by name, a run or a model folder ({speech.VOICE})"
    )
    parser.add_argument("--recording", type=Path, help="the same text said by somebody, to draw under ours")
    parser.add_argument("--out", type=Path, default=Path("speak"), help="folder of what is made (speak)")
    args = parser.parse_args()
    voice = speech.load(args.voice)
    args.out.mkdir(parents=True, exist_ok=True)

    # Of a long text each sentence is there before the next one is computed.
    for number, sentence in enumerate(voice.stream(args.text), 1):
        speech.write_wav(args.out / f"{number}.wav", sentence.samples, sentence.rate)
        sounds = " ".join(phone.name for phone in sentence.phones)
        print(f"{args.out / f'{number}.wav'}: {sentence.seconds:.1f} s, {sounds}")

    for name, how in {"slow": {"speed": 0.7}, "high": {"pitch": 1.3}, "flat": {"lively": 0.0}}.items():
        clip = voice.say(args.text, **how)
        speech.write_wav(args.out / f"{name}.wav", clip.samples, clip.rate)
        print(f"{args.out / f'{name}.wav'}: {clip.seconds:.1f} s")

    drawn = [voice.say(args.text)]
    if args.recording is not None:
        sound = speech.read_sound(args.recording)
        # Where each phone of the recording begins and ends, the voice's own aligner says.
        drawn.append(voice.align(speech.Clip(sound.samples, sound.rate, args.text, args.recording.stem)))
    speech.write_picture(args.out / "spectrogram.png", drawn)
    print(args.out / "spectrogram.png")


if __name__ == "__main__":
    try:
        main()
    except SeqgenError as error:  # no such voice, nothing to say, a recording that cannot be read or is too short
        raise SystemExit(f"speak: {error}") from None
