"""Trains a music model on MIDI or MusicXML files or a data set, then lets it go on from one of the pieces.

python examples/train_music.py my_midi_folder --minutes 10 --out runs/my_music
"""

from __future__ import annotations

import argparse
from pathlib import Path

from seqgen import SeqgenError
from seqgen.domains import music
from seqgen.domains.music.files import read_pieces


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="a MIDI or MusicXML file, or a folder of them")
    parser.add_argument("--out", default="runs/train_music", help="new folder for the run (runs/train_music)")
    parser.add_argument("--size", default="small", help="tiny, small, medium or large (small)")
    how_long = parser.add_mutually_exclusive_group()
    how_long.add_argument("--minutes", type=float, help="how long to train (10)")
    how_long.add_argument("--steps", type=int, help="the same, in steps")
    args = parser.parse_args()

    pieces = read_pieces([args.data])
    for row in pieces.rows:
        print(f"{row.name}: {row.notes} notes" if row.used else f"{row.name}: not used, {row.reason}")

    # The learning curve is in RUN/curve.svg and the best model so far in RUN/model, at any time of the run.
    outcome = music.train(args.data, args.out, size=args.size, steps=args.steps, minutes=args.minutes)
    print(f"{outcome.step} steps, {outcome.best:.3f} nats an event on what was held out, model in {outcome.model}")

    primer = pieces.scores[0].until(10)
    tune = music.load(outcome.folder).sample(primer=primer, seconds=20, seed=1)
    out = Path(args.out, "goes_on.mid")
    tune.save(out)
    tune.plot(out.with_suffix(".svg"))
    print(f"the first 10 s of {pieces.names[0]} and 20 s more: {out} and {out.with_suffix('.svg')}")


if __name__ == "__main__":
    try:
        main()
    except SeqgenError as error:  # a used folder, no such file, no piece that can be used: one line says what to do
        raise SystemExit(f"train_music: {error}") from None
