"""Playing as events: what is kept, what is lost, and that any events make a piece without hung notes."""

from __future__ import annotations

import json

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from seqgen.domains.music import DRUMS, Note, Performance, Score
from seqgen.domains.music.performance import OFF, PROGRAM, SIZE, VELOCITY, WAIT
from seqgen.errors import ModelError

CODEC = Performance()


def test_the_events_of_two_notes() -> None:
    piece = Score([Note(0.0, 60, 1.5, 80), Note(0.5, 64, 1.0, 100), Note(0.5, 36, 0.1, 100, program=DRUMS)])
    assert CODEC.encode(piece).steps.tolist() == [
        60,
        WAIT + 49,
        VELOCITY + 24,
        64,
        PROGRAM + DRUMS,
        36,
        WAIT + 9,
        OFF + 36,
        WAIT + 89,
        PROGRAM + 0,
        OFF + 60,
        OFF + 64,
    ]


def test_a_long_wait_takes_several_events() -> None:
    assert CODEC.encode(Score([Note(2.5, 60, 0.01)])).steps.tolist() == [
        WAIT + 99,
        WAIT + 99,
        WAIT + 49,
        60,
        WAIT,
        OFF + 60,
    ]


def test_a_key_struck_again_ends_the_note_before() -> None:
    piece = CODEC.canonical(Score([Note(0.0, 60, 2.0), Note(1.0, 60, 0.5)]))
    assert [(note.onset, note.duration) for note in piece.notes] == [(0.0, 1.0), (1.0, 0.5)]


def test_notes_of_no_length_last_a_tick_and_of_two_at_once_the_louder_and_longer_counts() -> None:
    piece = CODEC.canonical(Score([Note(0.0, 60, 0.0), Note(1.0, 62, 0.5, 40), Note(1.001, 62, 0.7, 90)]))
    assert [(n.onset, n.pitch, round(n.duration, 6), n.velocity) for n in piece.notes] == [
        (0.0, 60, 0.01, 78),
        (1.0, 62, 0.7, 90),
    ]


def test_hung_notes_are_closed_and_counted() -> None:
    decoded = CODEC.decode_and_count([60, 64, WAIT + 99, OFF + 60, WAIT + 49])
    assert decoded.closed == 1
    assert [(note.pitch, note.duration) for note in decoded.score.notes] == [(60, 1.0), (64, 1.5)]


def test_what_goes_on_keeps_program_and_velocity() -> None:
    steps = [PROGRAM + 5, VELOCITY + 3, 60, PROGRAM + 7, 61]
    assert CODEC.held(steps).tolist() == [VELOCITY + 3, PROGRAM + 7]
    assert CODEC.held([]).tolist() == []


notes = st.builds(
    Note,
    st.floats(0, 20),
    st.integers(0, 127),
    st.floats(0, 5),
    st.integers(1, 127),
    st.integers(0, DRUMS),
    st.integers(0, 3),
)


@hypothesis.given(st.lists(notes, max_size=30))
def test_any_piece_comes_back_to_10_ms(given: list[Note]) -> None:
    piece = Score(given)
    decoded = CODEC.decode_and_count(CODEC.encode(piece).steps)
    assert decoded.score == CODEC.canonical(piece) == CODEC.canonical(decoded.score)
    assert decoded.closed == 0
    keys = {(note.program, note.pitch, round(note.onset * 100)) for note in given}
    assert {(note.program, note.pitch, round(note.onset * 100)) for note in decoded.score.notes} == keys


@hypothesis.given(st.lists(st.integers(-3, SIZE + 3)))
def test_any_events_make_a_piece(events: list[int]) -> None:
    piece = CODEC.decode(np.array(events, np.int64))
    assert all(note.duration > 0 for note in piece.notes)
    assert CODEC.decode(CODEC.encode(piece).steps) == CODEC.canonical(piece)


def test_a_day_of_waiting_is_still_a_piece() -> None:
    assert CODEC.decode(np.concatenate([[60], np.full(100_000, WAIT + 99), [62]])).seconds < 86_401


def test_settings_travel_and_foreign_ones_are_refused() -> None:
    assert Performance.from_dict(json.loads(json.dumps(CODEC.to_dict()))) == CODEC
    with pytest.raises(ModelError, match="a performance codec's settings"):
        Performance.from_dict({"kind": "performance", "rate": 100})
