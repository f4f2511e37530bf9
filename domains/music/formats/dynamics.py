"""Dynamics of sheet music, such as mf, as velocities and back."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import TypeVar

USUAL = 80  # velocity, where nothing is said
# As MuseScore plays them; what only one note is struck with (sfz) counts for nothing.
VELOCITIES = {
    "pppp": 10,
    "ppp": 16,
    "pp": 33,
    "p": 49,
    "mp": 64,
    "mf": 80,
    "f": 96,
    "ff": 112,
    "fff": 126,
    "ffff": 127,
    "fp": 49,
}
Place = TypeVar("Place", float, tuple[int, float])


def holding(marks: Mapping[Place, int]) -> Callable[[Place], int]:
    """What gives the velocity that holds at a place, by the marks up to it.

    >>> velocity = holding({4.0: 96, 8.0: 49})
    >>> velocity(0.0), velocity(4.0), velocity(9.0)
    (80, 96, 49)
    """
    places = sorted(marks)

    def velocity(place: Place) -> int:
        passed = bisect_right(places, place)
        return marks[places[passed - 1]] if passed else USUAL

    return velocity


def nearest(velocity: float) -> str:
    """The dynamic whose velocity is the nearest.

    >>> nearest(75), nearest(127)
    ('mf', 'ffff')
    """
    return min(VELOCITIES, key=lambda name: abs(VELOCITIES[name] - velocity))
