"""Makes the shipped model `shakespeare` and its card: `python domains/text/pretrained/make_shakespeare.py`.

Trains in runs/shakespeare (or goes on there, if it was stopped), releases the model beside this file, measures the
released file and writes the card. Needs tiny Shakespeare: add --download where it is not on the machine.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import sys
from pathlib import Path

import jax

from seqgen import Model, __version__, from_pretrained, registry, run, save_pretrained
from seqgen.domains import text

HERE = Path(__file__).parent
DATA, SIZE, SEED = "tiny-shakespeare", "medium", 0
STEPS = (1900, 2700)  # two descents of the learning rate: the warmer start of the second leaves a poor valley
# Then gently on longer windows, and with more dropout: by now it knows the training text better than the held-out one.
LAST, WINDOW, DROPOUT, LEARNING_RATE = 250, 128, 0.5, 1e-3

CARD = """\
# shakespeare

Writes plays in the manner of Shakespeare, character by character. English only: it has seen nothing else.

| | |
|---|---|
| network | {layers} x {units} LSTM, {parameters:,} parameters, 16-bit weights, {megabytes:.1f} MB |
| data | tiny Shakespeare, the first 1,003,854 characters ({origin}) |
| terms of the data | the plays are in the public domain; the weights are under the licence of seqgen, Apache 2.0 |
| made by | `python domains/text/pretrained/make_shakespeare.py` (seqgen {version}) |
| seed, steps | {seed}, {first:,} of 64 x 64 characters and {last:,} of 64 x 128 |
| time | {minutes:.0f} minutes on two CPU cores that had other work as well |

Measured from the files in this folder, on the last 111,540 characters, which it was not trained on; static (weights do
not change while reading), one pass in order, state carried:

| nats/char | bits/char | perplexity |
|---|---|---|
| {nats:.4f} | {bits:.4f} | {perplexity:.3f} |

When to stop, and the settings of the last phase, were chosen by the loss on the same characters, as is usual for
this text; `python benchmarks/text_quality.py` prints the figures again.
"""


def train(folder: Path) -> Path:
    """All phases, each from where the one before ended; returns the last one's model folder."""
    first, start, last = folder / "first", folder / "start", folder / "last"
    for steps in STEPS:
        if not first.exists():
            finish(text.train(DATA, first, size=SIZE, steps=steps, seed=SEED))
        elif run.read_config(first)["steps"] <= steps:
            finish(text.resume(first, steps=steps))
    if last.exists():
        return finish(text.resume(last))
    given = from_pretrained(first / "model")
    network = dataclasses.replace(given.model.network, dropout=DROPOUT)
    model = Model(network, given.model.head)
    save_pretrained(
        start, domain=given.domain, codec=given.codec, model=model, params=given.params, training=given.training
    )
    usual = text.DOMAIN.training(SIZE)
    gentle = dataclasses.replace(usual, window=WINDOW, learning_rate=LEARNING_RATE, evaluations=5, patience=0)
    return finish(text.train(DATA, last, start_from=start, steps=LAST, training=gentle))


def finish(outcome: run.Outcome) -> Path:
    if outcome.signal is not None:
        sys.exit(f"stopped at step {outcome.step}; run this again to go on")
    return outcome.model


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--runs", type=Path, default=Path("runs/shakespeare"), help="folder to train in")
    options.add_argument("--download", action="store_true", help="fetch tiny Shakespeare if it is not here")
    args = options.parse_args()
    dataset = registry.dataset(DATA)
    splits = dataset.load(download=args.download)
    released = train(args.runs)
    folder = HERE / "shakespeare"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(released, folder)
    minutes = sum(from_pretrained(part).training["minutes"] for part in (args.runs / "first/model", released))
    write_card(folder, splits.valid[0], dataset.ORIGIN, minutes)


def write_card(folder: Path, held_out: str, origin: str, minutes: float) -> None:
    """Scores the released files and says so in README.md beside them."""
    released, score = from_pretrained(folder), text.load(folder).score(held_out)
    card = CARD.format(
        layers=released.model.network.layers,
        units=released.model.network.units,
        parameters=sum(leaf.size for leaf in jax.tree.leaves(released.params)),
        megabytes=sum(path.stat().st_size for path in folder.iterdir()) / 1e6,
        origin=origin,
        version=__version__,
        seed=SEED,
        first=STEPS[-1],
        last=LAST,
        minutes=minutes,
        nats=score.nats_per_char,
        bits=score.bits_per_char,
        perplexity=score.perplexity,
    )
    (folder / "README.md").write_text(card, encoding="utf-8")
    print(card)


if __name__ == "__main__":
    main()
