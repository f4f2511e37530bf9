"""Makes the model of songs: `python domains/music/pretrained/make_songs.py`, about half an hour on two CPU cores.

Trains in runs/songs (or goes on there, if it was stopped), releases the model in 8 bits beside this file, measures the
released file and writes the card. Needs the data set lieder.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from seqgen import registry
from seqgen.domains import music
from seqgen.domains.music.presets import SIZES
from seqgen.domains.music.pretrained.make_chorales import release, write_card

HERE = Path(__file__).parent
DATA, SIZE, SEED, STEPS = "lieder", "medium", 0, 1500
TRAINING = dataclasses.replace(SIZES[SIZE].training, evaluations=16, patience=6, ema=0.995)

CARD = """\
---
license: apache-2.0
data_license: cc0-1.0
writes: songs for voice and piano, in any meter
---
# songs

Composes for voice and piano, without words, bar by bar, and goes on from yours. It has read songs of the nineteenth century and
nothing else: no drums, no other instruments. It keeps to the signature of the key asked for, and does not follow the mode: asked
for A minor it writes what it writes in C major.

| | |
|---|---|
| network | {layers} x {units} LSTM, {parameters:,} parameters, 8-bit weights, {megabytes:.1f} MB |
| data | OpenScore Lieder, {pieces} songs for training, others for validation and test, split by composer ({origin}) |
| terms of the data | CC0 1.0, transcribed by the volunteers of OpenScore; the weights are under the licence of seqgen, Apache 2.0 |
| made by | `python domains/music/pretrained/make_songs.py` (seqgen {version}) |
| seed, steps | {seed}, best of {steps:,} steps of {rows} x {window} symbols was {best:,} |
| time | {minutes:.0f} minutes on two CPU cores that had other work as well |

Measured from the files in this folder on the {held} test songs, of composers it has not read (weights do not change while
reading, each song from its beginning, nothing transposed):

| nats/symbol | nats/note | nats/beat |
|---|---|---|
| {per_event:.4f} | {per_note:.4f} | {per_beat:.4f} |
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--run", type=Path, default=Path("runs/songs"), help="folder to train in")
    options.add_argument("--steps", type=int, default=STEPS, help="how long the run is, when it begins")
    args = options.parse_args()
    dataset = registry.dataset(DATA)
    splits = dataset.load()
    if args.run.exists():
        outcome = music.resume(args.run)
    else:
        outcome = music.train(
            DATA, args.run, size=SIZE, seed=SEED, encoding="beats", training=TRAINING, steps=args.steps
        )
    if outcome.signal is not None:
        sys.exit(f"stopped at step {outcome.step}; run this again to go on")
    release(outcome.model, HERE / "songs")
    write_card(HERE / "songs", CARD, splits, f"{dataset.ORIGIN}, CC0 1.0", TRAINING, outcome.step)


if __name__ == "__main__":
    main()
