"""Whose writing it is: habits that stay the same in all a hand writes. None of them is a living person's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from numpy.random import Generator, Philox, SeedSequence

from seqgen.errors import UnknownName


@dataclass(frozen=True)
class Hand:
    """Constant habits. Lengths are x-heights.

    face: the font that the letters come from; `joined` letters are drawn on from one to the next.
    slant: radians to the right. width: of letters, 1 is the font's. tracking: added between letters.
    ascent: how far letters reach above the x-height, 1 is the font's.
    tempo: seconds for a move of half an x-height. overlap: how much of a move the next one runs into; more is rounder.
    shake: how far from the letter's own shape the pen aims, newly in every letter.
    shape: how far this hand's letters differ from the font, always in the same way.
    drift: how far the line leaves the baseline. climb: its slope. seed: decides `shape`.

    >>> Hand("mine", "cursive", slant=0.2).joined
    True
    """

    name: str
    face: Literal["futural", "cursive"]
    slant: float = 0.0
    width: float = 1.0
    tracking: float = 0.0
    ascent: float = 1.0
    tempo: float = 0.14
    overlap: float = 0.45
    shake: float = 0.012
    shape: float = 0.03
    drift: float = 0.02
    climb: float = 0.0
    seed: int = 0

    @property
    def joined(self) -> bool:
        """Whether its letters hang together."""
        return self.face == "cursive"


PRINT = Hand("print", "futural", slant=0.06, width=0.88, tracking=0.02)
JOINED = Hand("joined", "cursive", slant=0.0, width=1.05, tracking=0.0, ascent=0.85, overlap=0.42, seed=1)
HANDS = {hand.name: hand for hand in (PRINT, JOINED)}


def hand(name: str) -> Hand:
    """The hand of that name: "print", "joined", or "writer-N", whose habits are drawn from the number N.

    Raises UnknownName for any other name.

    >>> hand("writer-7") == hand("writer-7"), hand("writer-7").slant == hand("writer-8").slant
    (True, False)
    """
    kind, _, number = name.partition("-")
    if kind == "writer" and number.isdecimal() and number.isascii() and len(number) < 10:
        return _writer(name, int(number))
    if name not in HANDS:
        raise UnknownName("hand", name, [*HANDS, "writer-0", "writer-1 and so on"])
    return HANDS[name]


def _writer(name: str, seed: int) -> Hand:
    chance = Generator(Philox(SeedSequence([seed, 7919])))
    joined = bool(chance.random() < 0.4)
    return Hand(
        name,
        "cursive" if joined else "futural",
        slant=min(max(0.15 * chance.standard_normal() + (0.0 if joined else 0.08), -0.3), 0.4),
        width=chance.uniform(0.9, 1.2) if joined else chance.uniform(0.75, 1.05),
        tracking=0.0 if joined else chance.uniform(-0.04, 0.12),
        ascent=chance.uniform(0.75, 0.95) if joined else chance.uniform(0.9, 1.25),
        tempo=chance.uniform(0.11, 0.18),
        overlap=chance.uniform(0.38, 0.55),
        shake=chance.uniform(0.008, 0.02),
        shape=chance.uniform(0.03, 0.07),
        drift=chance.uniform(0.01, 0.04),
        climb=0.01 * chance.standard_normal(),
        seed=seed + 100,
    )
