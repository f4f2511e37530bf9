"""Makes the shipped model `bach` and its card: `python domains/music/pretrained/make_bach.py`.

Trains in runs/bach (or goes on there, if it was stopped), releases the model beside this file, measures the released
file and writes the card. Needs the data sets bach-cc0 and js-fakes.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import sys
from pathlib import Path

from seqgen import registry
from seqgen.domains import music
from seqgen.domains.music.presets import CHOIRS
from seqgen.domains.music.pretrained.make_chorales import write_card

HERE = Path(__file__).parent
DATA, SIZE, SEED, STEPS = "free-chorales", "medium", 0, 4000
TRAINING = dataclasses.replace(CHOIRS[SIZE].training, evaluations=32, patience=10, ema=0.995, weight_decay=0.02)

CARD = """\
---
license: apache-2.0
data_license: cc-by-4.0
writes: chorales for four voices in the manner of Bach, in the key and of the length that are asked for
---
# bach

Composes chorales for four voices in the manner of Bach, on a grid of sixteenths, and goes on from yours. It is told the
key and the meter, and towards the end how many beats are to come. It has seen nothing else: no drums, no chords of a
piano, no loudness.

| | |
|---|---|
| network | {layers} x {units} LSTM with registers for four voices, {parameters:,} parameters, {megabytes:.1f} MB |
| data | Bach's chorales and JS Fake Chorales, {pieces} pieces ({origin}) |
| terms of the data | CC0 1.0, and CC BY 4.0, Omar Peracha; the weights are under the licence of seqgen, Apache 2.0 |
| made by | `python domains/music/pretrained/make_bach.py` (seqgen {version}) |
| seed, steps | {seed}, best of {steps:,} steps of {rows} x {window} events was {best:,} |
| time | {minutes:.0f} minutes on two CPU cores that had other work as well |

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
    options.add_argument("--minutes", type=float, help="the same in minutes")
    args = options.parse_args()
    dataset = registry.dataset(DATA)
    splits = dataset.load()
    if args.run.exists():
        outcome = music.resume(args.run)
    else:
        long = {"minutes": args.minutes} if args.minutes else {"steps": args.steps}
        outcome = music.train(DATA, args.run, size=SIZE, seed=SEED, encoding="chorale", training=TRAINING, **long)
    if outcome.signal is not None:
        sys.exit(f"stopped at step {outcome.step}; run this again to go on")
    folder = HERE / "bach"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(outcome.model, folder)
    write_card(folder, CARD, splits, dataset.ORIGIN, TRAINING, outcome.step)


if __name__ == "__main__":
    main()
