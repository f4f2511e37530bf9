"""What is in a file of ink, and whether it can be learned from: one row a line, never an error."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from .ink import Ink

SHORTEST = 2  # points
WIDEST = 40  # columns of a name or a text
_HEAD = ("line", "text", "hand", "strokes", "points", "seconds", "x-height", "used")


@dataclass(frozen=True)
class Row:
    """One line of ink, or a file that has none.

    seconds: how long it took; 0 where times are not known. x_height: of letters like x, in the file's unit, estimated.
    used: whether it can be learned from; reason: why not.
    """

    name: str
    text: str = ""
    hand: str = ""
    strokes: int = 0
    points: int = 0
    seconds: float = 0.0
    x_height: float = 0.0
    used: bool = False
    reason: str = ""


def inspect(ink: Ink, name: str, problem: str = "") -> Row:
    """The row of a line; `problem`, if there is one, is why it is not used."""
    count = ink.points
    if count < SHORTEST:
        problem = problem or f"only {count} point; {SHORTEST} are needed"
    return Row(
        name=name,
        text=ink.text or "",
        hand=ink.hand or "",
        strokes=len(ink.strokes),
        points=count,
        seconds=ink.seconds,
        x_height=ink.x_height(),
        used=not problem,
        reason=problem,
    )


def refused(name: str, error: Exception) -> Row:
    """The row of a file that cannot be read; it names the file already, and the reason loses the name."""
    message = str(error)
    if message.startswith(f"cannot read {name}: "):
        message = "cannot be read: " + message[len(f"cannot read {name}: ") :]
    elif message.startswith(f"{name}: "):
        message = message[len(name) + 2 :]
    elif message.startswith(f"{name} "):
        message = "it" + message[len(name) :]
    return Row(name, reason=message)


def table(rows: Iterable[Row]) -> str:
    """Rows as aligned plain text under a heading; long names lose their middle, control characters show as escapes.

    >>> print(table([Row("a.json", "Hi", "me", 3, 40, 1.25, 7.0, True), Row("b.txt", reason="it is empty")]))
    line    text  hand  strokes  points  seconds  x-height  used
    a.json  Hi    me          3      40      1.2         7  yes
    b.txt   -     -           -       -        -         -  no: it is empty
    """
    lines = [_HEAD, *map(_cells, rows)]
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(_padded, line, widths, range(len(line)))).rstrip() for line in lines)


def printable(text: str) -> str:
    """`text` in one line that no terminal obeys: line ends, escapes and undecodable bytes as backslash codes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _cells(row: Row) -> tuple[str, ...]:
    name, used = _shortened(printable(row.name)), "yes" if row.used else f"no: {printable(row.reason)}"
    text, hand = (_shortened(printable(words)) or "-" for words in (row.text, row.hand))
    if not row.points:
        return name, text, hand, *"----", used
    seconds = f"{row.seconds:.1f}" if row.seconds else "-"
    return name, text, hand, str(row.strokes), str(row.points), seconds, f"{row.x_height:.3g}", used


def _shortened(name: str) -> str:
    if _width(name) <= WIDEST:
        return name
    head, tail = name[:WIDEST], name[-WIDEST:]
    while _width(head + tail) > WIDEST - 3:
        head, tail = (head[:-1], tail) if _width(head) > _width(tail) else (head, tail[1:])
    return f"{head}...{tail}"


def _width(text: str) -> int:
    """Columns on a terminal: Chinese, Japanese and Korean characters take two, combining marks none."""
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def _padded(text: str, width: int, column: int) -> str:
    space = " " * (width - _width(text))
    return space + text if 3 <= column <= 6 else text + space
