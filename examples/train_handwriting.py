"""Trains a handwriting model on files of ink or a data set, then goes on from one of the lines.

python examples/train_handwriting.py my_ink_folder --minutes 30 --out runs/my_hand
"""

from __future__ import annotations

import argparse
from pathlib import Path

from seqgen import SeqgenError
from seqgen.domains import handwriting


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="InkML, IAM-OnDB, sketch-rnn or JSON ink: a file, or a folder of them")
    parser.add_argument("--out", default="runs/train_handwriting", help="new folder (runs/train_handwriting)")
    parser.add_argument("--size", default="small", help="tiny, small, medium or large (small)")
    how_long = parser.add_mutually_exclusive_group()
    how_long.add_argument("--minutes", type=float, help="how long to train (10)")
    how_long.add_argument("--steps", type=int, help="the same, in steps")
    args = parser.parse_args()

    found = handwriting.read_inks([args.data])
    for row in found.rows:
        print(f"{row.name}: {row.points} points" if row.used else f"{row.name}: not used, {row.reason}")

    # The learning curve is in RUN/curve.svg and the best model so far in RUN/model, at any time of the run.
    outcome = handwriting.train(args.data, args.out, size=args.size, steps=args.steps, minutes=args.minutes)
    print(f"{outcome.step} steps, {outcome.best:.3f} nats a point on what was held out, model in {outcome.model}")

    # Models take ink in x-heights. One that learned texts wants to know what to write next.
    model = handwriting.load(outcome.folder)
    line = handwriting.in_x_heights(found.inks)[0]
    longer = model.go_on(line, line.text if model.codec.alphabet else None, seed=1)
    out = Path(args.out, "goes_on.svg")
    longer.save(out)
    print(f"{found.names[0]} and {longer.points - line.points} points more: {out}")


if __name__ == "__main__":
    try:
        main()
    except SeqgenError as error:  # a used folder, no such file, no ink that can be used: one line says what to do
        raise SystemExit(f"train_handwriting: {error}") from None
