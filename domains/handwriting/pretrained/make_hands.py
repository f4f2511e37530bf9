"""Makes the shipped model `hands` and its card: `python -m seqgen.domains.handwriting.pretrained.make_hands`.

Learns words, then lines, of people's ink (the data set unipen), in runs/hands-words and runs/hands-lines, or goes on there
if it was stopped; and then, in runs/hands-chosen, most of all the ink of the people whose hands ship. That stage begins
from what the first two would release, and with --first from such a model that is there already.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from seqgen import Model, Network, Splits, __version__, from_pretrained, registry, save_pretrained
from seqgen.domains import handwriting
from seqgen.models.shipped import megabytes

from .make_two_hands import HERE, learn

SIZE, SEED = "medium", 0
WRITERS = 200  # the best of the data set, less those that are held out
EVERY = 2  # of the data's points: curves make up for the others
SHORT_LINES, LINES = 14, 60  # characters of a text, at most
WORD_STEPS, LINE_STEPS, CHOSEN_STEPS = 800, 3000, 1500
LEAST, MOST = 600, 6000  # characters of a writer: with fewer it is left out, more are not needed
SOME, TIMES = (
    3000,
    3,
)  # of the others, in the last stage, and how often each word of those whose hands ship is set into a line
HELD_OUT = 60  # one line in so many chooses the best weights
HANDS = {  # whose ink a shipped hand learned, by number: those that were read best, and unlike each other; joined ones last
    "oak": "hand 90",
    "birch": "hand 74",
    "maple": "hand 4",
    "ash": "hand 46",
    "elm": "hand 186",
    "alder": "hand 24",
    "willow": "hand 30",
    "hazel": "hand 2",
    "linden": "hand 35",
    "rowan": "hand 1",
    "cedar": "hand 115",
    "larch": "hand 50",
    "yew": "hand 109",
    "juniper": "hand 141",
}
ALIASES = {"print": "oak", "joined": "yew"}  # the nearest of them to the hands of the synthetic model
BITS = 8
HARDLY = 10  # times that a person wrote a character; fewer, and the hand leans on the one that wrote most
_RARE = re.compile(r"[^a-z .,]")


CARD = """\
---
language: en
license: apache-2.0
data_license: cc-by-4.0
writes: texts in ASCII, in the hands of people
---
# hands

Writes texts in {hands} ({aliases}), in the 95 printable characters of ASCII (seldom signs are drawn),
lines of up to 60 characters. Each hand is
the vector of one person's ink in a network that learned from {writers} people; hands are named after trees, and no
person's name, coordinates or number is in the model. Hands can be mixed, and a hand of one's own adopted.

| | |
|---|---|
| network | Graves' synthesis network (2013) with the pen's height as an input: {layers} x {units} LSTM with skip connections, a window of {window} Gaussians, a mixture of 20, vectors of {width}; {parameters:,} parameters, 8-bit weights, {megabytes:.1f} MB |
| data | UNIPEN train_r01_v07, The International Unipen Foundation, https://doi.org/10.5281/zenodo.1195803; words and lines cut out by their labels, cleaned, scaled to x-heights, every second point |
| terms of the data | CC BY 4.0, with the attribution above. The weights are under the licence of seqgen, Apache 2.0 |
| made by | `python -m seqgen.domains.handwriting.pretrained.make_hands` (seqgen {version}), with the data set in SEQGEN_DATA |
| seed, steps | {seed}; {words:,} of words, {lines} of lines, {chosen} of lines most of which are by the people whose hands ship |
| time | {minutes} minutes for lines on two CPU cores that had other work as well, half an hour for words |

The best validation of the last stage: {valid:.4f} nats a point, on one line in {held_out} by the same people, whose words may stand in
other lines that were learned, before the weights were rounded to 8 bits.
People whom it never saw, and how near a hand comes that is adopted from some of their words, how well its writing is read, and
what of it can be told from people's: `python benchmarks/handwriting_quality.py`.
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--runs", type=Path, default=Path("runs"), help="folder to train in")
    options.add_argument("--word-steps", type=int, default=WORD_STEPS)
    options.add_argument("--line-steps", type=int, default=LINE_STEPS)
    options.add_argument("--chosen-steps", type=int, default=CHOSEN_STEPS)
    options.add_argument("--first", type=Path, help="a model of the first two stages as they release it")
    args = options.parse_args()
    settings = handwriting.DOMAIN.sizes[SIZE].training
    settings = dataclasses.replace(settings, patience=0, ema=0.995, evaluation_steps=40_000)
    if (first := args.first) is None:
        words = learn(args.runs / "hands-words", data(SHORT_LINES), args.word_steps, settings, size=SIZE)
        lines = learn(args.runs / "hands-lines", data(LINES), args.line_steps, settings, words.model)
        release(lines.model, first := args.runs / "hands-first")
    slower = dataclasses.replace(settings, learning_rate=settings.learning_rate / 2)
    chosen = learn(args.runs / "hands-chosen", data(LINES, chosen=True), args.chosen_steps, slower, first)
    release(chosen.model, HERE / "hands")
    write_card(HERE / "hands", [first, chosen.model])


def release(trained: Path, folder: Path) -> None:
    """The trained model with the vectors of `HANDS` alone, under their names, in 8 bits; what was there goes."""
    shutil.rmtree(folder, ignore_errors=True)
    given = from_pretrained(trained)
    codec = handwriting.Offsets.from_dict(given.config["codec"])
    if not codec.step:
        some = registry.dataset("unipen").load(kind="lines", every=EVERY, writers=WRITERS).train[:500]
        codec = dataclasses.replace(codec, step=round(handwriting.Offsets.fit(some).step, 4))
    named = {**HANDS, **{alias: HANDS[hand] for alias, hand in ALIASES.items()}}
    rows = np.array([codec.hands.index(name if name in codec.hands else hand) for name, hand in named.items()])
    network = {**given.params["network"], "static_table": given.params["network"]["static_table"][rows]}
    assert isinstance(given.model, Model) and isinstance(given.model.network, Network)
    save_pretrained(
        folder,
        domain="handwriting",
        codec=dataclasses.replace(codec, hands=tuple(named), weak=weak(codec, named.values())).to_dict(),
        model=dataclasses.replace(given.model, network=dataclasses.replace(given.model.network, static=len(named))),
        params={**given.params, "network": network},
        training=given.training,
        bits=BITS,
    )


def weak(codec: handwriting.Offsets, people: Iterable[str]) -> tuple[str, ...]:
    """Of each person the characters, letters of the text aside, that are hardly in what there is of their words and lines."""
    unipen, counts = registry.dataset("unipen"), dict[str, Counter[str]]()
    for kind in ("words", "lines"):
        inks = unipen.load(kind=kind, longest=LINES, every=EVERY, writers=WRITERS, seed=SEED).train
        for person in people:
            counts.setdefault(person, Counter()).update("".join(str(inks[row].text) for row in inks.rows_of(person)))
    signs = [character for character in codec.learned if character != " " and not character.islower()]
    return tuple("".join(c for c in signs if counts[person][c] < HARDLY) for person in people)


def write_card(folder: Path, stages: Sequence[Path]) -> None:
    """Says in README.md beside the files what they are, where from, and on which terms."""
    released = from_pretrained(folder)
    network = released.config["model"]["network"]
    card = CARD.format(
        layers=network["layers"],
        units=network["units"],
        window=network["window"],
        width=network["static_width"],
        parameters=released.parameters,
        megabytes=megabytes(folder),
        hands=", ".join(HANDS),
        aliases=", ".join(f"`{alias}` is {hand}" for alias, hand in ALIASES.items()),
        version=__version__,
        held_out=HELD_OUT,
        seed=SEED,
        writers=len(from_pretrained(stages[-1]).config["codec"]["hands"]) - len(ALIASES),
        words=WORD_STEPS,
        **dict(
            zip(("lines", "chosen"), (f"{from_pretrained(stage).training['steps']:,}" for stage in stages), strict=True)
        ),
        minutes=" + ".join(f"{from_pretrained(stage).training['minutes']:.0f}" for stage in stages),
        valid=released.training["valid"],
    )
    (folder / "README.md").write_text(card, encoding="utf-8")
    print(card)


def data(longest: int, chosen: bool = False) -> Splits[handwriting.Ink]:
    """The ink of a stage: lines as they were written and words side by side, all of at most `longest` characters.

    Lines with many capitals, digits and signs are there twice: of plain words there is plenty.
    chosen: of those people most whose hands ship, by the names of these: their words in several orders.
    """
    unipen = registry.dataset("unipen")
    settings = {"writers": WRITERS, "every": EVERY, "seed": SEED}
    joined, lines = (unipen.load(kind=kind, longest=longest, **settings).train for kind in ("joined", "lines"))
    if longest < LINES:  # all signs are known from the first stage on
        rare = unipen.load(kind="lines", longest=30, **settings).train
        lines = [*lines, *(ink for ink in rare if len(_RARE.findall(ink.text)) > len(ink.text) / 3)]
    written = unipen.load(kind="words", longest=LINES, **settings).train.characters()
    hands = {hand for hand, characters in written.items() if characters >= LEAST}
    trees = {hand: tree for tree, hand in HANDS.items()} if chosen else {}
    for seed in range(1, TIMES if chosen else 0):
        again = unipen.load(kind="joined", longest=longest, **{**settings, "seed": SEED + seed}).train
        joined = [*joined, *(again[row] for hand in trees for row in again.rows_of(hand))]
    inks: list[handwriting.Ink] = []
    characters: Counter[str | None] = Counter()
    for ink in [*lines, *joined]:
        most = SOME if chosen and ink.hand not in trees else MOST * (TIMES if chosen else 1)
        if ink.hand in hands and characters[ink.hand] < most:
            inks.append(dataclasses.replace(ink, hand=trees.get(ink.hand, ink.hand)))
            characters[ink.hand] += len(ink.text or "")
    order = np.random.Generator(np.random.Philox(SEED)).permutation(len(inks))
    valid = set(order[: len(inks) // HELD_OUT].tolist())
    train = [ink for i, ink in enumerate(inks) if i not in valid]
    rare_ones = [ink for ink in train if len(_RARE.findall(ink.text or "")) > len(ink.text or "") / 3]
    return Splits([*train, *rare_ones], [inks[i] for i in sorted(valid)], [])


if __name__ == "__main__":
    main()
