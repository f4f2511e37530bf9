"""InkML (W3C Recommendation, 2011): traces of a pen, as tablets and note takers save them."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from seqgen.errors import DataError
from seqgen.files.xml import parse_xml

from ..ink import Floats, Ink
from .limits import Budget, ink_from, read_bytes

# A page of notes has 1 MB, 500 traces and 50,000 points.
LARGEST = 4 * 2**20  # bytes
TAGS = 200_000
ATTRIBUTES = 200_000
DEPTH = 64
CHANNELS = 32
TEXT = 10_000  # characters of an annotation
# Types of annotation, and elements of an annotationXML, that say what is written, best first; a literal is EMMA's.
_SAID = ("truth", "transcription", "text", "label", "literal")
_WRITERS = ("writer", "writerid", "writer_id")
# A value: which difference it is, and a number, decimal or (#) hexadecimal; or true, false, as before, unknown.
# Spaces are never given back: a million of them would be tried a million times.
_VALUE = re.compile(
    r"""\s*+(?:(?:(['"!])\s*+)?([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?\#[0-9A-Fa-f]+)|([TF*?]))"""
)
_PLAIN = re.compile(r"[-+.\deE\s,]*")


def read_inkml(path: str | os.PathLike[str]) -> list[Ink]:
    """The lines of an InkML file: one for every outermost traceGroup that an annotation labels, one for the rest.

    Of the channels of a trace, X, Y (down) and T are used; without a traceFormat they are X, Y and perhaps T in
    milliseconds. T without a unit counts milliseconds if its steps are above 0.5, else seconds. Explicit values, first
    and second differences are understood, and so is "*", the value as before. Which traceFormat a trace has is said by
    its contextRef, else by that of its groups, else by the context before it. The text is the annotation of the type
    truth, transcription, text or label, or an element of that name in an annotationXML, or the first emma:literal there;
    the hand is that of the type writer; seqgen's own files mark lines without a text, too, and know x-heights. Left out: views, brushes, transforms, traces of a lifted pen.

    Raises DataError for anything that is no such file, and for files too large or built to harm.
    """
    name = os.fspath(path)
    return inks_of_inkml(read_bytes(path, LARGEST), name)


def inks_of_inkml(raw: bytes, name: str) -> list[Ink]:
    """As `read_inkml`, from the bytes of a file."""
    reader = _Reader(name)
    parse_xml(raw, reader, name, kind="InkML", tags=TAGS, attributes=ATTRIBUTES)
    return reader.inks()


class _Format(NamedTuple):
    """Where X, Y and T stand among the channels; T is -1 without one. counts: how many values a point may have."""

    x: int = 0
    y: int = 1
    t: int = 2
    unit: float = 1e-3  # of T, in seconds; 0 where the file does not say
    counts: tuple[int, int] = (2, CHANNELS)


@dataclass
class _Context:
    """A context or an inkSource that is open: what it is called, what it refers to, the format in it."""

    name: str
    refers: list[str]
    format: _Format | None = None


class _Trace(NamedTuple):
    points: Floats  # [N, 2]
    times: Floats | None  # in the unit of the format
    unit: float
    groups: tuple[int, ...]  # from the outermost


class _Reader:
    """Takes the parser's events one by one and keeps traces and labels only: no tree, no recursion."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.path: list[str] = []  # open elements, without their namespaces
        self.text: list[str] | None = None  # of the trace or annotation that is open
        self.depth = 0  # of that
        self.kind = ""  # of that annotation
        self.named: dict[str, _Format | None] = {"DefaultContext": _Format()}  # None: as the one before
        self.defined: set[_Format] = set()  # in definitions
        self.current: _Format | None = None  # outside of them
        self.contexts: list[_Context] = []
        self.format_name = ""
        self.refers: list[str] = []  # contexts of the trace that is open and of its groups; "" where it has none
        self.channels: list[tuple[str, str]] = []  # name and unit
        self.regular = 0
        self.traces: list[_Trace] = []
        self.budget = Budget(name)
        self.groups: tuple[int, ...] = (0,)  # open ones; 0 is the whole file
        self.said: list[dict[str, str]] = [{}]  # annotations of each group

    # What the parser calls.

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition("}")[2]
        attributes = {name.rpartition("}")[2]: value for name, value in attributes.items()}  # xml:id
        self.path.append(tag)
        if len(self.path) > DEPTH:
            raise DataError(f"{self.name} nests XML deeper than {DEPTH}; it is no InkML")
        if len(self.path) == 1 and tag != "ink":
            raise DataError(f"{self.name} is XML but no InkML: it begins with <{tag:.40}>, not <ink>")
        if tag in ("trace", "traceGroup"):
            self.refers.append(attributes.get("contextRef", ""))
        if tag == "trace" and attributes.get("type") != "penUp":
            self._open("")
        elif tag == "annotation" and self.path[-2:-1] in (["ink"], ["traceGroup"]):
            self._open(attributes.get("type", "").lower())
        elif "annotationXML" in self.path and tag.lower() in (*_SAID, *_WRITERS) and self.text is None:
            self._open(tag.lower())
        elif tag == "traceGroup":
            self.groups = (*self.groups, len(self.said))
            self.said.append({})
        elif tag in ("context", "inkSource"):
            refers = [
                attributes[kind] for kind in ("traceFormatRef", "inkSourceRef", "contextRef") if kind in attributes
            ]
            self.contexts.append(_Context(attributes.get("id", ""), refers))
        elif tag == "traceFormat":
            self.channels, self.regular, self.format_name = [], 0, attributes.get("id", "")
        elif tag == "channel" and len(self.channels) < CHANNELS:
            self.channels.append((attributes.get("name", ""), attributes.get("units", "")))
            self.regular += "intermittentChannels" not in self.path

    def end(self, tag: str) -> None:
        tag = self.path.pop()
        if tag == "traceGroup":
            self.groups = self.groups[:-1]
        elif tag == "traceFormat":
            self._format()
        elif tag in ("context", "inkSource"):
            self._context()
        elif self.text is not None and len(self.path) < self.depth:
            text, self.text = "".join(self.text), None
            if tag == "trace":
                self._trace(text)
            else:
                self.said[self.groups[-1]].setdefault(self.kind, text[:TEXT].strip())
        if tag in ("trace", "traceGroup"):
            self.refers.pop()

    def data(self, text: str) -> None:
        if self.text is not None:
            self.text.append(text)

    def close(self) -> None: ...

    # What they mean.

    def _open(self, kind: str) -> None:
        self.text, self.depth, self.kind = [], len(self.path), kind

    def _format(self) -> None:
        names = [name for name, _ in self.channels]
        if "X" not in names or "Y" not in names:
            raise DataError(f"{self.name} has a traceFormat without the channels X and Y; there is no pen to follow")
        t = names.index("T") if "T" in names else -1
        unit = {"ms": 1e-3, "s": 1.0, "us": 1e-6, "ns": 1e-9}.get(self.channels[t][1], 0.0)
        found = _Format(names.index("X"), names.index("Y"), t, unit, (self.regular, len(names)))
        self.named[self.format_name] = found
        for context in self.contexts:
            context.format = found
        if "definitions" in self.path:
            self.defined.add(found)
        else:
            self.current = found

    def _context(self) -> None:
        context = self.contexts.pop()
        found = context.format or next(filter(None, map(self._referred, context.refers)), None)
        self.named[context.name] = found
        if self.contexts:
            self.contexts[-1].format = self.contexts[-1].format or found
        elif found and "definitions" not in self.path:
            self.current = found

    def _referred(self, name: str) -> _Format | None:
        if (name := name.removeprefix("#")) not in self.named:
            raise DataError(f"{self.name} refers to {name!r:.60}, which it does not define before; save it again")
        return self.named[name]

    def _in_force(self) -> _Format:
        """Of the trace that is open. One format that is defined and never referred to is meant, too."""
        refers = next(filter(None, reversed(self.refers)), None)
        found = self._referred(refers) if refers else None
        return found or self.current or (next(iter(self.defined)) if len(self.defined) == 1 else _Format())

    def _trace(self, text: str) -> None:
        found = self._in_force()
        plain = _PLAIN.fullmatch(text)
        count = text.count(",") + 1
        self.budget.spend(count if plain else 2 * count, 1)  # differences take twice as long to read
        points = text.split(",")
        while points and not points[-1].strip():  # a comma after the last point, or a trace without points
            points.pop()
        if not points:
            return
        rows: Sequence[Sequence[str | float]]
        rows = [point.split() for point in points] if plain else self._differences(points)
        wide = max(map(len, rows))
        narrow = min(map(len, rows))
        if narrow < max(found.counts[0], found.x + 1, found.y + 1) or wide > found.counts[1]:
            raise self._wrong(f"a point has {narrow if narrow < found.counts[0] else wide} values")
        timed = 0 <= found.t < narrow
        try:
            array = np.array(
                [[row[i] for i in (found.x, found.y, found.t if timed else found.x)] for row in rows], "f8"
            )
        except ValueError:
            raise self._wrong("a value is no number") from None
        self.traces.append(_Trace(array[:, :2], array[:, 2] if timed else None, found.unit, self.groups))

    def _differences(self, points: list[str]) -> list[list[float]]:
        """Values of a trace that uses more than plain numbers: W3C InkML, 3.2.1, trace."""
        orders = [0] * CHANNELS  # of each channel: 0 its value, 1 the difference from before, 2 the difference of that
        written, values, speeds = [math.nan] * CHANNELS, [math.nan] * CHANNELS, [0.0] * CHANNELS
        rows = []
        for point in points:
            row: list[float] = []
            at, end = 0, len(point.rstrip())
            while at < end:
                found = _VALUE.match(point, at)
                channel = len(row)
                if not found or channel == CHANNELS:
                    raise self._wrong(f"it has {point[at : at + 20]!r} where a number should be")
                at = found.end()
                mark, number, word = found.groups()
                orders[channel] = {"!": 0, "'": 1, '"': 2}.get(mark, orders[channel])
                if word is None:
                    written[channel] = _number(number)
                elif word != "*":
                    orders[channel], written[channel] = 0, {"T": 1.0, "F": 0.0, "?": math.nan}[word]
                if orders[channel] == 0:
                    speeds[channel] = written[channel] - values[channel]
                    values[channel] = written[channel]
                else:
                    speeds[channel] = written[channel] + (speeds[channel] if orders[channel] == 2 else 0.0)
                    values[channel] += speeds[channel]
                row.append(values[channel])
            rows.append(row)
        return rows

    def _wrong(self, what: str) -> DataError:
        return DataError(f"{self.name} is damaged in trace {len(self.traces)}: {what}; save it again")

    # Everything is known: from traces to lines.

    def inks(self) -> list[Ink]:
        if not self.traces:
            raise DataError(f"{self.name} has no traces; there is nothing to read in it")
        lines: dict[int, list[_Trace]] = {}
        for trace in self.traces:
            labelled = (g for g in trace.groups[1:] if _text(self.said[g]) is not None or "line" in self.said[g])
            lines.setdefault(next(labelled, 0), []).append(trace)
        return [self._ink(group, traces) for group, traces in lines.items()]

    def _ink(self, group: int, traces: list[_Trace]) -> Ink:
        hands = (said[key] for said in (self.said[group], self.said[0]) for key in _WRITERS if said.get(key))
        times = [trace.times for trace in traces if trace.times is not None]
        if len(times) < len(traces):
            times = []
        with np.errstate(over="ignore", invalid="ignore"):  # `mended` sees what is infinite
            steps = np.diff(np.concatenate(times)) if times else np.zeros(0)
        usual = float(np.median(steps[steps > 0])) if np.any(steps > 0) else 0.0
        units = [trace.unit or (1e-3 if usual > 0.5 else 1.0) for trace in traces]
        stamps = [stamps * unit for stamps, unit in zip(times, units, strict=False)]
        text = _text(self.said[group])
        ink = ink_from(self.name, [trace.points for trace in traces], stamps or None, text, next(hands, None))
        return ink if "x-height" not in self.said[group] else self._of_height(ink, self.said[group]["x-height"])

    def _of_height(self, ink: Ink, height: str) -> Ink:
        try:
            return replace(ink, height=float(height))
        except (ValueError, DataError):
            raise DataError(
                f"{self.name} has a line with the x-height {height!r:.40}; wanted a number above 0"
            ) from None


def _text(said: dict[str, str]) -> str | None:
    return next((said[kind] for kind in _SAID if said.get(kind)), None)


def _number(text: str) -> float:
    sign, _, digits = text.partition("#")
    return float(text) if digits == "" else (-1.0 if sign == "-" else 1.0) * int(digits[:40], 16)
