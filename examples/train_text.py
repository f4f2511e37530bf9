"""Trains a text model on a file, a folder or a data set, then lets it write.

python examples/train_text.py my_book.txt --minutes 5 --out runs/my_book
"""

from __future__ import annotations

import argparse
import math

from seqgen import SeqgenError
from seqgen.domains import text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", default="python-manual", help="a text file, a folder or a data set's name")
    parser.add_argument("--out", default="runs/train_text", help="new folder for the run (runs/train_text)")
    parser.add_argument("--size", default="small", help="tiny, small, medium or large (small)")
    how_long = parser.add_mutually_exclusive_group()
    how_long.add_argument("--minutes", type=float, help="how long to train (10)")
    how_long.add_argument("--steps", type=int, help="the same, in steps")
    args = parser.parse_args()

    # The learning curve is in RUN/curve.svg and the best model so far in RUN/model, at any time of the run.
    outcome = text.train(args.data, args.out, size=args.size, steps=args.steps, minutes=args.minutes)
    bits = outcome.best / math.log(2)
    print(f"{outcome.step} steps, {bits:.2f} bits a character on the part held out, model in {outcome.model}")

    model = text.load(outcome.folder)
    for temperature in (0.5, 1.0):
        print(f"\n--- temperature {temperature}")
        print(model.sample(length=300, temperature=temperature, seed=1))
    print(f"\nMore of it: seqgen text sample --model {outcome.folder} --length 1000")


if __name__ == "__main__":
    try:
        main()
    except SeqgenError as error:  # a used folder, no such file, text too short: one line says what to do
        raise SystemExit(f"train_text: {error}") from None
