"""ABC notation: tunes written in letters, as collections of folk music keep them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from itertools import islice, pairwise
from operator import attrgetter

from seqgen.errors import DataError

from ..score import DRUMS, Meter, Note, Score, Tempo
from ..signs import FIFTHS, STEPS, Chord, Key
from .abc_playing import Playing, Tone, shown, struck
from .abc_voice import Voice
from .dynamics import VELOCITIES
from .guard import MAX_EVENTS
from .limits import read_bytes
from .sheet import one_at_a_time, upbeat, with_modes

LARGEST = 2**18  # characters; a tune has some 300
MOST_VOICES = 64
LARGEST_BOOK = 8 * 2**20  # bytes; the largest of music21's has 0.6 million, of 1,850 tunes
_MODES = {"maj": 0, "ion": 0, "m": -3, "min": -3, "aeo": -3, "mix": -1, "dor": -2, "phr": -4, "lyd": 1, "loc": -5}
_SAID = {
    "": "major",
    "maj": "major",
    "ion": "major",
    "m": "minor",
    "min": "minor",
    "aeo": "minor",
}  # of others the notes say
_CHORD_SYMBOL = re.compile(
    r"N\.C\.|[A-G][#b]?(?:maj|min|dim|aug|sus|add|mmaj|[mM\d+#b()°ø-])*(?:/[A-G][#b]?)?"
)  # and no word such as Fine
_ACCIDENTALS = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}
_TUPLETS = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}  # p notes in the time of these; 5, 7 and 9 follow the meter

_NOTE = r"(?P<accidental>\^\^?|__?|=)?(?P<step>[A-Ga-g])(?P<octave>[,']*)"
_LENGTH = r"(?P<times>\d{0,8})(?P<slashes>/*)(?P<over>\d{0,8})"
_CHORD_NOTE = re.compile(_NOTE + _LENGTH + "(?P<tie>-?)")
_GRACE = re.compile(r"\[[^\]]*\]|[\^_=]*[A-Ga-g][,']*")
_ASIDE = re.compile(r"""![^!]*!|\+[^+]*\+|"[^"]*"|\{[^}]*\}""")  # what is said inside a chord counts for nothing
_SHORT = {"S": "segno", "O": "coda"}  # letters for decorations; the others change nothing that is kept
_TOKEN = re.compile(
    rf"""
      (?P<skip> "[^"]*" | ![^!|\s]{{1,20}}! | ! | \+[^+]*\+ | [\s`\\.~H-WYhkuvyt*$;]+ )
    | \{{ (?P<graces>[^}}]*) \}}
    | \[ (?P<field>[A-Za-z]) : (?P<value>[^\]]*) \]
    | \( (?P<p>[2-9]) (?: :(?P<q>\d?) (?: :(?P<r>\d?) )? )?
    | (?P<bar> \[?\|[|:\]]* | :[|:\]]* | \]+ ) (?: \ *\[?(?P<ending>\d[\d,.-]*) | \ *\["[^"]*" )?
    | \[ (?P<passes>\d[\d,.-]*)                                 # the ending of a repeat, without a bar
    | \[ (?P<chord>[^\]|]*) \] {_LENGTH.replace("<", "<chord_")} -?
    | {_NOTE}{_LENGTH} (?P<tie>-?)
    | (?P<rest>[zxZX]) {_LENGTH.replace("<", "<rest_")}
    | (?P<broken> >+ | <+ )
    | [()&-]
    """,
    re.VERBOSE,
)


def read_abc(path: str | os.PathLike[str]) -> list[Score]:
    r"""The tunes of a file, an .abc, as they sound. Raises DataError for one of them that cannot be read, and for none.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "two.abc").write_text("X:1\nK:C\nCDE\n\nX:2\nK:G\nGAB\n")
    ...     [tune.notes[0].pitch for tune in read_abc(Path(folder, "two.abc"))]
    [60, 67]
    """
    tunes = read_book(path)
    for number, tune in enumerate(tunes):
        if isinstance(tune, DataError):
            raise DataError(f"{os.fspath(path)}[{number}]: {tune}")
    return [tune for tune in tunes if isinstance(tune, Score)]


def read_book(path: str | os.PathLike[str]) -> Sequence[Score | DataError]:
    """Each tune of a file, or what is wrong with it. Raises DataError for a file without tunes, or of over 8 MB."""
    raw = read_bytes(path, LARGEST_BOOK)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:  # collections of the nineties
        text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1", "replace")
    tunes = split_abc(text)
    if not tunes:
        raise DataError(f"{os.fspath(path)} has no tune: none of its lines begins with X:, as in X:1")
    return [_tune(tune) for tune in tunes]


def _tune(text: str) -> Score | DataError:
    try:
        return score_from_abc(text)
    except DataError as error:
        return error


def split_abc(text: str) -> list[str]:
    """The tunes of a tune book: each begins at its line `X:`."""
    return [tune for tune in re.split(r"(?m)^(?=X:)", text.replace("\r", "")) if tune.startswith("X:")]


def score_from_abc(tune: str) -> Score:
    """One tune as it sounds, each voice a part; 120 quarter notes a minute where it names no tempo.

    Repeats, endings, da capo, dal segno, coda and fine are played; keys and chord symbols are kept. Dynamics, of their
    voice, are velocities and grace notes take time from the note before, as in `read_musicxml`. Left out: hairpins,
    ornaments, lyrics, the order of parts (P:). An accidental holds for its letter, in all octaves, to the end of the bar. Instruments are those of `%%MIDI program` and `channel`.
    Raises DataError for a tune of more than 64 voices, with signs that are not ABC, without notes, or too long. Source: the ABC
    music standard 2.1.

    >>> [(note.pitch, round(note.duration, 3)) for note in score_from_abc("X:1\\nL:1/4\\nK:G\\nG>F|(3ABc").notes[:3]]
    [(67, 0.75), (66, 0.25), (69, 0.333)]
    """
    if len(tune) > LARGEST:
        raise DataError(f"the tune has more than {LARGEST:,} characters; split it")
    reader = _Tune()
    in_header = True
    for line in tune.split("\n"):
        if said := re.match(r"%%MIDI\s+(program|channel)\s+(?:\d+\s+)?(\d{1,3})\s*$", line):
            reader.instrument(said[1], int(said[2]))
        line = re.sub(r"(?<!\\)%.*", "", line)
        field = re.match(r"([A-Za-z]):(?![|:])\s*(.*)", line)
        if field:
            reader.field(field[1], field[2])
            in_header = in_header and field[1] != "K"
        elif not in_header:
            reader.music(line)
    return reader.score()


class _Tune:
    """The state of reading; `now` is the voice that is being read."""

    def __init__(self) -> None:
        self.unit = 0.0  # of a letter; 0: follows from the meter
        self.bar = 4.0
        self.compound = False
        self.key: dict[str, int] = {}
        self.tempos: list[tuple[float, float]] = []
        self.meters: list[tuple[float, int, int]] = []
        self.keys: list[tuple[float, tuple[int, str]]] = []
        self.chords: list[tuple[float, str]] = []
        self.playing = Playing()
        self.now = Voice()
        self.voices: dict[str, Voice] = {}

    def field(self, kind: str, value: str) -> None:
        value = value.strip()
        if kind == "L" and (found := re.match(r"(\d{1,3})/(\d{1,3})", value)) and int(found[2]):
            self.unit = 4 * int(found[1]) / int(found[2])
        elif kind == "M":
            self.meter(value)
        elif kind == "K":
            self.signature(value)
            if not any(voice.notes for voice in self.voices.values()):  # those of the head were only named
                self.now = next(iter(self.voices.values()), self.now)
        elif kind == "Q":
            if found := re.search(r"(\d{1,3})/(\d{1,3})\s*=\s*(\d{1,4})", value):
                beat = 4 * int(found[1]) / max(int(found[2]), 1)
            elif found := re.match(r"()()(\d{1,4})$", value):
                beat = self.unit or 0.5
            if found and int(found[3]) and beat:
                self.tempos.append((self.now.position, beat * int(found[3])))
        elif kind == "V":
            self.switch(value)

    def switch(self, value: str) -> None:
        """What follows is of the voice that is named; what came before the first one is its."""
        voice = value.split(maxsplit=1)[0] if value else ""
        if voice not in self.voices:
            if len(self.voices) >= MOST_VOICES:
                raise DataError(f"the tune has more than {MOST_VOICES} voices; write it in fewer")
            self.voices[voice] = Voice() if self.voices else self.now
        self.now = self.voices[voice]
        if found := re.search(r'(?:name|nm)="([^"]{1,80})"', value):
            self.now.name = found[1]

    def instrument(self, kind: str, number: int) -> None:
        """What the voice is played by, as abc2midi has it: a program, or the channel of drums."""
        if kind == "channel" and number == 10:
            self.now.program = DRUMS
        elif kind == "program" and number < DRUMS:
            self.now.program = number

    def meter(self, value: str) -> None:
        value = {"C": "4/4", "C|": "2/2"}.get(value, value)
        if found := re.match(r"(\d{1,3})/(\d{1,3})", value):
            beats, kind = int(found[1]), int(found[2])
            if beats and kind:
                self.bar, self.compound = 4 * beats / kind, beats % 3 == 0 and kind >= 8
                self.meters.append((self.now.position, beats, kind))

    def signature(self, value: str) -> None:
        if value.startswith(("HP", "Hp")):
            self.key = {"F": 1, "C": 1}
            return
        found = re.match(r"([A-G])([#b]?)\s*([A-Za-z]*)", value)
        sharps = 0
        if found:
            mode = found[3].lower()
            sharps = FIFTHS.index(found[1]) - 1 + 7 * (found[2] == "#") - 7 * (found[2] == "b")
            sharps += _MODES.get("m" if mode == "m" else mode[:3], 0)
        self.key = (
            dict.fromkeys(FIFTHS[:sharps], 1) if sharps > 0 else dict.fromkeys(FIFTHS[sharps:] if sharps else "", -1)
        )
        if found:
            self.keys.append((self.now.position, (sharps, _SAID.get("m" if mode == "m" else mode[:3], ""))))
        for accidental, step in re.findall(r"(?<=\s)(\^|_|=)([A-Ga-g])\b", value):
            self.key[step.upper()] = _ACCIDENTALS[accidental]

    def music(self, line: str) -> None:
        at = 0
        while at < len(line):
            token = _TOKEN.match(line, at)
            if token is None:
                raise DataError(f"{line[at]!r} is no sign of ABC notation, in {line[at : at + 20]!r}")
            at = token.end()
            if token["skip"]:
                self.words(token["skip"])
            elif token["graces"] is not None:
                self.lean(token["graces"])
            elif token["field"]:
                self.field(token["field"], token["value"])
            elif token["p"]:
                p = int(token["p"])
                q = int(token["q"] or 0) or _TUPLETS.get(p) or (3 if self.compound else 2)
                self.now.tuplet = q / p, int(token["r"] or 0) or p
            elif token["passes"]:
                self.playing.line(self.now.position, "", token["passes"])
            elif token["bar"]:
                self.playing.line(self.now.position, token["bar"], token["ending"] or "")
                self.now.accidentals = {}
                if (
                    self.now.position
                    and not any(time for time, *_ in self.meters)
                    and self.now.position < self.bar - 1e-6
                ):
                    self.pickup()
            elif token["broken"]:
                self.now.break_rhythm(token["broken"])
            elif token["step"]:
                self.sound([token], 1.0)
            elif token["chord"] is not None:
                chord = _ASIDE.sub("", token["chord"])
                self.sound(list(_CHORD_NOTE.finditer(chord)), _times(token, "chord_"), token[0].endswith("-"))
            elif token["rest"]:
                bars = token["rest"] in "ZX"
                self.now.rest(_times(token, "rest_") * (self.bar if bars else self.base))

    def words(self, sign: str) -> None:
        """What stands over a note: a chord symbol, a dynamic, or what leads elsewhere."""
        text = sign[1:-1].strip()
        if sign[0] == '"' and _CHORD_SYMBOL.fullmatch(text):
            self.chords.append((self.now.position, text))
        elif sign[0] in "!+" and text in VELOCITIES:
            self.now.dynamics[self.now.position] = VELOCITIES[text]
        elif sign[0] in '"!+':
            self.playing.words(text.lstrip("^_<>@"))
        else:
            for letter in _SHORT.keys() & set(sign):
                self.playing.words(_SHORT[letter])

    @property
    def base(self) -> float:
        return self.unit or (0.25 if self.bar < 3 else 0.5)

    def sound(self, tones: list[re.Match[str]], times: float, tie: bool = False) -> None:
        """A note or a chord, which is as long as its first note. tie: all of it goes on, also what does not say so."""
        pitches = {self.pitch(tone): tie or tone["tie"] == "-" for tone in tones}
        if pitches:
            self.now.strike(pitches, _times(tones[0]) * times * self.base)

    def lean(self, graces: str) -> None:
        """Grace notes, and chords of them, whose lengths count for nothing."""
        for chord in _GRACE.findall(_ASIDE.sub("", graces)):
            if tones := [self.pitch(tone) for tone in _CHORD_NOTE.finditer(chord)]:
                self.now.graces.append(tones)

    def pitch(self, tone: re.Match[str]) -> int:
        step = tone["step"].upper()
        if tone["accidental"]:
            self.now.accidentals[step] = _ACCIDENTALS[tone["accidental"]]
        alter = self.now.accidentals.get(step, self.key.get(step, 0))
        octave = tone["octave"].count("'") - tone["octave"].count(",") + tone["step"].islower()
        return 60 + STEPS[step] + alter + 12 * octave

    def pickup(self) -> None:
        """The first bar is shorter than the meter: it gets one of its own."""
        short = upbeat(self.now.position)
        if short and self.meters:
            _, beats, kind = self.meters[-1]
            self.meters = [(0.0, *short), (self.now.position, beats, kind)]
        else:
            self.meters.append((self.now.position, *self.meters[-1][1:]) if self.meters else (self.now.position, 4, 4))

    def score(self) -> Score:
        voices = [voice for voice in self.voices.values() or [self.now] if voice.notes]
        if not voices:
            raise DataError("the tune has no notes")
        sections = self.playing.sections(max(voice.position for voice in voices))
        played, left = list[list[tuple[float, float, Tone]]](), MAX_EVENTS
        for voice in voices:
            played.append(list(islice(struck(sections, voice.heard()), left + 1)))
            left -= len(played[-1])
            if left < 0:
                raise DataError(f"the tune has more than {MAX_EVENTS:,} notes as it is played; split it")
        beats = dict([(0.0, 120.0), *shown(sections, self.tempos, holds=True)])
        times = [0.0]
        turns = sorted(beats.items())
        for (before, bpm), (after, _) in pairwise(turns):
            times.append(times[-1] + (after - before) * 60 / bpm)
        clock = Score((), [Tempo(time, bpm) for time, (_, bpm) in zip(times, turns, strict=True)])
        notes = [
            Note(
                start := clock.time_at(onset),
                tone.pitch,
                clock.time_at(end) - start,
                tone.velocity,
                voice.program,
                part,
            )
            for part, voice in enumerate(voices)
            for onset, end, tone in one_at_a_time(played[part], attrgetter("pitch"))
        ]
        written = [(beat, tuple(meter)) for beat, *meter in self.meters]
        meters = {
            beat: Meter(clock.time_at(beat), *meter) for beat, meter in [(0.0, (4, 4)), *shown(sections, written, True)]
        }
        signatures = dict(shown(sections, self.keys, holds=True))
        keys = [Key(clock.time_at(beat), *key) for beat, key in signatures.items()]
        chords = dict(shown(sections, self.chords, holds=False))
        names = [voice.name for voice in voices]
        return Score(
            notes,
            clock.tempos,
            list(meters.values()),
            list(with_modes(keys, notes)),
            [Chord(clock.time_at(beat), symbol) for beat, symbol in chords.items()],
            names if any(names) else (),
        )


def _times(token: re.Match[str], prefix: str = "") -> float:
    """A length such as 3, /, 3/2 or //."""
    over = int(token[prefix + "over"] or 0) or 2 ** min(len(token[prefix + "slashes"]), 9)
    return int(token[prefix + "times"] or 1) / over
