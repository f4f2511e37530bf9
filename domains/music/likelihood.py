"""How likely pieces are, by the events, notes and beats in them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Likelihood:
    """How likely a piece is: the sum of -ln p over all its events, each given all before it; nothing adapts.

    >>> piece = Likelihood(nats=60.0, events=40, notes=12, beats=8.0)
    >>> piece.nats_per_note, piece.nats_per_beat, (piece + piece).events
    (5.0, 7.5, 80)
    """

    nats: float
    events: int
    notes: int
    beats: float

    @property
    def nats_per_event(self) -> float:
        """For each symbol of the model's own encoding."""
        return self.nats / self.events

    @property
    def nats_per_note(self) -> float:
        """For each note; on the grid for each voice in each sixteenth."""
        return self.nats / self.notes

    @property
    def nats_per_beat(self) -> float:
        """A figure that models of other encodings can be compared by."""
        return self.nats / self.beats

    def __add__(self, other: Likelihood) -> Likelihood:
        """Both pieces as one: rates over all their events, notes and beats."""
        nats, events, notes = self.nats + other.nats, self.events + other.events, self.notes + other.notes
        return Likelihood(nats, events, notes, self.beats + other.beats)
