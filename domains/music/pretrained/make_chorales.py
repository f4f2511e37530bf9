"""Makes the shipped model `chorales` and its card: `python domains/music/pretrained/make_chorales.py`.

Trains in runs/chorales (or goes on there, if it was stopped), releases the model beside this file, measures the
released file and writes the card. Needs the data set js-fakes.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import sys
from pathlib import Path

from seqgen import Splits, TrainingConfig, __version__, from_pretrained, registry
from seqgen.domains import music
from seqgen.models.pretrained import save_in_8_bits
from seqgen.models.shipped import megabytes

HERE = Path(__file__).parent
DATA, SIZE, SEED, STEPS = "js-fakes", "medium", 0, 1200
TRAINING = dataclasses.replace(music.DOMAIN.sizes[SIZE].training, evaluations=25, patience=8)

CARD = """\
---
license: apache-2.0
data_license: cc-by-4.0
writes: chorales for four voices in the manner of Bach
---
# chorales

Composes chorales for four voices in the manner of Bach, on a grid of sixteenths, and goes on from yours. It has seen
nothing else: no drums, no chords of a piano, no loudness.

| | |
|---|---|
| network | {layers} x {units} LSTM, {parameters:,} parameters, 16-bit weights, {megabytes:.1f} MB |
| data | JS Fake Chorales, {pieces} of 500 pieces ({origin}) |
| terms of the data | CC BY 4.0, Omar Peracha; the weights are under the licence of seqgen, Apache 2.0 |
| made by | `python domains/music/pretrained/make_chorales.py` (seqgen {version}) |
| seed, steps | {seed}, best of {steps:,} steps of {rows} x {window} events was {best:,} |
| time | {minutes:.0f} minutes on two CPU cores that had other work as well |

Measured from the files in this folder, on the {held} test pieces, which it was not trained on and not chosen by; they
share no opening melody with a training piece. Static (weights do not change while reading), each piece from its
beginning, nothing transposed:

| nats/event | nats/note | nats/beat |
|---|---|---|
| {per_event:.4f} | {per_note:.4f} | {per_beat:.4f} |

An event is what one voice does in one sixteenth, or a marker of a beat or a bar; a note is what one voice does in one
sixteenth. `python benchmarks/music_quality.py` prints the figures again, beside those of a model that only counts.
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--run", type=Path, default=Path("runs/chorales"), help="folder to train in")
    args = options.parse_args()
    dataset = registry.dataset(DATA)
    splits = dataset.load()
    if args.run.exists():
        outcome = music.resume(args.run)
    else:
        outcome = music.train(DATA, args.run, size=SIZE, steps=STEPS, seed=SEED, encoding="grid", training=TRAINING)
    if outcome.signal is not None:
        sys.exit(f"stopped at step {outcome.step}; run this again to go on")
    folder = HERE / "chorales"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(outcome.model, folder)
    write_card(folder, CARD, splits, dataset.ORIGIN, TRAINING, STEPS)


def release(model: Path, folder: Path) -> None:
    """A run's model as it ships: in 8 bits."""
    shutil.rmtree(folder, ignore_errors=True)
    save_in_8_bits(folder, from_pretrained(model))


def write_card(
    folder: Path, card: str, splits: Splits[music.Score], origin: str, training: TrainingConfig, steps: int
) -> None:
    """Scores the released files on the test part and says so in README.md beside them."""
    released, model = from_pretrained(folder), music.load(folder)
    scores = [model.score(piece) for piece in splits.test]
    nats = sum(score.nats for score in scores)
    said = card.format(
        layers=released.config["model"]["network"]["layers"],
        units=released.config["model"]["network"]["units"],
        parameters=released.parameters,
        megabytes=megabytes(folder),
        pieces=len(splits.train),
        origin=origin,
        version=__version__,
        seed=SEED,
        steps=steps,
        best=released.training["steps"],
        rows=training.rows,
        window=training.window,
        minutes=released.training["minutes"],
        held=len(splits.test),
        per_event=nats / sum(score.events for score in scores),
        per_note=nats / sum(score.notes for score in scores),
        per_beat=nats / sum(score.beats for score in scores),
    )
    (folder / "README.md").write_text(said, encoding="utf-8")
    print(said)


if __name__ == "__main__":
    main()
