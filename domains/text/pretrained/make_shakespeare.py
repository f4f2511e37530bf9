"""Makes the shipped model `shakespeare` and its card: `python domains/text/pretrained/make_shakespeare.py`.

Trains in runs/shakespeare (or goes on there, if it was stopped), releases the model beside this file, measures the
released file and writes the card. Needs tiny Shakespeare: add --download where it is not on the machine.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

import jax

from seqgen import __version__, from_pretrained, registry
from seqgen.domains import text
from seqgen.domains.text.presets import PRESETS

HERE = Path(__file__).parent
DATA, SIZE, STEPS, SEED = "tiny-shakespeare", "medium", 1900, 0

CARD = """\
# shakespeare

Writes plays in the manner of Shakespeare, character by character. English only: it has seen nothing else.

| | |
|---|---|
| network | {layers} x {units} LSTM, {parameters:,} parameters, 16-bit weights, {megabytes:.1f} MB |
| data | tiny Shakespeare, the first 1,003,854 characters ({origin}) |
| terms of the data | the plays are in the public domain; the weights are under the licence of seqgen, Apache 2.0 |
| made by | `python domains/text/pretrained/make_shakespeare.py` (seqgen {version}) |
| seed, steps | {seed}, {steps:,} |
| time | {minutes:.0f} minutes on two CPU cores, shared with other work |

Measured from the files in this folder, on the last 111,540 characters, which it was not trained on; static (weights do
not change while reading), one pass in order, state carried:

| nats/char | bits/char | perplexity |
|---|---|---|
| {nats:.4f} | {bits:.4f} | {perplexity:.3f} |

The best of the validations during training is the one released, and they were made on the same characters.
`python benchmarks/text_quality.py` prints these figures again.
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--run", type=Path, default=Path("runs/shakespeare"), help="folder to train in")
    options.add_argument("--download", action="store_true", help="fetch tiny Shakespeare if it is not here")
    args = options.parse_args()
    dataset = registry.dataset(DATA)
    splits = dataset.load(download=args.download)
    if (args.run / "config.json").exists():
        outcome = text.resume(args.run)
    else:
        outcome = text.train(DATA, args.run, size=SIZE, steps=STEPS, seed=SEED)
    if outcome.step < STEPS and not outcome.stopped_early:
        sys.exit(f"stopped at step {outcome.step}; run this again to go on")
    folder = HERE / "shakespeare"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(outcome.model, folder)
    model, released = text.load(folder), from_pretrained(folder)
    score, preset = model.score(splits.valid[0]), PRESETS[SIZE]
    card = CARD.format(
        layers=preset.layers,
        units=preset.units,
        parameters=sum(leaf.size for leaf in jax.tree.leaves(released.params)),
        origin=dataset.ORIGIN,
        megabytes=sum(path.stat().st_size for path in folder.iterdir()) / 1e6,
        version=__version__,
        seed=SEED,
        steps=released.training["steps"],
        minutes=released.training["minutes"],
        nats=score.nats_per_char,
        bits=score.bits_per_char,
        perplexity=score.perplexity,
    )
    (folder / "README.md").write_text(card, encoding="utf-8")
    print(card)


if __name__ == "__main__":
    main()
