"""Voice leading as a rule of sampling: what it takes off, and what becomes of pieces."""

from __future__ import annotations

from itertools import combinations

import jax.numpy as jnp
import numpy as np
import pytest

from seqgen.domains import music
from seqgen.domains.music import Score
from seqgen.domains.music.grid import BAR, BEAT, ORDER, REST, SIZE, TIED, to_grid
from seqgen.domains.music.voices.leading import LEADING, RANGES, VoiceLeading, rules_of
from seqgen.errors import UnknownName

CHORD = [72, 48, 64, 55]  # soprano, bass, alto, tenor: C5, C3, E4, G3


def marks(rule: VoiceLeading, *symbols: int) -> np.ndarray:
    """What is taken from each pitch that may come after these symbols."""
    state = rule.start([np.array(symbols, np.int32)], SIZE)
    scores = np.asarray(rule.scores(state, jnp.zeros((1, SIZE))))[0]
    np.testing.assert_array_equal(scores[:TIED], scores[TIED : 2 * TIED])  # whether a note begins or goes on
    assert (scores[2 * TIED :] == 0).all()
    return -scores[:TIED]


ONLY = VoiceLeading(0.0, 0.0, 0.0, 0.0, 0.0)


def test_parallels_are_of_two_voices_that_go_the_same_way_from_the_same_interval() -> None:
    octaves = marks(ONLY._replace(octaves=1.0), BAR, *CHORD, 74)  # the soprano rises by a tone: the bass had better not
    assert np.flatnonzero(octaves).tolist() == [50, 62, 74, 86, 98, 110, 122]
    after = [74, 50]  # the tenor, a fifth above the bass, is to stay away from one above D
    fifths = marks(ONLY._replace(fifths=1.0), BAR, *CHORD, *after, 65)
    assert np.flatnonzero(fifths).tolist() == [57, 69, 81, 93, 105, 117]
    held = marks(ONLY._replace(fifths=1.0, octaves=1.0), BAR, *CHORD, 72 + TIED, 48 + TIED, 65)
    assert not held.any()  # oblique motion
    contrary = marks(ONLY._replace(octaves=1.0), BAR, *CHORD, 74)
    assert not contrary[[38, 43, 47]].any()
    rested = marks(ONLY._replace(octaves=1.0), BAR, REST, 48, 64, 55, 74)
    assert not rested.any()


def test_leaps_crossings_and_ranges() -> None:
    leaps = marks(ONLY._replace(leaps=2.0), BAR, *CHORD)
    assert leaps[[60, 84]].tolist() == [0, 0] and leaps[[59, 85]].tolist() == [2, 2]
    after_rest = marks(ONLY._replace(leaps=2.0), BAR, *CHORD, REST, *CHORD[1:])
    np.testing.assert_array_equal(after_rest, leaps)  # from the last pitch that was sung
    crossing = marks(ONLY._replace(crossing=0.5), BAR, *CHORD, 72 + TIED, 48 + TIED)  # the alto, between both
    assert crossing[[49, 64, 72]].tolist() == [0, 0, 0] and crossing[[47, 73]].tolist() == [0.5, 0.5]
    outside = marks(ONLY._replace(outside=1.0))
    low, high = RANGES[0]
    assert outside[[low - 2, low, high, high + 3]].tolist() == [2, 0, 0, 3]


def test_a_prompt_and_what_is_read_leave_the_same_state() -> None:
    random = np.random.default_rng(0)
    symbols = [BAR, *random.choice([60, 64 + TIED, REST, 67], 30), BEAT, *random.choice([48, 50 + TIED, REST], 21)]
    rule = VoiceLeading()
    for cut in range(len(symbols)):
        state = rule.start([symbols[:cut]], SIZE)
        for symbol in symbols[cut:]:
            state = rule.read(state, np.array([symbol], np.int32))
        whole = rule.start([symbols], SIZE)
        turn = int(whole.turn[0])
        sung = [voice for voice in ORDER[:turn]]
        for name in ("before", "last", "turn"):
            np.testing.assert_array_equal(getattr(state, name), getattr(whole, name))
        np.testing.assert_array_equal(np.asarray(state.now)[0, sung], whole.now[0, sung])
    assert not np.asarray(rule.done(state)).any()


def parallels(score: Score) -> int:
    """Counted anew, from the pieces alone."""
    cells = to_grid(score).cells
    found = 0
    for rests, before, after in zip(
        (cells[:-1] == REST) | (cells[1:] == REST), cells[:-1] % TIED, cells[1:] % TIED, strict=True
    ):
        for one, other in combinations(np.flatnonzero(~rests), 2):
            moves = after[[one, other]] - before[[one, other]]
            same = (before[one] - before[other]) % 12 == (after[one] - after[other]) % 12
            found += bool(moves.prod() > 0 and same and (after[one] - after[other]) % 12 in (0, 7))
    return found


def test_samples_keep_to_it_and_without_it_are_what_they_were() -> None:
    model = music.load()
    free, off, soft, strict = (
        model.sample(bars=6, seed=1, temperature=1.0, min_p=0.0, **settings)
        for settings in ({}, *({"voice_leading": name} for name in LEADING))
    )
    assert free == off
    assert parallels(strict) == 0 < parallels(off) and soft != off


def test_what_is_no_way_of_leading_voices_is_refused() -> None:
    with pytest.raises(UnknownName, match=r"no voice leading named 'sofft'; did you mean 'soft'\?"):
        rules_of("sofft")
