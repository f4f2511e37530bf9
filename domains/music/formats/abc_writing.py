"""Scores as ABC: a tune in letters, several parts as voices, to be read by people and by every program for folk tunes."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from operator import itemgetter
from statistics import fmean

from seqgen.errors import UsageError
from seqgen.files.storage import write_output

from ..keys import key_of
from ..score import DRUMS, Note, Score
from ..signs import FIFTHS, Key, spelled
from .abc import LARGEST, MOST_VOICES
from .dynamics import USUAL, nearest
from .midi_writing import part_names
from .musicxml_writing import Bar, Segment, bars_of, beat, named, segments

UNIT = Fraction(1, 2)  # of a quarter: what a letter lasts
A_LINE = 4  # bars
BEATS = ((1, 4), (1, 8), (1, 16), (1, 32))  # what a tempo counts; the first of which there is a whole number a minute
FASTEST = 9999
TOO_LARGE = (
    f"in ABC, where notes are cut wherever another of their voice begins or ends, the score has more than the {LARGEST:,} "
    "letters that a tune is read with; write it as .mid, or a part or some bars of it"
)


def write_abc(score: Score, path: str | os.PathLike[str]) -> None:
    """Writes a score as ABC 2.1, whole or not at all: a voice for every part and program, with ties, keys, meters and chords.

    Times move as in `write_musicxml`; lengths that are no halves or dots are fractions of an eighth, such as A2/3. Of
    velocities the nearest dynamic is written where that changes, of what a voice strikes at once that of their mean. Raises
    UsageError for a place that cannot be written, and for a piece that `read_abc` would refuse: of more than 64 voices, or
    262,144 letters.

    >>> import tempfile
    >>> from seqgen.domains.music import read_abc
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_abc(Score([Note(0.0, 60, 0.5), Note(0.5, 66, 2.5)]), f"{folder}/third.abc")
    ...     [(note.pitch, note.duration) for note in read_abc(f"{folder}/third.abc")[0].notes]
    [(60, 0.5), (66, 2.5)]
    """
    title = os.path.splitext(os.path.basename(os.fspath(path)))[0]
    write_output(path, abc(score, title).encode())


def abc(score: Score, title: str = "") -> str:
    """What `write_abc` writes."""
    parts: defaultdict[tuple[int, int], list[Note]] = defaultdict(list)
    for note in score.notes:
        parts[note.part, note.program].append(note)
    names, bars = part_names(score, parts), list(bars_of(score))
    meter = bars[1].meter if len(bars) > 1 and bars[0].upbeat else bars[0].meter if bars else (4, 4)
    keys = [(beat(score, key.time), _named_key(key)) for key in score.keys or (key_of(score),)]
    tempos = [(beat(score, tempo.time), _tempo(tempo.bpm)) for tempo in score.tempos]
    head = [
        "X:1",
        f"T:{' '.join(title.split())}",
        f"M:{meter[0]}/{meter[1]}" if meter else "M:4/4",
        "L:1/8",
        *(f"Q:{tempo}" for _, tempo in tempos[:1]),
        f"K:{keys[0][1]}",
    ]
    signs = [(time, f"[Q:{tempo}] ") for time, tempo in tempos[1:]]
    chords = [(beat(score, chord.time), f'"{chord.symbol}" ') for chord in score.chords if '"' not in chord.symbol]
    if len(parts) > MOST_VOICES:
        raise UsageError(
            f"the score has {len(parts)} parts and instruments, more than the {MOST_VOICES} voices that a tune in ABC is "
            "read with; write it as .mid or .musicxml"
        )
    lines: list[str] = []
    for number, (key, notes) in enumerate(sorted(parts.items()), 1):
        if len(parts) > 1:
            name = " ".join(names[key].replace('"', "'").split())
            lines += [
                f'V:{number} name="{name}"',
                "%%MIDI channel 10" if key[1] == DRUMS else f"%%MIDI program {key[1]}",
            ]
        sounding = list(_within(segments(score, notes)))
        said = [*(signs if number == 1 else ()), *(chords if number == 1 else ()), *_dynamics(sounding)]
        said.sort(key=itemgetter(0))
        lines += _lines(sounding, bars, [*keys], said, score.keys or (key_of(score),))
    text = "\n".join([*head, *lines]) + "\n"
    if len(text) > LARGEST:
        raise UsageError(TOO_LARGE)
    return text


def _within(found: Iterable[Segment]) -> Iterator[Segment]:
    """No more than fits: of n notes that all sound at once, n^2 are written."""
    letters = 0
    for segment in found:
        letters += len(segment.tones)
        if letters > LARGEST:
            raise UsageError(TOO_LARGE)
        yield segment


def _dynamics(sounding: Iterable[Segment]) -> Iterator[tuple[Fraction, str]]:
    """Where what is struck is of another dynamic than before."""
    last = nearest(USUAL)
    for segment in sounding:
        struck = [velocity for _, velocity, goes_on, _ in segment.tones if not goes_on]
        if struck and (dynamic := nearest(fmean(struck))) != last:
            yield segment.begin, f"!{dynamic}!"
            last = dynamic


def _lines(
    sounding: list[Segment],
    bars: Sequence[Bar],
    keys: list[tuple[Fraction, str]],
    signs: list[tuple[Fraction, str]],
    signatures: Sequence[Key],
) -> Iterator[str]:
    """A voice, four bars a line."""
    line: list[str] = []
    fifths, turn = signatures[0].fifths, 1
    for number, bar in enumerate(bars):
        said = ""
        if number and bar.meter and not (number == 1 and bars[0].upbeat):
            said += f"[M:{bar.meter[0]}/{bar.meter[1]}]"
        while turn < len(keys) and keys[turn][0] < bar.end:
            said, fifths, turn = f"{said}[K:{keys[turn][1]}]", signatures[turn].fifths, turn + 1
        line.append(said + _bar(sounding, bar, signs, fifths) + (" |]" if number + 1 == len(bars) else " |"))
        if len(line) == A_LINE or number + 1 == len(bars):
            yield " ".join(line)
            line = []


def _bar(sounding: list[Segment], bar: Bar, signs: list[tuple[Fraction, str]], fifths: int) -> str:
    """What sounds in a bar, which is taken from the front of `sounding`, with the signs that are taken from `signs`."""
    altered: set[str] = set()  # letters, in any octave: programs differ in how far an accidental reaches
    words, at = [], bar.begin

    def until(end: Fraction, tones: Sequence[tuple[int, int, bool, bool]], goes_on: bool) -> None:
        nonlocal at
        while at < end:
            said = ""
            while signs and signs[0][0] <= at:
                said += signs.pop(0)[1]
            stop = min([end, *(time for time, _ in signs[:1] if time > at)])
            ties = [goes_on or after or stop < end for *_, after in tones]
            letters = [_letter(tone[0], fifths, altered) + "-" * tie for tone, tie in zip(tones, ties, strict=True)]
            length = _length(stop - at)
            if len(letters) > 1:
                words.append(f"{said}[{''.join(letters)}]{length}")
            else:
                word = letters[0].removesuffix("-") + length + "-" * ties[0] if letters else f"z{length}"
                words.append(said + word)
            at = stop

    while sounding and sounding[0].begin < bar.end:
        segment = sounding[0]
        until(max(segment.begin, bar.begin), (), goes_on=False)
        until(min(segment.end, bar.end), segment.tones, goes_on=segment.end > bar.end)
        if segment.end > bar.end:
            break
        sounding.pop(0)
    until(bar.end, (), goes_on=False)
    return " ".join(words)


def _letter(pitch: int, fifths: int, altered: set[str]) -> str:
    """A pitch in letters, with its accidental where the key, or what came before in the bar, says another."""
    name = named(pitch, fifths)
    alter = name.count("#") - name[1:].count("b")
    octave = (pitch - alter) // 12 - 5
    own = FIFTHS.index(name[0])
    usual = 1 if own < fifths else -1 if own >= 7 + fifths else 0
    accidental = {-2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}[alter] if alter != usual or name[0] in altered else ""
    if alter != usual:
        altered.add(name[0])
    letter = name[0].lower() if octave > 0 else name[0]
    return accidental + letter + ("'" * (octave - 1) if octave > 0 else "," * -octave)


def _length(quarters: Fraction) -> str:
    units = quarters / UNIT
    over = "" if units.denominator == 1 else f"/{units.denominator}"
    return f"{units.numerator if units.numerator != 1 or (not over and units != 1) else ''}{over}"


def _tempo(bpm: float) -> str:
    for over, under in BEATS:
        count = bpm * under / 4 / over
        if abs(count - round(count)) < 1e-6 and round(count) <= FASTEST:
            return f"{over}/{under}={round(count)}"
    return f"1/4={max(1, min(round(bpm), FASTEST))}"


def _named_key(key: Key) -> str:
    return spelled(key.fifths + 3 * (key.mode == "minor")) + ("m" if key.mode == "minor" else "")
