"""A piece of music as a value."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from seqgen.domains.music import DRUMS, Meter, Note, Score, Tempo
from seqgen.errors import DataError, UsageError

PIECE = Score(
    [Note(2.0, 64, 1.0, part=1), Note(0.0, 60, 2.0), Note(0.0, 36, 0.1, program=DRUMS)],
    [Tempo(0.0, 60.0), Tempo(2.0, 120.0)],
    [Meter(0.0, 3, 4), Meter(2.0, 4, 4)],
)


def test_notes_are_in_order_of_time() -> None:
    assert [note.pitch for note in PIECE.notes] == [36, 60, 64]
    assert PIECE.seconds == 3.0 and Score([]).seconds == 0.0


def test_beats_and_seconds_follow_the_tempo() -> None:
    assert [PIECE.beat_at(time) for time in (0.0, 1.0, 2.0, 3.0)] == [0.0, 1.0, 2.0, 4.0]
    assert [PIECE.time_at(beat) for beat in (0.0, 1.0, 2.0, 4.0)] == [0.0, 1.0, 2.0, 3.0]
    late = Score([], [Tempo(1.0, 60.0)])  # 120 until then, as in MIDI
    assert late.beat_at(2.0) == 3.0 and late.time_at(3.0) == 2.0


def test_transposing_leaves_drums_alone_and_stays_on_the_keyboard() -> None:
    assert [note.pitch for note in PIECE.transposed(-3).notes] == [36, 57, 61]
    with pytest.raises(UsageError, match=r"\+64 semitones would move pitches 60-64 beyond 0-127"):
        PIECE.transposed(64)


def test_stretching_keeps_beats() -> None:
    longer = PIECE.stretched(2.0)
    assert longer.seconds == 6.0 and longer.beat_at(4.0) == PIECE.beat_at(2.0)
    assert longer.meters[1].time == 4.0
    for factor in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(UsageError, match="cannot be stretched"):
            PIECE.stretched(factor)


def test_cutting_and_joining() -> None:
    head, tail = PIECE.until(2.0), PIECE.since(2.0)
    assert [note.pitch for note in head.notes] == [36, 60] and [note.pitch for note in tail.notes] == [64]
    assert tail.tempos == (Tempo(0.0, 120.0),) and tail.meters == (Meter(0.0, 4, 4),)
    assert head.then(tail) == PIECE
    assert PIECE.until(1.0).notes[1].duration == 1.0


@pytest.mark.parametrize(
    "note",
    [
        Note(math.nan, 60, 1),
        Note(-0.1, 60, 1),
        Note(0, 128, 1),
        Note(0, -1, 1),
        Note(0, 60, -1),
        Note(0, 60, math.inf),
        Note(0, 60, 1, 0),
        Note(0, 60, 1, 128),
        Note(0, 60, 1, 64, 129),
        Note(86_400, 60, 1),
    ],
)
def test_notes_that_cannot_be_played_are_refused(note: Note) -> None:
    with pytest.raises(DataError, match="cannot be played"):
        Score([Note(0, 60, 1), note])


def test_tempos_and_meters_that_mean_nothing_are_refused() -> None:
    for bpm in (0.0, -1.0, math.nan, math.inf, 1e300):
        with pytest.raises(DataError, match="no tempo"):
            Score([], [Tempo(0.0, bpm)])
    with pytest.raises(DataError, match="no meter"):
        Score([], meters=[Meter(0.0, 0, 4)])


def test_it_is_saved_by_the_ending_of_the_name(tmp_path: Path) -> None:
    score, starts = Score([Note(0, 60, 0.1)]), {"mid": b"MThd", "MIDI": b"MThd", "wav": b"RIFF", "png": b"\x89PNG"}
    for ending, start in starts.items():
        score.save(tmp_path / f"a.{ending}")
        assert (tmp_path / f"a.{ending}").read_bytes().startswith(start)
    score.save(str(tmp_path / "a.svg"))
    score.plot(tmp_path / "b.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    for name in ("a.mp3", "a", ".mid", "mid"):
        with pytest.raises(
            UsageError,
            match=rf"^a score is saved as .mid, .midi, .musicxml, .xml, .abc, .wav, .svg, .png, not as '{name}'; end",
        ):
            score.save(tmp_path / name)
    assert len(list(tmp_path.iterdir())) == 6
