"""What is in a file of music, and whether it can be learned from: one row a file, never an error."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from seqgen.errors import DataError
from seqgen.files.report import printable, shortened
from seqgen.files.report import table as aligned

from .formats.guard import MAX_EVENTS
from .formats.midi import read_midi
from .score import DRUMS, Score

SHORTEST = 8  # notes
FAMILIES = (  # General MIDI, eight programs each
    *("piano", "mallets", "organ", "guitar", "bass", "strings", "ensemble", "brass"),
    *("reed", "pipe", "lead", "pad", "effects", "ethnic", "percussion", "sounds"),
)
WIDEST_NAME = 40
_HEAD = ("file", "notes", "time", "parts", "instruments", "tempo", "meter", "used")


@dataclass(frozen=True)
class Row:
    """One file. seconds: how long it is; parts: how many voices, tracks or instruments.

    programs: the families of its instruments, most notes first. tempo: beats a minute at the start, meter: such as
    "3/4" at the start; both with "..." when they change. used: whether it can be learned from; reason: why not.
    guessed: how many parts were taken for drums that the file does not call so.
    """

    name: str
    notes: int = 0
    seconds: float = 0.0
    parts: int = 0
    programs: str = ""
    tempo: str = ""
    meter: str = ""
    used: bool = False
    reason: str = ""
    guessed: int = 0


def inspect(path: Path, read: Callable[[Path], Score], shortest: int = SHORTEST) -> tuple[Row, Score | None]:
    """The row of a file, and its score if it can be used. What `read` raises as DataError becomes the reason."""
    name = os.fspath(path)
    try:
        score = read(path)
    except DataError as error:
        return Row(name, reason=_without_name(str(error), name)), None
    count = len(score.notes)
    reason = f"only {count} notes; {shortest} are needed" if count < shortest else ""
    if not count:
        reason = "it has no notes"
    first_tempo = f"{score.tempos[0].bpm:.4g}" if score.tempos else ""
    first_meter = f"{score.meters[0].numerator}/{score.meters[0].denominator}" if score.meters else ""
    row = Row(
        name=name,
        notes=count,
        seconds=score.seconds,
        parts=len({note.part for note in score.notes}),
        programs=_families(score),
        tempo=first_tempo + "..." * (len({tempo.bpm for tempo in score.tempos}) > 1),
        meter=first_meter + "..." * (len({meter[1:] for meter in score.meters}) > 1),
        used=not reason,
        reason=reason,
    )
    return row, score if row.used else None


def inspect_midi(path: Path, max_events: int = MAX_EVENTS) -> Row:
    """The row of a MIDI file."""
    return inspect(path, partial(read_midi, max_events=max_events))[0]


def table(rows: Iterable[Row]) -> str:
    """Rows as aligned plain text under a heading; long names lose their middle, control characters show as escapes.

    >>> print(table([Row("a.mid", 96, 61.5, 2, "piano", "120", "3/4", True), Row("b.mid", reason="it has no notes")]))
    file   notes  time  parts  instruments  tempo  meter  used
    a.mid     96  1:02      2  piano        120    3/4    yes
    b.mid      -     -      -  -            -      -      no: it has no notes
    """
    return aligned(_HEAD, map(_cells, rows), right=(1, 2, 3))


def _without_name(message: str, name: str) -> str:
    """A row names its file already: 'cannot use NAME as MIDI: reason' and 'NAME is empty' lose the name."""
    if message.startswith(f"cannot use {name} as "):
        return message[len(f"cannot use {name} as ") :].partition(": ")[2]
    if message.startswith(f"cannot read {name}: "):
        return "cannot be read: " + message[len(f"cannot read {name}: ") :]
    return "it" + message[len(name) :] if message.startswith(f"{name} ") else message


def _families(score: Score) -> str:
    notes = Counter("drums" if note.program == DRUMS else FAMILIES[note.program // 8] for note in score.notes)
    names = [name for name, _ in notes.most_common()]
    return ", ".join(names[:3]) + ", ..." * (len(names) > 3)


def _cells(row: Row) -> tuple[str, ...]:
    name, used = shortened(printable(row.name), WIDEST_NAME), "yes" if row.used else f"no: {printable(row.reason)}"
    if not row.notes:
        return name, *"------", used
    minutes, seconds = divmod(round(row.seconds), 60)
    programs = row.programs + " (drums: a guess)" * bool(row.guessed)
    return name, str(row.notes), f"{minutes}:{seconds:02}", str(row.parts), programs, row.tempo, row.meter, used
