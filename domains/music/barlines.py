"""The grammar of beats: what may follow what, where bars end, and how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from seqgen.machine.programs import register
from seqgen.nn.recurrence import Array
from seqgen.spec import Steps

from .beats import (
    BAR,
    CHORD,
    COUNTED,
    DRUM,
    END,
    KEY,
    LEFT,
    LENGTH,
    LEVEL,
    LONGER,
    METER,
    NOTE,
    PART,
    PLACE,
    PROGRAM,
    SIZE,
    SPEED,
    STARTS,
    UNDER,
    UP,
)  # fmt: skip
from .ticks import METERS, bar_ticks

KINDS = (
    np.searchsorted(STARTS, np.arange(SIZE), side="right").astype(np.int32) - 1
)  # of each symbol, its place in STARTS
_TICKS = np.array([bar_ticks(place) for place in range(len(METERS))], np.int32)
_SUNG = {NOTE, DRUM}
_PLAYED = {PART, PROGRAM, LEVEL, *_SUNG}
_ON = {PLACE, BAR, END, *_PLAYED}
_SAID = {KEY, SPEED, CHORD}
_AFTER = {  # what may come after each kind
    BAR: {METER, LEFT, *_ON, *_SAID},
    METER: {LEFT, *_ON, *_SAID},
    LEFT: {*_ON, *_SAID},
    UP: {*_PLAYED, *_SAID},
    PLACE: {UP, *_PLAYED, *_SAID},
    KEY: {SPEED, CHORD, *_ON},
    SPEED: {CHORD, *_ON},
    CHORD: {UNDER, *_ON},
    UNDER: _ON,
    PART: {PROGRAM, LEVEL, *_SUNG},
    PROGRAM: {LEVEL, *_SUNG},
    LEVEL: _SUNG,
    NOTE: {LONGER, LENGTH},
    DRUM: {LONGER, LENGTH},
    LONGER: {LONGER, LENGTH},
    LENGTH: _ON,
    END: {END},
}
_FOLLOWS = np.array([[one in _AFTER[kind] for one in STARTS] for kind in STARTS])


AT = {kind: place for place, kind in enumerate(STARTS)}
_ITEM, _UPBEAT, _METER = 0, 1, 2  # what may come in a piece's first bar only: nothing, UP after a place, its meter


class Standing(NamedTuple):
    """Where each row is, int32 `[B]`. kind: of its last symbol, a place in `STARTS`. place: in its bar, ticks, and how long
    that bar is. bars: new ones, begun. turn: of the first bar's own symbols, which may come."""

    kind: Any
    place: Any
    ticks: Any
    bars: Any
    turn: Any


class Barlines(NamedTuple):
    """A `Rule` for models of `Beats`: streams that mean something, in bars that are as long as their meter says.

    bars: new ones until the end, int32 `[]`, the one that a prompt ends in counted; 0: on and on.

    >>> from seqgen.domains.music import Beats, Score
    >>> line = Beats().encode(Score([])).steps[0]  # a piece begins with the line of a bar
    >>> rule = Barlines(bars=2)
    >>> scores = rule.scores(rule.start([[line]], size=SIZE), jnp.zeros((1, SIZE)))
    >>> bool(scores[0, METER + 4] == 0), bool(scores[0, NOTE + 60] == 0)  # and then its meter is said
    (True, False)
    """

    bars: Any = 0

    def start(self, prompts: Sequence[Steps], size: int) -> Standing:
        """Where the prompts lead, of which each begins with a bar."""
        rows = []
        for prompt in prompts:
            symbols = np.asarray(prompt, np.int64).reshape(-1)
            bars, meters = np.flatnonzero(symbols == BAR), symbols[(symbols >= METER) & (symbols < KEY)]
            after = KINDS[symbols[bars[-1] :]] if len(bars) else np.array([AT[BAR]])
            places = symbols[bars[-1] :][after == AT[PLACE]] if len(bars) else []
            ticks = _TICKS[meters[-1] - METER] if len(meters) else 0
            begins = len(bars) < 2 and (not ticks or after[-1] in (AT[METER], AT[LEFT]))
            turn = (_UPBEAT if ticks else _METER) if begins else _ITEM
            rows.append((after[-1], places[-1] - PLACE if len(places) else 0, ticks, 1, turn))
        return Standing(*(np.array(column, np.int32) for column in zip(*rows, strict=True)))

    def scores(self, state: Any, logits: Array) -> Array:
        """What cannot be is ruled out; who would begin another bar where there is none to come means that this one is over."""
        over = jnp.logaddexp(logits[:, BAR], logits[:, END])
        logits = logits.at[:, BAR].set(over).at[:, END].set(over)
        kinds, symbols = jnp.asarray(KINDS), jnp.arange(SIZE)
        kind, place, ticks, bars, turn = (column[:, None] for column in state)
        wanted = jnp.asarray(self.bars)
        left = wanted - bars  # bars to come after this one
        last = (wanted > 0) & (left <= 0)
        unsaid = turn == _METER
        due = ~unsaid & (wanted > 0) & (left < COUNTED) & ((kind == AT[BAR]) | (kind == AT[METER]))
        beyond = (kinds == AT[PLACE]) & ((symbols - PLACE <= place) | (symbols - PLACE >= ticks))
        may = (
            jnp.asarray(_FOLLOWS)[state.kind][:, kinds]
            & jnp.where(last, symbols != BAR, symbols != END)
            & ~beyond
            & ((symbols != UP) | (turn == _UPBEAT))
            & ((kinds == AT[METER]) == unsaid)
            & jnp.where(due, symbols == LEFT + left, kinds != AT[LEFT])
        )
        scores: Array = jnp.where(may, logits, -jnp.inf)
        return scores

    def read(self, state: Any, symbols: Array) -> Any:
        """The state after one symbol more a row."""
        symbols = jnp.asarray(symbols)
        kind = jnp.asarray(KINDS)[jnp.clip(symbols, 0, SIZE - 1)]
        bar, meter, place = (kind == AT[one] for one in (BAR, METER, PLACE))
        over = jnp.asarray(_TICKS)[jnp.clip(symbols - METER, 0, len(METERS) - 1)]
        kept = place | (kind == AT[LEFT])  # the upbeat's place is yet to be said
        return Standing(
            kind,
            jnp.where(bar, 0, jnp.where(place, symbols - PLACE, state.place)),
            jnp.where(meter, over, state.ticks),
            state.bars + bar.astype(jnp.int32),
            jnp.where(meter, _UPBEAT, jnp.where(kept, state.turn, _ITEM)),
        )

    def done(self, state: Any) -> Array:
        """Rows that have ended."""
        return jnp.asarray(state.kind) == AT[END]


register(Barlines, Standing)
