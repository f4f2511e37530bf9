"""IAM-OnDB: lines written on a whiteboard, one XML file each, with transcriptions of whole forms."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seqgen.errors import DataError
from seqgen.files.xml import parse_xml

from ..ink import Ink
from .limits import Budget, ink_from, read_bytes

LARGEST = 4 * 2**20  # bytes; a line has 60 kB, 700 points
TAGS = 120_000
ATTRIBUTES = 400_000
DEPTH = 32
LINES = "lineStrokes"
TEXTS = "ascii"
FORMS = "original"
LARGEST_TEXT = 2**18  # bytes of the transcription of a form
_HEAD = 2**16  # bytes of a form in which its writer is named
_LINE = re.compile(r"(?P<form>(?P<folder>(?P<group>[^-]+)-\d+)(?P<letter>[a-z]?))-(?P<number>\d{1,3})")


def read_iam_line(path: str | os.PathLike[str], text: str | None = None, hand: str | None = None) -> Ink:
    """One line from its XML file: a StrokeSet of Strokes of Points, whatever is around it.

    Times are seconds of the file's clock. Stamps that stand still or go back are mended from their neighbours; the ink
    is without times where a clock did not run at all, or a point has none.
    Raises DataError for anything that is no such file, and for files too large or built to harm.
    """
    name = os.fspath(path)
    return line_of_iam(read_bytes(path, LARGEST), name, text, hand)


def line_of_iam(raw: bytes, name: str, text: str | None = None, hand: str | None = None) -> Ink:
    """As `read_iam_line`, from the bytes of a file."""
    reader = _Reader(name)
    parse_xml(raw, reader, name, kind="ink of IAM-OnDB", tags=TAGS, attributes=ATTRIBUTES)
    strokes = [np.array(stroke) for stroke in reader.strokes if stroke]
    if not reader.found:
        raise DataError(f"{name} is XML but no ink: wanted InkML, or the StrokeSet of an IAM-OnDB line")
    return ink_from(name, [s[:, :2] for s in strokes], [s[:, 2] for s in strokes], text, hand)


class Line(NamedTuple):
    """A line of a folder, not yet read. text, hand: None where the folder does not say; problem: why it does not."""

    path: Path
    text: str | None
    hand: str | None
    problem: str


def is_iam(folder: Path) -> bool:
    return any(_places(folder, LINES))


def iam_lines(folder: Path) -> Iterator[Line]:
    """The lines of a folder in IAM-OnDB's layout, in order of their names.

    lineStrokes/a01/a01-000/a01-000u-01.xml is line 1 of the form a01-000u. ascii/a01/a01-000/a01-000u.txt holds its
    text: what comes after CSR: line by line, without blank lines; %%% stands for the end of a line. The hand is the
    writerID in original/a01/a01-000/strokesu.xml, or the second word of the form's line in forms.txt, if one is there.
    The three folders may lie one below `folder`, as they come out of their archives.
    """
    texts, forms = list(_places(folder, TEXTS)), list(_places(folder, FORMS))
    writers = _writers(folder)

    @lru_cache(maxsize=1)  # the lines of a form come one after the other
    def form(group: str, folder: str, form: str, letter: str) -> tuple[list[str], str, str | None]:
        path = next((p for place in texts if (p := place / group / folder / f"{form}.txt").is_file()), None)
        lines, problem = ([], f"there is no {form}.txt in {TEXTS}") if path is None else _transcription(path)
        heads = (_writer(place / group / folder / f"strokes{letter}.xml") for place in forms)
        return lines, problem, next(filter(None, heads), writers.get(form))

    for place in _places(folder, LINES):
        for path in sorted(place.glob("*/*/*.xml")):
            found = _LINE.fullmatch(path.stem)
            if not found:
                yield Line(path, None, None, "its name is not like a01-000u-01.xml, so its text cannot be found")
                continue
            lines, problem, hand = form(found["group"], found["folder"], found["form"], found["letter"])
            number = int(found["number"])
            if not problem and not 1 <= number <= len(lines):
                problem = f"{found['form']}.txt has {len(lines)} lines of text"
            yield Line(path, None if problem else lines[number - 1], hand, problem)


def _places(folder: Path, name: str) -> Iterator[Path]:
    for place in (folder / name, *sorted(folder.glob(f"*/{name}"))):
        if place.is_dir():
            yield place


def _transcription(path: Path) -> tuple[list[str], str]:
    """The lines of a form, or none and why."""
    try:
        raw = read_bytes(path, LARGEST_TEXT)
    except DataError as error:
        return [], str(error)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    # The part before CSR is what a recogniser read, errors and all.
    _, mark, right = text.partition("CSR:")
    lines = [line.strip() for line in re.split("%{3,}|\n", right) if line.strip()]
    return lines, "" if mark else f"{path.name} has no part CSR: with the right text"


def _writer(path: Path) -> str | None:
    try:
        raw = read_bytes(path, LARGEST)
    except DataError:
        return None
    found = re.search(rb"""\bwriterID\s*=\s*["']([\w-]{1,40})["']""", raw[:_HEAD])
    return found[1].decode("latin-1") if found else None


def _writers(folder: Path) -> dict[str, str]:
    try:
        lines = read_bytes(folder / "forms.txt", LARGEST_TEXT).decode("latin-1").splitlines()
    except DataError:
        return {}
    words = (line.split() for line in lines if not line.startswith("#"))
    return {line[0]: line[1] for line in words if len(line) > 1}


class _Reader:
    """Takes the parser's events one by one and keeps points only: no tree, no recursion."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.depth = 0
        self.found = False
        self.budget = Budget(name)
        self.strokes: list[list[tuple[float, float, float]]] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > DEPTH:
            raise DataError(f"{self.name} nests XML deeper than {DEPTH}; it is no line of IAM-OnDB")
        if tag == "StrokeSet":
            self.found = True
        elif tag == "Stroke" and self.found:
            self.budget.spend(0, 1)
            self.strokes.append([])
        elif tag == "Point" and self.strokes:
            self.budget.spend(1, 0)
            try:
                x, y, time = attributes["x"], attributes["y"], attributes.get("time", "nan")
                self.strokes[-1].append((float(x[:40]), float(y[:40]), float(time[:40])))
            except (KeyError, ValueError):
                where = f"stroke {len(self.strokes) - 1}"
                raise DataError(f"{self.name} is damaged in {where}: a Point has no numbers x and y") from None

    def end(self, tag: str) -> None:
        self.depth -= 1

    def data(self, text: str) -> None: ...
    def close(self) -> None: ...
