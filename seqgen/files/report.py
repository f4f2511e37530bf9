"""Tables of what strangers wrote, as plain text, aligned in any script, obeyed by no terminal; and what of it is used."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

SHOWN = 5  # of what is not used: named, up to so many


def table(heading: Sequence[str], lines: Iterable[Sequence[str]], right: Collection[int]) -> str:
    """Lines under a heading, in columns; those whose numbers are in `right` are aligned to the right.

    >>> print(table(("name", "size"), [("a", "10"), ("long", "5")], right={1}))
    name  size
    a       10
    long     5
    """
    cells = [heading, *lines]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]

    def padded(text: str, width: int, column: int) -> str:
        space = " " * (width - _width(text))
        return space + text if column in right else text + space

    return "\n".join("  ".join(map(padded, line, widths, range(len(line)))).rstrip() for line in cells)


def printable(text: str) -> str:
    """`text` in one line that no terminal obeys: line ends, escapes and undecodable bytes as backslash codes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shortened(text: str, widest: int) -> str:
    """`text` in at most `widest` columns: a longer one loses its middle."""
    if _width(text) <= widest:
        return text
    head, tail = text[:widest], text[-widest:]
    while _width(head + tail) > widest - 3:
        head, tail = (head[:-1], tail) if _width(head) > _width(tail) else (head, tail[1:])
    return f"{head}...{tail}"


def _width(text: str) -> int:
    """Columns on a terminal: Chinese, Japanese and Korean characters take two, combining marks none."""
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


class UseRow(Protocol):
    """What a domain found out about one of its items: whether it is used, and if not, why."""

    @property
    def name(self) -> str: ...
    @property
    def used(self) -> bool: ...
    @property
    def reason(self) -> str: ...


def tell_use(rows: Sequence[UseRow], things: str, domain: str) -> None:
    """Says on stderr how many are used, and for what reasons the others are not, up to five."""
    dropped = [row for row in rows if not row.used]
    print(f"seqgen: {len(rows) - len(dropped)} of {len(rows)} {things} are used", file=sys.stderr)
    for row in dropped[:SHOWN]:
        print(f"not used: {row.name}: {row.reason}", file=sys.stderr)
    if len(dropped) > SHOWN:
        print(f"not used: {len(dropped) - SHOWN} more; `seqgen {domain} inspect` lists them", file=sys.stderr)
