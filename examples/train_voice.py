"""Learns a voice from a folder of recordings with their texts, says a sentence with it, and shows what was heard when.

python examples/train_voice.py recordings --minutes 60 --out runs/me
"""

from __future__ import annotations

import argparse
from pathlib import Path

from seqgen import SeqgenError
from seqgen.domains import speech


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="metadata.csv and wavs/, or NAME.wav with NAME.txt")
    parser.add_argument("--out", type=Path, default=Path("runs", "train_voice"), help="new folder (runs/train_voice)")
    parser.add_argument("--size", default="small", help="tiny, small, medium or large (small)")
    parser.add_argument("--text", default="This is what I sound like.", help="what to say then")
    how_long = parser.add_mutually_exclusive_group()
    how_long.add_argument("--minutes", type=float, help="how long to train (10)")
    how_long.add_argument("--steps", type=int, help="the same, in steps")
    args = parser.parse_args()

    clips, uses = speech.read_clips(args.data)
    print(f"{len(clips)} clips, {sum(clip.seconds for clip in clips) / 60:.1f} minutes")
    for use in uses:
        if not use.used:
            print(f"{use.name}: not used, {use.reason}")

    # The learning curve is in RUN/curve.svg and the best voice so far in RUN/model, at any time of the run.
    outcome = speech.train(args.data, args.out, size=args.size, steps=args.steps, minutes=args.minutes)
    print(f"{outcome.step} steps, {outcome.best:.2f} nats a frame on what was held out, voice in {outcome.model}")

    voice = speech.load(outcome.folder)
    said = voice.say(args.text)
    speech.write_wav(args.out / "said.wav", said.samples, said.rate)
    speech.write_picture(args.out / "aligned.png", [voice.align(clips[0])])
    print(f"{args.out / 'said.wav'}: {said.seconds:.1f} s; {args.out / 'aligned.png'}: {clips[0].name}, phone by phone")


if __name__ == "__main__":
    try:
        main()
    except SeqgenError as error:  # a used folder, no such folder, no clip that can be used: one line says what to do
        raise SystemExit(f"train_voice: {error}") from None
