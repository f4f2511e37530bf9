"""Chords that new pieces are to have: each is said where it begins, and no other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from seqgen.errors import UsageError
from seqgen.machine.programs import register
from seqgen.nn.recurrence import Array
from seqgen.spec import Steps

from .barlines import AT, KINDS, Barlines, Standing
from .beats import BAR, CHORD, END, KEY, LEFT, METER, PLACE, SIZE, SPEED, UNDER, Beats
from .keys import key_of
from .score import Note, Score
from .signs import Key
from .symbols import KINDS as CHORDS
from .symbols import NO_CHORD, chord_named
from .voices.wishes import Tones, by_bars

NEVER = 1 << 20  # ticks: after the last chord of a bar
MOST = 12  # chords of a bar
BARS, PARTS = 16, 4  # tables are as large as a multiple, so that chords of many lengths share a program
_SAID = (METER, LEFT, KEY, SPEED)  # may stand before the chord with which a bar begins


class Going(NamedTuple):
    """Where each row is, int32 `[B]`. standing: in its bars, see `Barlines`. said: chords of this bar. bass: the symbol that has
    to come next, or -1. higher: semitones by which the row is learned higher than it sounds."""

    standing: Standing
    said: Any
    bass: Any
    higher: Any


class Changes(NamedTuple):
    """A `Rule` for models of `Beats`: the chords of each bar, in equal parts of it, over and over; what is played to them the
    model says.

    chords: their numbers (`chord_symbols`), int32 `[bars, chords]`; basses: the pitch classes of notes below, -1 for none.
    counts: chords of each bar, `[bars]`. bars: how many there are, `[]`. tonic: whether pieces are learned from the tonic on.

    >>> changes = Changes.of("Am F | C/E")
    >>> changes.counts[:2].tolist(), int(changes.basses[1, 0]), int(changes.bars)
    ([2, 1], 4, 2)
    """

    chords: Any
    basses: Any
    counts: Any
    bars: Any
    tonic: Any

    @classmethod
    def of(cls, chords: str, tonic: bool = False) -> Changes:
        """By their symbols, "Am F C G", a bar each, or "Am F | C", bars by lines. Raises UsageError."""
        bars = by_bars(chords)
        most = max(map(len, bars))
        if most > MOST:
            raise UsageError(f"{most} chords are too many for a bar; give {MOST} at most")
        shape = -(-len(bars) // BARS) * BARS, -(-most // PARTS) * PARTS
        numbers, basses, counts = np.zeros(shape, np.int32), np.full(shape, -1, np.int32), np.zeros(shape[0], np.int32)
        for row, symbols in enumerate(bars):
            counts[row] = len(symbols)
            for column, symbol in enumerate(symbols):
                number, bass = chord_named(symbol)
                numbers[row, column], basses[row, column] = number, -1 if bass is None else bass
        return cls(numbers, basses, counts, np.int32(len(bars)), np.int32(tonic))

    def start(self, prompts: Sequence[Steps], size: int) -> Going:
        """Where the prompts lead, of which each ends with the line of the first bar that has chords, and what is said of it."""
        none, codec = np.zeros(len(prompts), np.int32), Beats(tonic=bool(self.tonic))
        away = np.array([codec.away(prompt) for prompt in prompts], np.int32)
        return Going(Barlines().start(prompts, size), none, none - 1, away)

    def scores(self, state: Any, logits: Array) -> Array:
        """What is due has to be said; who would pass a chord by means to go on, and goes to where it begins."""
        kinds, symbols = jnp.asarray(KINDS), jnp.arange(SIZE)
        tick, chord, _ = (column[:, None] for column in self._next(state))
        bass = state.bass[:, None]
        due = state.standing.place[:, None] >= tick
        before = (kinds[:, None] == jnp.array([AT[kind] for kind in _SAID])).any(axis=1)
        passing = (symbols == BAR) | (symbols == END) | (kinds == AT[PLACE])
        beyond = jnp.where(kinds == AT[PLACE], symbols - PLACE, NEVER - 1) > tick
        by = jax.nn.logsumexp(logits, axis=-1, keepdims=True, where=passing & beyond)
        logits = jnp.where(symbols == PLACE + tick, jnp.logaddexp(logits, by), logits)
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
        bar, chord = kind == AT[BAR], kind == AT[CHORD]
        return Going(
            Barlines().read(state.standing, symbols),
            jnp.where(bar, 0, state.said + chord.astype(jnp.int32)),
            jnp.where(chord, self._next(state)[2], -1),
            state.higher,
        )

    def done(self, state: Any) -> Array:
        """No row: chords have no end."""
        return jnp.zeros(jnp.shape(state.said), bool)

    def _next(self, state: Any) -> tuple[Array, Array, Array]:
        """The next chord of each row's bar: where it begins, its symbol and that of its bass."""
        chords, basses, counts = (jnp.asarray(table) for table in self[:3])
        bar = (state.standing.bars - 1) % jnp.asarray(self.bars)
        count, said = counts[bar], jnp.minimum(state.said, chords.shape[1] - 1)
        tick = jnp.where(state.said < count, state.said * state.standing.ticks // jnp.maximum(count, 1), NEVER)
        number, bass = chords[bar, said], basses[bar, said]
        root, kind = (number // len(CHORDS) + state.higher) % 12, number % len(CHORDS)
        chord = CHORD + jnp.where(number == NO_CHORD, NO_CHORD, root * len(CHORDS) + kind)
        return tick, chord, jnp.where(bass < 0, -1, UNDER + (bass + state.higher) % 12)


def key_of_chords(chords: str) -> Key:
    """The key that chords are in, by their notes. Raises UsageError for a chord that is none.

    >>> key_of_chords("G D Em C"), key_of_chords("Dm7 G7 Cmaj7")
    (Key(time=0.0, fifths=1, mode='major'), Key(time=0.0, fifths=0, mode='major'))
    """
    named = [symbol for bar in by_bars(chords) for symbol in bar if symbol != "N.C."]
    return key_of(Score([Note(0.0, 60 + pitch, 1.0) for symbol in named for pitch in Tones.of(symbol).classes]))


register(Changes, Going)
