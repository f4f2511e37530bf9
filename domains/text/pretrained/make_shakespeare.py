"""Makes the shipped model `shakespeare` and its card: `python domains/text/pretrained/make_shakespeare.py`.

Trains in runs/shakespeare (or goes on there, if it was stopped), releases the model beside this file, measures the
released file and writes the card. Needs tiny Shakespeare: add --download where it is not on the machine.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

import jax

from seqgen import __version__, evaluate, evaluation_windows, from_pretrained, in_memory, registry, run, save_pretrained
from seqgen.domains import text

HERE = Path(__file__).parent
DATA, SIZE, SEED = "tiny-shakespeare", "medium", 0
STEPS = (1900, 2700)  # two descents of the learning rate: the warmer start of the second leaves a poor valley
TEMPERATURES = (1.0, 1.04, 1.08, 1.12, 1.16, 1.2)

CARD = """\
# shakespeare

Writes plays in the manner of Shakespeare, character by character. English only: it has seen nothing else.

| | |
|---|---|
| network | {layers} x {units} LSTM, {parameters:,} parameters, 16-bit weights, {megabytes:.1f} MB |
| data | tiny Shakespeare, the first 1,003,854 characters ({origin}) |
| terms of the data | the plays are in the public domain; the weights are under the licence of seqgen, Apache 2.0 |
| made by | `python domains/text/pretrained/make_shakespeare.py` (seqgen {version}) |
| seed, steps | {seed}, {steps:,} of 64 x 64 characters |
| time | {minutes:.0f} minutes on two CPU cores that had other work as well |

Measured from the files in this folder, on the last 111,540 characters, which it was not trained on; static (weights do
not change while reading), one pass in order, state carried:

| nats/char | bits/char | perplexity |
|---|---|---|
| {nats:.4f} | {bits:.4f} | {perplexity:.3f} |

Two things were chosen by the loss on the same characters, as is usual for this text: when to stop, and one number, the
temperature {temperature} by which the scores of the softmax are divided. `python benchmarks/text_quality.py` prints the
figures again.
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--run", type=Path, default=Path("runs/shakespeare"), help="folder to train in")
    options.add_argument("--download", action="store_true", help="fetch tiny Shakespeare if it is not here")
    args = options.parse_args()
    dataset = registry.dataset(DATA)
    held_out = dataset.load(download=args.download).valid[0]
    train(args.run)
    folder = HERE / "shakespeare"
    shutil.rmtree(folder, ignore_errors=True)
    temperature = release(args.run / "model", folder, held_out)
    write_card(folder, held_out, dataset.ORIGIN, temperature)


def train(folder: Path) -> None:
    """Both descents, the second from where the first ended."""
    for steps in STEPS:
        if not folder.exists():
            outcome = text.train(DATA, folder, size=SIZE, steps=steps, seed=SEED)
        elif run.read_config(folder)["steps"] <= steps:
            outcome = text.resume(folder, steps=steps)
        else:
            continue
        if outcome.signal is not None:
            sys.exit(f"stopped at step {outcome.step}; run this again to go on")


def release(trained: Path, folder: Path, held_out: str) -> float:
    """Saves the trained model with its softmax calibrated: after many readings of one text a model is too sure.

    Its scores are divided by the one temperature that predicts the held-out text best.
    """
    given = from_pretrained(trained)
    codec = text.DOMAIN.load_codec(given.codec)
    windows = evaluation_windows(in_memory(codec.spec, [codec.encode(held_out)]), 16, 256)

    def at(temperature: float) -> dict[str, Any]:
        return {**given.params, "head": jax.tree.map(lambda weights: weights / temperature, given.params["head"])}

    best = min(TEMPERATURES, key=lambda temperature: evaluate(given.model, at(temperature), windows))
    notes = {**given.training, "temperature": best}
    save_pretrained(folder, domain="text", codec=given.codec, model=given.model, params=at(best), training=notes)
    return best


def write_card(folder: Path, held_out: str, origin: str, temperature: float) -> None:
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
        steps=released.training["steps"],
        minutes=released.training["minutes"],
        temperature=temperature,
        nats=score.nats_per_char,
        bits=score.bits_per_char,
        perplexity=score.perplexity,
    )
    (folder / "README.md").write_text(card, encoding="utf-8")
    print(card)


if __name__ == "__main__":
    main()
