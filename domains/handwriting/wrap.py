"""A text as lines for a pen: white space made plain, long lines broken between words."""

from __future__ import annotations

import textwrap

from seqgen.errors import UsageError

WIDTH = 40  # characters of a line: as long as the shipped model has learned to write in one go
WIDEST = 200  # characters of a line, at most: one line is written in one go
LONGEST = 100_000  # characters of a text


def lines_of(text: str, width: int = WIDTH) -> list[str]:
    """The lines of a text, broken at `width` characters; a blank line is "", runs of spaces and tabs are one space.

    A word longer than a line is broken where the line ends. Raises UsageError for a text without a character to write,
    for one of more than 100,000 characters and for a width below 1 or above 200.

    >>> lines_of("a quick  brown fox\\n\\njumps", 10)
    ['a quick', 'brown fox', '', 'jumps']
    """
    if not 1 <= width <= WIDEST:
        raise UsageError(f"lines cannot be {width} characters wide; give 1 to {WIDEST}")
    if len(text) > LONGEST:
        raise UsageError(f"the text has {len(text):,} characters; give at most {LONGEST:,} at once")
    if not text.strip():
        raise UsageError("there is nothing to write: give a text of one character or more")
    found: list[str] = []
    for line in text.strip("\r\n").splitlines():
        broken = textwrap.wrap(" ".join(line.split()), width, break_on_hyphens=False) or [""]
        found += map(str.rstrip, broken)  # textwrap leaves a space before a word that is longer than a line
    return found
