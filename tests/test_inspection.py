"""One row a file: what is in it, whether it can be used, and a table that no name can break."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from seqgen.domains.music.formats.midi_writing import write_midi
from seqgen.domains.music.inspection import FAMILIES, Row, inspect, inspect_midi, printable, table
from seqgen.domains.music.score import DRUMS, Meter, Note, Score, Tempo
from seqgen.errors import DataError
from seqgen.files.report import shortened
from seqgen.files.report import table as aligned

SCALE = Score([Note(0.5 * i, 60 + i, 0.5) for i in range(8)])


def refuse(path: Path) -> Score:
    raise DataError(f"cannot use {path} as MusicXML: it has no parts; export it again")


def test_a_usable_piece_and_its_score() -> None:
    row, score = inspect(Path("a.mid"), lambda path: SCALE)
    assert score is SCALE
    assert row == Row("a.mid", 8, 4.0, 1, "piano", "120", "4/4", True, "")
    with pytest.raises(FrozenInstanceError):
        row.used = False  # type: ignore[misc]


def test_instruments_are_families_and_changes_show() -> None:
    notes = [Note(i, 36, 0.1, 80, DRUMS, 2) for i in range(9)]
    notes += [Note(i, 60, 0.1, 80, program, 1) for i, program in enumerate((7, 40, 40, 41, 73, 127))]
    row, _ = inspect(
        Path("a"), lambda path: Score(notes, [Tempo(0, 90), Tempo(1, 91)], [Meter(0.0, 3, 4), Meter(3.0, 6, 8)])
    )
    assert row.programs == "drums, strings, piano, ..."
    assert (row.parts, row.tempo, row.meter) == (2, "90...", "3/4...")
    assert len(FAMILIES) == 16


@pytest.mark.parametrize(("count", "reason"), [(0, "it has no notes"), (7, "only 7 notes; 8 are needed"), (8, "")])
def test_a_piece_needs_8_notes(count: int, reason: str) -> None:
    row, score = inspect(Path("a.mid"), lambda path: Score(SCALE.notes[:count]))
    assert (row.notes, row.used, row.reason) == (count, not reason, reason)
    assert (score is None) == bool(reason)


def test_an_unreadable_file_is_a_row(tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    assert inspect(path, refuse) == (Row(str(path), reason="it has no parts; export it again"), None)
    assert inspect_midi(path).reason.startswith("cannot be read: No such file")
    path.write_bytes(b"")
    assert inspect_midi(path).reason == "it is empty; get the file again"
    path.write_bytes(b"junk")
    assert inspect_midi(path).reason == "it begins with 6a 75 6e 6b, not with MThd, so it is no MIDI file; name one"


def test_midi_is_inspected_within_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    write_midi(SCALE, path)
    assert inspect_midi(path).used
    assert inspect_midi(path).notes == 8
    assert "raise the number with --max-events" in inspect_midi(path, max_events=16).reason


def test_a_table_is_aligned_and_harmless() -> None:
    rows = [
        Row("short.mid", 8, 59.6, 1, "piano", "120", "4/4", True),
        Row("a/" + "very/long/" * 10 + "end.mid", 12345, 3600.0, 12, "drums, bass", "97.5...", "3/4", True),
        Row("テスト.mid", 9, 1.0, 1, "piano", "120", "4/4", True),
        Row("e\x1b[31m\nvil\udcff\u202e.mid", reason="it ends\x07 here"),
    ]
    lines = table(rows).split("\n")
    assert len(lines) == 5
    assert all(line.isprintable() for line in lines)
    assert lines[0].split() == ["file", "notes", "time", "parts", "instruments", "tempo", "meter", "used"]
    assert lines[1].split() == ["short.mid", "8", "1:00", "1", "piano", "120", "4/4", "yes"]
    assert lines[2].startswith("a/very/long/very/l") and ".../very/long/end.mid  12345  60:00" in lines[2]
    assert lines[4].startswith(r"e\x1b[31m\nvil\udcff\u202e.mid") and lines[4].endswith(r"no: it ends\x07 here")
    assert [line.index("piano") for line in lines[1:4:2]] == [lines[1].index("piano"), lines[1].index("piano") - 3]
    assert table([]).split()[0] == "file"


@pytest.mark.parametrize(
    ("name", "width"),
    [
        ("family \U0001f468\u200d\U0001f469\u200d\U0001f467", 9),
        ("\U0001f469\U0001f3fd\u200d\U0001f52c at work", 10),
        ("keycap 1\ufe0f\u20e3", 9),
        ("\u2764\ufe0f", 2),
        ("\U0001f1e9\U0001f1ea", 2),
        ("नमस्ते", 4),
        ("क्षेत्र", 4),
        ("สวัสดี", 4),
        ("漢字 e\u0301", 6),
    ],
)
def test_columns_stand_below_each_other_in_any_script(name: str, width: int) -> None:
    lines = [line.split("|") for line in aligned(("a", "|"), [(name, "|"), ("x" * width, "|")], right=()).splitlines()]
    assert [line[0].rstrip() for line in lines] == ["a", name, "x" * width]
    assert len(lines[1][0]) - len(name) == len(lines[2][0]) - width == 2


def test_a_long_name_loses_its_middle_between_signs() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert shortened(family * 5, 10) == family * 5
    assert shortened(family * 6, 10) == f"{family * 2}...{family}"
    assert shortened("क्षे" * 9, 9) == "क्षेक्...षेक्षे"
    assert shortened("a very long name.mid", 11) == "a ve....mid"
    assert shortened("漢字漢字漢字漢字", 10) == "漢字...字"


def test_printable_leaves_what_can_be_read() -> None:
    for text in ("Größe 漢字 é", "क्\u200dष", "\U0001f469\u200d\U0001f52c"):
        assert printable(text) == text
    assert printable("\u202etxt\u2066") == r"\u202etxt\u2066"  # what turns the direction of a line around
    assert printable("a\tb\r\n") == r"a\tb\r\n"
