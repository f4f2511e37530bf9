"""Voice leading as a preference: what a harmony teacher marks red becomes less likely while voices are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from seqgen.errors import pick
from seqgen.machine.programs import register
from seqgen.nn.recurrence import Array
from seqgen.spec import Steps

from ..grid import ORDER, REST, TIED

RANGES = ((60, 81), (52, 74), (46, 69), (36, 66))  # lowest and highest pitch in Bach's chorales, soprano to bass
FIFTH, OCTAVE, WIDEST = 7, 0, 12  # semitones; of a leap, those that are still sung
_TURNS = tuple(int(turn) for turn in np.argsort(ORDER))  # when each voice sings in a step, counted from the top


class Singing(NamedTuple):
    """What is known of each row; pitches by voice from the top, int32 `[B, 4]`, -1 where one rests or none was sung.

    before: in the last whole step. now: in this one, so far. last: the last pitch that was sung. turn: how many voices have
    sung in this step, int32 `[B]`.
    """

    before: Any
    now: Any
    last: Any
    turn: Any


class VoiceLeading(NamedTuple):
    """A `Rule` for models of the grid: nats that are taken from a pitch for each mark it would earn, float32 `[]`.

    fifths, octaves: for each voice with which it would move in parallel fifths, or octaves and unisons, by the same way as
    that voice and from that same interval. leaps: over an octave. crossing: a voice that is above a higher one, or below a
    lower one. outside: for each semitone beyond the voice's range. ranges: these, int32 `[4, 2]`, soprano to bass.

    Preferences, not prohibitions: where every other choice is unlikelier still, Bach writes a parallel, too.

    >>> rule = VoiceLeading()
    >>> state = rule.start([[258, 72, 48, 64, 55]], size=259)  # a chord of C, the bass an octave under the soprano
    >>> state = rule.read(state, np.array([74]))  # the soprano rises to D: the bass had better not
    >>> scores = rule.scores(state, jnp.zeros((1, 259)))
    >>> [round(float(scores[0, pitch]), 1) for pitch in (50, 43)] == [-round(rule.octaves, 1), 0.0]
    True
    """

    fifths: Any = 3.9
    octaves: Any = 4.6
    leaps: Any = 2.2
    crossing: Any = 0.5
    outside: Any = 1.0
    ranges: Any = RANGES

    def start(self, prompts: Sequence[Steps], size: int) -> Singing:
        """What the prompts' last steps say; markers say nothing."""
        rows = len(prompts)
        before, now, last = (np.full((rows, 4), -1, np.int32) for _ in range(3))
        state = Singing(before, now, last, np.zeros(rows, np.int32))
        for row, prompt in enumerate(prompts):
            symbols = np.asarray(prompt, np.int64).reshape(-1)
            symbols = symbols[symbols <= REST]
            sung = np.where(symbols == REST, -1, symbols % TIED)
            whole = len(sung) // 4 * 4
            for turn, voice in enumerate(ORDER):
                own = sung[turn::4]
                state.before[row, voice] = sung[whole - 4 + turn] if whole else -1
                state.last[row, voice] = next((pitch for pitch in own[::-1] if pitch >= 0), -1)
                if turn < len(sung) - whole:
                    state.now[row, voice] = own[-1]
            state.turn[row] = len(sung) - whole
        return state

    def scores(self, state: Any, logits: Array) -> Array:
        """The pitches that would earn a mark, less likely."""
        voice = jnp.asarray(ORDER)[state.turn][:, None]
        pitch = jnp.arange(TIED)
        before, last = (jnp.take_along_axis(of, voice, axis=1) for of in (state.before, state.last))  # [B, 1]
        others = jnp.arange(4)
        sung = (jnp.asarray(_TURNS) < state.turn[:, None]) & (state.now >= 0)  # [B, 4]
        upper = jnp.where(others < voice, 1, -1)[..., None]  # of the other voice
        way = jnp.sign(pitch - before)[:, None]  # [B, 1, 128]
        along = jnp.sign(state.now - state.before)[..., None] == way  # [B, 4, 128]
        parallel = along & (way != 0) & (sung & (state.before >= 0) & (before >= 0))[..., None]
        first = (upper[..., 0] * (state.before - before)) % 12
        then = (upper * (state.now[..., None] - pitch)) % 12

        def count(interval: int) -> Array:
            found: Array = parallel & (first == interval)[..., None] & (then == interval)
            return found.sum(axis=1, dtype=jnp.float32)

        crossed = (sung[..., None] & (upper * (pitch - state.now[..., None]) > 0)).any(axis=1) & (pitch != before)
        lowest, highest = (jnp.asarray(self.ranges)[voice[:, 0], side][:, None] for side in (0, 1))
        beyond = jnp.maximum(lowest - pitch, 0) + jnp.maximum(pitch - highest, 0)
        marks = (
            self.fifths * count(FIFTH)
            + self.octaves * count(OCTAVE)
            + jnp.where((last >= 0) & (jnp.abs(pitch - last) > WIDEST), self.leaps, 0.0)
            + jnp.where(crossed, self.crossing, 0.0)
            + self.outside * beyond.astype(jnp.float32)
        )
        both = jnp.concatenate([marks, marks], axis=1)  # a note may begin, or go on
        scores: Array = logits.at[:, : 2 * TIED].add(-both)
        return scores

    def read(self, state: Any, symbols: Array) -> Any:
        """The voice whose turn it is has sung; with the last of a step the next step begins."""
        symbols = jnp.asarray(symbols)[:, None]
        voices = symbols <= REST
        pitch = jnp.where(symbols == REST, -1, symbols % TIED).astype(jnp.int32)
        own = voices & (jnp.arange(4) == jnp.asarray(ORDER)[jnp.asarray(state.turn)][:, None])
        now = jnp.where(own, pitch, state.now)
        last = jnp.where(own & (pitch >= 0), pitch, state.last)
        turn = state.turn + voices[:, 0].astype(jnp.int32)
        ended = turn == 4
        before = jnp.where(ended[:, None], now, state.before)
        return Singing(before, now, last, jnp.where(ended, 0, turn))

    def done(self, state: Any) -> Array:
        """No row ends by it."""
        return jnp.zeros(len(state.turn), bool)


register(VoiceLeading, Singing)

LEADING: dict[str, tuple[VoiceLeading, ...]] = {
    "off": (),
    "soft": (VoiceLeading(),),
    "strict": (VoiceLeading(fifths=20.0, octaves=20.0, leaps=20.0, crossing=5.0, outside=5.0),),
}


def rules_of(voice_leading: str) -> tuple[VoiceLeading, ...]:
    """The rules of this name: "off", "soft" or "strict". Raises UnknownName."""
    return pick("voice leading", voice_leading, LEADING)
