"""Sheet music: reads MusicXML, as every notation program saves it, plain or packed (.mxl), trusting nothing in it."""

from __future__ import annotations

import os
import re
from xml.etree.ElementTree import Element  # only the node; the parser is defusedxml's

from seqgen.errors import DataError

from ..score import DRUMS, Score
from .guard import MAX_EVENTS
from .limits import read_bytes
from .mxl import Limits, parse, unpack
from .sheet import Sheet
from .staves import Staves

DEPTH = 64
NODES = 5_000  # below one note, one direction, ...
_CONTENT = frozenset({"note", "backup", "forward", "attributes", "direction", "sound", "barline", "harmony"})


def read_musicxml(path: str | os.PathLike[str], max_events: int = MAX_EVENTS) -> Score:
    """One MusicXML file, .xml, .musicxml or .mxl (found by content), as it sounds.

    Times follow the tempo marks, 120 quarter notes a minute before the first. Tied notes are one note, transposing
    instruments sound at concert pitch, drums are program `DRUMS`. Every voice of every part is a `part` of its own,
    numbered from 0 from the top: a chorale on two staves has four. Repeats, endings, da capo, dal segno, coda and fine
    are played. A measure of another length than its meter, such as an upbeat, gets a `Meter` of its own. Dynamics are
    velocities, 80 before the first; grace notes sound before the beat, a 32nd each, taken from the note before. Key
    signatures, chord symbols and the names of parts are kept. Left out: cue notes, hairpins, swing, ornaments.

    max_events: the most notes that are read; above the default the other limits grow with it (8 MB unpacked, ...).

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
    return parse_musicxml(read_bytes(path, Limits.of(max_events).size), os.fspath(path), max_events)


def parse_musicxml(raw: bytes, name: str, max_events: int = MAX_EVENTS) -> Score:
    """The same from the bytes of a file, which errors call `name`."""
    limits = Limits.of(max_events)
    if raw.startswith(b"PK\x03\x04"):
        raw = unpack(raw, name, limits)
    reader = _Reader(name, max_events)
    parse(raw, reader, name, limits)
    return reader.sheet.score()


class _Reader:
    """Takes the parser's events one by one and keeps notes only: no tree of the whole file, no recursion.

    Elements become nodes only below a `note`, an `attributes` and the like, one of these at a time.
    """

    def __init__(self, name: str, max_events: int) -> None:
        self.sheet = Sheet(name, max_events)
        self.depth = 0
        self.open: list[Element] = []  # from the child of a measure down to where the parser is
        self.nodes = 0
        self.text: list[str] = []
        self.instruments: dict[str, dict[str, tuple[int, int]]] = {}  # part -> instrument -> program, drum
        self.names: dict[str, str] = {}  # of parts
        self.parts: dict[str, Staves] = {}
        self.outer = self.inner = ""  # "part" and "measure", or in a timewise score the other way round
        self.number = ""
        self.part: Staves | None = None
        self.inside: Staves | None = None  # a measure of it: elsewhere, notes do not count

    # What the parser calls.

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > DEPTH:
            raise DataError(f"{self.sheet.name} nests XML deeper than {DEPTH}; it is no MusicXML")
        if self.open:
            self.nodes += 1
            if self.nodes > NODES:
                raise DataError(f"{self.sheet.name} has an element with more than {NODES} inside; it is no MusicXML")
            node = Element(tag, attributes)
            self.open[-1].append(node)
            self.open.append(node)
            self.text.clear()
        elif self.depth == 1:
            self._root(tag)
        elif self.depth in (2, 3) and tag == (self.outer if self.depth == 2 else self.inner):
            if tag == "part":
                self.part = self._part(attributes.get("id", ""), new=self.outer == "part")
            else:
                self.number = attributes.get("number", "")
            if self.depth == 3 and self.part is not None:
                self.inside = self.part
                self.part.begin(self.number)
        elif (self.depth == 4 and tag in _CONTENT and self.inside) or (self.depth == 3 and tag == "score-part"):
            self.open.append(Element(tag, attributes))
            self.nodes = 0
            self.text.clear()

    def end(self, tag: str) -> None:
        self.depth -= 1
        if self.open:
            node = self.open.pop()
            node.text = "".join(self.text)
            self.text.clear()
            if not self.open and self.inside:
                self.inside.take(node)
            elif not self.open:
                self._score_part(node)
        elif self.depth == 2 and self.inside:
            self.inside.end()
            self.inside = None

    def data(self, text: str) -> None:
        if self.open:
            self.text.append(text)

    def close(self) -> None: ...

    # Structure.

    def _root(self, tag: str) -> None:
        orders = {"score-partwise": ("part", "measure"), "score-timewise": ("measure", "part")}
        if tag not in orders:
            raise DataError(f"{self.sheet.name} is XML but no score: it begins with <{tag:.40}>, not <score-partwise>")
        self.outer, self.inner = orders[tag]

    def _score_part(self, node: Element) -> None:
        """General MIDI of a part's instruments; what the file does not say is a piano."""
        instruments = {}
        for midi in node.iter("midi-instrument"):
            drum = _whole(midi, "midi-unpitched", 0)
            program = DRUMS if drum or _whole(midi, "midi-channel", 1) == 10 else _whole(midi, "midi-program", 1) - 1
            instruments[midi.get("id", "")] = (
                program if program == DRUMS else min(max(program, 0), 127),
                min(drum - 1, 127),
            )
        self.instruments[node.get("id", "")] = instruments
        self.names[node.get("id", "")] = " ".join((node.findtext("part-name") or "").split())[:80]

    def _part(self, identity: str, new: bool) -> Staves:
        """The part of this name; one after the other, two of a name are two."""
        if new or identity not in self.parts:
            self.parts[identity] = Staves(self.sheet, len(self.sheet.names), self.instruments.get(identity, {}))
            self.sheet.names.append(self.names.get(identity, ""))
        return self.parts[identity]


def _whole(node: Element, tag: str, missing: int) -> int:
    found = re.fullmatch(r"\s*(\d{1,6})(\.\d*)?\s*", node.findtext(tag) or "")
    return int(found[1]) if found else missing
