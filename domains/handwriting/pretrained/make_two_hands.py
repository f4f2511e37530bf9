"""Makes the shipped model `two-hands` and its card: `python domains/handwriting/pretrained/make_two_hands.py`.

Learns words first and then lines, in runs/words and runs/lines (or goes on there, if it was stopped), and releases the
model beside this file. Needs the extra `ink`.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from seqgen import registry, run
from seqgen.domains.handwriting.presets import DOMAIN, training
from seqgen.run import Outcome

HERE = Path(__file__).parent
DATA, SIZE, SEED = "synthetic-ink", "small", 0
WORDS, LINES = 10, 40  # characters of a text, at most
WORD_STEPS, LINE_STEPS = 1500, 3000
WORD_COUNT, LINE_COUNT = 12_000, 8_000


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--runs", type=Path, default=Path("runs"), help="folder to train in")
    args = options.parse_args()
    words = learn(args.runs / "words", WORDS, WORD_COUNT, WORD_STEPS)
    lines = learn(args.runs / "lines", LINES, LINE_COUNT, LINE_STEPS, words.model)
    print(lines)


def learn(folder: Path, longest: int, count: int, steps: int, start_from: Path | None = None) -> Outcome:
    """A stage of the training, from its beginning or from where it was stopped."""
    splits = registry.dataset(DATA).load(seed=SEED + longest, count=count, longest=longest)
    if folder.exists():
        outcome = run.resume(folder, DOMAIN, splits)
    else:
        settings = dataclasses.replace(training(SIZE), patience=0)
        size = SIZE if start_from is None else None
        outcome = run.begin(
            folder, DOMAIN, splits, size=size, steps=steps, seed=SEED, training=settings, start_from=start_from
        )
    if outcome.signal is not None:
        sys.exit(f"stopped at step {outcome.step}; run this again to go on")
    return outcome


if __name__ == "__main__":
    main()
