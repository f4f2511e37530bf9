"""What of a tune in ABC is played when: its repeats, endings and jumps, by positions in quarter notes."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple, TypeVar

from seqgen.errors import DataError

from .dynamics import USUAL
from .repeats import TIMES, Marks, play_order

MOST = 400  # places where something is repeated or led to; a tune has some ten
NEAR = 1e-6  # quarter notes: positions that differ by less are one
Value = TypeVar("Value")
_LEADS = {"segno": "segno", "coda": "coda", "dacapo": "capo", "dalsegno": "segno", "dacoda": "to_coda"}


class Section(NamedTuple):
    """What is written from `begin` up to `end` is played from `at` on. follows: it goes on where the one before ended."""

    begin: float
    end: float
    at: float
    follows: bool


class Tone(NamedTuple):
    """A note as it is written at `place`. ahead: how long before that it sounds, as grace notes do."""

    place: float
    pitch: int
    length: float
    ahead: float = 0.0
    velocity: int = USUAL

    def longer(self, by: float) -> Tone:
        return self._replace(length=self.length + by)


class Playing:
    """The signs of a tune that say what is played next, as they are met."""

    def __init__(self) -> None:
        self.begins: defaultdict[float, Marks] = defaultdict(Marks)  # what stands before a position
        self.ends: defaultdict[float, Marks] = defaultdict(Marks)  # and after it
        self.open = Marks()  # of the bar that is being read
        self.bar = 0.0  # where that begins

    def line(self, at: float, signs: str, ending: str) -> None:
        """A bar line such as `:|`, and the passes of an ending that begins there, as in `|1,3`."""
        at = round(at, 6)
        if signs.startswith(":") and len(signs) > 1:
            self.ends[at].backward = True
        if signs.endswith(":") and len(signs) > 1:
            self.begins[at].forward = True
        if "||" in signs or "]" in signs or signs.startswith("["):
            self.ends[at].stops = True
        if ending:
            self.begins[at].ending = _passes(ending)
        self._close(at)

    def words(self, text: str) -> None:
        """`!segno!`, `!D.C.!`, "Fine" and the like: what leads away counts at the end of the bar, what is led to at its beginning."""
        name = re.sub(r"\W", "", text).lower()
        if name in ("segno", "coda"):
            setattr(self.begins[self.bar], name, True)
        elif name in ("dacapo", "dalsegno"):
            self.open.jump = _LEADS[name]
        elif name == "dacoda":
            self.open.to_coda = True
        else:
            self.open.read_words(text)

    def _close(self, at: float) -> None:
        if self.open != Marks():
            mark = self.ends[at]
            mark.jump, mark.fine, mark.to_coda = self.open.jump, self.open.fine, self.open.to_coda
            self.open = Marks()
        self.bar = at

    def sections(self, end: float) -> list[Section]:
        """All that is played, in order; end: of what is written. Raises DataError for more signs than `MOST`."""
        self._close(round(end, 6))
        if not any(mark.backward or mark.jump for mark in self.ends.values()):
            return [Section(0.0, end, 0.0, follows=True)]
        inner = {at for at in (*self.begins, *self.ends) if NEAR < at < end - NEAR}
        if len(inner) > MOST:
            raise DataError(f"the tune has more than {MOST} repeats and double bars; split it")
        spans = list(pairwise([0.0, *sorted(inner), end]))
        bars = []
        for begin, until in spans:
            before, after = self.begins.get(begin, Marks()), self.ends.get(round(until, 6), Marks())
            at_start = {name: getattr(before, name) for name in ("forward", "ending", "segno", "coda")}
            bars.append(replace(after, **at_start))
        found: list[Section] = []
        at, last = 0.0, 0.0
        for number in play_order(bars):
            begin, until = spans[number]
            found.append(Section(begin, until, at, begin == last))
            at, last = at + until - begin, until
        return found


def _passes(ending: str) -> frozenset[int]:
    found = set[int]()
    for first, last in re.findall(r"(\d{1,2})(?:-(\d{1,2}))?", ending):
        found.update(range(int(first), min(int(last or first), TIMES) + 1))
    return frozenset(found)


def struck(sections: Sequence[Section], notes: Iterable[Tone]) -> Iterator[tuple[float, float, Tone]]:
    """Notes as they are played, each from when to when; what goes on where it is not gone on from is cut off there."""
    notes = sorted(notes)
    places = [note.place for note in notes]
    for section, after in zip(sections, [*sections[1:], None], strict=True):
        goes_on = after is None or after.follows
        for note in notes[bisect_left(places, section.begin - NEAR) : bisect_left(places, section.end - NEAR)]:
            length = note.length if goes_on else min(note.length, section.end - note.place + note.ahead)
            onset = max(note.place - note.ahead - section.begin + section.at, 0.0)
            yield onset, onset + length, note


def shown(
    sections: Iterable[Section], marks: Sequence[tuple[float, Value]], holds: bool
) -> Iterator[tuple[float, Value]]:
    """Marks where they are played; holds: only what is new, and, where something else is played next, what holds there."""
    marks = sorted(marks, key=lambda mark: mark[0])
    places, now = [place for place, _ in marks], None
    for section in sections:
        first = bisect_left(places, section.begin - NEAR)
        before = bisect_right(places, section.begin + NEAR) - 1
        if holds and not section.follows and before >= 0 and marks[before][1] != now:
            now = marks[before][1]
            yield section.at, now
        for place, value in marks[first : bisect_left(places, section.end - NEAR)]:
            if holds and value == now:
                continue
            now = value
            yield max(place - section.begin, 0.0) + section.at, value
