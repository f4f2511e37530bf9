"""Makes the shipped model `bach` and its card: `python domains/music/pretrained/make_bach.py`.

Trains in runs/bach on all pieces, then in runs/bach-alone on Bach's alone (or goes on, if it was stopped), releases the model in 8 bits beside this file, measures the released
file and writes the card. Needs the data sets bach-cc0 and js-fakes.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from seqgen import from_pretrained, registry
from seqgen.domains import music
from seqgen.domains.music.presets import CHOIRS
from seqgen.domains.music.pretrained.make_chorales import release, write_card

HERE = Path(__file__).parent
DATA, SIZE, SEED, STEPS = "free-chorales", "medium", 0, 3600
TRAINING = dataclasses.replace(CHOIRS[SIZE].training, evaluations=32, patience=10, ema=0.995, weight_decay=0.02)
ALONE, MORE = "bach-cc0", 2000
FINE = dataclasses.replace(TRAINING, learning_rate=1e-3, warmup=40, evaluations=20, patience=0, ema=0.99)

CARD = """\
---
license: apache-2.0
data_license: cc-by-4.0
writes: chorales for four voices, in the key asked for
---
# bach

Composes chorales for four voices in the manner of Bach, on a grid of sixteenths, and goes on from yours. It is told the
key and the meter, and towards the end how many beats are to come. It has seen nothing else: no drums, no chords of a
piano, no loudness.

| | |
|---|---|
| network | {layers} x {units} LSTM with registers for four voices, {parameters:,} parameters, 8-bit weights, {megabytes:.1f} MB |
| data | Bach's chorales and JS Fake Chorales, {pieces} pieces ({origin}) |
| terms of the data | CC0 1.0, and CC BY 4.0, Omar Peracha; the weights are under the licence of seqgen, Apache 2.0 |
| made by | `python domains/music/pretrained/make_bach.py` (seqgen {version}) |
| seed, steps | {seed}, {first} steps of {rows} x {window} events on all pieces, then on Bach's alone the best of {steps:,} steps: {best:,} |
| time | {before} and {minutes:.0f} minutes on two CPU cores that had other work as well |

Measured from the files in this folder, on the {held} test pieces, all by Bach, which it was not trained on and not chosen by; they
share no opening melody with a training piece. Static (weights do not change while reading), each piece from its
beginning, nothing transposed:

| nats/event | nats/note | nats/beat |
|---|---|---|
| {per_event:.4f} | {per_note:.4f} | {per_beat:.4f} |

An event is what one voice does in one sixteenth, or a marker of a beat or a bar, or what is said of the piece; a note
is what one voice does in one sixteenth. These are works that jsb-chorales holds as well: figures of that data set need
models that were trained on its own training part.
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--run", type=Path, default=Path("runs/bach"), help="folder to train in")
    options.add_argument("--steps", type=int, default=STEPS, help="how long the run is, when it begins")
    options.add_argument("--more", type=int, default=MORE, help="the same on Bach's alone")
    args = options.parse_args()
    dataset = registry.dataset(DATA)
    splits = dataset.load()
    alone = args.run.with_name(f"{args.run.name}-alone")
    if not alone.exists():
        if args.run.exists():
            outcome = music.resume(args.run)
        else:
            how = {"size": SIZE, "seed": SEED, "training": TRAINING, "steps": args.steps}
            outcome = music.train(DATA, args.run, encoding="chorale", **how)
        if outcome.signal is not None:
            sys.exit(f"stopped at step {outcome.step}; run this again to go on")
        outcome = music.train(ALONE, alone, start_from=args.run, steps=args.more, seed=SEED, training=FINE)
    else:
        outcome = music.resume(alone)
    if outcome.signal is not None:
        sys.exit(f"stopped at step {outcome.step} on Bach's alone; run this again to go on")
    folder = HERE / "bach"
    release(outcome.model, folder)
    before = from_pretrained(args.run / "model").training or {}
    card = CARD.replace("{first}", f"{before['steps']:,}").replace("{before}", f"{before['minutes']:.0f}")
    write_card(folder, card, splits, dataset.ORIGIN, TRAINING, outcome.step)


if __name__ == "__main__":
    main()
