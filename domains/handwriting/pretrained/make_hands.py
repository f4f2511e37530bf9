"""Makes the shipped model `hands` and its card: `python -m seqgen.domains.handwriting.pretrained.make_hands`.

Learns words, then lines, of people's ink (the data set unipen), in runs/hands-words and runs/hands-lines, or goes on there
if it was stopped.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
from collections import Counter
from pathlib import Path

import numpy as np

from seqgen import Splits, registry
from seqgen.domains import handwriting

from .make_two_hands import learn

SIZE, SEED = "medium", 0
WRITERS = 200  # the best of the data set, less those that are held out
EVERY = 2  # of the data's points: curves make up for the others
SHORT_LINES, LINES = 14, 60  # characters of a text, at most
WORD_STEPS, LINE_STEPS = 800, 4000
LEAST, MOST = 600, 6000  # characters of a writer: with fewer it is left out, more are not needed
HELD_OUT = 60  # one line in so many chooses the best weights
_RARE = re.compile(r"[^a-z .,]")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--runs", type=Path, default=Path("runs"), help="folder to train in")
    options.add_argument("--word-steps", type=int, default=WORD_STEPS)
    options.add_argument("--line-steps", type=int, default=LINE_STEPS)
    args = options.parse_args()
    settings = handwriting.DOMAIN.sizes[SIZE].training
    settings = dataclasses.replace(settings, patience=0, ema=0.995, evaluation_steps=40_000)
    words = learn(args.runs / "hands-words", data(SHORT_LINES), args.word_steps, settings, size=SIZE)
    learn(args.runs / "hands-lines", data(LINES), args.line_steps, settings, words.model)


def data(longest: int) -> Splits[handwriting.Ink]:
    """The ink of a stage: lines as they were written and words side by side, all of at most `longest` characters.

    Lines with many capitals, digits and signs are there twice: of plain words there is plenty.
    """
    unipen = registry.dataset("unipen")
    settings = {"writers": WRITERS, "every": EVERY, "seed": SEED}
    joined, lines = (unipen.load(kind=kind, longest=longest, **settings).train for kind in ("joined", "lines"))
    if longest < LINES:  # all signs are known from the first stage on
        rare = unipen.load(kind="lines", longest=30, **settings).train
        lines = [*lines, *(ink for ink in rare if len(_RARE.findall(ink.text)) > len(ink.text) / 3)]
    written = unipen.load(kind="words", longest=LINES, **settings).train.characters()
    hands = {hand for hand, characters in written.items() if characters >= LEAST}
    inks: list[handwriting.Ink] = []
    characters: Counter[str | None] = Counter()
    for ink in [*lines, *joined]:
        if ink.hand in hands and characters[ink.hand] < MOST:
            inks.append(ink)
            characters[ink.hand] += len(ink.text or "")
    order = np.random.Generator(np.random.Philox(SEED)).permutation(len(inks))
    valid = set(order[: len(inks) // HELD_OUT].tolist())
    train = [ink for i, ink in enumerate(inks) if i not in valid]
    rare_ones = [ink for ink in train if len(_RARE.findall(ink.text or "")) > len(ink.text or "") / 3]
    return Splits([*train, *rare_ones], [inks[i] for i in sorted(valid)], [])


if __name__ == "__main__":
    main()
