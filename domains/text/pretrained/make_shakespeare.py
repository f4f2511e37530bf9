"""Makes the shipped model `shakespeare` and its card: `python domains/text/pretrained/make_shakespeare.py`.

Trains in runs/shakespeare (or goes on there, if it was stopped), releases the model in 8 bits beside this file, measures the
released file and writes the card. Needs tiny Shakespeare: add --download where it is not on the machine.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import sys
from pathlib import Path

from seqgen import __version__, from_pretrained, registry
from seqgen.domains import text
from seqgen.models.pretrained import save_in_8_bits
from seqgen.models.shipped import megabytes

HERE = Path(__file__).parent
DATA, SIZE, SEED, STEPS = "tiny-shakespeare", "medium", 0, 2450
# Half as many rows of twice the length as usual: slower, and better, for gradients reach twice as far back.
TRAINING = dataclasses.replace(text.DOMAIN.sizes[SIZE].training, rows=32, window=128)

CARD = """\
---
language: en
license: apache-2.0
data_license: public domain
writes: plays in the manner of Shakespeare, in English
---
# shakespeare

Writes plays in the manner of Shakespeare, character by character. English only: it has seen nothing else.

| | |
|---|---|
| network | {layers} x {units} LSTM, {parameters:,} parameters, 8-bit weights, {megabytes:.1f} MB |
| data | tiny Shakespeare, the first 1,003,854 characters ({origin}) |
| terms of the data | the plays are in the public domain; the weights are under the licence of seqgen, Apache 2.0 |
| made by | `python domains/text/pretrained/make_shakespeare.py` (seqgen {version}) |
| seed, steps | {seed}, {steps:,} of {rows} x {window} characters |
| time | {minutes:.0f} minutes on two CPU cores that had other work as well |

Measured from the files in this folder, on the last 111,540 characters, which it was not trained on; static (weights do
not change while reading), one pass in order, state carried:

| nats/char | bits/char | perplexity |
|---|---|---|
| {nats:.4f} | {bits:.4f} | {perplexity:.3f} |

Which of the training's {evaluations} evaluations to keep was chosen by the loss on the same characters, as is usual for this
text. `python benchmarks/text_quality.py` prints the figures again.
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--run", type=Path, default=Path("runs/shakespeare"), help="folder to train in")
    options.add_argument("--download", action="store_true", help="fetch tiny Shakespeare if it is not here")
    args = options.parse_args()
    dataset = registry.dataset(DATA)
    held_out = dataset.load(download=args.download).valid[0]
    if args.run.exists():
        outcome = text.resume(args.run)
    else:
        outcome = text.train(DATA, args.run, size=SIZE, steps=STEPS, seed=SEED, training=TRAINING)
    if outcome.signal is not None:
        sys.exit(f"stopped at step {outcome.step}; run this again to go on")
    folder = HERE / "shakespeare"
    shutil.rmtree(folder, ignore_errors=True)
    save_in_8_bits(folder, from_pretrained(outcome.model))
    write_card(folder, held_out, dataset.ORIGIN)


def write_card(folder: Path, held_out: str, origin: str) -> None:
    """Scores the released files and says so in README.md beside them."""
    released, score = from_pretrained(folder), text.load(folder).score(held_out)
    card = CARD.format(
        layers=released.config["model"]["network"]["layers"],
        units=released.config["model"]["network"]["units"],
        parameters=released.parameters,
        megabytes=megabytes(folder),
        origin=origin,
        version=__version__,
        seed=SEED,
        steps=STEPS,
        rows=TRAINING.rows,
        window=TRAINING.window,
        minutes=released.training["minutes"],
        evaluations=TRAINING.evaluations,
        nats=score.nats_per_char,
        bits=score.bits_per_char,
        perplexity=score.perplexity,
    )
    (folder / "README.md").write_text(card, encoding="utf-8")
    print(card)


if __name__ == "__main__":
    main()
