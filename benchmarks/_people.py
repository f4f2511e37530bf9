"""What people's ink is like, and what a hand's is: errors of a reader, spreads of sizes, words off their line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.random import Generator, Philox, SeedSequence

from seqgen.datasets import unipen
from seqgen.datasets.synthetic_ink import words
from seqgen.domains.handwriting import HandwritingModel, Ink
from seqgen.domains.handwriting.characters import boxes
from seqgen.domains.handwriting.proofreading import STANDING, spans
from seqgen.errors import DataError

LONGEST = 40  # characters of a line
OFF = 0.3  # x-heights
_NAMES = ("Anna Berg", "Mr. J. Smith", "Dr. Kim", "Ms. Olga Ruiz", "Q. Adams", "Uncle Xavier", "Zoe Park", "Prof. Wu")
_SIGNS = (
    '"Why?" (she said)',
    "50% + 7 = 57",
    "A/B [x] {y}",
    "cost: $4.99!",
    "No. 7; #12 & up",
    "it's 'fine' - ok",
    "x < y > z",
)


def prose(count: int) -> list[str]:
    """Lines of plain words that people of the data set's test part wrote and nobody of its training part."""
    try:
        found = {split: _words(inks) for split, inks in unipen.load(kind="words")._asdict().items()}
    except DataError:  # not on this machine
        return [words.line(Generator(Philox(number)), "test", 20, 30).lower() for number in range(count)]
    unseen = sorted(found["test"] - found["train"])
    return [_line(number, lambda chance: str(chance.choice(unseen))) for number in range(count)]


def hard(count: int) -> list[str]:
    """Lines of capitals, names, prices, e-mail addresses and signs."""

    def one(chance: Generator) -> str:
        word, other = (words.line(chance, "test", 4, 9).split()[0] for _ in range(2))
        kinds = (
            word.upper(),
            str(chance.choice(_NAMES)),
            f"${chance.integers(1, 99)}.{chance.integers(10, 99)}",
            f"{word.lower()}@{other.lower()}.org",
            str(chance.choice(_SIGNS)),
        )
        return kinds[chance.integers(len(kinds))]

    return [_line(number, one) for number in range(count)]


def lines_of(writer: str, count: int, plain: bool) -> list[Ink]:
    """Lines of a person, or words set side by side: of small letters, or those with capitals, digits and signs.

    None where the data set is not on this machine.
    """
    found: list[Ink] = []
    for kind in ("lines", "joined"):
        try:
            parts = unipen.load(kind=kind, longest=LONGEST)
        except DataError:
            return []
        for inks in parts:
            assert isinstance(inks, unipen.Inks)
            for row in inks.rows_of(writer):
                ink = inks[row]
                text = str(ink.text)
                signs = len(re.findall(r"[^a-z ]", text))
                if len(text) >= LONGEST // 2 and (signs <= len(text) / 12 if plain else signs >= len(text) / 4):
                    found.append(ink)
                if len(found) == count:
                    return found
    return found


def off_line(model: HandwritingModel, inks: Iterable[Ink]) -> tuple[int, int]:
    """How many words stand more than 0.3 x-heights off their line, and how many there are.

    A word stands where its letters do, of those that stand on the line, by the median; the line is that of all words.
    """
    off = count = 0
    for ink in inks:
        found = boxes(model, ink)
        feet = [one.box[3] if one.box and one.character in STANDING else np.nan for one in found]
        heights = [
            np.nanmedian(part) for a, b in spans(str(ink.text)) if np.isfinite(part := np.array(feet[a:b])).any()
        ]
        off += sum(abs(height - np.median(heights)) > OFF for height in heights)
        count += len(heights)
    return off, count


def spread_of_width(inks: Sequence[Ink]) -> float:
    """The standard deviation of how wide the same text comes out, over its mean."""
    widths = np.array([ink.bounds[2] - ink.bounds[0] for ink in inks])
    return float(widths.std() / widths.mean())


def _words(inks: Sequence[Ink]) -> set[str]:
    assert isinstance(inks, unipen.Inks)
    return {text for text in inks.texts() if re.fullmatch("[a-z]{2,}", text)}


def _line(number: int, word: Callable[[Generator], str]) -> str:
    chance = Generator(Philox(SeedSequence([0, number, 47])))
    line = word(chance)
    while len(line) < LONGEST - 12:
        line = f"{line} {word(chance)}"[:LONGEST].rstrip()
    return line
