"""Sheet music: reads MusicXML, as every notation program saves it, plain or packed (.mxl), trusting nothing in it."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import NamedTuple
from xml.etree.ElementTree import Element  # only the node; the parser is defusedxml's

from seqgen.errors import DataError

from ..score import DRUMS, Meter, Note, Score, Tempo
from .guard import MAX_EVENTS
from .limits import read_bytes
from .mxl import LARGEST, parse, unpack

DEPTH = 64
NODES = 5_000  # below one note, one direction, ...

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_QUARTERS = {"breve": 8.0, "whole": 4.0, "half": 2.0, "quarter": 1.0, "eighth": 0.5, "16th": 0.25, "32nd": 0.125}
_SNARE = 38
_MEASURE_CHILDREN = frozenset({"note", "backup", "forward", "attributes", "direction", "sound"})


def read_musicxml(path: str | os.PathLike[str], max_events: int = MAX_EVENTS) -> Score:
    """One MusicXML file, .xml, .musicxml or .mxl (found by content), as it sounds.

    Times follow the tempo marks, 120 quarter notes a minute before the first. Tied notes are one note, transposing
    instruments sound at concert pitch, drums are program `DRUMS`. Every voice of every part is a `part` of its own,
    numbered from 0 from the top: a chorale on two staves has four. A first measure shorter than its meter gets a
    `Meter` of its own length. Left out: grace and cue notes, dynamics (all velocities are 80), repeats (a repeated
    section sounds once), swing, ornaments.

    Raises DataError for anything that is not a score of this kind, and for files too large or built to harm.

    >>> import tempfile
    >>> from pathlib import Path
    >>> note = "<note><pitch><step>A</step><octave>4</octave></pitch><duration>2</duration></note>"
    >>> measure = f"<measure><attributes><divisions>1</divisions></attributes>{note}</measure>"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.musicxml")
    ...     _ = path.write_text(f"<score-partwise><part>{measure}</part></score-partwise>")
    ...     [(note.pitch, note.duration) for note in read_musicxml(path).notes]
    [(69, 1.0)]
    """
    name = os.fspath(path)
    raw = read_bytes(path, LARGEST)
    if raw.startswith(b"PK\x03\x04"):
        raw = unpack(raw, name)
    reader = _Reader(name, max_events)
    parse(raw, reader, name)
    return reader.score()


def upbeat(quarters: float) -> tuple[int, int] | None:
    """The meter of a bar of so many quarter notes, such as (3, 8) for 1.5; None where there is none."""
    whole = Fraction(quarters / 4).limit_denominator(64)
    written = abs(4 * whole - quarters) < 1e-6 and whole.denominator & (whole.denominator - 1) == 0
    return (whole.numerator, whole.denominator) if written and whole > 0 else None


class _Written(NamedTuple):
    """A note as written: times in quarter notes from the start of its measure, program and pitch as they sound."""

    measure: int
    offset: float
    quarters: float
    pitch: int
    program: int
    voice: tuple[int, float, str]  # part, voice; the number first, so that voices sort
    stops: bool
    starts: bool


class _Reader:
    """Takes the parser's events one by one and keeps notes only: no tree of the whole file, no recursion.

    Elements become nodes only below a `note`, an `attributes` and the like, one of these at a time.
    """

    def __init__(self, name: str, max_events: int) -> None:
        self.name = name
        self.max_events = max_events
        self.depth = 0
        self.open: list[Element] = []  # from the child of a measure down to where the parser is
        self.nodes = 0
        self.text: list[str] = []
        self.instruments: dict[str, dict[str, tuple[int, int]]] = {}  # part -> instrument -> program, drum
        self.notes: list[_Written] = []
        self.lengths: list[float] = []  # of measures, in quarter notes
        self.bars: list[float] = []  # what their meter asks for
        self.tempos: dict[tuple[int, float], float] = {}
        self.meters: dict[tuple[int, float], tuple[int, int]] = {}
        self.part = self.measure = -1
        self.inside = ""  # "part" or "measure": elsewhere, notes do not count

    # What the parser calls.

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > DEPTH:
            raise DataError(f"{self.name} nests XML deeper than {DEPTH}; it is no MusicXML")
        if self.open:
            self.nodes += 1
            if self.nodes > NODES:
                raise DataError(f"{self.name} has an element with more than {NODES} inside; it is no MusicXML")
            node = Element(tag, attributes)
            self.open[-1].append(node)
            self.open.append(node)
            self.text.clear()
        elif self.depth == 1:
            self._root(tag)
        elif self.depth == 2 and tag == "part":
            self._part(attributes.get("id", ""))
        elif self.depth == 3 and tag == "measure" and self.inside == "part":
            self._measure(attributes.get("number", ""))
        elif (self.depth == 4 and tag in _MEASURE_CHILDREN and self.inside == "measure") or (
            self.depth == 3 and tag == "score-part"
        ):
            self.open.append(Element(tag, attributes))
            self.nodes = 0
            self.text.clear()

    def end(self, tag: str) -> None:
        self.depth -= 1
        if self.open:
            node = self.open.pop()
            node.text = "".join(self.text)
            self.text.clear()
            if not self.open:
                getattr(self, "_" + tag.replace("-", "_"))(node)
        elif self.depth == 2 and self.inside == "measure":
            self._end_of_measure()
        elif self.depth == 1:
            self.inside = ""

    def data(self, text: str) -> None:
        if self.open:
            self.text.append(text)

    def close(self) -> None: ...

    # Structure.

    def _root(self, tag: str) -> None:
        if tag == "score-timewise":
            raise DataError(f"{self.name} is a timewise score; open it in a notation program and save it as partwise")
        if tag != "score-partwise":
            raise DataError(f"{self.name} is XML but no score: it begins with <{tag:.40}>, not <score-partwise>")

    def _score_part(self, node: Element) -> None:
        """General MIDI of a part's instruments; what the file does not say is a piano."""
        instruments = {}
        for midi in node.iter("midi-instrument"):
            drum = self._number(midi, "midi-unpitched", 0)
            if self._number(midi, "midi-channel", 1) == 10 or drum:
                program = DRUMS
            else:
                program = min(max(int(self._number(midi, "midi-program", 1)) - 1, 0), 127)
            instruments[midi.get("id", "")] = program, min(max(int(drum) - 1, -1), 127)
        self.instruments[node.get("id", "")] = instruments

    def _part(self, identity: str) -> None:
        self.inside = "part"
        self.part += 1
        self.sounds = self.instruments.get(identity, {})
        self.usual = next(iter(self.sounds.values()), (0, -1))
        self.measure = -1
        self.divisions = 1.0
        self.shift = 0.0
        self.bar = 4.0

    def _measure(self, number: str) -> None:
        self.inside = "measure"
        self.measure += 1
        self.number = number[:20]
        self.base = self.ticks = 0.0  # position = base in quarter notes + ticks / divisions: exact for whole ticks
        self.furthest = self.onset = 0.0
        if self.measure == len(self.lengths):
            self.lengths.append(0.0)
            self.bars.append(0.0)

    def _end_of_measure(self) -> None:
        self.inside = "part"
        self.lengths[self.measure] = max(self.lengths[self.measure], self.furthest)
        self.bars[self.measure] = self.bars[self.measure] or self.bar

    @property
    def _position(self) -> float:
        return self.base + self.ticks / self.divisions

    # What stands in a measure.

    def _attributes(self, node: Element) -> None:
        if node.find("divisions") is not None:
            self.base, self.ticks = self._position, 0.0
            self.divisions = self._number(node, "divisions")
            if not self.divisions > 0:
                raise self._wrong(f"<divisions> is {self.divisions:g}, not above 0")
        transpose = node.find("transpose")
        if transpose is not None:
            octaves = self._number(transpose, "octave-change", 0)
            self.shift = self._number(transpose, "chromatic", 0) + 12 * octaves
        time = node.find("time")
        if time is not None and time.find("beats") is not None:
            # 3+2 over 8, or one after the other, 2/4 + 3/8: one bar of 5/8, of 7/8
            whole = Fraction(0)
            kinds = [self._whole(kind.text, "beat-type") for kind in time.findall("beat-type")]
            for beats, kind in zip(time.findall("beats"), kinds, strict=False):
                whole += Fraction(sum(self._whole(part, "beats") for part in (beats.text or "").split("+")), kind)
            if not whole:
                raise self._wrong("<time> has no <beat-type>")
            denominator = max(kinds)
            if (whole * denominator).denominator > 1:
                denominator = math.lcm(*kinds)
            self.meters.setdefault((self.measure, self._position), (int(whole * denominator), denominator))
            self.bar = float(4 * whole)

    def _direction(self, node: Element) -> None:
        sound = node.find("sound")
        if sound is not None and "tempo" in sound.attrib:
            self._sound(sound)
        elif (metronome := node.find("direction-type/metronome")) is not None:
            unit = _QUARTERS.get((metronome.findtext("beat-unit") or "").strip(), 0.0)
            for _ in metronome.findall("beat-unit-dot")[:3]:
                unit *= 1.5
            self._tempo(unit, metronome.findtext("per-minute") or "")

    def _sound(self, node: Element) -> None:
        self._tempo(1.0, node.get("tempo", ""))

    def _tempo(self, unit: float, text: str) -> None:
        # A mark such as "c. 80" counts, "Allegro" does not, and neither does one that stops time.
        found = re.search(r"\d+(\.\d+)?", text[:40])
        if found and 1 <= (bpm := unit * float(found[0])) <= 10_000:
            self.tempos.setdefault((self.measure, self._position), bpm)

    def _backup(self, node: Element) -> None:
        self.ticks -= self._duration(node)
        if self._position < 0:  # a rounded duration or a wrong one: nothing is before the bar
            self.base = self.ticks = 0.0

    def _forward(self, node: Element) -> None:
        self.ticks += self._duration(node)
        self.furthest = max(self.furthest, self._position)

    def _note(self, node: Element) -> None:
        if node.find("grace") is not None or (node.find("cue") is not None and node.find("duration") is None):
            return
        duration = self._duration(node)
        if node.find("chord") is None:
            self.onset = self._position
            self.ticks += duration
            self.furthest = max(self.furthest, self._position)
        if node.find("rest") is not None or node.find("cue") is not None or duration == 0:
            return
        instrument = node.find("instrument")
        program, drum = self.sounds.get("" if instrument is None else instrument.get("id", ""), self.usual)
        if node.find("unpitched") is not None:
            program, pitch = DRUMS, drum if drum >= 0 else _SNARE
        else:
            pitch = self._pitch(node.find("pitch"))
        ties = {tie.get("type") for tie in node.findall("tie") or node.findall("notations/tied")}
        voice = (node.findtext("voice") or "1").strip()[:20]
        order = float(voice) if voice.isascii() and voice.isdigit() else math.inf
        if len(self.notes) >= self.max_events:
            raise DataError(f"{self.name} has more than {self.max_events:,} notes; split it")
        self.notes.append(
            _Written(
                self.measure,
                self.onset,
                duration / self.divisions,
                pitch,
                program,
                (self.part, order, voice),
                "stop" in ties,
                "start" in ties,
            )
        )

    def _pitch(self, node: Element | None) -> int:
        step = (node.findtext("step") or "").strip() if node is not None else ""
        if node is None or step not in _STEPS:
            raise self._wrong("a note has no pitch")
        octave, alter = self._number(node, "octave"), self._number(node, "alter", 0)
        pitch = math.floor(12 * (octave + 1) + _STEPS[step] + alter + self.shift + 0.5)  # a quarter tone goes up
        if not 0 <= pitch <= 127:
            raise self._wrong(f"a note sounds at pitch {pitch}, beyond 0-127")
        return pitch

    def _duration(self, node: Element) -> float:
        duration = self._number(node, "duration")
        if duration < 0:
            raise self._wrong(f"a <duration> is {duration:g}, below 0")
        return duration

    def _whole(self, text: str | None, tag: str) -> int:
        if not re.fullmatch(r"\s*[0-9]{1,3}\s*", text or "") or not int(text or ""):
            raise self._wrong(f"<{tag}> is {(text or '')[:20]!r}, not a whole number from 1 to 999")
        return int(text or "")

    def _number(self, node: Element, tag: str, missing: float | None = None) -> float:
        text = node.findtext(tag)
        if text is None and missing is not None:
            return missing
        try:
            value = float((text or "")[:40])
        except ValueError:
            value = math.nan
        if not abs(value) <= 1e9:
            raise self._wrong(f"<{tag}> is {(text or '')[:20]!r}, not a number")
        return value

    def _wrong(self, what: str) -> DataError:
        where = f" in measure {self.number}" if self.inside == "measure" else ""
        return DataError(f"{self.name} is damaged{where}: {what}")

    # Everything is known: from measures to seconds.

    def score(self) -> Score:
        if not self.notes:
            raise DataError(f"{self.name} has no notes")
        lengths = [length or bar for length, bar in zip(self.lengths, self.bars, strict=True)]
        starts = [0.0, *accumulate(lengths)]
        beats = sorted((starts[measure] + offset, bpm) for (measure, offset), bpm in self.tempos.items())
        if not beats or beats[0][0] > 0:
            beats.insert(0, (0.0, 120.0))
        times = accumulate((after - before) * 60 / bpm for (before, bpm), (after, _) in pairwise(beats))
        tempos = [Tempo(time, bpm) for time, (_, bpm) in zip([0.0, *times], beats, strict=True)]
        try:
            clock = Score((), tempos)
            meters = [Meter(clock.time_at(beat), *meter) for beat, meter in self._meters(starts)]
            return Score(list(self._sounding(starts, clock)), tempos, meters)
        except DataError as error:  # longer than a day
            raise DataError(f"{self.name}: {error}") from None

    def _meters(self, starts: list[float]) -> Iterator[tuple[float, tuple[int, int]]]:
        written = sorted((starts[measure] + offset, meter) for (measure, offset), meter in self.meters.items())
        if not written or written[0][0] > 0:
            written.insert(0, (0.0, (4, 4)))
        if len(starts) > 2 and 0 < starts[1] < self.bars[0] and self.meters:
            pickup = upbeat(starts[1])
            if pickup:
                yield 0.0, pickup
                written[0] = starts[1], written[0][1]
        yield written[0]
        yield from (after for before, after in pairwise(written) if before[1] != after[1])

    def _sounding(self, starts: list[float], clock: Score) -> Iterator[Note]:
        parts = {voice: part for part, voice in enumerate(sorted({note.voice for note in self.notes}))}
        ends: list[float] = []  # in quarter notes, of the notes that begin a sound
        begins: list[tuple[float, _Written]] = []
        tied: dict[tuple[tuple[int, float, str], int], int] = {}
        for note in self.notes:
            onset = starts[note.measure] + note.offset
            before = tied.pop((note.voice, note.pitch), None) if note.stops else None
            if before is not None and abs(ends[before] - onset) < 1e-3:
                ends[before] = onset + note.quarters
            else:
                before = len(ends)
                ends.append(onset + note.quarters)
                begins.append((onset, note))
            if note.starts:
                tied[note.voice, note.pitch] = before
        for (onset, note), end in zip(begins, ends, strict=True):
            time = clock.time_at(onset)
            yield Note(time, note.pitch, clock.time_at(end) - time, program=note.program, part=parts[note.voice])
