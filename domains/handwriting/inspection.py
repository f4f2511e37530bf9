"""What is in a file of ink, and whether it can be learned from: one row a line, never an error."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from seqgen.files.report import printable, shortened
from seqgen.files.report import table as aligned

from .ink import Ink

SHORTEST = 2  # points
WIDEST = 40  # columns of a name or a text
_HEAD = ("line", "text", "hand", "strokes", "points", "seconds", "x-height", "used")


@dataclass(frozen=True)
class Row:
    """One line of ink, or a file that has none.

    seconds: how long it took; 0 where times are not known. x_height: of letters like x, in the file's unit, estimated.
    used: whether it can be learned from; reason: why not, or why it has no text.
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


def inspect(ink: Ink, name: str, textless: str = "") -> Row:
    """The row of a line; `textless`, if there is something to say, is why it has no text."""
    count = ink.points
    enough = count >= SHORTEST
    return Row(
        name=name,
        text=ink.text or "",
        hand=ink.hand or "",
        strokes=len(ink.strokes),
        points=count,
        seconds=ink.seconds,
        x_height=ink.x_height(),
        used=enough,
        reason=textless if enough else f"only {count} point; {SHORTEST} are needed",
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
    return aligned(_HEAD, map(_cells, rows), right=range(3, 7))


def _cells(row: Row) -> tuple[str, ...]:
    name, used = shortened(printable(row.name), WIDEST), "yes" if row.used else "no"
    if row.reason:
        used += f"{', without a text' if row.used else ''}: {printable(row.reason)}"
    text, hand = (shortened(printable(words), WIDEST) or "-" for words in (row.text, row.hand))
    if not row.points:
        return name, text, hand, *"----", used
    seconds = f"{row.seconds:.1f}" if row.seconds else "-"
    return name, text, hand, str(row.strokes), str(row.points), seconds, f"{row.x_height:.3g}", used
