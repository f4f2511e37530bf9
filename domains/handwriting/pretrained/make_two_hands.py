"""Makes the shipped model `two-hands` and its card: `python domains/handwriting/pretrained/make_two_hands.py`.

Learns words, then lines, then other lines more slowly, in runs/words, runs/lines and runs/more (or goes on there, if it was
stopped), and releases the model beside this file. Needs the extra `ink`.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import sys
from pathlib import Path

from seqgen import Splits, TrainingConfig, __version__, from_pretrained, registry
from seqgen.domains import handwriting
from seqgen.models.shipped import megabytes
from seqgen.training import run
from seqgen.training.outcome import Outcome

from ..presets import DOMAIN

HERE = Path(__file__).parent
DATA, SIZE, SEED = "synthetic-ink", "small", 0
WORDS, LINES = 10, 40  # characters of a text, at most
WORD_STEPS, LINE_STEPS, MORE_STEPS = 1500, 3000, 1000
WORD_COUNT, LINE_COUNT = 12_000, 8_000
MORE_RATE = 1e-3  # a third of what the stages before it begin with

CARD = """\
---
language: en
license: apache-2.0
data_license: any use, with acknowledgement
writes: texts in ASCII, in two synthetic hands
---
# two-hands

Writes texts in two hands, `print` and `joined`, in the 95 printable characters of ASCII, lines of up to 40 characters.
No person wrote what it learned from: the data is synthetic.

| | |
|---|---|
| network | Graves' synthesis network (2013): {layers} x {units} LSTM with skip connections, a window of {window} Gaussians, a mixture of 20; {parameters:,} parameters, 16-bit weights, {megabytes:.1f} MB |
| data | synthetic-ink: {words:,} words and twice {lines:,} lines, {origin} |
| terms of the data | {licence}. The weights are under the licence of seqgen, Apache 2.0 |
| made by | `python domains/handwriting/pretrained/make_two_hands.py` (seqgen {version}) |
| seed, steps | {seed}, {word_steps:,} steps on words, {line_steps:,} on lines and {more_steps:,} on other lines, of {rows} x {window_steps} points |
| time | {minutes} minutes on two CPU cores that had other work as well |

Measured from the files in this folder, on {test:,} test lines: no word of four letters or more in them is in the training
or the validation part, and nothing was chosen by them. Static (weights do not change while reading), each line by itself:

| nats/point | nats/line |
|---|---|
| {per_point:.4f} | {per_line:.1f} |

Densities of moves scaled to standard deviation 1, x {std_x:.4f} and y {std_y:.4f} x-heights, points rounded to 0.005 x-heights. They say how
well the generator's noise is known, and compare with no figure on people's ink. How well the writing is read:
`python benchmarks/handwriting_quality.py`.
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--runs", type=Path, default=Path("runs"), help="folder to train in")
    args = options.parse_args()
    slower = dataclasses.replace(settings(), learning_rate=MORE_RATE)
    words = learn(args.runs / "words", data(WORDS, WORD_COUNT), WORD_STEPS, settings())
    lines = learn(args.runs / "lines", data(LINES, LINE_COUNT), LINE_STEPS, settings(), words.model)
    others = data(LINES, LINE_COUNT, seed=SEED + 1)
    more = learn(args.runs / "more", others, MORE_STEPS, slower, lines.model)
    folder = HERE / "two-hands"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(more.model, folder)
    write_card(folder, [words.model, lines.model, more.model], others)


def settings() -> TrainingConfig:
    return dataclasses.replace(DOMAIN.sizes[SIZE].training, patience=0)


def data(longest: int, count: int, seed: int = SEED) -> Splits[handwriting.Ink]:
    """The inks of a stage."""
    splits: Splits[handwriting.Ink] = registry.dataset(DATA).load(seed=seed + longest, count=count, longest=longest)
    return splits


def learn(
    folder: Path,
    splits: Splits[handwriting.Ink],
    steps: int,
    settings: TrainingConfig,
    start_from: Path | None = None,
    size: str = SIZE,
    network: str = "auto",
) -> Outcome:
    """A stage of the training, from its beginning or from where it was stopped."""
    if folder.exists():
        outcome = run.resume(folder, DOMAIN, splits, steps=steps)
    else:
        new = size if start_from is None else None
        outcome = run.begin(
            folder,
            DOMAIN,
            splits,
            {"network": network},
            size=new,
            steps=steps,
            seed=SEED,
            training=settings,
            start_from=start_from,
        )
    if outcome.signal is not None:
        sys.exit(f"stopped at step {outcome.step}; run this again to go on")
    return outcome


def write_card(folder: Path, stages: list[Path], lines: Splits[handwriting.Ink]) -> None:
    """Scores the released files and says so in README.md beside them."""
    released, model, source = from_pretrained(folder), handwriting.load(folder), registry.dataset(DATA)
    scores = [model.score(ink) for ink in lines.test]
    nats, network = sum(score.nats for score in scores), released.config["model"]["network"]
    card = CARD.format(
        layers=network["layers"],
        units=network["units"],
        window=network["window"],
        parameters=released.parameters,
        megabytes=megabytes(folder),
        words=WORD_COUNT,
        lines=LINE_COUNT,
        origin=source.ORIGIN,
        licence=source.LICENCE,
        version=__version__,
        seed=SEED,
        word_steps=WORD_STEPS,
        line_steps=LINE_STEPS,
        rows=settings().rows,
        window_steps=settings().window,
        more_steps=MORE_STEPS,
        minutes=" + ".join(f"{from_pretrained(stage).training['minutes']:.0f}" for stage in stages),
        test=len(scores),
        per_point=nats / sum(score.points for score in scores),
        per_line=nats / len(scores),
        std_x=model.codec.std[0],
        std_y=model.codec.std[1],
    )
    (folder / "README.md").write_text(card, encoding="utf-8")
    print(card)


if __name__ == "__main__":
    main()
