"""What people own: a series of numbers, a text or words, and a label or one for each position."""

from __future__ import annotations

from typing import NamedTuple

EACH = ("row", "position")  # what has a label

Numbers = tuple[tuple[float, ...], ...]


class Row(NamedTuple):
    """values: a text, read by characters; words; or numbers, as many at each position.

    labels: one, or one for each position; none where they are not known.

    >>> Row("what a day", ("good",)).labels, len(Row(((0.5,), (0.7,))).values)
    (('good',), 2)
    """

    values: str | tuple[str, ...] | Numbers
    labels: tuple[str, ...] = ()

    @property
    def numeric(self) -> bool:
        """Whether the values are numbers."""
        return not isinstance(self.values, str) and bool(self.values) and not isinstance(self.values[0], str)
