"""What stands in the bars of one part of a MusicXML score, element by element, onto a sheet."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import NoReturn
from xml.etree.ElementTree import Element  # only the node; the parser is defusedxml's

from seqgen.errors import DataError

from ..score import DRUMS
from ..signs import MODES, STEPS
from .dynamics import VELOCITIES
from .graces import ahead
from .sheet import Sheet, Written

_QUARTERS = {
    "maxima": 32.0,
    "long": 16.0,
    "breve": 8.0,
    "whole": 4.0,
    "half": 2.0,
    "quarter": 1.0,
    "eighth": 0.5,
    "16th": 0.25,
    "32nd": 0.125,
    "64th": 0.0625,
    "128th": 0.03125,
}
_SNARE = 38
_LOUDEST = 90 / 100  # <sound dynamics=""> is in per cent of velocity 90
_KINDS = {  # what a chord of this kind is called; the others are called by the first of their words
    "major": "",
    "minor": "m",
    "augmented": "aug",
    "diminished": "dim",
    "dominant": "7",
    "major-seventh": "maj7",
    "minor-seventh": "m7",
    "diminished-seventh": "dim7",
    "augmented-seventh": "aug7",
    "half-diminished": "m7b5",
    "major-minor": "mMaj7",
    "major-sixth": "6",
    "minor-sixth": "m6",
    "dominant-ninth": "9",
    "major-ninth": "maj9",
    "minor-ninth": "m9",
    "dominant-11th": "11",
    "dominant-13th": "13",
    "suspended-second": "sus2",
    "power": "5",
    "suspended-fourth": "sus4",
    "minor-11th": "m11",
    "minor-13th": "m13",
    "major-13th": "maj13",
}


class Staves:
    """One part while it is read: the place in its bar, and what holds there."""

    def __init__(self, sheet: Sheet, part: int, sounds: Mapping[str, tuple[int, int]]) -> None:
        self.sheet = sheet
        self.part = part
        self.sounds = sounds
        self.usual = next(iter(sounds.values()), (0, -1))
        self.bar = -1
        self.number = ""
        self.divisions = 1.0
        self.before = list[int]()  # notes before the first <divisions>, in whose unit they are
        self.declared = False
        self.shift = 0.0
        self.asked = 4.0
        self.graces: dict[str, list[Written]] = {}  # by voice, with nothing to lean on yet
        self.last: dict[str, list[int]] = {}  # by voice, the notes struck last

    def begin(self, number: str) -> None:
        self.bar += 1
        self.number = number[:20]
        self.base = self.ticks = 0.0  # position = base in quarter notes + ticks / divisions: exact for whole ticks
        self.furthest = self.onset = 0.0
        self.sheet.bar(self.bar)

    def end(self) -> None:
        sheet, bar = self.sheet, self.bar
        sheet.lengths[bar] = max(sheet.lengths[bar], self.furthest)
        sheet.asked[bar] = sheet.asked[bar] or self.asked

    @property
    def position(self) -> float:
        """Quarter notes from the beginning of the bar."""
        return self.base + self.ticks / self.divisions

    def take(self, node: Element) -> None:
        """An element of a bar, by its name."""
        getattr(self, "_" + node.tag)(node)

    # What stands in a bar.

    def _attributes(self, node: Element) -> None:
        if node.find("divisions") is not None:
            self._divide(self._number(node, "divisions"))
        transpose = node.find("transpose")
        if transpose is not None:
            octaves = self._number(transpose, "octave-change", 0)
            self.shift = self._number(transpose, "chromatic", 0) + 12 * octaves
        key = node.find("key")
        if key is not None and key.find("fifths") is not None and not self.shift % 12:
            mode = (key.findtext("mode") or "").strip()
            fifths = round(min(max(self._number(key, "fifths"), -7), 7))
            self.sheet.keys.setdefault((self.bar, self.position), (fifths, mode if mode in MODES else ""))
        time = node.find("time")
        if time is not None and time.find("beats") is not None:
            self._meter(time)

    def _divide(self, divisions: float) -> None:
        if not divisions > 0:
            self.wrong(f"<divisions> is {divisions:g}, not above 0")
        if self.declared:
            self.base, self.ticks = self.position, 0.0
        else:
            for index in self.before:
                note = self.sheet.notes[index]
                self.sheet.notes[index] = note._replace(
                    offset=note.offset / divisions, quarters=note.quarters / divisions
                )
            self.furthest /= divisions
            self.onset /= divisions
        self.divisions, self.declared = divisions, True
        self.before.clear()

    def _meter(self, time: Element) -> None:
        # 3+2 over 8, or one after the other, 2/4 + 3/8: one bar of 5/8, of 7/8
        whole = Fraction(0)
        kinds = [self._whole(kind.text, "beat-type") for kind in time.findall("beat-type")]
        for beats, kind in zip(time.findall("beats"), kinds, strict=False):
            whole += Fraction(sum(self._whole(part, "beats") for part in (beats.text or "").split("+")), kind)
        if not whole:
            self.wrong("<time> has no <beat-type>")
        denominator = max(kinds)
        if (whole * denominator).denominator > 1:
            denominator = math.lcm(*kinds)
        self.sheet.meters.setdefault((self.bar, self.position), (int(whole * denominator), denominator))
        self.asked = float(4 * whole)

    def _direction(self, node: Element) -> None:
        marks, place = self.sheet.marks[self.bar], (self.bar, self.position)
        for kind in node.iterfind("direction-type/*"):
            if kind.tag == "words":
                marks.read_words(kind.text or "")
            elif kind.tag == "segno":
                marks.segno = True
            elif kind.tag == "coda":
                marks.coda = True
            elif kind.tag == "dynamics":
                for dynamic in kind:
                    if dynamic.tag in VELOCITIES:
                        self.sheet.dynamics[self.part][place] = VELOCITIES[dynamic.tag]
        sound = node.find("sound")
        if sound is not None:
            self._sound(sound)
        if sound is None or "tempo" not in sound.attrib:
            metronome = node.find("direction-type/metronome")
            if metronome is not None:
                unit = _QUARTERS.get((metronome.findtext("beat-unit") or "").strip(), 0.0)
                for _ in metronome.findall("beat-unit-dot")[:3]:
                    unit *= 1.5
                self._tempo(unit, metronome.findtext("per-minute") or "")

    def _sound(self, node: Element) -> None:
        marks = self.sheet.marks[self.bar]
        if "tempo" in node.attrib:
            self._tempo(1.0, node.get("tempo", ""))
        if percent := _percent(node):
            self.sheet.dynamics[self.part][self.bar, self.position] = percent
        if "dacapo" in node.attrib or "dalsegno" in node.attrib:
            marks.jump = "capo" if "dacapo" in node.attrib else "segno"
        marks.segno |= "segno" in node.attrib
        marks.to_coda |= "tocoda" in node.attrib
        marks.coda |= "coda" in node.attrib and "tocoda" not in node.attrib
        marks.fine |= "fine" in node.attrib

    def _tempo(self, unit: float, text: str) -> None:
        # A mark such as "c. 80" counts, "Allegro" does not, and neither does one that stops time.
        found = re.search(r"\d+(\.\d+)?", text[:40])
        if found and 1 <= (bpm := unit * float(found[0])) <= 10_000:
            self.sheet.tempos.setdefault((self.bar, self.position), bpm)

    def _barline(self, node: Element) -> None:
        marks, repeat, ending = self.sheet.marks[self.bar], node.find("repeat"), node.find("ending")
        if repeat is not None and repeat.get("direction") == "forward":
            marks.forward = True
        elif repeat is not None:
            times = repeat.get("times", "2")
            marks.backward, marks.times = True, int(times) if re.fullmatch("[2-9]|1[0-6]", times) else 2
        if ending is not None and ending.get("type") == "start":
            numbers = re.findall(r"\d{1,2}", ending.get("number", "")[:40])
            marks.ending = frozenset(map(int, numbers)) or frozenset([1])
        elif ending is not None:
            marks.stops = True
        marks.segno |= node.find("segno") is not None
        marks.coda |= node.find("coda") is not None

    def _harmony(self, node: Element) -> None:
        root = _named(node.find("root"), "root")
        kind = node.find("kind")
        name = (kind.text or "").strip()[:30] if kind is not None else ""
        if name == "none" or (kind is not None and not root):
            symbol = "N.C."
        else:
            said = kind.get("text") if kind is not None else None
            suffix = _KINDS.get(name, (said or name.partition("-")[0])[:20])
            for degree in node.findall("degree")[:8]:
                alter = {-1: "b", 1: "#"}.get(round(self._number(degree, "degree-alter", 0)), "")
                suffix += f"({alter}{(degree.findtext('degree-value') or '')[:2].strip()})"
            bass = _named(node.find("bass"), "bass")
            symbol = root + suffix + (f"/{bass}" if bass else "")
        if symbol:
            self.sheet.chords.setdefault((self.bar, self.position), symbol)

    def _backup(self, node: Element) -> None:
        self.ticks -= self._number(node, "duration")
        if self.position < 0:  # a rounded duration or a wrong one: nothing is before the bar
            self.base = self.ticks = 0.0
        self.furthest = max(self.furthest, self.position)

    def _forward(self, node: Element) -> None:
        self.ticks += self._number(node, "duration")
        if self.position < 0:
            self.base = self.ticks = 0.0
        self.furthest = max(self.furthest, self.position)

    def _note(self, node: Element) -> None:
        grace, cue, chord = (node.find(tag) is not None for tag in ("grace", "cue", "chord"))
        if cue and (grace or node.find("duration") is None):
            return
        duration = 0.0 if grace else self._duration(node)
        if not chord:
            self.onset = self.position
            self.ticks += duration
            self.furthest = max(self.furthest, self.position)
        voice = (node.findtext("voice") or "1").strip()[:20]
        if node.find("rest") is not None or cue or (duration == 0 and not grace):
            if not chord:
                self.last.pop(voice, None)
            return
        instrument = node.find("instrument")
        program, drum = self.sounds.get("" if instrument is None else instrument.get("id", ""), self.usual)
        if node.find("unpitched") is not None:
            program, pitch = DRUMS, drum if drum >= 0 else _SNARE
        else:
            pitch = self._pitch(node.find("pitch"))
        ties = {tie.get("type") for tie in node.findall("tie") or node.findall("notations/tied")}
        order = float(voice) if voice.isascii() and voice.isdigit() else math.inf
        made = Written(
            self.bar,
            self.onset,
            duration / self.divisions,
            pitch,
            program,
            (self.part, order, voice),
            "stop" in ties,
            "start" in ties,
            _percent(node),
        )
        if grace:
            self.graces.setdefault(voice, []).append(made._replace(offset=float(chord), stops=False, starts=False))
            return
        if voice in self.graces:
            self._lean(self.graces.pop(voice), voice)
        self._add(made)
        if not chord:
            self.last[voice] = []
        self.last.setdefault(voice, []).append(len(self.sheet.notes) - 1)

    def _lean(self, graces: list[Written], voice: str) -> None:
        """Grace notes sound before the beat, in time that is taken from what the voice did before."""
        notes = self.sheet.notes
        columns = list[int]()
        for grace in graces:
            columns.append(columns[-1] + (grace.offset == 0.0) if columns else 0)  # others are of the chord before
        before = self.last.get(voice, [])
        early = ahead(columns[-1] + 1, [notes[index].quarters for index in before])
        for index in before:
            if not notes[index].starts:
                notes[index] = notes[index]._replace(quarters=notes[index].quarters - early[0])
        for grace, column in zip(graces, columns, strict=True):
            self._add(grace._replace(bar=self.bar, offset=self.onset - early[column], quarters=early[-1]))

    def _add(self, note: Written) -> None:
        sheet = self.sheet
        if len(sheet.notes) >= sheet.max_events:
            raise DataError(f"{sheet.name} has more than {sheet.max_events:,} notes; split it")
        if not self.declared:
            self.before.append(len(sheet.notes))
        sheet.notes.append(note)

    def _pitch(self, node: Element | None) -> int:
        step = (node.findtext("step") or "").strip() if node is not None else ""
        if node is None or step not in STEPS:
            self.wrong("a note has no pitch")
        octave, alter = self._number(node, "octave"), self._number(node, "alter", 0)
        pitch = math.floor(12 * (octave + 1) + STEPS[step] + alter + self.shift + 0.5)  # a quarter tone goes up
        if not 0 <= pitch <= 127:
            self.wrong(f"a note sounds at pitch {pitch}, beyond 0-127")
        return pitch

    def _duration(self, node: Element) -> float:
        """In ticks. A note without one, or with one below 0, as programs write now and then, is as long as it looks."""
        given = self._number(node, "duration", -1.0)
        if given >= 0:
            return given
        quarters = _QUARTERS.get((node.findtext("type") or "").strip(), 0.0)
        quarters *= 2 - 0.5 ** min(len(node.findall("dot")), 4)
        change = node.find("time-modification")
        if change is not None:
            normal, actual = self._number(change, "normal-notes", 1), self._number(change, "actual-notes", 1)
            quarters *= normal / actual if actual > 0 and normal > 0 else 1.0
        return quarters * self.divisions

    def _whole(self, text: str | None, tag: str) -> int:
        if not re.fullmatch(r"\s*[0-9]{1,3}\s*", text or "") or not int(text or ""):
            self.wrong(f"<{tag}> is {(text or '')[:20]!r}, not a whole number from 1 to 999")
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
            self.wrong(f"<{tag}> is {(text or '')[:20]!r}, not a number")
        return value

    def wrong(self, what: str) -> NoReturn:
        raise DataError(f"{self.sheet.name} is damaged in measure {self.number}: {what}")


def _named(node: Element | None, kind: str) -> str:
    """The root or the bass of a chord, such as "Bb"; nothing where there is none."""
    step = (node.findtext(f"{kind}-step") or "").strip() if node is not None else ""
    if node is None or step not in STEPS:
        return ""
    alter = (node.findtext(f"{kind}-alter") or "").strip()
    return step + {"-2": "bb", "-1": "b", "1": "#", "2": "##"}.get(alter, "")


def _percent(node: Element) -> int:
    """A velocity from the attribute `dynamics`, 0 where there is none."""
    found = re.fullmatch(r"\s*(\d{1,3})(\.\d*)?\s*", node.get("dynamics", "")[:40])
    return min(max(round(_LOUDEST * float(found[0])), 1), 127) if found else 0
