"""UNIPEN (Guyon, Schomaker, Plamondon, Liberman and Janet 1994): segments of one file, ink of the files it includes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from seqgen.errors import DataError

from ..ink import FARTHEST, Floats, Ink
from .limits import Budget, ink_from, read_bytes

LARGEST = 16 * 2**20  # bytes of a file
DEEPEST, MOST_FILES, MOST_SEGMENTS, MOST_COMPONENTS = 4, 64, 20_000, 60_000
LEVELS = ("TEXT", "WORD", "CHARACTER")  # the first that a file has is read
GRID = 100  # points a mm, of what is written
_KEYWORD = re.compile(r"^[ \t]*\.([A-Z][A-Z_]*)[ \t]*", re.MULTILINE)
_SEGMENT = re.compile(r'(\S+)[ \t]+([\d:,\- \t]+?)[ \t]+(\S+)[ \t]+"((?:[^"\\]|\\.)*)"', re.DOTALL)
_RANGE = re.compile(r"(\d{1,7})(?::(\d{1,7}))?(?:-(\d{1,7})(?::(\d{1,7}))?)?")
_LONGEST = 4_000  # characters of a segment


class _Component(NamedTuple):
    """A block of points, pen down or up: what segments count."""

    down: bool
    points: Floats  # [N, 2], mm, y down
    times: Floats | None  # seconds
    hand: str | None


def read_unipen(path: str | os.PathLike[str], hands: dict[tuple[str, str], str] | None = None) -> list[Ink]:
    """The segments of a UNIPEN file, those of the level TEXT, else WORD, else CHARACTER; lengths in mm.

    What it includes is looked for in the nearest folder `include` above the file. Components are the blocks of PEN_DOWN
    and PEN_UP with a point or more, counted over all included files but documentation (.doc, .lex, .def, .freq, .inc,
    header...), which holds examples. A segment may begin and end within a component. Components that were blanked out
    for publication, all points 0 0, are left out. The text is the label, if there is one. WRITER_ID may be a person's name
    and is not kept: the hand is "hand 1" for the first writer, and so on, of a contributor's folder and a name in it.

    hands: the writers of the files read before, to which those of this one are added.
    Raises DataError for other files, files without segments or ink, and includes that are missing or lie outside.
    """
    name = os.fspath(path)
    source = _Source(Path(path), name, {} if hands is None else hands)
    source.read(Path(path), 0)
    level = next((level for level in LEVELS if any(found[0] == level for found in source.segments)), None)
    if level is None:
        raise DataError(f"{name} is no UNIPEN file with ink: wanted .SEGMENT of the level {', '.join(LEVELS)}")
    inks = [ink for kind, parts, label in source.segments if kind == level if (ink := source.ink(parts, label))]
    if not inks:
        raise DataError(f"{name} has segments, but none of them has ink")
    return inks


def unipen(inks: Sequence[Ink]) -> str:
    """Lines of ink in mm as a UNIPEN file that includes no other: a segment TEXT a line, places in 0.01 mm, y up.

    Times are in ms where all lines have them; writers are numbered. Raises DataError for a text that Latin-1 lacks.

    >>> unipen([Ink([[[0, 1.5]]], text="a")]).splitlines()[-1]
    '.SEGMENT TEXT 0-0 ? "a"'
    """
    timed = all(ink.times for ink in inks)
    lines = [".VERSION 1.0", f".COORD X Y{' T' * timed}", f".X_POINTS_PER_MM {GRID}", f".Y_POINTS_PER_MM {GRID}"]
    segments, count = [], 0
    hands = {hand: number for number, hand in enumerate(dict.fromkeys(ink.hand for ink in inks if ink.hand), 1)}
    for ink in inks:
        lines += [f".WRITER_ID {hands[ink.hand]}"] if ink.hand else []
        for number, stroke in enumerate(ink.strokes):
            rows = np.rint(stroke * (GRID, -GRID)).astype(np.int64).tolist()
            if ink.times and timed:
                stamps = np.round(ink.times[number] * 1000, 3).tolist()
                rows = [[*row, f"{stamp:.15g}"] for row, stamp in zip(rows, stamps, strict=True)]
            lines += [".PEN_DOWN", *(" ".join(map(str, row)) for row in rows)]
        label = re.sub(r'(["\\])', r"\\\1", " ".join((ink.text or "").split()))
        try:
            label.encode("latin-1")
        except UnicodeEncodeError as error:
            raise DataError(f"UNIPEN cannot hold {label[error.start]!r}; write .inkml or .json") from None
        segments.append(f'.SEGMENT TEXT {count}-{count + len(ink.strokes) - 1} ? "{label}"')
        count += len(ink.strokes)
    return "\n".join([*lines, *segments, ""])


class _Source:
    """All that a file and what it includes hold."""

    def __init__(self, path: Path, name: str, hands: dict[tuple[str, str], str]) -> None:
        self.name, self.hands = name, hands
        self.folder = next(
            (above / "include" for above in path.resolve().parents if (above / "include").is_dir()), None
        )
        self.files = 0
        # What is there, and what segments take of it.
        self.budget, self.segmented = (Budget(name, MOST_COMPONENTS) for _ in range(2))
        self.components: list[_Component] = []
        self.segments: list[tuple[str, str, str]] = []  # level, components, label
        self.columns = ["X", "Y"]
        self.scale: dict[str, float] = {}  # mm of a unit of X and Y
        self.hand: str | None = None

    def read(self, path: Path, depth: int) -> None:
        self.files += 1
        if depth > DEEPEST or self.files > MOST_FILES:
            raise DataError(f"{self.name} includes more than {MOST_FILES} files, or deeper than {DEEPEST}")
        text = read_bytes(path, LARGEST).decode("latin-1").replace("\r\n", "\n").replace("\r", "\n")
        documents = path.name.endswith((".doc", ".lex", ".def", ".freq", ".inc")) or path.name.startswith("header")
        for keyword, body in _blocks(text):
            if keyword == "INCLUDE":
                self.read(self.found(body), depth + 1)
            elif keyword == "COORD":
                self.columns = re.findall("[A-Z]+", body.split("\n")[0]) or self.columns
            elif keyword in ("X_POINTS_PER_INCH", "Y_POINTS_PER_INCH", "X_POINTS_PER_MM", "Y_POINTS_PER_MM"):
                numbers = _numbers(body)
                if len(numbers) and 1e-6 < numbers[0] < 1e6:
                    self.scale[keyword[0]] = (25.4 if keyword.endswith("INCH") else 1.0) / float(numbers[0])
            elif documents:
                continue
            elif keyword in ("PEN_DOWN", "PEN_UP"):
                self.component(body, keyword == "PEN_DOWN")
            elif keyword == "WRITER_ID":
                self.hand = self.numbered(path, body.split("\n")[0].strip())
            elif keyword == "SEGMENT" and (found := _SEGMENT.match(body[:_LONGEST])):
                if len(self.segments) == MOST_SEGMENTS:
                    raise DataError(f"{self.name} has more than {MOST_SEGMENTS:,} segments; split it")
                label = re.sub(r"\\(.)", r"\1", found[4], flags=re.DOTALL)
                self.segments.append((found[1], found[2], " ".join(label.split())))

    def numbered(self, path: Path, writer: str) -> str | None:
        inside = path.relative_to(self.folder).parts if self.folder and path.is_relative_to(self.folder) else ("",)
        return self.hands.setdefault((inside[0], writer), f"hand {len(self.hands) + 1}") if writer else None

    def found(self, body: str) -> Path:
        wanted = PurePosixPath(body.split()[0] if body.split() else "")
        if wanted.is_absolute() or ".." in wanted.parts or not wanted.parts:
            raise DataError(f"{self.name} includes {str(wanted)!r:.80}, outside its folder include")
        if self.folder is None or not (self.folder / wanted).is_file():
            raise DataError(f"{self.name} includes {str(wanted)!r:.80}, which is not in a folder include above it")
        return self.folder / wanted

    def component(self, body: str, down: bool) -> None:
        numbers = _numbers(body)
        rows = numbers[: len(numbers) // len(self.columns) * len(self.columns)].reshape(-1, len(self.columns))
        if not len(rows):
            return
        if not {"X", "Y"} <= set(self.columns):
            raise DataError(f"{self.name} has the columns {' '.join(self.columns)!r:.60}; wanted X and Y among them")
        if not (np.abs(rows) <= FARTHEST).all():
            raise DataError(f"{self.name} has points that are no numbers, or lie beyond {FARTHEST:.0e}; it is damaged")
        self.budget.spend(len(rows), 1)
        x, y = self.scale.get("X", 1.0), self.scale.get("Y", 1.0)
        points = rows[:, [self.columns.index("X"), self.columns.index("Y")]] * (x, -y)
        times = rows[:, self.columns.index("T")] / 1000 if "T" in self.columns else None
        self.components.append(_Component(down, points, times, self.hand))

    def ink(self, parts: str, label: str) -> Ink | None:
        strokes: list[Floats] = []
        times: list[Floats] = []
        hand = None
        for part in "".join(parts.split()).split(","):
            found = _RANGE.fullmatch(part)
            if not found:
                raise DataError(
                    f"{self.name} has a segment of {part!r:.40}; wanted components such as 3, 3-5 or 3:0-5:9"
                )
            first, last = int(found[1]), int(found[3] or found[1])
            if last >= len(self.components):
                raise DataError(f"{self.name} has a segment of component {last}, and {len(self.components)} components")
            for number in range(first, last + 1):
                begin = int(found[2] or 0) if number == first else 0
                end = int(found[4]) + 1 if number == last and found[4] else None
                component = self.components[number]
                points = component.points[begin:end]
                self.segmented.spend(len(points), 1)
                if component.down and len(points) and np.any(points != 0):
                    strokes.append(points)
                    hand = hand or component.hand
                    times += [component.times[begin:end]] if component.times is not None else []
        if not strokes:
            return None
        return ink_from(self.name, strokes, times if len(times) == len(strokes) else None, label or None, hand)


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    found = list(_KEYWORD.finditer(text))
    ends = [*(match.start() for match in found), len(text)][1:]
    for match, end in zip(found, ends, strict=True):
        yield match[1], text[match.end() : end]


def _numbers(body: str) -> Floats:
    """The numbers that it begins with."""
    words = body.split()
    try:
        return np.array(words, np.float64)
    except ValueError:
        kept = []
        for word in words:
            try:
                kept.append(float(word))
            except ValueError:
                break
        return np.array(kept, np.float64)
