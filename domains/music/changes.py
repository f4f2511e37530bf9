"""Chords that a new piece is to have: each is said where it begins, and no other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from seqgen.errors import UsageError
from seqgen.machine.programs import register
from seqgen.nn.recurrence import Array
from seqgen.spec import Steps

from .barlines import AT, KINDS
from .beats import BAR, CHORD, END, KEY, LEFT, METER, PLACE, SIZE, SPEED, UNDER
from .keys import TRUST, key_of
from .score import Note, Score
from .signs import Key
from .symbols import KINDS as KINDS_OF_CHORD
from .symbols import NO_CHORD, chord_symbols
from .tonic import moved_chord
from .voices.wishes import by_bars

NEVER = 1 << 20  # ticks: after the last chord of a bar
_SAID = (METER, LEFT, KEY, SPEED)  # may stand before the chord with which a bar begins


def key_of_chords(chords: str) -> Key:
    """The key that chords are in, by their notes, the first one's root being its tonic more likely than others.

    >>> key_of_chords("Am F C G"), key_of_chords("G D Em C")
    (Key(time=0.0, fifths=0, mode='minor'), Key(time=0.0, fifths=1, mode='major'))
    """
    notes, tonic = [], None
    for symbol in (symbol for bar in by_bars(chords) for symbol in bar):
        number = chord_symbols(_known(symbol))[0]
        if number != NO_CHORD:
            root, kind = divmod(number, len(KINDS_OF_CHORD))
            minor = KINDS_OF_CHORD[kind].startswith(("m", "dim")) and not KINDS_OF_CHORD[kind].startswith("maj")
            notes += [Note(0.0, 60 + root + tone, 1.0) for tone in (0, 4 - minor, 7)]
            tonic = root if tonic is None else tonic
    return key_of(Score(notes), tonic, TRUST)


def _known(symbol: str) -> str:
    if chord_symbols(symbol)[0] == NO_CHORD and symbol != "N.C.":
        raise UsageError(f"no chord is called {symbol!r:.40}; write one as C, F#m, Bb7 or C/E, or N.C. for none")
    return symbol


class Going(NamedTuple):
    """Where each row is, int32 `[B]`. bar, place: of them the new ones, from 0 on, and ticks. said: chords of this bar. bass:
    the symbol that has to come next, or -1."""

    bar: Any
    place: Any
    said: Any
    bass: Any


class Changes(NamedTuple):
    """A `Rule` for models of `Beats`: the chords of each bar, over and over; what is played to them the model says.

    ticks: where in the bar each begins, int32 `[bars, chords]`; after the last `NEVER`. chords: their symbols; basses: the
    symbols of notes below, -1 for none.

    >>> changes = Changes.of("Am F | C/E", bar=48)
    >>> changes.ticks.tolist(), (changes.chords - CHORD).tolist(), changes.basses[1, 0] == UNDER + 4
    ([[0, 24, 1048576], [0, 1048576, 1048576]], [[208, 115, 0], [0, 0, 0]], True)
    """

    ticks: Any
    chords: Any
    basses: Any

    @classmethod
    def of(cls, chords: str, bar: int, higher: int = 0) -> Changes:
        """By their symbols, "Am F C G", a bar each, or "Am F | C", bars by lines. Raises UsageError.

        bar: its ticks. higher: semitones by which a model says them higher than they sound.
        """
        bars = by_bars(chords)
        most = max(map(len, bars))
        if most > bar:
            raise UsageError(f"{most} chords are too many for a bar of {bar} ticks; give fewer")
        ticks = np.full((len(bars), most + 1), NEVER, np.int32)
        numbers, basses = np.full_like(ticks, CHORD), np.full_like(ticks, -1)
        for row, symbols in enumerate(bars):
            for column, symbol in enumerate(symbols):
                root, bass = chord_symbols(moved_chord(_known(symbol), higher))
                ticks[row, column] = column * bar // len(symbols)
                numbers[row, column] = CHORD + root
                basses[row, column] = -1 if bass is None else UNDER + bass
        return cls(ticks, numbers, basses)

    def start(self, prompts: Sequence[Steps], size: int) -> Going:
        """Where the prompts lead, of which each ends with the line of the first bar that has chords."""
        none = np.zeros(len(prompts), np.int32)
        return Going(none, none, none, none - 1)

    def scores(self, state: Any, logits: Array) -> Array:
        """What is due has to be said; what would pass it by is ruled out."""
        kinds, symbols = jnp.asarray(KINDS), jnp.arange(SIZE)
        tick, chord, _ = (column[:, None] for column in self._next(state))
        bass = state.bass[:, None]
        due = state.place[:, None] >= tick
        before = (kinds[:, None] == jnp.array([AT[kind] for kind in _SAID])).any(axis=1)
        passing = (symbols == BAR) | (symbols == END) | (kinds == AT[PLACE])
        beyond = jnp.where(kinds == AT[PLACE], symbols - PLACE, NEVER - 1) > tick
        may = jnp.where(
            bass >= 0,
            symbols == bass,
            jnp.where(
                due,
                (symbols == chord) | before,
                (kinds != AT[CHORD]) & (kinds != AT[UNDER]) & ~(passing & beyond),
            ),
        )
        scores: Array = jnp.where(may, logits, -jnp.inf)
        return scores

    def read(self, state: Any, symbols: Array) -> Any:
        """The state after one symbol more a row."""
        symbols = jnp.asarray(symbols)
        kind = jnp.asarray(KINDS)[jnp.clip(symbols, 0, SIZE - 1)]
        bar, place, chord = (kind == AT[one] for one in (BAR, PLACE, CHORD))
        return Going(
            state.bar + bar.astype(jnp.int32),
            jnp.where(bar, 0, jnp.where(place, symbols - PLACE, state.place)),
            jnp.where(bar, 0, state.said + chord.astype(jnp.int32)),
            jnp.where(chord, self._next(state)[2], -1),
        )

    def done(self, state: Any) -> Array:
        """No row: chords have no end."""
        return jnp.zeros(jnp.shape(state.bar), bool)

    def _next(self, state: Any) -> tuple[Array, Array, Array]:
        """The next chord of each row's bar: where it begins, its symbol and that of its bass."""
        tables = [jnp.asarray(table) for table in self]
        bar, said = state.bar % tables[0].shape[0], jnp.minimum(state.said, tables[0].shape[1] - 1)
        ticks, chords, basses = (table[bar, said] for table in tables)
        return ticks, chords, basses


register(Changes, Going)
