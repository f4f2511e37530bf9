"""In which order the bars of a piece are played: repeats, endings, da capo, dal segno, coda and fine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

TIMES = 16  # a bar is played at most, by one repeat

_JUMP = re.compile(r"\s*(?:(d\.\s?c\.?|da capo)|(d\.\s?s\.?|dal segno|dal \W))(?:\W|$)", re.IGNORECASE)
_TO_CODA = re.compile(r"\s*to coda\W*", re.IGNORECASE)
_FINE = re.compile(r"\s*fine\W*", re.IGNORECASE)


@dataclass
class Marks:
    """What stands at a bar. forward, backward: a repeat begins before it, ends after it and is played so `times`.

    ending: the passes that an ending which begins here is for; stops: an ending stops after it.
    segno, coda: it is where a jump leads to. to_coda, fine: after it, once there was a jump. jump: "capo" or "segno".
    """

    forward: bool = False
    backward: bool = False
    times: int = 2
    ending: frozenset[int] = field(default_factory=frozenset)
    stops: bool = False
    segno: bool = False
    coda: bool = False
    to_coda: bool = False
    fine: bool = False
    jump: str = ""

    def read_words(self, text: str) -> None:
        """What programs leave to a reader: "D.C. al Fine", "Dal segno", "To Coda", "Fine"."""
        if len(text) > 60:
            return
        if found := _JUMP.match(text):
            self.jump = "capo" if found[1] else "segno"
        elif _TO_CODA.fullmatch(text):
            self.to_coda = True
        elif _FINE.fullmatch(text):
            self.fine = True


def play_order(bars: Sequence[Marks]) -> list[int]:
    """The bars as they are played, by their numbers from 0.

    After a jump nothing is repeated again and the last of several endings is taken, as musicians do.

    >>> play_order([Marks(), Marks(backward=True), Marks(ending=frozenset([2]))])
    [0, 1, 0, 1, 2]
    >>> play_order([Marks(fine=True), Marks(jump="capo")])
    [0, 1, 0]
    """
    order: list[int] = []
    skipped = _endings(bars)
    at, start, passes, jumped = 0, 0, 1, False
    while at < len(bars):
        bar = bars[at]
        if bar.forward and at != start:
            start, passes = at, 1
        if bar.ending and at in skipped:
            after, last, alone = skipped[at]
            # Of several the last is for all that is left, whatever its number; a single one is for the first passes.
            wanted = passes in bar.ending or (last and not alone)
            if jumped:
                wanted = last and not (alone and any(each.backward for each in bars[at:after]))
            if not wanted:
                at = after
                continue
        order.append(at)
        if jumped and bar.fine:
            break
        if jumped and bar.to_coda and (coda := _coda(bars, at)):
            at, start, passes = coda, coda, 1
            continue
        if bar.backward and not jumped:
            most = max([bar.times, *_passes(bars, skipped, start, at)])
            if passes < min(most, TIMES):
                at, passes = start, passes + 1
                continue
        if (bar.backward or bar.stops) and not _goes_on(bars, at):
            start, passes = at + 1, 1
        if bar.jump and not jumped:
            jumped = True
            at = 0 if bar.jump == "capo" else _segno(bars, at)
            start, passes = at, 1
            continue
        at += 1
    return order


def _endings(bars: Sequence[Marks]) -> dict[int, tuple[int, bool, bool]]:
    """Where an ending begins: the bar after it, whether it is the last of its group, and whether it is the only one."""
    found: dict[int, tuple[int, bool, bool]] = {}
    ends = set[int]()
    for at, bar in enumerate(bars):
        if bar.ending:
            end = at
            while end + 1 < len(bars) and not (bars[end].stops or bars[end].backward or bars[end + 1].ending):
                end += 1
            last = not (end + 1 < len(bars) and bars[end + 1].ending)
            found[at] = end + 1, last, last and at not in ends
            ends.add(end + 1)
    return found


def _passes(bars: Sequence[Marks], endings: Mapping[int, tuple[int, bool, bool]], start: int, at: int) -> Iterator[int]:
    """The numbers of the endings of the section that begins at `start`, those after `at` too."""
    following = at + 1
    for bar in bars[start : at + 1]:
        yield from (number + (following in endings) for number in bar.ending)  # another ending is another pass
    while following in endings:
        yield from bars[following].ending
        following = endings[following][0]


def _goes_on(bars: Sequence[Marks], at: int) -> bool:
    """Whether another ending of the same section follows."""
    return at + 1 < len(bars) and bool(bars[at + 1].ending)


def _segno(bars: Sequence[Marks], at: int) -> int:
    signs = [number for number, bar in enumerate(bars) if bar.segno]
    return max([number for number in signs if number <= at] or signs or [0])


def _coda(bars: Sequence[Marks], at: int) -> int:
    return next((number for number in range(at + 1, len(bars)) if bars[number].coda), 0)
