"""ABC as it is written: read again it is the same music, and what people read in it is there."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqgen.domains.music import DRUMS, Chord, Key, Meter, Note, Score, Tempo, load, read_abc, write_abc
from seqgen.domains.music.formats import abc_writing
from seqgen.domains.music.formats.abc import score_from_abc
from seqgen.domains.music.formats.abc_writing import abc
from seqgen.domains.music.formats.musicxml import parse_musicxml
from seqgen.domains.music.formats.musicxml_writing import musicxml
from seqgen.errors import UsageError
from seqgen.shell.cli import main


def rows(score: Score) -> list[tuple[int, int, float, int, float]]:
    return [
        (n.part, n.program, round(n.onset, 4), n.pitch, round(n.duration, 4))
        for n in sorted(score.notes, key=lambda n: (n.part, n))
    ]


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(24, 100), st.integers(1, 30), st.booleans()), min_size=1, max_size=30),
    st.sampled_from([1, 2, 3, 4, 6]),
    st.sampled_from([(4, 4), (3, 4), (6, 8), (2, 2), (5, 8)]),
    st.integers(-6, 6),
    st.sampled_from(["major", "minor"]),
)
def test_any_tune_in_any_key_and_meter_comes_back(
    notes: list[tuple[int, int, bool]], per_beat: int, meter: tuple[int, int], fifths: int, mode: str
) -> None:
    at, line = 0, []
    for pitch, length, sounds in notes:
        if sounds:
            line.append(Note(0.5 * at / per_beat, pitch, 0.5 * length / per_beat))
        at += length
    score = Score(line or [Note(0.0, 60, 1.0)], meters=[Meter(0.0, *meter)], keys=[Key(0.0, fifths, mode)])
    again = score_from_abc(abc(score))
    assert rows(again) == rows(score)
    assert again.meters == score.meters


def test_what_is_written_of_a_tune() -> None:
    notes = [Note(0.5 * at, 60 + pitch, 0.5) for at, pitch in enumerate((7, 0, 2, 4, 3, 4, 5, 6, 5))]
    score = Score(
        notes,
        [Tempo(0.0, 120.0)],
        [Meter(0.0, 1, 4), Meter(0.5, 3, 4)],
        [Key(0.0, 0), Key(2.0, -3, "minor")],
        [Chord(0.5, "C"), Chord(2.0, "Fm7/C")],
    )
    assert abc(score, "A  tune").splitlines() == [
        "X:1",
        "T:A tune",
        "M:3/4",
        "L:1/8",
        "Q:1/4=120",
        "K:C",
        'G2 | "C" C2 D2 E2 | [K:Cm]"Fm7/C" E2 =E2 F2 | _G2 F2 z2 |]',
    ]
    again = score_from_abc(abc(score))
    assert rows(again) == rows(score) and again.meters == score.meters


def test_voices_are_named_and_played_by_their_instruments(tmp_path: Path) -> None:
    piece = load("chorales").sample(bars=2, seed=3)
    piece.save(tmp_path / "four.abc")
    (again,) = read_abc(tmp_path / "four.abc")
    assert rows(again) == rows(piece) and again.names == piece.names
    band = Score(
        [Note(0.0, 36, 0.5, program=DRUMS, part=1), Note(0.0, 60, 1.0), Note(0.0, 64, 1.0), Note(0.5, 67, 0.5)]
    )
    assert "[C-E-]2 [CEG]2" in abc(band)
    assert {(n.part, n.program, n.pitch, n.onset) for n in score_from_abc(abc(band)).notes} == {
        (n.part, n.program, n.pitch, n.onset) for n in band.notes
    }


def test_voices_that_take_turns_line_by_line() -> None:
    lines = (
        'X:1\nM:4/4\nL:1/4\nQ:1/4=60\nV:1 name="High"\nV:2 name="Low"\nK:G\nc2 d2|\nV:2\nC2 F2|\n[V:1] e4|\n[V:2] G4|\n'
    )
    score = score_from_abc(lines)
    assert [(n.part, n.onset, n.pitch) for n in sorted(score.notes, key=lambda n: (n.part, n))] == [
        (0, 0.0, 72), (0, 2.0, 74), (0, 4.0, 76), (1, 0.0, 60), (1, 2.0, 66), (1, 4.0, 67),
    ]  # fmt: skip
    assert score.names == ("High", "Low")


def test_convert_writes_abc_and_reads_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Score([Note(0.5 * i, 60 + i, 0.5) for i in range(9)]).save(tmp_path / "a.mid")
    assert main(["music", "convert", str(tmp_path / "a.mid"), "--out", str(tmp_path / "b.abc")]) == 0
    assert "9 notes" in capsys.readouterr().out and len(read_abc(tmp_path / "b.abc")[0].notes) == 9
    with pytest.raises(UsageError):
        write_abc(Score([Note(0.0, 60, 1.0)]), tmp_path / "nowhere" / "a" / "b.abc")


@settings(max_examples=15)
@given(st.integers(0, 2**32), st.sampled_from([1, 20, 100]), st.sampled_from([0.2, 3.0, 20.0]), st.floats(20.0, 300.0))
def test_what_was_played_at_any_time_is_read_again(seed: int, count: int, longest: float, bpm: float) -> None:
    draw = random.Random(seed)
    notes = [
        Note(
            20 * draw.random(), 20 + number % 80, longest * draw.random(), draw.randint(1, 127), part=draw.randint(0, 1)
        )
        for number in range(count)
    ]
    score = Score(notes, [Tempo(0.0, round(bpm))])
    for again in (score_from_abc(abc(score)), parse_musicxml(musicxml(score).encode(), "a", 10**6)):
        found = sorted((note.pitch, note.onset) for note in again.notes)
        assert len(found) == count
        for note, (pitch, onset) in zip(sorted(score.notes, key=lambda n: (n.pitch, n.onset)), found, strict=True):
            assert pitch == note.pitch and onset == pytest.approx(note.onset, abs=60 / bpm / 900)


def test_a_piece_that_the_reader_would_refuse_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    band = [Note(0.0, 60, 1.0, part=part) for part in range(65)]
    assert len(score_from_abc(abc(Score(band[:64]))).notes) == 64
    with pytest.raises(
        UsageError, match=r"^the score has 65 parts and instruments, more than the 64 voices .* as .mid or"
    ):
        Score(band).save(tmp_path / "a.abc")
    monkeypatch.setattr(abc_writing, "LARGEST", 9_000)
    dense = Score([Note(0.01 * at, 20 + at % 88, 60.0) for at in range(200)])
    with pytest.raises(
        UsageError, match=r"more than the 262,144 letters that a tune is read with; write it as .mid, or"
    ):
        dense.save(tmp_path / "a.abc")
    long = Score([Note(0.25 * at, 60 + at % 2, 0.25) for at in range(5_000)])
    with pytest.raises(UsageError, match="more than the 262,144 letters"):
        long.save(tmp_path / "a.abc")
    assert not list(tmp_path.iterdir())
