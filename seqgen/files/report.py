"""Tables of what strangers wrote, as plain text, aligned in any script, obeyed by no terminal; and what of it is used."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

SHOWN = 5  # of what is not used: named, up to so many
JOINERS = "\u200c\u200d"  # they shape the emoji and letters beside them, and do nothing else


def table(heading: Sequence[str], lines: Iterable[Sequence[str]], right: Collection[int]) -> str:
    """Lines under a heading, in columns; those whose numbers are in `right` are aligned to the right.

    >>> print(table(("name", "size"), [("a", "10"), ("long", "5")], right={1}))
    name  size
    a       10
    long     5
    """
    from rich.cells import cell_len  # here, as below: what imports this file may print no table

    cells = [heading, *lines]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]

    def padded(text: str, width: int, column: int) -> str:
        space = " " * (width - cell_len(text))
        return space + text if column in right else text + space

    return "\n".join("  ".join(map(padded, line, widths, range(len(line)))).rstrip() for line in cells)


def printable(text: str) -> str:
    """`text` in one line that no terminal obeys: line ends, escapes and undecodable bytes as backslash codes."""
    return "".join(c if c.isprintable() or c in JOINERS else c.encode("unicode_escape").decode() for c in text)


def shortened(text: str, widest: int) -> str:
    """`text` in at most `widest` columns: a longer one loses its middle, between what are two signs to a reader.

    >>> shortened("a long name.mid", 11)
    'a lo....mid'
    """
    from rich.cells import split_graphemes

    spans, width = split_graphemes(text)
    if width <= widest:
        return text
    head, tail = spans[:widest], spans[-widest:]
    while (left := sum(span[2] for span in head)) + (right := sum(span[2] for span in tail)) > widest - 3:
        _ = head.pop() if left > right else tail.pop(0)
    return f"{text[: head[-1][1]]}...{text[tail[0][0] :]}"


class UseRow(Protocol):
    """What a domain found out about one of its items: whether it is used, and if not, why."""

    @property
    def name(self) -> str: ...
    @property
    def used(self) -> bool: ...
    @property
    def reason(self) -> str: ...


def tell_use(rows: Sequence[UseRow], things: str, domain: str, unread: int = 0) -> None:
    """Says on stderr how many are used, and for what reasons the others are not, up to five.

    unread: how many of the rows stand for a whole file that could not be read, with nobody knows how many things in it.
    """
    dropped = [row for row in rows if not row.used]
    files = f"; {unread} {'file' if unread == 1 else 'files'} could not be read" if unread else ""
    print(f"seqgen: {len(rows) - len(dropped)} of {len(rows) - unread} {things} are used{files}", file=sys.stderr)
    for row in dropped[:SHOWN]:
        print(f"not used: {row.name}: {row.reason}", file=sys.stderr)
    if len(dropped) > SHOWN:
        print(f"not used: {len(dropped) - SHOWN} more; `seqgen {domain} inspect` lists them", file=sys.stderr)
