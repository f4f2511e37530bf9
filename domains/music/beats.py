"""Written music of any kind as a stream of symbols: bars, places in them, parts, notes with their lengths.

After REMI (Huang & Yang 2020, arXiv:2002.00212), with parts kept apart, exact lengths, meters, keys, and bars still to come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqgen.domain import Example
from seqgen.errors import ModelError
from seqgen.spec import Discrete, Steps

from .score import DRUMS, Score
from .signs import Key, spelled
from .symbols import BASS, NO_CHORD, chord_symbols, symbol_of
from .ticks import (
    FOUR_FOUR,
    KEYS,
    LEVELS,
    LONGEST_BAR,
    METERS,
    MOST_PARTS,
    MOST_TICKS,
    START_LEVEL,
    TEMPO,
    TEMPOS,
    Ticked,
    TickNote,
    bar_ticks,
    scored,
    ticked,
    times,
)
from .tonic import at_home, first_key, home, moved

WHOLE = 96  # ticks, the longest length that is one symbol
COUNTED = 8  # the last bars, which say how many are to come

# Where each kind of symbol begins.
BAR, UP, END, LONGER = 0, 1, 2, 3
PLACE = 4
NOTE = PLACE + LONGEST_BAR
DRUM = NOTE + 128
LENGTH = DRUM + 128
LEVEL = LENGTH + WHOLE
PART = LEVEL + LEVELS
PROGRAM = PART + MOST_PARTS
SPEED = PROGRAM + DRUMS + 1
METER = SPEED + len(TEMPOS)
KEY = METER + len(METERS)
LEFT = KEY + len(KEYS)
CHORD = LEFT + COUNTED
UNDER = CHORD + NO_CHORD + 1
SIZE = UNDER + BASS
STARTS = (BAR, UP, END, LONGER, PLACE, NOTE, DRUM, LENGTH, LEVEL, PART, PROGRAM, SPEED, METER, KEY, LEFT, CHORD, UNDER)


@dataclass(frozen=True)
class Beats:
    """Pieces of any kind that were written down: bars, beats, tempo and parts are kept.

    A bar begins with its meter, where that is new, and among the last eight with how many are to come. A place in the bar, in
    ticks of a twelfth of a quarter, goes before what happens there: key, tempo, chord, then notes by part and pitch, each with
    its length. A part, its program and its velocity hold until the next. Lost: what `ticked` says, bends and pedals.

    >>> from seqgen.domains.music import Key, Note
    >>> steps = Beats().encode(Score([Note(0.0, 60, 0.5), Note(0.5, 64, 1.0)])).steps.tolist()
    >>> [symbol - LENGTH for symbol in steps if LENGTH <= symbol < LEVEL], Beats().decode(steps).notes[1].onset
    ([11, 23], 0.5)

    tonic: a piece says its key, by its notes where it has none, and from there on everything is as if that were C major or A
    minor, later keys and chords too: a network learns intervals from the tonic, and what it makes is in any key.

    >>> steps = Beats(tonic=True).encode(Score([Note(0.0, 67, 0.5)], keys=[Key(0.0, 1)])).steps.tolist()
    >>> KEY + KEYS.index((1, "major")) in steps, NOTE + 72 in steps, Beats(tonic=True).decode(steps).notes[0].pitch
    (True, True, 67)
    """

    tonic: bool = False

    @property
    def spec(self) -> Discrete:
        """One symbol of `SIZE`."""
        return Discrete(SIZE)

    def canonical(self, item: Score) -> Score:
        """What is left of a piece on the grid."""
        if not self.tonic:
            return scored(ticked(item))
        piece, higher = at_home(item)
        return scored(moved(piece, -higher))

    def encode(self, item: Score) -> Example:
        """Symbols as int32 `[T]`."""
        return Example(_stream(self._learned(item), ends=True))

    def opening(self, item: Score) -> NDArray[np.int32]:
        """What a piece that goes on after `item` begins with, int32 `[T]`: all of `item`, no end, and the next bar's line."""
        return np.append(_stream(self._learned(item), ends=False), np.int32(BAR))

    def away(self, steps: Steps) -> int:
        """How many semitones higher a stream is than its piece sounds, which its first key says."""
        symbols = np.asarray(steps).reshape(-1)
        keys = symbols[(symbols >= KEY) & (symbols < LEFT)] - KEY
        return home(Key(0.0, *KEYS[keys[0]])) if self.tonic and len(keys) else 0

    def ticks(self, steps: Steps) -> int:
        """The tick that a stream has come to."""
        return _read(np.asarray(steps).reshape(-1).tolist())[1]

    def reached(self, steps: Steps) -> float:
        """The same in seconds."""
        piece, tick = _read(np.asarray(steps).reshape(-1).tolist())
        return times(piece.tempos)(tick)

    def decode(self, steps: Steps) -> Score:
        """The piece of any integers: what means nothing where it stands is passed over."""
        piece = _read(np.asarray(steps).reshape(-1).tolist())[0]
        return scored(moved(piece, -home(first_key(piece))) if self.tonic else piece)

    def _learned(self, item: Score) -> Ticked:
        return at_home(item)[0] if self.tonic else ticked(item)

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values, read back by `from_dict`."""
        return {"kind": "beats", **({"tonic": True} if self.tonic else {})}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Beats:
        """The codec that wrote `data` with `to_dict`. Raises ModelError for anything else."""
        match dict(data):
            case {"kind": "beats", **rest} if not rest:
                return cls()
            case {"kind": "beats", "tonic": True, **rest} if not rest:
                return cls(tonic=True)
        raise ModelError(
            f"a beats codec's settings are kind 'beats' and, if it is so, 'tonic': true, not {dict(data)!r:.80}"
        )


def _stream(piece: Ticked, ends: bool) -> NDArray[np.int32]:
    """The symbols of a piece; ends: its last bars say how many are to come, and it has an end."""
    said: dict[int, list[int]] = {}
    for begin, turns in ((KEY, piece.keys), (SPEED, piece.tempos)):
        for tick, place in turns:
            said.setdefault(tick, []).append(begin + place)
    for tick, symbol in piece.chords:
        root, bass = chord_symbols(symbol)
        said.setdefault(tick, []).extend([CHORD + root, *([] if bass is None else [UNDER + bass])])
    for tick, notes in _sung(piece.notes).items():
        said.setdefault(tick, []).extend(notes)
    ticks, at = sorted(said), 0
    stream: list[int] = []
    for number, (begin, meter) in enumerate(piece.bars):
        back = len(piece.bars) - 1 - number
        stop = piece.bars[number + 1][0] if back else MOST_TICKS + LONGEST_BAR
        stream.append(BAR)
        if not number or meter != piece.bars[number - 1][1]:
            stream.append(METER + meter)
        if ends and back < COUNTED:
            stream.append(LEFT + back)
        now = max(-begin, 0)
        if now:
            stream += [PLACE + now, UP]
        while at < len(ticks) and ticks[at] < stop:
            if ticks[at] - begin != now:
                now = ticks[at] - begin
                stream.append(PLACE + now)
            stream += said[ticks[at]]
            at += 1
        if back and stop - begin != bar_ticks(meter):  # cut short
            stream.append(PLACE + stop - begin)
    return np.array([*stream, *([END] if ends else [])], np.int32)


def _sung(notes: tuple[TickNote, ...]) -> dict[int, list[int]]:
    """The symbols of the notes of each tick."""
    found: dict[int, list[int]] = {}
    part_now, programs, levels = -1, dict[int, int](), dict[int, int]()
    for note in notes:
        stream = found.setdefault(note.tick, [])
        if note.part != part_now:
            stream.append(PART + note.part)
            part_now = note.part
        if programs.get(note.part) != note.program:
            stream.append(PROGRAM + note.program)
            programs[note.part] = note.program
        if levels.get(note.part, START_LEVEL) != note.level:
            stream.append(LEVEL + note.level)
            levels[note.part] = note.level
        longer, rest = divmod(note.length - 1, WHOLE)
        stream += [(DRUM if note.program == DRUMS else NOTE) + note.pitch, *[LONGER] * longer, LENGTH + rest]
    return found


def _read(symbols: list[int]) -> tuple[Ticked, int]:
    """What a stream says, see `Beats.decode`, and the tick that it comes to."""
    notes: list[TickNote] = []
    bars: list[tuple[int, int]] = []
    turns: dict[int, dict[int, int]] = {SPEED: {0: TEMPO}, KEY: {}}
    chords: dict[int, str] = {}
    begin, place, meter, part, longer, before = 0, 0, FOUR_FOUR, 0, 0, -1
    struck: int | None = None  # the symbol of a note whose length is yet to come
    programs, levels = dict[int, int](), dict[int, int]()
    for symbol in symbols:
        tick = min(begin + place, MOST_TICKS)
        kind = kind_of(symbol)
        what = symbol - kind
        if kind == END:
            break
        if kind == BAR:
            if bars:
                begin = min(begin + (place if before == PLACE and place else bar_ticks(meter)), MOST_TICKS)
            bars.append((begin, meter))
            place = 0
        elif kind == METER and before == BAR:
            meter = what
            bars[-1] = begin, meter
        elif kind == PLACE:
            place = what
        elif kind == UP and before == PLACE and len(bars) == 1 and not notes:
            begin = -min(place, bar_ticks(meter) - 1)
            place = -begin
            bars = [(begin, meter)]
        elif kind == PART:
            part = what
        elif kind == PROGRAM:
            programs[part] = what
        elif kind == LEVEL:
            levels[part] = what
        elif kind in (NOTE, DRUM):
            struck, longer = symbol, 0
        elif kind == LONGER:
            longer = min(longer + 1, MOST_TICKS // WHOLE)
        elif kind == LENGTH and struck is not None and tick >= 0:
            drum = struck >= DRUM
            program = programs.get(part, 0)
            program = DRUMS if drum else 0 if program == DRUMS else program
            level = levels.get(part, START_LEVEL)
            length = min(what + 1 + WHOLE * longer, MOST_TICKS)
            notes.append(TickNote(tick, part, program, struck - (DRUM if drum else NOTE), length, level))
            struck = None
        elif kind in turns and tick >= 0:
            turns[kind][tick] = what
        elif kind == CHORD and tick >= 0:
            chords[tick] = symbol_of(what)
        elif kind == UNDER and before == CHORD and tick in chords:
            chords[tick] = chords[tick].partition("/")[0] + "/" + spelled((7 * what + 5) % 12 - 5)
        before = kind
    tempos, keys = (tuple(sorted(turns[kind].items())) for kind in (SPEED, KEY))
    piece = Ticked(tuple(sorted(notes)), tuple(bars or [(0, FOUR_FOUR)]), tempos, keys, tuple(sorted(chords.items())))
    return piece, min(begin + place, MOST_TICKS)


def kind_of(symbol: int) -> int:
    """Where the kind of a symbol begins; -1 for a stranger.

    >>> kind_of(NOTE + 60) == NOTE
    True
    """
    if not 0 <= symbol < SIZE:
        return -1
    return STARTS[int(np.searchsorted(STARTS, symbol, side="right")) - 1]
