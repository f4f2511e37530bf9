"""Omniglot: its drawings, one by one and zipped, and zips of strangers."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from ink_files import Write, refused, rows

from seqgen.domains.handwriting import read_ink
from seqgen.domains.handwriting.formats.omniglot import read_omniglot
from seqgen.errors import DataError


def test_omniglot_text(write: Write) -> None:
    text = "START\n1.5,-2,0\n2,-3,16\nBREAK\n4,-5,100\nBREAK\n"
    ink = read_ink(write("x/Latin/character02/0684_07.txt", text))[0]
    assert rows(ink) == [[[1.5, 2], [2, 3]], [[4, 5]]]
    assert [list(stroke) for stroke in ink.times] == [[0, 0.016], [0.1]]
    assert (ink.text, ink.hand) == ("b", "drawer 07")
    other = read_ink(write("x/Greek/character02/0400_20.txt", text))[0]
    assert (other.text, other.hand) == (None, "drawer 20")
    assert read_ink(write("free.txt", text))[0].hand is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello", "is no drawing of Omniglot"),
        (" ", "is no drawing of Omniglot"),
        ("START\nBREAK\n", "has no strokes"),
        ("START\n1,2\n", "is damaged: a line is not x,y,t"),
        ("START\n1,2,3,4\n1,2\n", "is damaged: a line is not x,y,t"),
        ("START\n1,2,x\n", "is damaged: a line is not x,y,t"),
        ("START\n1,nan,3\n", "no numbers or lie beyond"),
        ("START\n" + "1,1,1\n" * 700_001, "wanted a short text"),
    ],
)
def test_omniglot_that_is_damaged(write: Write, text: str, message: str) -> None:
    path = write("a.txt", text)
    with pytest.raises(DataError, match=message):
        read_ink(path)
    refused(path)


def test_omniglot_zip(data: Path) -> None:
    inks = read_omniglot(data / "omniglot" / "latin_strokes_small1.zip")
    assert len(inks) == 520
    assert sum(ink.points for ink in inks) == 55_049
    assert sum(len(ink.strokes) for ink in inks) == 901
    assert {ink.text for ink in inks} == set("abcdefghijklmnopqrstuvwxyz")
    assert {ink.hand for ink in inks} == {f"drawer {i:02}" for i in range(1, 21)}
    assert all(ink.times is not None and ink.bounds[1] >= 0 for ink in inks)


def test_zips_of_strangers(tmp_path: Path) -> None:
    def packed(name: str, content: bytes, method: int = zipfile.ZIP_DEFLATED, count: int = 1) -> Path:
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", method) as archive:
            for number in range(count):
                archive.writestr(f"{number}{name}", content)
        (tmp_path / "a.zip").write_bytes(target.getvalue())
        return tmp_path / "a.zip"

    assert "a zip without .txt files" in refused(packed(".md", b"a"))
    assert "unpacks to more than ink needs" in refused(packed(".txt", b" " * (2**26 + 1)))
    assert "is packed in an unusual way" in refused(packed(".txt", b"a", zipfile.ZIP_LZMA))
    assert "more than 25,000 packed files" in refused(packed(".txt", b"a", count=25_001))
    whole = packed(".txt", b"START\n1,1,1\n" * 9).read_bytes()
    (tmp_path / "a.zip").write_bytes(whole[:-30])
    assert "cannot be unpacked" in refused(tmp_path / "a.zip")


def test_a_zip_as_large_as_those_handed_out(tmp_path: Path) -> None:
    drawing = b"START\n" + b"".join(b"%d,-%d,%d\n" % (i, i % 7, 10 * i) for i in range(120)) + b"BREAK\n"
    with zipfile.ZipFile(tmp_path / "strokes_background_small1.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(2_720):
            archive.writestr(
                f"strokes/Greek/character{1 + number // 20 % 24:02}/{number:04}_{1 + number % 20:02}.txt", drawing
            )
    inks = read_ink(tmp_path / "strokes_background_small1.zip")
    assert (len(inks), sum(ink.points for ink in inks)) == (2_720, 326_400)
