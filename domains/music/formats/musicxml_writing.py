"""Scores as MusicXML, to be opened by a notation program: parts by name, bars, ties, keys, meters, tempos, chords."""

from __future__ import annotations

import math
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from seqgen.errors import UsageError
from seqgen.files.storage import write_output

from ..keys import key_of
from ..score import DRUMS, Note, Score
from ..signs import spelled
from .midi_writing import part_names

FINEST = 1024  # parts of a quarter note that a time is written in, where it is exactly one,
ODDEST = 15  # and such parts as tuplets have: other odd ones have no small common multiple
PLAYED = 480  # and where it is none, as in what was played: half a thousandth of a second
EXACT = 1e-5  # quarter notes: what counts as exactly
MOST_BARS = 100_000
TYPES = {
    Fraction(8): "breve",
    Fraction(4): "whole",
    Fraction(2): "half",
    Fraction(1): "quarter",
    Fraction(1, 2): "eighth",
    Fraction(1, 4): "16th",
    Fraction(1, 8): "32nd",
    Fraction(1, 16): "64th",
    Fraction(1, 32): "128th",
}
_NORMAL = {3: 2, 5: 4, 7: 4, 9: 8, 11: 8, 13: 8}  # so many in the time of
KINDS = {"": "major", "m": "minor", "7": "dominant", "maj7": "major-seventh", "m7": "minor-seventh"} | {
    "dim": "diminished",
    "aug": "augmented",
    "m7b5": "half-diminished",
    "dim7": "diminished-seventh",
    "sus4": "suspended-fourth",
    "sus2": "suspended-second",
    "6": "major-sixth",
    "m6": "minor-sixth",
    "9": "dominant-ninth",
    "maj9": "major-ninth",
    "m9": "minor-ninth",
}


class Bar(NamedTuple):
    """Quarter notes from the beginning, and the meter that is written, or None: that of the bar before."""

    begin: Fraction
    end: Fraction
    meter: tuple[int, int] | None
    upbeat: bool = False


class Segment(NamedTuple):
    """What a part sounds from one moment to the next: pitches with whether each goes on from before, and goes on after."""

    begin: Fraction
    end: Fraction
    tones: tuple[tuple[int, int, bool, bool], ...]  # pitch, velocity, from before, after


def write_musicxml(score: Score, path: str | os.PathLike[str]) -> None:
    """Writes a score as MusicXML 4.0, uncompressed, whole or not at all: one staff for every part and program.

    Every note keeps its onset, length, pitch and part; one that crosses a bar line, or sounds on while another of its
    part begins or ends, is tied. Times move to the nearest 1/480 of a quarter note, but for those that are parts
    of one as notation has them: up to 1/1024, with an odd factor of at most 15, such as 3 in triplets. Where the score
    names no key, the signature is the one that its notes fit best. Repeats are written out. Raises UsageError for a
    place that cannot be written, and for a piece of more than 100,000 bars.

    >>> import tempfile
    >>> from seqgen.domains.music import read_musicxml
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_musicxml(Score([Note(0.0, 60, 0.5), Note(0.5, 64, 2.5)]), f"{folder}/third.musicxml")
    ...     [(note.pitch, note.duration) for note in read_musicxml(f"{folder}/third.musicxml").notes]
    [(60, 0.5), (64, 2.5)]
    """
    write_output(path, musicxml(score).encode())


def musicxml(score: Score) -> str:
    """What `write_musicxml` writes."""
    parts: defaultdict[tuple[int, int], list[Note]] = defaultdict(list)
    for note in score.notes:
        parts[note.part, note.program].append(note)
    names = part_names(score, parts)
    listed, music = [], []
    bars = list(bars_of(score))
    for number, (key, notes) in enumerate(sorted(parts.items()), 1):
        program = key[1]
        midi = "<midi-channel>10</midi-channel>" if program == DRUMS else f"<midi-program>{program + 1}</midi-program>"
        listed.append(
            f'<score-part id="P{number}"><part-name>{escape(names[key])}</part-name>'
            f'<score-instrument id="P{number}-I1"><instrument-name>{escape(names[key])}</instrument-name>'
            f'</score-instrument><midi-instrument id="P{number}-I1">{midi}</midi-instrument></score-part>'
        )
        music.append(_Part(score, notes, bars, first=number == 1).text(number))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<score-partwise version="4.0">\n'
        f"<part-list>{''.join(listed)}</part-list>\n{''.join(music)}</score-partwise>\n"
    )


def beat(score: Score, time: float) -> Fraction:
    """A time of the score in quarter notes, as it can be written."""
    beats = score.beat_at(time)
    exact = Fraction(beats).limit_denominator(FINEST)
    odd = exact.denominator // (exact.denominator & -exact.denominator)
    return exact if odd <= ODDEST and abs(exact - beats) < EXACT else Fraction(round(beats * PLAYED), PLAYED)


def bars_of(score: Score) -> Iterator[Bar]:
    """The bars up to the last note; the first is an upbeat where its meter lasts one bar, shorter than what follows."""
    end = max((beat(score, note.end) for note in score.notes), default=Fraction(0))
    meters: list[tuple[Fraction, tuple[int, int]]] = []
    for meter in score.meters:
        if not meters or meters[-1][1] != meter[1:]:
            meters.append((beat(score, meter.time), (meter.numerator, meter.denominator)))
    if not meters or meters[0][0] > 0:
        meters.insert(0, (Fraction(0), (4, 4)))
    count = 0
    for number, ((start, (over, under)), (stop, following)) in enumerate(pairwise([*meters, (end, (0, 1))])):
        length, at, shown = Fraction(4 * over, under), start, False
        upbeat = number == 0 and stop == start + length and following[0] * under > over * following[1]
        while at < stop or (at == start == 0 and stop == 0):
            last = number + 1 == len(meters)
            yield Bar(at, at + length if last else min(at + length, stop), None if shown else (over, under), upbeat)
            at, shown, count = at + length, True, count + 1
            if count > MOST_BARS:
                raise UsageError(f"the score has more than {MOST_BARS:,} bars; write it in longer ones")


class _Part:
    """One part on its way to text."""

    def __init__(self, score: Score, notes: Sequence[Note], bars: Sequence[Bar], first: bool) -> None:
        self.bars = bars
        self.segments = list(segments(score, notes))
        self.drums = notes[0].program == DRUMS
        keys = score.keys or (key_of(score),)
        self.keys = [(beat(score, key.time), key.fifths, key.mode) for key in keys]
        times = {time for segment in self.segments for time in segment[:2]} | {edge for bar in bars for edge in bar[:2]}
        self.tempos, self.chords = [], []
        if first:
            self.tempos = [(beat(score, tempo.time), tempo.bpm) for tempo in score.tempos]
            self.chords = [(beat(score, chord.time), chord.symbol) for chord in score.chords]
        times |= {time for time, _ in (*self.tempos, *self.chords)}
        self.divisions = math.lcm(*(time.denominator for time in times)) if times else 1

    def text(self, number: int) -> str:
        last = (0, "major")
        lines, segment = [f'<part id="P{number}">\n'], 0
        for count, bar in enumerate(self.bars):
            begins = [key for key in self.keys if bar.begin <= key[0] < bar.end or (not count and key[0] <= 0)]
            upbeat = count == 0 and bar.upbeat
            meter = self.bars[1].meter if upbeat else None if count == 1 and self.bars[0].upbeat else bar.meter
            signs = f"<divisions>{self.divisions}</divisions>" if not count else ""
            if begins:
                last = begins[-1][1:]
                signs += f"<key><fifths>{last[0]}</fifths><mode>{last[1]}</mode></key>"
            if meter:
                signs += f"<time><beats>{meter[0]}</beats><beat-type>{meter[1]}</beat-type></time>"
            if not count:
                signs += self._clef()
            implicit = ' implicit="yes"' if upbeat else ""
            lines.append(f'<measure number="{count + (not self.bars[0].upbeat)}"{implicit}>')
            lines.append(f"<attributes>{signs}</attributes>" if signs else "")
            at = bar.begin
            while segment < len(self.segments) and self.segments[segment].begin < bar.end:
                part = self.segments[segment]
                lines += self._silence(at, part.begin)
                end = min(part.end, bar.end)
                lines += self._sound(part, max(part.begin, bar.begin), end, last[0])
                at = end
                if part.end > bar.end:
                    tones = tuple((pitch, velocity, True, after) for pitch, velocity, _, after in part.tones)
                    self.segments[segment] = Segment(bar.end, part.end, tones)
                    break
                segment += 1
            lines += self._silence(at, bar.end)
            lines.append("</measure>\n")
        return "".join([*lines, "</part>\n"])

    def _clef(self) -> str:
        pitches = [tone[0] for segment in self.segments for tone in segment.tones]
        if self.drums:
            return "<clef><sign>percussion</sign></clef>"
        low = sum(pitches) < 60 * len(pitches)
        return f"<clef><sign>{'F' if low else 'G'}</sign><line>{4 if low else 2}</line></clef>"

    def _marks(self, begin: Fraction, end: Fraction) -> Iterator[str]:
        """Tempos and chords in a stretch of time, each with its offset from where they are written."""
        for time, bpm in self.tempos:
            if begin <= time < end:
                offset = f"<offset>{(time - begin) * self.divisions}</offset>" if time > begin else ""
                yield (
                    f"<direction><direction-type><metronome><beat-unit>quarter</beat-unit><per-minute>{bpm:.4g}"
                    f'</per-minute></metronome></direction-type>{offset}<sound tempo="{bpm!r}"/></direction>'
                )
        for time, symbol in self.chords:
            if begin <= time < end:
                yield harmony(symbol, (time - begin) * self.divisions)

    def _silence(self, begin: Fraction, end: Fraction) -> Iterator[str]:
        for start, stop in self._cut(begin, end):
            for at, until in pieces(start, stop, self.divisions):
                yield from self._marks(at, until)
                yield f"<note><rest/>{self._length(at, until)}</note>"

    def _cut(self, begin: Fraction, end: Fraction) -> Iterator[tuple[Fraction, Fraction]]:
        """Where a tempo or a chord begins, what sounds is cut: not every program reads offsets."""
        edges = {time for time, _ in (*self.tempos, *self.chords) if begin < time < end}
        return pairwise([begin, *sorted(edges), end]) if begin < end else iter(())

    def _sound(self, segment: Segment, begin: Fraction, end: Fraction, fifths: int) -> Iterator[str]:
        stretches = [piece for cut in self._cut(begin, end) for piece in pieces(*cut, self.divisions)]
        for number, (at, until) in enumerate(stretches):
            yield from self._marks(at, until)
            length = self._length(at, until)
            for count, (pitch, velocity, before, after) in enumerate(segment.tones):
                stops = before if number == 0 else True
                starts = True if number + 1 < len(stretches) or until < segment.end else after
                ties = '<tie type="stop"/>' * stops + '<tie type="start"/>' * starts
                tied = '<tied type="stop"/>' * stops + '<tied type="start"/>' * starts
                loud = f' dynamics="{velocity / 0.9:.2f}"'
                duration, _, type_ = length.partition("</duration>")
                yield (
                    f"<note{loud}>{'<chord/>' * (count > 0)}{self._pitch(pitch, fifths)}{duration}</duration>{ties}"
                    f"{type_}{f'<notations>{tied}</notations>' if tied else ''}</note>"
                )

    def _pitch(self, pitch: int, fifths: int) -> str:
        name = named(pitch, fifths)
        alter = name.count("#") - name[1:].count("b")
        octave = (pitch - alter) // 12 - 1
        if self.drums:
            return f"<unpitched><display-step>{name[0]}</display-step><display-octave>{octave}</display-octave></unpitched>"
        altered = f"<alter>{alter}</alter>" if alter else ""
        return f"<pitch><step>{name[0]}</step>{altered}<octave>{octave}</octave></pitch>"

    def _length(self, begin: Fraction, end: Fraction) -> str:
        """Duration, voice, type, dots and tuplet, as far as the length has a name."""
        return f"<duration>{(end - begin) * self.divisions}</duration><voice>1</voice>{_looks(end - begin)}"


def _looks(quarters: Fraction) -> str:
    odd = quarters.denominator // (quarters.denominator & -quarters.denominator)
    scale = Fraction(odd, _NORMAL[odd]) if odd in _NORMAL else Fraction(1)
    for dots, factor in enumerate((Fraction(1), Fraction(3, 2), Fraction(7, 4))):
        if (kind := quarters * scale / factor) in TYPES:
            change = (
                f"<time-modification><actual-notes>{odd}</actual-notes><normal-notes>{_NORMAL[odd]}</normal-notes>"
                "</time-modification>"
                if scale != 1
                else ""
            )
            return f"<type>{TYPES[kind]}</type>{'<dot/>' * dots}{change}"
    return ""


def pieces(begin: Fraction, end: Fraction, divisions: int) -> list[tuple[Fraction, Fraction]]:
    """A length in few pieces that have a name, all whole in `divisions`: as it is, or up to the next beat, or the longest."""
    cut: list[tuple[Fraction, Fraction]] = []
    while begin < end:
        stop = end
        if not _looks(end - begin):
            following = Fraction(math.floor(begin) + 1)
            lengths = [kind * dot for kind in TYPES for dot in (Fraction(3, 2), Fraction(1))]
            lengths = [each for each in lengths if begin + each <= end and (each * divisions).denominator == 1]
            if following < end and _looks(following - begin) and begin.denominator > 1:
                stop = following
            elif lengths:
                stop = begin + max(lengths)
        cut.append((begin, stop))
        begin = stop
    return cut


def segments(score: Score, notes: Sequence[Note]) -> Iterator[Segment]:
    """A part as one voice: wherever a note begins or ends, all that sound are cut and tied."""
    spans: list[tuple[Fraction, Fraction, Note]] = []
    for note in notes:
        begin = beat(score, note.onset)
        spans.append((begin, max(beat(score, note.end), begin + Fraction(1, FINEST)), note))
    spans.sort(key=lambda span: (span[0], span[2].pitch))
    edges = sorted({edge for begin, end, _ in spans for edge in (begin, end)})
    starting: defaultdict[Fraction, set[int]] = defaultdict(set)
    for begin, _, note in spans:
        starting[begin].add(note.pitch)
    sounding: list[tuple[Fraction, Fraction, Note]] = []
    following = 0
    for begin, end in pairwise(edges):
        sounding = [span for span in sounding if span[1] > begin]
        while following < len(spans) and spans[following][0] == begin:
            sounding = [span for span in sounding if span[2].pitch != spans[following][2].pitch]  # struck again
            sounding.append(spans[following])
            following += 1
        if sounding:
            again = starting.get(end, set())
            yield Segment(
                begin,
                end,
                tuple(
                    (note.pitch, note.velocity, start < begin, stop > end and note.pitch not in again)
                    for start, stop, note in sorted(sounding, key=lambda span: span[2].pitch)
                ),
            )


def named(pitch: int, fifths: int) -> str:
    """The name of a pitch in a key: of the key where it has it, else the nearest in the circle of fifths."""
    lowest = fifths - 3  # the seven notes of the key, two names below them, three above
    return spelled(lowest + (7 * pitch - lowest) % 12)


def harmony(symbol: str, offset: Fraction = Fraction(0)) -> str:
    """A chord symbol as an element. One that names no root is none."""
    chord, _, bass = symbol.partition("/")
    root = chord[: 1 + len(chord[1:]) - len(chord[1:].lstrip("#b"))] if chord[:1] in "ABCDEFG" else ""
    where = f"<offset>{offset}</offset>" if offset else ""
    if not root:
        none = f"<kind text={quoteattr(symbol)}>none</kind>"
        return f'<harmony><root><root-step text="">C</root-step></root>{none}{where}</harmony>'
    kind = chord[len(root) :]
    text = "" if kind in KINDS else f" text={quoteattr(kind)}"
    low = _step("bass", bass) if bass[:1] and bass[0] in "ABCDEFG" else ""
    return f"<harmony>{_step('root', root)}<kind{text}>{KINDS.get(kind, 'other')}</kind>{low}{where}</harmony>"


def _step(kind: str, name: str) -> str:
    alter = name.count("#") - name[1:].count("b")
    altered = f"<{kind}-alter>{alter}</{kind}-alter>" if alter else ""
    return f"<{kind}><{kind}-step>{name[0]}</{kind}-step>{altered}</{kind}>"
