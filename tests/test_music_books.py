"""Tune books in ABC, karaoke and RIFF files, and scores whose first line is wrong about their bytes: read by every door."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from test_musicxml import document, measure, note

from seqgen.domains.music import Score, read_abc, read_midi, read_musicxml
from seqgen.domains.music.files import ENDINGS, read, read_pieces, read_score
from seqgen.domains.music.score import Note
from seqgen.errors import DataError
from seqgen.shell.cli import main

TUNE = "X:1\nT:Cooley's, après\nM:4/4\nL:1/8\nK:G\nGABc d2d2|edcB A2G2|\n"


def test_a_tune_book_is_a_row_a_tune_and_the_good_ones_are_learned_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "book.abc"
    path.write_text(TUNE + "\n" + TUNE.replace("X:1", "X:2").replace("GABc", "BABc") + "\nX:3\nK:C\nCDE=20FGABc\n")
    found = read_pieces([tmp_path])
    assert [row.name for row in found.rows] == ["book.abc[0]", "book.abc[1]", "book.abc[2]"]
    assert [row.used for row in found.rows] == [True, True, False] and "no sign of ABC" in found.rows[2].reason
    assert len(read(str(tmp_path)).train) == 1
    assert main(["music", "inspect", str(path)]) == 0
    assert "2 of 3 pieces would be used" in capsys.readouterr().out
    with pytest.raises(DataError, match=r"book\.abc\[2\]: '=' is no sign of ABC"):
        read_abc(path)
    with pytest.raises(DataError, match="holds 3 pieces, and one is wanted"):
        read_score(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_a_single_tune_is_a_primer_in_whatever_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "cooley.ABC"
    path.write_text(TUNE, encoding)
    assert [n.pitch for n in read_score(path).notes][:4] == [67, 69, 71, 72] and len(read_abc(path)) == 1
    path.write_text("no tune")
    with pytest.raises(DataError, match=r"no tune: none of its lines begins with X:"):
        read_score(path)


def test_midi_is_midi_under_any_of_its_names_and_in_a_riff_wrapper(tmp_path: Path) -> None:
    scale = Score([Note(0.25 * i, 60 + i, 0.25) for i in range(9)])
    scale.save(tmp_path / "a.mid")
    raw = (tmp_path / "a.mid").read_bytes()
    chunk = b"DISP" + (3).to_bytes(4, "little") + b"abc\0"
    body = b"RMID" + chunk + b"data" + len(raw).to_bytes(4, "little") + raw + b"\0" * (len(raw) % 2)
    wrapped = b"RIFF" + len(body).to_bytes(4, "little") + body
    for name, data in itertools.product(("a.mid", "b.kar", "c.rmi"), (raw, wrapped)):
        (tmp_path / name).write_bytes(data)
        assert [n.pitch for n in read_score(tmp_path / name).notes] == [n.pitch for n in scale.notes]
    assert len(read_pieces([tmp_path]).rows) == 3
    for broken, why in ((wrapped[:26], "without a chunk of MIDI data"), (wrapped[:-40], "cut short")):
        (tmp_path / "a.mid").write_bytes(broken)
        with pytest.raises(DataError, match=why):
            read_midi(tmp_path / "a.mid")


@pytest.mark.parametrize("said", ["utf-8", "utf-16", "UTF-16LE", "latin-1", "ISO-10646-UCS-2", None])
@pytest.mark.parametrize("written", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_a_score_is_read_whatever_encoding_its_first_line_names(said: str | None, written: str, tmp_path: Path) -> None:
    text = document(measure(note("C4", 2))).replace("<score-partwise>", "<score-partwise><!-- é -->")
    first = f"<?xml version='1.0' encoding='{said}'?>" if said else "<?xml version='1.0'?>"
    path = tmp_path / "a.musicxml"
    path.write_bytes(text.replace("<?xml version='1.0'?>", first).encode(written))
    assert [n.pitch for n in read_musicxml(path).notes] == [60]


def test_a_file_of_another_name_is_told_which_there_are(tmp_path: Path) -> None:
    (tmp_path / "a.doc").write_text("x")
    with pytest.raises(DataError, match=r"seqgen reads \.mid, .*\.abc"):
        read_score(tmp_path / "a.doc")
    assert {".mid", ".kar", ".rmi", ".abc", ".mxl", ".json"} <= set(ENDINGS)
