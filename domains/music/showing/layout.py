"""Where everything in a piano roll goes: a list of rectangles, lines and words that any backend can draw."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from ..score import DRUMS, Meter, Note, Score

WIDTH = 1120
LEFT, RIGHT = 52, 16  # the margins
SYSTEM = 16.0  # seconds a system aims at
SYSTEMS, NOTES = 12, 20_000  # what a picture holds; the rest is left out and counted
DRUM_LANE = 11
INK, FAINT, BAR, BEAT, BLACK_KEY, OCTAVE = "#24292f", "#59636e", "#b3bac2", "#e6e9ed", "#f3f5f7", "#d8dde3"
# Okabe and Ito's colours, which the colour-blind tell apart, the yellow darkened to stand on white; and the drums'.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b58900", "#56b4e9", "#7a5195", "#8c564b")
DRUM_COLOR = "#4d4d4d"

_FAMILIES = (
    *("piano", "mallets", "organ", "guitar", "bass", "strings", "ensemble", "brass"),
    *("reed", "flute", "lead", "pad", "effects", "plucked", "bells", "effects"),
)
_NAME = re.compile(r"[!-~][ -~]{0,27}")  # of a part, that is shown: short, and in letters that the font of PNG has
_KEYS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_DRUM_LANES: dict[str, tuple[int, ...]] = {  # from the top
    "cymbal": (49, 52, 55, 57),
    "ride": (51, 53, 59),
    "open hat": (46,),
    "hat": (42, 44),
    "tom": (41, 43, 45, 47, 48, 50),
    "percussion": (),  # and whatever has no lane of its own
    "clap": (37, 39),
    "snare": (38, 40),
    "kick": (35, 36),
}
_LANE_OF = {pitch: name for name, pitches in _DRUM_LANES.items() for pitch in pitches}


class Rect(NamedTuple):
    x: float
    y: float
    width: float
    height: float
    fill: str
    radius: float = 0.0


class Line(NamedTuple):
    x0: float
    y0: float
    x1: float
    y1: float
    color: str


class Text(NamedTuple):
    text: str
    x: float  # of the start, the middle or the end, as `anchor` says
    y: float  # of the baseline
    size: int = 10
    color: str = FAINT
    anchor: str = "start"


class Drawing(NamedTuple):
    """Everything in the picture, in the order in which it is painted; lengths in pixels."""

    height: float
    summary: str
    shapes: list[Rect | Line | Text]


def layout(score: Score) -> Drawing:
    """Where everything goes: systems of whole bars under each other, pitch upwards, the drums below."""
    bars = _bars(score)
    breaks = _breaks(score, [time for _, time in bars])
    spans = list(pairwise(breaks))
    shown = [note for note in score.notes if note.onset < breaks[-1]][:NOTES]
    scale = (WIDTH - LEFT - RIGHT) / max(end - start for start, end in spans)  # pixels a second

    pitches = [note.pitch for note in shown if note.program != DRUMS]
    low, high = min(pitches, default=60) - 2, max(pitches, default=60 if not shown else 48) + 2
    if pitches or not shown:
        low, high = min(low, (low + high) // 2 - 6), max(high, (low + high) // 2 + 6)
    lanes = [name for name in _DRUM_LANES if any(_lane(note) == name for note in shown)]
    keys = _Keys(low, high if pitches or not shown else low - 1, lanes)

    voices = sorted({(note.part, note.program) for note in shown if note.program != DRUMS})
    colors = {voice: COLORS[i % len(COLORS)] for i, voice in enumerate(voices)}
    shapes: list[Rect | Line | Text] = []
    summary, legend = _summary(score, shown, breaks[-1]), _legend(voices, colors, bool(lanes), score.names)
    shapes += [Text(summary, LEFT, 24, 13, INK), *legend]

    top: float = 74 if legend else 52
    for start, end in spans:
        system = _System(start, end, top, scale, keys)
        shapes += system.grid(score, bars)
        inside = [note for note in shown if note.onset < end and (note.end > start or note.onset >= start)]
        shapes += system.notes(inside, colors)
        top += keys.height + 52
    return Drawing(_tenth(top - 8), summary, shapes)


class _Keys(NamedTuple):
    """The lanes of a system: a semitone each from `low` to `high`, below them the drums'."""

    low: int
    high: int
    drums: list[str]

    @property
    def lane(self) -> float:
        return min(max(300 / max(self.high - self.low + 1, 1), 5.0), 9.0)

    @property
    def keyboard(self) -> float:
        return self.lane * (self.high - self.low + 1)

    @property
    def gap(self) -> int:
        return 6 if self.drums and self.high >= self.low else 0

    @property
    def height(self) -> float:
        return self.keyboard + self.gap + DRUM_LANE * len(self.drums)


class _System(NamedTuple):
    """One row of the picture, from `start` to `end` seconds."""

    start: float
    end: float
    top: float
    scale: float
    keys: _Keys

    def x(self, time: float) -> float:
        return LEFT + (min(max(time, self.start), self.end) - self.start) * self.scale

    def y(self, pitch: int) -> float:
        """The upper edge of a pitch's lane."""
        return self.top + (self.keys.high - pitch) * self.keys.lane

    def drum_y(self, lane: str) -> float:
        return self.top + self.keys.keyboard + self.keys.gap + DRUM_LANE * self.keys.drums.index(lane)

    def grid(self, score: Score, bars: list[tuple[int, float]]) -> list[Rect | Line | Text]:
        keys, right, bottom = self.keys, self.x(self.end), self.top + self.keys.height
        shapes: list[Rect | Line | Text] = []
        for pitch in range(keys.low, keys.high + 1):
            if _KEYS[pitch % 12] in ("C#", "Eb", "F#", "Ab", "Bb"):
                shapes.append(_rect(LEFT, self.y(pitch), right - LEFT, keys.lane, BLACK_KEY))
            if pitch % 12 == 0:
                shapes.append(_line(LEFT, self.y(pitch) + keys.lane, right, self.y(pitch) + keys.lane, OCTAVE))
                middle = self.y(pitch) + keys.lane / 2
                shapes.append(_text(f"C{pitch // 12 - 1}", LEFT - 6, middle + 3.5, anchor="end"))
        for lane in keys.drums[::2]:
            shapes.append(_rect(LEFT, self.drum_y(lane), right - LEFT, DRUM_LANE, BLACK_KEY))
        for lane in keys.drums:
            shapes.append(_text(lane, LEFT - 6, self.drum_y(lane) + 8.5, 9 if len(lane) < 9 else 8, anchor="end"))

        pieces = [(self.top, self.top + keys.keyboard)] if keys.keyboard else []
        pieces += [(bottom - DRUM_LANE * len(keys.drums), bottom)] if keys.drums else []
        first = math.ceil(score.beat_at(self.start) - 1e-6)
        beats = math.floor(score.beat_at(self.end) + 1e-6) - first + 1
        if beats * 12 <= right - LEFT:
            for beat in range(first, first + beats):
                x = self.x(score.time_at(beat))
                shapes += [_line(x, upper, x, lower, BEAT) for upper, lower in pieces]
        told = -math.inf
        for number, time in bars:
            if self.start - 1e-6 <= time <= self.end + 1e-6:
                x = self.x(time)
                shapes += [_line(x, upper, x, lower, BAR) for upper, lower in pieces]
                if x - told >= 24 and right - x >= 8:
                    shapes.append(_text(str(number), x, self.top - 5, color=INK, anchor="middle"))
                    told = x
        step = _tick(60 / self.scale)
        for tick in range(math.ceil(self.start / step - 1e-6), math.floor(self.end / step + 1e-6) + 1):
            x = self.x(tick * step)
            shapes.append(_line(x, bottom, x, bottom + 4, BAR))
            shapes.append(_text(_clock(tick * step), x, bottom + 15, anchor="middle"))
        return shapes

    def notes(self, notes: list[Note], colors: dict[tuple[int, int], str]) -> list[Rect | Line | Text]:
        together: dict[tuple[float, int], list[Note]] = defaultdict(list)
        notes = sorted(notes, key=lambda note: -note.duration)
        for note in notes:
            if note.program != DRUMS:
                together[round(note.onset, 2), note.pitch].append(note)
        shapes: list[Rect | Line | Text] = []
        for note in notes:
            x = self.x(note.onset)
            if note.program == DRUMS:
                fill = _tint(DRUM_COLOR, note.velocity)
                width = min(4, self.x(self.end) - x)
                shapes.append(_rect(x, self.drum_y(_lane(note)) + 1.5, max(width, 1), DRUM_LANE - 3, fill, 1))
                continue
            # Parts that meet on one pitch share its lane, or one would hide the other: the longest lies behind.
            sharing = together[round(note.onset, 2), note.pitch]
            share = sharing.index(note) / len(sharing) * (self.keys.lane - 1)
            y, height = self.y(note.pitch) + 0.5 + share, self.keys.lane - 1 - share
            width = max(self.x(note.end) - x - 0.8, 1.2)  # a gap, so that a repeated note is two
            fill = _tint(colors[note.part, note.program], note.velocity)
            shapes.append(_rect(x, y, width, height, fill, min(2, width / 2, height / 2)))
        return shapes


def _bars(score: Score) -> list[tuple[int, float]]:
    """Every bar that may come into the picture: its number, from 1, and when it begins, in seconds.

    A meter whose bars are shorter than a tenth of a second, or begin beyond the picture, is passed over.
    """
    meters = score.meters if score.meters and score.meters[0].time == 0 else (Meter(0.0, 4, 4), *score.meters)
    end = min(max(score.seconds, 1.0), 2 * SYSTEM * SYSTEMS)
    found: list[tuple[int, float]] = []
    for meter, after in zip(meters, [*meters[1:], None], strict=True):
        until = min(after.time, end) if after else end
        first = score.beat_at(meter.time)
        exact = (score.beat_at(until) - first) / meter.quarters
        if until <= meter.time or exact > 10 * (until - meter.time):
            continue
        count = math.ceil(exact - 1e-3) + (after is None or after.time > end)  # and the double bar
        found += [(len(found) + 1 + i, score.time_at(first + i * meter.quarters)) for i in range(count)]
    return found


def _breaks(score: Score, bars: list[float]) -> list[float]:
    """Where systems begin, and at the end where the last one ends, in seconds: at bars, as near `SYSTEM` as they allow."""
    breaks = [0.0]
    end = max(score.seconds, 1.0)
    close = [bar for bar in bars if bar >= end - 1e-3]
    if close and close[0] - end < SYSTEM / 2:
        end = close[0]  # the last bar is drawn whole
    size = _bars_a_system(bars)
    while breaks[-1] < end - 1e-3 and len(breaks) <= SYSTEMS:
        start = breaks[-1]
        ahead = [bar for bar in bars if start + 1e-3 < bar <= start + 1.5 * SYSTEM]
        stop = ahead[min(size, len(ahead)) - 1] if ahead else start + SYSTEM
        breaks.append(min(stop, end))
    return breaks


def _bars_a_system(bars: list[float]) -> int:
    """1, 2, 4, 8, ... of the piece's usual bars, whatever comes nearest to `SYSTEM` seconds."""
    lengths = sorted(b - a for a, b in pairwise(bars) if 0 < b - a < math.inf)
    usual = lengths[len(lengths) // 2] if lengths else SYSTEM
    return int(2 ** max(round(math.log2(SYSTEM / usual)), 0))


def _legend(
    voices: list[tuple[int, int]], colors: dict[tuple[int, int], str], drums: bool, named: Sequence[str]
) -> list[Rect | Line | Text]:
    if len(voices) + drums < 2:
        return []
    alone = len({program for _, program in voices}) == len(voices) and len({part for part, _ in voices}) == 1
    names, players = [], Counter(part for part, _ in voices)
    for part, program in voices:
        own = named[part].strip() if 0 <= part < len(named) else ""
        family = _FAMILIES[program // 8]
        own += f", {family}" if own and players[part] > 1 else ""
        said = own if _NAME.fullmatch(own) else family if alone else f"part {part + 1}, {family}"
        names.append((said, colors[part, program]))
    names += [("drums", DRUM_COLOR)] if drums else []
    shapes: list[Rect | Line | Text] = []
    x: float = LEFT
    for i, (name, color) in enumerate(names):
        wide = 18 + 6.2 * len(name) + 16
        if x + wide > WIDTH - RIGHT - 60 and i < len(names) - 1:
            shapes.append(_text(f"and {len(names) - i} more", x, 46, 11))
            break
        shapes += [_rect(x, 37, 12, 10, _tint(color, 100), 2), _text(name, x + 18, 46, 11)]
        x += wide
    return shapes


def _summary(score: Score, shown: list[Note], end: float) -> str:
    """How much music, and how much of it is in the picture."""
    parts = len({(note.part, note.program) for note in score.notes})
    if not score.notes:
        return "no notes"
    counted = f"{len(score.notes):,} note{'s' * (len(score.notes) != 1)}"
    counted += f" in {parts:,} parts" if parts > 1 else ""
    said = f"{counted}, {_clock(score.seconds)}"
    if (missing := len(score.notes) - len(shown)) > 0:
        last = shown[-1].onset if len(shown) == NOTES else end
        said += f"; shown up to {_clock(last)}, {missing:,} later note{'s' * (missing != 1)} left out"
    return said


def _lane(note: Note) -> str:
    return _LANE_OF.get(note.pitch, "percussion") if note.program == DRUMS else ""


def _clock(seconds: float) -> str:
    """0:05, 1:30, 1:00:00; with tenths where they matter."""
    whole, tenths = divmod(round(seconds * 10), 10)
    hours, rest = divmod(whole, 3600)
    text = f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
    return f"{text}.{tenths}" if tenths else text


def _tick(least: float) -> float:
    """The shortest round step of at least `least` seconds."""
    return next((step for step in (0.5, 1, 2, 5, 10, 30, 60) if step >= least), 60.0)


def _tint(color: str, velocity: int) -> str:
    """Paler for softer notes, mixed with the paper so that both backends show the same."""
    strength = 0.35 + 0.65 * velocity / 127
    mixed = (round(255 + strength * (int(color[i : i + 2], 16) - 255)) for i in (1, 3, 5))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def _tenth(number: float) -> float:
    return round(number, 1)


def _rect(x: float, y: float, width: float, height: float, fill: str, radius: float = 0.0) -> Rect:
    return Rect(_tenth(x), _tenth(y), _tenth(width), _tenth(height), fill, _tenth(radius))


def _line(x0: float, y0: float, x1: float, y1: float, color: str) -> Line:
    return Line(_tenth(x0), _tenth(y0), _tenth(x1), _tenth(y1), color)


def _text(text: str, x: float, y: float, size: int = 10, **style: Any) -> Text:
    return Text(text, _tenth(x), _tenth(y), size, **style)
