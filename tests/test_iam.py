"""IAM-OnDB: its lines, its folders with their transcriptions, and their quirks."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from ink_files import Write, iam_line, refused, rows, write_iam_folder, write_to

from seqgen.domains.handwriting import read_ink, read_inks
from seqgen.domains.handwriting.files import needs_text, read
from seqgen.domains.handwriting.formats import iam
from seqgen.domains.handwriting.inspection import table
from seqgen.errors import DataError


def test_iam_line_whatever_its_root(write: Write) -> None:
    for root in ("WhiteboardCaptureSession", "WhiteboardCapture", "x"):
        ink = read_ink(write("a.xml", iam_line([(895, 992, 0.5), (896, 990.5, 0.51)], [(1, 2, 0.6)], root=root)))[0]
        assert rows(ink) == [[[895, 992], [896, 990.5]], [[1, 2]]]
        assert [list(stroke) for stroke in ink.times] == [[0.5, 0.51], [0.6]]
        assert ink.text is ink.hand is None


def test_iam_folder_gives_text_and_hand(tmp_path: Path) -> None:
    forms = {"a01-000u": ["A MOVE to stop", "Mr . Gaitskell"], "a01-000x": ["A MOVE"], "b02-101": ["last line"]}
    write_iam_folder(tmp_path / "iam", forms, "10042")
    found = read_inks([tmp_path / "iam"])
    assert [(Path(name).name, ink.text, ink.hand) for name, ink in zip(found.names, found.inks, strict=True)] == [
        ("a01-000u-01.xml", "A MOVE to stop", "10042"),
        ("a01-000u-02.xml", "Mr . Gaitskell", "10042"),
        ("a01-000x-01.xml", "A MOVE", "10042"),
        ("b02-101-01.xml", "last line", "10042"),
    ]
    assert all(row.used for row in found.rows)
    assert read_ink(tmp_path / "iam") == list(found.inks)


def test_iam_transcriptions_and_their_quirks(tmp_path: Path) -> None:
    write_iam_folder(tmp_path, {"a01-000u": ["one", "two", "three"], "a01-003": ["one"], "z01-000z": ["a fourth"]})
    text = tmp_path / "ascii" / "a01" / "a01-000" / "a01-000u.txt"
    text.write_bytes(b"OCR:\r\n\r\nwrong\r\n\r\nCSR: \r\n\r\n caf\xe9%%%%%%%%%%%\r\n\r\n100 % \r\n\n")
    (tmp_path / "ascii" / "a01" / "a01-003" / "a01-003.txt").write_text("OCR:\n\nwrong\n", encoding="utf-8")
    (tmp_path / "ascii" / "z01" / "z01-000" / "z01-000z.txt").unlink()
    (tmp_path / "lineStrokes" / "a01" / "a01-000" / "odd.xml").write_text(
        iam_line([(1, 1, 1), (2, 2, 2)]), encoding="utf-8"
    )
    found = read_inks([tmp_path], needs_text)
    assert [ink.text for ink in found.inks] == ["caf\xe9", "100 %"]
    reasons = [
        ("a01-000u-03.xml", "a01-000u.txt has 2 lines of text"),
        ("odd.xml", "its name is not like a01-000u-01.xml, so its text cannot be found"),
        ("a01-003-01.xml", "a01-003.txt has no part CSR: with the right text"),
        ("z01-000z-01.xml", "there is no z01-000z.txt in ascii"),
    ]
    assert [(Path(row.name).name, row.reason) for row in found.rows if not row.used] == reasons
    found = read_inks([tmp_path])  # ink without a text is good for networks that need none
    assert [ink.text for ink in found.inks] == ["caf\xe9", "100 %", None, None, None, None]
    assert [(Path(row.name).name, row.reason) for row in found.rows if row.reason] == reasons
    assert table(found.rows).count("yes, without a text: there is no z01-000z.txt in ascii") == 1


@pytest.mark.parametrize("network", ["auto", "prediction"])
def test_strokes_without_any_text_are_learned_from(
    tmp_path: Path, network: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_iam_folder(tmp_path, {"a01-000u": ["one", "two"], "b02-101": ["last"]})
    shutil.rmtree(tmp_path / "ascii")
    parts = read(str(tmp_path), network)
    assert len(parts.train) + len(parts.valid) == 3
    assert "3 of 3 lines are used" in capsys.readouterr().err
    with pytest.raises(DataError, match=r"no line of ink in .* can be used: there is no a01-000u\.txt in ascii"):
        read(str(tmp_path), "synthesis")


def test_iam_folders_lie_as_their_archives_unpack(tmp_path: Path) -> None:
    write_iam_folder(tmp_path, {"a01-000u": ["one"]})
    for kind in ("lineStrokes", "ascii", "original"):
        (tmp_path / f"{kind}-all").mkdir()
        (tmp_path / kind).rename(tmp_path / f"{kind}-all" / kind)
    (tmp_path / "original-all" / "original" / "a01" / "a01-000" / "strokesu.xml").unlink()
    (tmp_path / "forms.txt").write_text("# form writer\na01-000u 007 2\n", encoding="utf-8")
    assert [(ink.text, ink.hand) for ink in read_inks([tmp_path]).inks] == [("one", "007")]


def test_iam_damage_is_told_line_by_line(tmp_path: Path) -> None:
    write_iam_folder(tmp_path, {"a01-000u": ["one", "two"]})
    place = tmp_path / "lineStrokes" / "a01" / "a01-000"
    (place / "a01-000u-01.xml").write_text("<a><StrokeSet><Stroke><Point x='1'/></Stroke></StrokeSet></a>", "utf-8")
    found = read_inks([tmp_path])
    assert [(row.used, row.reason) for row in found.rows] == [
        (False, "it is damaged in stroke 0: a Point has no numbers x and y"),
        (True, ""),
    ]
    assert refused(write_to(tmp_path / "b.xml", iam_line([]))).endswith(
        "has no strokes; there is nothing to read in it"
    )


def test_iam_stamps_that_mean_nothing_leave_ink_without_times(write: Write) -> None:
    still = [(i, i, 5.0) for i in range(9)]
    assert read_ink(write("a.xml", iam_line(still)))[0].times is None
    assert read_ink(write("a.xml", iam_line(still).replace(' time="5.0"', "")))[0].times is None


def test_the_layout_of_iam_is_seen(tmp_path: Path) -> None:
    assert not iam.is_iam(tmp_path)
    write_iam_folder(tmp_path, {"a01-000u": ["one"]})
    assert iam.is_iam(tmp_path)
