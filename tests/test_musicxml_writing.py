"""MusicXML as it is written: read again it is the same music, and a notation program finds bars, ties, keys, chords."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqgen.domains.music import (
    DRUMS,
    Chord,
    Key,
    Meter,
    Note,
    Score,
    Tempo,
    key_of,
    load,
    read_musicxml,
    write_musicxml,
)
from seqgen.domains.music.formats.musicxml_writing import musicxml, named
from seqgen.errors import UsageError
from seqgen.shell.cli import main


def again(score: Score, folder: Path) -> Score:
    write_musicxml(score, folder / "a.musicxml")
    return read_musicxml(folder / "a.musicxml")


def rows(score: Score) -> list[tuple[int, float, int, float]]:
    return [
        (n.part, round(n.onset, 4), n.pitch, round(n.duration, 4))
        for n in sorted(score.notes, key=lambda n: (n.part, n))
    ]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(40, 52), st.integers(1, 30), st.integers(0, 2)), min_size=1),
    st.sampled_from([2, 3, 4, 5, 8, 12]),
    st.sampled_from([(4, 4), (3, 4), (6, 8), (7, 16), (2, 2)]),
)
def test_any_chords_in_any_meter_come_back(
    tmp_path_factory: pytest.TempPathFactory, notes: list[tuple[int, ...]], per_beat: int, meter: tuple[int, int]
) -> None:
    free: dict[tuple[int, int], int] = {}  # one pitch at once in a part
    line = []
    for at, pitch, length, part in sorted(notes):
        if at >= free.get((part, pitch), 0):
            free[part, pitch] = at + length
            line.append(Note(at / per_beat * 0.5, pitch, length / per_beat * 0.5, part=part))
    parts = {part: number for number, part in enumerate(sorted({n.part for n in line}))}
    score = Score([n._replace(part=parts[n.part]) for n in line], meters=[Meter(0.0, *meter)])
    read = again(score, tmp_path_factory.mktemp("any"))
    assert rows(read) == rows(score)
    assert read.meters == score.meters or len(read.meters) == 0


def test_signs_come_back(tmp_path: Path) -> None:
    notes = [Note(0.5 * i, 60 + i % 5, 0.5, 40 + i, part=part) for i in range(16) for part in (0, 1)]
    score = Score(
        [*notes, *(Note(0.5 * i, 36, 0.25, 100, DRUMS, 2) for i in range(16))],
        [Tempo(0.0, 120.0), Tempo(4.25, 90.5)],
        [Meter(0.0, 1, 4), Meter(0.5, 3, 4), Meter(5.0, 6, 8)],
        [Key(0.0, -3, "minor"), Key(5.0, 2, "major")],
        [Chord(0.5, "Cm"), Chord(1.25, "F7/Eb"), Chord(2.0, "Bbmaj7"), Chord(3.5, "N.C.")],
        ["Flute & Co.", "Oboe", ""],
    )
    read = again(score, tmp_path)
    assert (read.tempos, read.meters, read.keys, read.chords) == (score.tempos, score.meters, score.keys, score.chords)
    assert read.names == ("Flute & Co.", "Oboe", "Drums")
    assert [(n.program, n.velocity) for n in read.notes] == [(n.program, n.velocity) for n in score.notes]
    text = musicxml(score)
    assert '<measure number="0" implicit="yes">' in text and text.count('<measure number="1">') == 3


def test_a_long_note_is_tied_over_bars_and_lengths_have_names(tmp_path: Path) -> None:
    text = musicxml(Score([Note(0.0, 61, 3.5), Note(3.5, 63, 1 / 6)], keys=[Key(0.0, -1)]))
    assert re.findall(r"<type>(\w+)</type>(<dot/>)?", text)[:3] == [("whole", ""), ("half", "<dot/>"), ("eighth", "")]
    assert text.count('<tie type="start"/>') == text.count('<tie type="stop"/>') == 1
    assert "<actual-notes>3</actual-notes><normal-notes>2</normal-notes>" in text
    assert [named(pitch, 0) for pitch in range(60, 72)] == [
        "C",
        "C#",
        "D",
        "Eb",
        "E",
        "F",
        "F#",
        "G",
        "G#",
        "A",
        "Bb",
        "B",
    ]
    assert named(61, -5) == "Db" and named(66, 6) == "F#" and named(65, 6) == "E#"


def test_a_key_is_found_for_a_piece_without_one() -> None:
    scale = Score([Note(0.5 * i, pitch, 0.5) for i, pitch in enumerate((62, 64, 66, 67, 69, 71, 73, 74, 69, 66, 62))])
    assert key_of(scale) == Key(0.0, 2) and "<fifths>2</fifths>" in musicxml(scale)
    assert key_of(Score([])) == Key(0.0, 0)


def test_the_shipped_model_writes_a_score(tmp_path: Path) -> None:
    made = load().sample(bars=2, seed=1)
    made.save(tmp_path / "a.musicxml")
    read = read_musicxml(tmp_path / "a.musicxml")
    assert rows(read) == rows(made) and read.names == ("Soprano", "Alto", "Tenor", "Bass")


def test_convert(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.abc").write_text("X:1\nM:6/8\nL:1/8\nK:D\nDFA d2f|\n\nX:2\nM:3/4\nL:1/4\nK:G\nGBd|\n")
    assert main(["music", "convert", str(tmp_path / "a.abc"), "--out", str(tmp_path / "b.musicxml")]) == 0
    assert [read_musicxml(tmp_path / f"b-{i}.musicxml").meters[0][1:] for i in (1, 2)] == [(6, 8), (3, 4)]
    assert main(["music", "convert", str(tmp_path / "b-1.musicxml"), "--out", str(tmp_path / "c.mid")]) == 0
    assert "wrote" in capsys.readouterr().out and (tmp_path / "c.mid").exists()
    (tmp_path / "empty.mid").touch()
    assert main(["music", "convert", str(tmp_path / "empty.mid"), "--out", str(tmp_path / "d.mid")]) == 1
    with pytest.raises(UsageError, match="more than 100,000 bars"):
        musicxml(Score([Note(80_000.0, 60, 1.0)], [Tempo(0.0, 600.0)], [Meter(0.0, 1, 16)]))
