"""One voice of a tune in ABC while it is read: what ties, tuplets, broken rhythm and grace notes make of its notes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from seqgen.errors import DataError

from .abc_playing import NEAR, Tone
from .dynamics import holding
from .graces import ahead
from .guard import MAX_EVENTS


class Voice:
    """Where it is: positions and lengths in quarter notes."""

    def __init__(self) -> None:
        self.accidentals: dict[str, int] = {}  # of this bar
        self.position = 0.0
        self.notes: list[Tone] = []
        self.last: list[int] = []  # indices of what was struck last, none after a rest
        self.last_length = 0.0
        self.broken = 1.0  # what ">" leaves for the next note
        self.tuplet = (1.0, 0)  # factor, notes to go
        self.tied: dict[int, int] = {}  # pitch -> index of the note that goes on
        self.graces: list[list[int]] = []  # pitches, with nothing to lean on yet
        self.dynamics: dict[float, int] = {}  # velocities by position
        self.program = 0
        self.name = ""

    def strike(self, pitches: Mapping[int, bool], length: float) -> None:
        """A note or a chord, each pitch with whether it is tied on, and before it the grace notes that wait for it."""
        self._lean()
        begin, tied = self.position, self.tied
        length = self._advance(length)
        self.last, self.tied = [], {}
        for pitch, tie in pitches.items():
            index = tied.get(pitch, -1)
            if index >= 0:
                self.notes[index] = self.notes[index].longer(length)
            else:
                index = self._add(Tone(begin, pitch, length))
            self.last.append(index)
            if tie:
                self.tied[pitch] = index

    def rest(self, length: float) -> None:
        self._advance(length)
        self.last, self.tied = [], {}

    def break_rhythm(self, signs: str) -> None:
        """`A>B`: the first half as long again, the second half as long; `>>` and `<` accordingly."""
        less = 0.5 ** min(len(signs), 3)
        first, self.broken = (2 - less, less) if signs[0] == ">" else (less, 2 - less)
        more = self.last_length * (first - 1)
        self.position += more
        self.last_length += more
        for index in self.last:
            self.notes[index] = self.notes[index].longer(more)

    def heard(self) -> Iterator[Tone]:
        """The notes, as loud as they are."""
        velocity = holding(self.dynamics)
        for note in self.notes:
            yield note._replace(velocity=velocity(note.place - note.ahead + NEAR))

    def _advance(self, length: float) -> float:
        """Moves on by `length` as tuplet and broken rhythm change it, and returns that."""
        factor, left = self.tuplet
        if left:
            length *= factor
            self.tuplet = factor, left - 1
        length *= self.broken
        self.broken = 1.0
        self.position += length
        self.last_length = length
        return length

    def _lean(self) -> None:
        """Grace notes sound before the beat, in time that is taken from what was struck before, unless that is tied on."""
        if not self.graces:
            return
        early = ahead(len(self.graces), [self.notes[index].length for index in self.last])
        for index in set(self.last) - set(self.tied.values()):
            self.notes[index] = self.notes[index].longer(-early[0])
        for pitches, before in zip(self.graces, early, strict=True):
            for pitch in dict.fromkeys(pitches):
                self._add(Tone(self.position, pitch, early[-1], before))
        self.graces = []

    def _add(self, note: Tone) -> int:
        if len(self.notes) >= MAX_EVENTS:
            raise DataError(f"the tune has more than {MAX_EVENTS:,} notes; split it")
        self.notes.append(note)
        return len(self.notes) - 1
