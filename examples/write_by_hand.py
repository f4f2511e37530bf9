"""Writes a text by hand, in some of the hands that the model knows, neater and neater, and says how likely each line is.

python examples/write_by_hand.py "Dear reader, hello!"                  the model that ships inside
python examples/write_by_hand.py "Dear reader" runs/my_hand             one of your own
"""

from __future__ import annotations

import argparse
from pathlib import Path

from seqgen import SeqgenError
from seqgen.domains import handwriting
from seqgen.domains.handwriting.drawing.svg import write_svg


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", nargs="?", default="Dear reader, this is 1 line.", help="what to write")
    parser.add_argument("model", nargs="?", default="hands", help="a shipped name, a run or a model folder")
    parser.add_argument("--out", type=Path, default=Path("by_hand.svg"), help="picture (by_hand.svg)")
    args = parser.parse_args()
    model = handwriting.load(args.model)

    page = []
    for hand in model.codec.hands[:4] or (None,):
        for bias in (0.0, 0.5, 1.0, 2.0):
            lines = model.write(args.text, hand=hand, bias=bias, seed=3)
            page += lines
            nats = sum(model.score(line).nats for line in lines if line.strokes)
            print(
                f"{hand or 'the only hand'}, bias {bias}: {sum(line.points for line in lines)} points, {nats:.0f} nats"
            )

    write_svg(page, args.out, handwriting.Page(color="navy"))
    print(f"wrote {args.out}")

    # Ink is a value: strokes of points, which anybody may change and draw, also in millimetres for a plotter.
    smaller = page[0].scaled(0.5).thinned(0.02)
    smaller.save(args.out.with_suffix(".json"))
    print(f"wrote {args.out.with_suffix('.json')}: the first line at half the size, {smaller.points} points")


if __name__ == "__main__":
    try:
        main()
    except SeqgenError as error:  # no such model, a character that it does not know
        raise SystemExit(f"write_by_hand: {error}") from None
