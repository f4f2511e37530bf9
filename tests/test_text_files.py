"""Reading text from files, folders and standard input; holding out a part."""

from __future__ import annotations

import codecs
import io
import os
import re
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seqgen.domains.text.files import Texts, read, read_texts, split
from seqgen.errors import DataError, UsageError
from seqgen.files.reading import read_text

TEXT = "Größe\n漢字 😀\n"


def write(path: Path, raw: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw.encode() if isinstance(raw, str) else raw)
    return path


def one_line(caught: pytest.ExceptionInfo[Exception]) -> str:
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "raw",
    [
        TEXT.encode(),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"),
        codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"),
    ],
    ids=["lf", "crlf", "cr", "bom", "utf-16", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"],
)
def test_a_file_is_read_as_what_it_says_it_is(tmp_path: Path, raw: bytes) -> None:
    path = write(tmp_path / "book.txt", raw)
    assert read_text(path) == TEXT
    assert read_text(str(path)) == TEXT
    assert read_texts(path) == Texts((TEXT,), (str(path),))


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16-le", "utf-16", "UTF-8"])
def test_an_encoding_can_be_named(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / "book.txt", "Größe\n".encode(encoding))
    assert read_text(path, encoding) == "Größe\n"


@pytest.mark.parametrize(
    ("name", "content", "fields"),
    [
        ("a.jsonl", '{"title": "Soup", "n": 3, "how": "boil it"}\n' * 9, "title, how"),
        ("a.CSV", "title,how\n" + "Soup,boil it\n" * 9, "title, how"),
        ("a.tsv", "a\x1b[2J\tb\n" + "Soup\tboil it\n" * 9, r"a\x1b[2J, b"),
        ("a.jsonl", "no JSON at all, of some length\n" * 9, ""),
        ("a.txt", "title,how\n" + "Soup,boil it\n" * 9, ""),
    ],
)
def test_records_that_are_learned_as_they_stand_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: str, fields: str
) -> None:
    (tmp_path / name).write_text(content)
    read(str(tmp_path / name))
    told = capsys.readouterr().err
    assert (f"with --field, one of {fields}, each record's is a document" in told) if fields else not told
    if fields:
        read(str(tmp_path / name), field=fields.split(", ")[1])
        assert "with --field" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", r"book\.txt is empty; give it some text"),
        (codecs.BOM_UTF8, r"book\.txt is empty"),
        (codecs.BOM_UTF16_LE, r"book\.txt is empty"),
        ("Größe".encode("latin-1"), r"book\.txt is not UTF-8: byte 0xf6 at offset 2; .*--encoding cp1252"),
        (codecs.BOM_UTF8 + b"abc\xff", r"is not UTF-8: byte 0xff at offset 6"),
        (codecs.BOM_UTF16_LE + b"abc", r"is not UTF-16: byte 0x63 at offset 4"),
        (b"plain \0 text", r"book\.txt is binary, not text: NUL at byte 6; .*--encoding utf-16-le"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", r"book\.txt is a PNG picture, not text; name a file of text"),
        (b"\xff\xd8\xff\xe0 JFIF", r"book\.txt is a JPEG picture, not text"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", r"book\.txt is PDF, of which pdftotext makes text, not text"),
        ("wide".encode("utf-16-le"), r"is binary, not text: NUL at byte 1; .*--encoding utf-16-le"),
        (bytes(range(128, 256)), r"is not UTF-8: byte 0x80 at offset 0"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, raw: bytes, message: str) -> None:
    path = write(tmp_path / "book.txt", raw)
    with pytest.raises(DataError, match=message) as caught:
        read_text(path)
    assert one_line(caught).startswith(str(path))
    with pytest.raises(DataError, match=message):
        read_texts(path)
    with pytest.raises(DataError, match="no text in folder .*" + message):
        read_texts(tmp_path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read .*none\.txt: No such file .*; check the name") as caught:
        read_texts(tmp_path / "none.txt")
    one_line(caught)


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000])
def test_an_impossible_name_is_refused(name: str) -> None:
    with pytest.raises(DataError, match=r"cannot read .*; check the name"):
        read_texts(name)


def test_an_unreadable_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "book.txt", TEXT)

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DataError, match=r"cannot read .*book\.txt: Permission denied; .*permissions"):
        read_text(path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder; name a file"):
        read_text(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="no such devices on Windows")
def test_a_device_is_no_file() -> None:
    with pytest.raises(DataError, match="/dev/zero is a device, not a file; pipe it in and name -"):
        read_texts("/dev/zero")


@pytest.mark.parametrize("encoding", ["latin-99", "hex", "", "utf\0"])
def test_an_unknown_encoding_is_refused(tmp_path: Path, encoding: str) -> None:
    write(tmp_path / "book.txt", TEXT)
    with pytest.raises(UsageError, match="no text encoding named " + re.escape(repr(encoding))):
        read_texts(tmp_path, encoding)


def test_standard_input(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-").mkdir()  # a dash is standard input, whatever else has that name
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"one\r\ntwo")))
    assert read_texts("-") == Texts(("one\ntwo",), ("-",))
    with pytest.raises(DataError, match="standard input is empty"):
        read_texts("-")


def test_a_line_of_ten_megabytes(tmp_path: Path) -> None:
    path = write(tmp_path / "line.txt", b"word " * 2_000_000)
    assert len(read_text(path)) == 10_000_000


def test_a_folder_is_read_in_order_and_reports_what_it_skips(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.txt", "a.txt", "a/b/c.md", "C.py"):
        write(tmp_path / name, name)
    write(tmp_path / ".hidden.txt", "no")
    write(tmp_path / ".git" / "config", "no")
    write(tmp_path / "a" / "empty.txt", b"")
    write(tmp_path / "a" / "picture.png", b"\x89PNG\0")
    write(tmp_path / "latin.txt", b"\xe9t\xe9")
    found = read_texts(tmp_path)
    expected = ["C.py", "a/b/c.md", "a/z.txt", "a.txt", "b.txt"]
    assert list(found.texts) == expected
    assert list(found.names) == [str(tmp_path / name) for name in expected]
    assert [
        line.removeprefix(str(tmp_path) + os.sep).replace(os.sep, "/").split(" is ")[0] for line in found.skipped
    ] == [
        ".git",
        ".hidden.txt",
        "a/empty.txt",
        "a/picture.png",
        "latin.txt",
    ]
    assert "hidden" in found.skipped[0]
    assert "is a PNG picture" in found.skipped[3]
    assert read_texts(tmp_path, "latin-1").texts[-1] == "été"


@pytest.mark.skipif(sys.platform == "win32", reason="needs links and pipes")
def test_links_and_pipes_in_a_folder_do_not_hang(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "text")
    (tmp_path / "again").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere")
    (tmp_path / "same.txt").symlink_to(tmp_path / "a.txt")
    os.mkfifo(tmp_path / "pipe")
    found = read_texts(tmp_path)
    assert found.texts == ("text", "text")
    assert [re.sub(r".*/", "", line.split(";")[0]) for line in found.skipped] == [
        "again links to a folder",
        "pipe is a pipe",
        "gone.txt: No such file or directory",
    ]


def test_a_folder_that_cannot_be_listed_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.txt", "text")
    closed = write(tmp_path / "closed" / "b.txt", "text").parent
    list_folder = os.scandir

    def refuse(path: str) -> object:  # permissions would not bind an administrator
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied", path)
        return list_folder(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = read_texts(tmp_path)
    assert found.texts == ("text",)
    assert found.skipped == (f"cannot list {closed}: Permission denied; check its permissions",)


def test_several_paths_keep_their_order(tmp_path: Path) -> None:
    last, folder = write(tmp_path / "z.txt", "z"), write(tmp_path / "folder" / "a.txt", "a").parent
    assert read_texts([last, folder]).texts == ("z", "a")
    assert read_texts([str(folder), last]).texts == ("a", "z")


def test_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no file was named; name a file, a folder, or -"):
        read_texts([])
    with pytest.raises(DataError, match=r"no text in folder .*; it is empty"):
        read_texts(tmp_path)
    write(tmp_path / "good.txt", "text")
    hidden = write(tmp_path / "sub" / ".hidden", "text").parent
    with pytest.raises(DataError, match=r"no text in folder .*: .*\.hidden is hidden"):
        read_texts([tmp_path, hidden])


def test_one_text_is_split_as_nanogpt_splits_it() -> None:
    text = "".join(map(chr, range(32, 1147)))
    train, valid, test = split([text])
    assert (train, valid, test) == ((text[: int(0.9 * len(text))],), (text[int(0.9 * len(text)) :],), ())


@given(st.lists(st.text(max_size=40)), st.floats(0, 1, exclude_min=True, exclude_max=True))
@example(["x" * 32], 1e-20)
def test_a_split_loses_nothing_and_is_one_block(texts: list[str], fraction: float) -> None:
    length = sum(map(len, texts))
    if length < 32:
        with pytest.raises(DataError, match=f"has {length} characters, too short .* 32 or more"):
            split(texts, fraction)
        return
    train, valid, _ = split(texts, fraction)
    assert "".join([*train, *valid]) == "".join(texts)
    assert all(train)
    assert all(valid)
    held_out = sum(map(len, valid))
    assert 1 <= held_out < length
    assert abs(held_out - fraction * length) <= 1
    assert len(train) + len(valid) <= len(list(filter(None, texts))) + 1


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, 2.0, float("nan")])
def test_a_fraction_lies_between_0_and_1(fraction: float) -> None:
    with pytest.raises(UsageError, match=f"held out for validation is {fraction}; it must lie between 0 and 1"):
        split(["x" * 100], fraction)
