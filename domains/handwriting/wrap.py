"""A text as lines for a pen: white space made plain, long lines broken between words; and how wide they will be."""

from __future__ import annotations

import textwrap

from seqgen.errors import UsageError

WIDTH = 40  # characters of a line: as long as the shipped model has learned to write in one go
WIDEST = 200  # characters of a line, at most: one line is written in one go
LONGEST = 100_000  # characters of a text
# Measured on lines of 440 people, in the width of a mean character; where one line differs from the next by an eighth,
# finer shares say no more.
_THIN, _WIDE = frozenset("il1|,.;:'`()[]/"), frozenset("mwqzMWHUNDOBVFJ")
_SHARES = {**dict.fromkeys(_THIN, 0.6), **dict.fromkeys(_WIDE, 1.5)}


def lines_of(text: str, width: int = WIDTH) -> list[str]:
    """The lines of a text, broken at `width` characters; a blank line is "", runs of spaces and tabs are one space.

    A word longer than a line is broken where the line ends. Raises UsageError for a text without a character to write,
    for one of more than 100,000 characters and for a width below 1 or above 200.

    >>> lines_of("a quick  brown fox\\n\\njumps", 10)
    ['a quick', 'brown fox', '', 'jumps']
    """
    return [line for paragraph in paragraphs_of(text, width) for line in paragraph]


def paragraphs_of(text: str, width: int = WIDTH) -> list[list[str]]:
    """The same lines, a list of them for each line of the text itself. Raises UsageError as `lines_of`.

    >>> paragraphs_of("a quick  brown fox\\n\\njumps", 10)
    [['a quick', 'brown fox'], [''], ['jumps']]
    """
    if not 1 <= width <= WIDEST:
        raise UsageError(f"lines cannot be {width} characters wide; give 1 to {WIDEST}")
    if len(text) > LONGEST:
        raise UsageError(f"the text has {len(text):,} characters; give at most {LONGEST:,} at once")
    if not text.strip():
        raise UsageError("there is nothing to write: give a text of one character or more")
    found: list[list[str]] = []
    for line in text.strip("\r\n").splitlines():
        broken = textwrap.wrap(" ".join(line.split()), width, break_on_hyphens=False) or [""]
        found.append(list(map(str.rstrip, broken)))  # textwrap leaves a space before a word longer than a line
    return found


def predicted(text: str) -> float:
    """About how wide a text is when it is written, in mean characters: of 1 to 1.5 x-heights, by the hand.

    >>> predicted("minim") > predicted("still")
    True
    """
    return sum(_SHARES.get(character, 1.0) for character in text)
