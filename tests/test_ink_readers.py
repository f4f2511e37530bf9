"""Readers of ink: what is read from each format, and what is refused; folders, tables, and what is held out."""

from __future__ import annotations

import io
import json
import math
import runpy
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from seqgen.domains.handwriting import Ink, iam, read_ink, read_inks
from seqgen.domains.handwriting.files import split
from seqgen.domains.handwriting.ink_json import read_ink_json, write_ink_json
from seqgen.domains.handwriting.inspection import Row, table
from seqgen.domains.handwriting.omniglot import read_omniglot
from seqgen.domains.handwriting.reading import mended
from seqgen.errors import DataError, UsageError

Write = Callable[[str, str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def writing(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return writing


def rows(ink: Ink) -> list[list[list[float]]]:
    return [stroke.tolist() for stroke in ink.strokes]


def refused(path: Path) -> str:
    with pytest.raises(DataError) as error:
        read_ink(path)
    message = str(error.value)
    assert "\n" not in message
    assert len(message) < 600 + len(str(path))
    return message


# JSON


def test_json_comes_back_as_it_was(tmp_path: Path) -> None:
    inks = [
        Ink([[[0, 0.1], [1 / 3, -2]], [[5e8, 1e-9]]], [[0, 0.01], [1.7e9]], 'a "b"\n\u4f60 \ud800', "me"),
        Ink([[[0, 0]]]),
    ]
    write_ink_json(inks, tmp_path / "a.json")
    assert read_ink_json(tmp_path / "a.json") == inks
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert text.count("\n") == 4
    assert '"strokes": [[[0, 0]]]' in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("{", "is not JSON"),
        ("[" * 200_000, "is not JSON"),
        ("\xff", "is JSON but no ink|is not JSON"),
        ("[1]", "is JSON but no ink: wanted"),
        ('{"format": "other", "lines": []}', "is JSON but no ink: wanted"),
        ('{"format": "seqgen-ink", "version": 1, "lines": []}', "is JSON but no ink: wanted"),
        ('{"format": "seqgen-ink", "version": 2, "lines": [1]}', "another version than 1"),
        ('{"format": "seqgen-ink", "version": true, "lines": [1]}', "another version than 1"),
    ],
)
def test_json_that_is_no_ink(write: Write, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_ink(write("a.json", text))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("3", r"\[0\] has no strokes"),
        ('{"strokes": []}', r"\[0\] has no strokes"),
        ('{"strokes": [[]]}', "a stroke that is no list of points"),
        ('{"strokes": [5]}', "a stroke that is no list of points"),
        ('{"strokes": [[[1, 2], [1]]]}', "a stroke that is no list of points"),
        ('{"strokes": [[[1, 2]], [[1, 2, 3]]]}', "all are .x, y., or all .x, y, seconds."),
        ('{"strokes": [[["1", "2"]]]}', "stroke 0 is no array of numbers"),
        ('{"strokes": [[[1, null]]]}', "stroke 0 is no array of numbers"),
        ('{"strokes": [[[1, NaN]]]}', "NaN is no number"),
        ('{"strokes": [[[1, 1e999]]]}', "no numbers or lie beyond"),
        ('{"strokes": [[[1, ' + "9" * 5000 + "]]]}", "is not JSON"),
        ('{"strokes": [[[1, 2, 1], [1, 2, 0]]]}', "times decrease"),
        ('{"strokes": [[[1, 2]]], "text": 5}', "the text of ink is a int"),
    ],
)
def test_json_with_a_wrong_line(write: Write, line: str, message: str) -> None:
    path = write("a.json", f'{{"format": "seqgen-ink", "version": 1, "lines": [{line}]}}')
    with pytest.raises(DataError, match=message):
        read_ink(path)
    refused(path)


# InkML


def inkml(*content: str) -> str:
    return f'<?xml version="1.0"?><ink xmlns="http://www.w3.org/2003/InkML">{"".join(content)}</ink>'


def channels(*names: str) -> str:
    return "<traceFormat>" + "".join(f"<channel {name}/>" for name in names) + "</traceFormat>"


def test_inkml_without_a_format_is_x_y_and_milliseconds(write: Write) -> None:
    ink = read_ink(write("a.inkml", inkml("<trace>0 1, 2.5 -3\n,4e1 .5,</trace><trace> 1 1 </trace>")))
    assert [rows(line) for line in ink] == [[[[0, 1], [2.5, -3], [40, 0.5]], [[1, 1]]]]
    assert ink[0].times is None
    ink = read_ink(write("a.inkml", inkml("<trace>0 0 100,1 1 120</trace><trace>1 1 200</trace>")))
    assert [list(stroke) for stroke in ink[0].times] == [[0.1, 0.12], [0.2]]


def test_inkml_channels_are_found_by_name(write: Write) -> None:
    names = ('name="F" type="integer"', 'name="T" units="s"', 'name="Y"', 'name="X"')
    ink = read_ink(write("a.xml", inkml(channels(*names), "<trace>9 0.5 2 1, 8 1 4 3</trace>")))[0]
    assert rows(ink) == [[[1, 2], [3, 4]]]
    assert list(ink.times[0]) == [0.5, 1]


@pytest.mark.parametrize(("step", "seconds"), [(10, 0.01), (0.01, 0.01)])
def test_inkml_times_without_a_unit_go_by_their_steps(write: Write, step: float, seconds: float) -> None:
    points = ",".join(f"{i} {i} {i * step}" for i in range(5))
    ink = read_ink(write("a.inkml", inkml(channels('name="X"', 'name="Y"', 'name="T"'), f"<trace>{points}</trace>")))[0]
    assert ink.times[0] == pytest.approx(np.arange(5) * seconds)


def test_inkml_differences_as_the_recommendation_shows_them(write: Write) -> None:
    # Section 3.2.1: values, then first differences, then second ones, which stay in force until another mark.
    ink = read_ink(write("a.inkml", inkml("<trace>1125 18432,'23'43,\"7\"-8,3-5,7 -3,*1,!5 !6,#ff -#A</trace>")))[0]
    assert rows(ink)[0] == [
        *([1125, 18432], [1148, 18475], [1178, 18510], [1211, 18540], [1251, 18567]),
        *([1298, 18595], [5, 6], [255, -10]),
    ]


def test_inkml_groups_with_a_label_are_lines(write: Write) -> None:
    content = (
        '<annotation type="truth">all</annotation><annotation type="writer">w7</annotation><trace>0 0</trace>',
        '<traceGroup><annotation type="label">one</annotation><trace>1 1</trace><traceGroup>',
        '<annotation type="truth">o</annotation><trace>2 2</trace></traceGroup></traceGroup>',
        '<traceGroup><annotation type="writer">w8</annotation><annotation type="truth">two</annotation>',
        '<trace type="penUp">8 8</trace><trace>3 3</trace></traceGroup><traceGroup><trace>4 4</trace></traceGroup>',
        '<traceView><annotation type="truth">view</annotation></traceView>',
    )
    found = read_ink(write("a.inkml", inkml(*content)))
    assert [(ink.text, ink.hand, rows(ink)) for ink in found] == [
        ("all", "w7", [[[0, 0]], [[4, 4]]]),
        ("one", "w7", [[[1, 1]], [[2, 2]]]),
        ("two", "w8", [[[3, 3]]]),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "has no traces"),
        ("<trace> </trace>", "has no traces"),
        ("<trace>NaN 1</trace>", "damaged in trace 0: it has 'NaN 1' where a number should be"),
        ("<trace>1 ?</trace>", "no numbers or lie beyond"),
        ("<trace>1 1e400</trace>", "no numbers or lie beyond"),
        ("<trace>'1 1</trace>", "no numbers or lie beyond"),
        ("<trace>1 1</trace><trace>1</trace>", "damaged in trace 1: a point has 1 values"),
        ("<trace>1 1,,1 1</trace>", "damaged in trace 0: a point has 0 values"),
        ("<trace>1 1 --1</trace>", "damaged in trace 0"),
        (channels('name="T"') + "<trace>1</trace>", "a traceFormat without the channels X and Y"),
        (channels('name="X"', 'name="Y"') + "<trace>1 1 1</trace>", "a point has 3 values"),
    ],
)
def test_inkml_that_is_damaged(write: Write, content: str, message: str) -> None:
    path = write("a.inkml", inkml(content))
    with pytest.raises(DataError, match=message):
        read_ink(path)
    refused(path)


ENTITIES = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 9))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            f'<!DOCTYPE ink [<!ENTITY e0 "ha">{ENTITIES}]><ink><trace>&e8;</trace></ink>',
            "declares its own XML entities",
        ),
        ('<!DOCTYPE ink [<!ENTITY x SYSTEM "file:///etc/hosts">]><ink>&x;</ink>', "declares its own XML entities"),
        ('<!DOCTYPE ink SYSTEM "http://example.com/a.dtd"><ink/>', "has a DOCTYPE, which .* does not need; remove it"),
        ("<ink>" + "<a>" * 190_000, "nests XML deeper than"),
        ("<ink>" + "<a>" * 200_000, "nests XML deeper than|has more than 200,000 tags"),
        ("<ink><trace>1 1", "is not well-formed XML"),
        ("<a/>", "is XML but no ink"),
        ("<a xmlns='x'><ink/></a>", "is XML but no InkML: it begins with <a>"),
        ("<?xml version='1.0' encoding='nonsense'?><ink/>", "is not well-formed XML|cannot be decoded"),
        ("<ink>" + "<trace>1 1</trace>" * 15_001 + "</ink>", "more than 300,000 points or 15,000 strokes"),
        ("<ink><trace>" + "1 1," * 300_000 + "</trace></ink>", "more than 300,000 points"),
        ("<ink><trace>" + "1 " * 2_000_000 + "</trace></ink>", "a point has 2000000 values"),
        ("<ink a='" + "x" * 5_000_000 + "'/>", "is larger than 4 MB"),
        ("<StrokeSet>" + "<a>" * 100_000, "nests XML deeper than 32"),
    ],
)
def test_xml_that_is_built_to_harm(write: Write, text: str, message: str) -> None:
    path = write("a.xml", text)
    tracemalloc.start()
    with pytest.raises(DataError, match=message):
        read_ink(path)
    assert tracemalloc.get_traced_memory()[1] < 200e6
    tracemalloc.stop()


# IAM-OnDB


def iam_line(*strokes: Sequence[tuple[float, ...]], root: str = "WhiteboardCaptureSession") -> str:
    points = ("".join(f'<Point x="{x}" y="{y}" time="{time}"/>' for x, y, time in stroke) for stroke in strokes)
    body = "".join(f'<Stroke colour="black" start_time="0" end_time="1">{stroke}</Stroke>' for stroke in points)
    board = '<WhiteboardDescription><SensorLocation corner="top_left"/></WhiteboardDescription>'
    return f'<?xml version="1.0" encoding="ISO-8859-1"?>\n<{root}>{board}<StrokeSet>{body}</StrokeSet></{root}>\n'


def write_iam_folder(folder: Path, forms: dict[str, list[str]], writer: str = "10001") -> None:
    """A folder in IAM-OnDB's layout: the form of each name, such as a01-000u, has the given lines of text."""
    for form, lines in forms.items():
        place = Path(form.split("-")[0], form.rstrip("abcdefghijklmnopqrstuvwxyz"))
        for kind in ("lineStrokes", "ascii", "original"):
            (folder / kind / place).mkdir(parents=True, exist_ok=True)
        ocr = "\n".join(line.upper() for line in lines)
        text = f"OCR:\n\n{ocr}\n\nCSR:\n\n" + "\n".join(lines) + "\n\n"
        (folder / "ascii" / place / f"{form}.txt").write_text(text, encoding="utf-8")
        head = f'<General><Form writerID="{writer}" id="{form}"/></General>'
        letter = form[len(place.name) :]
        (folder / "original" / place / f"strokes{letter}.xml").write_text(head, encoding="utf-8")
        for number, line in enumerate(lines, 1):
            strokes = [
                [(x + i, 20 + i * number, 0.01 * (2 * x + i)) for i in range(4)] for x in range(0, 9 * len(line), 9)
            ]
            path = folder / "lineStrokes" / place / f"{form}-{number:02}.xml"
            path.write_text(iam_line(*strokes), encoding="utf-8")


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
    write_iam_folder(tmp_path, {"a01-000u": ["one", "two", "three"], "a01-003": ["one"], "z01-000z": ["one"]})
    text = tmp_path / "ascii" / "a01" / "a01-000" / "a01-000u.txt"
    text.write_bytes(b"OCR:\r\n\r\nwrong\r\n\r\nCSR: \r\n\r\n caf\xe9%%%%%%%%%%%\r\n\r\n100 % \r\n\n")
    (tmp_path / "ascii" / "a01" / "a01-003" / "a01-003.txt").write_text("OCR:\n\nwrong\n", encoding="utf-8")
    (tmp_path / "ascii" / "z01" / "z01-000" / "z01-000z.txt").unlink()
    (tmp_path / "lineStrokes" / "a01" / "a01-000" / "odd.xml").write_text(iam_line([(1, 1, 1)]), encoding="utf-8")
    found = read_inks([tmp_path])
    assert [ink.text for ink in found.inks] == ["caf\xe9", "100 %"]
    assert [(Path(row.name).name, row.reason) for row in found.rows if not row.used] == [
        ("a01-000u-03.xml", "a01-000u.txt has 2 lines of text"),
        ("odd.xml", "its name is not like a01-000u-01.xml, so its text cannot be found"),
        ("a01-003-01.xml", "a01-003.txt has no part CSR: with the right text"),
        ("z01-000z-01.xml", "there is no z01-000z.txt in ascii"),
    ]


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


def write_to(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_stamps_of_time_are_mended() -> None:
    def after(*stamps: float) -> list[float] | None:
        found = mended([np.array(stamps[:3]), np.array(stamps[3:])])
        return None if found is None else np.concatenate(found).tolist()

    good = [float(i) for i in range(20)]
    assert after(*good) == good
    assert after(*good[:7], 3.0, *good[8:]) == good  # goes back
    assert after(*good[:7], 1e9, *good[8:]) == good  # jumps
    assert after(*good[:7], 6.0, *good[8:]) == good  # stands still
    assert after(-5.0, *good[1:-1], 18.0) == [-5.0, *good[1:]]
    assert after(100.0, *good[1:]) == pytest.approx(good)  # at the start
    assert after(*[5.0] * 20) is None
    assert after(*good[::-1]) is None
    assert after(*good[:19], math.nan) is None


def test_iam_stamps_that_mean_nothing_leave_ink_without_times(write: Write) -> None:
    still = [(i, i, 5.0) for i in range(9)]
    assert read_ink(write("a.xml", iam_line(still)))[0].times is None
    assert read_ink(write("a.xml", iam_line(still).replace(' time="5.0"', "")))[0].times is None


# sketch-rnn


def npz(path: Path, *arrays: object, **named: object) -> Path:
    np.savez_compressed(path, *arrays, **named)  # type: ignore[arg-type]
    return path


def test_sketches_as_single_arrays(tmp_path: Path) -> None:
    one = np.array([[1, 1, 0], [2, 0, 1], [0, 3, 0], [1, 0, 0]], np.int16)
    two = np.asfortranarray(np.array([[0.5, 0, 1], [0, 0.5, 1]], np.float32))
    found = read_ink(npz(tmp_path / "a.npz", one, two))
    assert [rows(ink) for ink in found] == [[[[1, 1], [3, 1]], [[3, 4], [4, 4]]], [[[0.5, 0]], [[0.5, 0.5]]]]


def test_sketches_one_after_the_other(tmp_path: Path) -> None:
    one = np.array([[1, 1, 0], [2, 0, 1], [0, 3, 1]])
    found = read_ink(npz(tmp_path / "a.npz", train=np.concatenate([one, one[1:]]), train_lengths=[3, 2], test=one[:1]))
    assert [rows(ink) for ink in found] == [[[[1, 1], [3, 1]], [[3, 4]]], [[[2, 0]], [[2, 3]]], [[[1, 1]]]]


def test_pickled_sketches_are_refused_with_the_line_that_converts_them(tmp_path: Path) -> None:
    drawings = np.empty(2, object)
    drawings[:] = [np.array([[1, 1, 0], [2, 0, 1]], np.int16), np.array([[3, 0, 1]], np.int16)]
    message = refused(npz(tmp_path / "old.npz", train=drawings))
    assert "'train' holds pickled objects, which can run code when read" in message
    recipe = message.partition("convert it: ")[2].replace("(old", "(source").replace("(new", "(target")
    names = {"np": np, "source": tmp_path / "old.npz", "target": tmp_path / "new.npz"}
    runpy.run_path(str(write_to(tmp_path / "recipe.py", recipe)), names)
    assert [rows(ink) for ink in read_ink(tmp_path / "new.npz")] == [[[[1, 1], [3, 1]]], [[[3, 0]]]]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "is no .npz file"),
        ({"a": np.zeros((3, 5))}, r"'a' has the shape \[3, 5\]; a drawing is \[N, 3\]"),
        ({"a": np.zeros(3)}, r"'a' has the shape \[3\]"),
        ({"a": np.zeros((0, 3))}, r"\['a'\]: stroke 0 has no points|has no strokes"),
        ({"a": np.full((2, 3), math.nan)}, "a lift other than 0 or 1"),
        ({"a": np.array([[math.nan, 0, 1]])}, "no numbers or lie beyond"),
        ({"a": np.array([[1e308, 0, 0], [1e308, 0, 1]])}, "no numbers or lie beyond"),
        ({"a": np.array([["a", "b", "c"]])}, "is no array of numbers"),
        ({"a": np.zeros((2, 3), complex)}, "is no array of numbers"),
        ({"a": np.zeros(3, [("x", float)])}, "is no array of numbers"),
        ({"a": np.zeros((3, 3)), "a_lengths": [2]}, "'a_lengths' does not cut 'a' into drawings"),
        ({"a": np.zeros((3, 3)), "a_lengths": [4, -1]}, "'a_lengths' does not cut"),
        ({"a": np.zeros((3, 3)), "a_lengths": [1.5, 1.5]}, "'a_lengths' does not cut"),
        ({"a": np.zeros((3, 3)), "a_lengths": np.array(math.nan)}, "'a_lengths' does not cut"),
        ({"a": np.zeros((300_001, 3), np.int8)}, "more than 300,000 points"),
        ({"a": np.ones((30_000, 3), np.int8)}, "15,000 strokes"),
        ({"a": np.zeros((6_000_000, 3), np.int8)}, "unpacks to more than ink needs"),
    ],
)
def test_sketches_that_are_none(tmp_path: Path, arrays: dict[str, object], message: str) -> None:
    path = npz(tmp_path / "a.npz", **arrays)
    with pytest.raises(DataError, match=message):
        read_ink(path)
    refused(path)


def test_npz_headers_of_strangers(tmp_path: Path) -> None:
    def message(header: str, body: bytes = b"", start: bytes = b"\x93NUMPY\x01\x00") -> str:
        with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
            text = header.encode()
            archive.writestr("a.npy", start + len(text).to_bytes(2, "little") + text + body)
        return refused(tmp_path / "a.npz")

    right = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }"
    assert "its size is not that of its shape" in message(right, b"123")
    assert "its size is not that of its shape" in message(right.replace("1, 3", "999999999, 999999999"))
    assert "no array of numbers" in message(right.replace("1, 3", "-1, 3"))
    assert "no array of numbers" in message(right.replace("<f4", "<f3"))
    assert "no array of numbers" in message("__import__('os')")
    assert "no array of numbers" in message("(" * 900)
    assert "no array of numbers" in message(right, start=b"\x93NUMPY\x03\x00")
    assert "no array of numbers" in message("", start=b"hello")
    assert "is no .npz file" in refused(write_to(tmp_path / "b.npz", "hello"))


# Omniglot


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
        ("START\n" + "1,1,1\n" * 300_001, "more than 300,000 points"),
        ("START\n" + "1,1,1 BREAK\n" * 15_001, "15,000 strokes"),
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
    assert "unpacks to more than ink needs" in refused(packed(".txt", b" " * 2**25))
    assert "is packed in an unusual way" in refused(packed(".txt", b"a", zipfile.ZIP_LZMA))
    assert "more than 5,000 packed files" in refused(packed(".txt", b"a", count=5001))
    whole = packed(".txt", b"START\n1,1,1\n" * 9).read_bytes()
    (tmp_path / "a.zip").write_bytes(whole[:-30])
    assert "cannot be unpacked" in refused(tmp_path / "a.zip")


# Files and folders


def test_read_ink_says_what_it_reads(tmp_path: Path) -> None:
    assert "not named like ink; seqgen reads .inkml, .json, .npz, .txt, .xml, .zip" in refused(tmp_path / "a.pdf")
    assert "cannot read" in refused(tmp_path / "a.json")
    assert "no ink in folder" in refused(tmp_path)
    write_to(tmp_path / "a.json", "{")
    assert "a.json: it is not JSON" in refused(tmp_path)


def test_a_folder_gives_a_row_a_line(tmp_path: Path) -> None:
    ink, dot = Ink([[[0, 0], [1, 1]]], [[0, 1]], "hi", "me"), Ink([[[0, 0]]], text="dot")
    write_ink_json([ink, dot, ink, Ink([[[0, 0], [9, 9]]])], tmp_path / "a.json")
    write_to(tmp_path / "b.txt", "hello")
    write_to(tmp_path / "c.md", "hello")

    def accept(ink: Ink) -> None:
        if not ink.text:
            raise DataError("it has no text")

    found = read_inks([tmp_path], accept)
    assert found.inks == (ink,)
    assert found.names == ("a.json[0]",)
    assert found.rows[0] == Row("a.json[0]", "hi", "me", 1, 2, 1.0, 1.0, True)
    assert [row.reason for row in found.rows[1:]] == [
        "only 1 point; 2 are needed",
        "the same ink as a.json[0]",
        "it has no text",
        "it is no drawing of Omniglot: wanted a short text, START, then x,y,t a line and BREAK",
    ]


def test_a_table_is_plain_text_however_odd_the_names() -> None:
    shown = table([Row("a\n\x1b[2J" + "x" * 99, "\u4f60\u597d", "e\u0301", 1, 2, 0.0, 3.14159, True)])
    assert "\x1b" not in shown
    assert len(shown.splitlines()) == 2
    assert "3.14" in shown
    assert len(shown.splitlines()[1]) < 120


def strokes(number: int) -> list[list[list[float]]]:
    return [[[number, 0], [0, 1]], [[5, number]]]


def test_split_keeps_texts_and_hands_apart() -> None:
    written = [Ink(strokes(i), None, f"word {i % 17}", f"hand {i % 3}") for i in range(100)]
    parts = split(written, 0.2)
    assert sorted(map(id, [*parts.train, *parts.valid])) == sorted(map(id, written))
    assert 20 <= len(parts.valid) <= 26
    assert not {ink.text for ink in parts.train} & {ink.text for ink in parts.valid}
    mixed = split(written[::-1], 0.2)
    assert {ink.text for ink in mixed.valid} == {ink.text for ink in parts.valid}
    drawn = [Ink(strokes(i), None, None, f"hand {i % 5}") for i in range(20)]
    parts = split(drawn)
    assert not {ink.hand for ink in parts.train} & {ink.hand for ink in parts.valid}


@pytest.mark.parametrize("text", [None, "a"])
@pytest.mark.parametrize("hand", [None, "me"])
@pytest.mark.parametrize("count", [1, 2, 10])
def test_split_never_leaves_a_side_empty(text: str | None, hand: str | None, count: int) -> None:
    inks = [Ink(strokes(i), [[0, 1], [2]], text, hand) for i in range(count)]
    for fraction in (0.001, 0.1, 0.5, 0.999):
        parts = split(inks, fraction)
        assert parts.train
        assert parts.valid
        total = sum(ink.points for ink in (*parts.train, *parts.valid))
        assert total == 3 * count


def test_split_cuts_a_single_line() -> None:
    parts = split([Ink([[[i, i] for i in range(10)]], [range(10)], "text", "me")], 0.2)
    train, valid = parts.train, parts.valid
    assert (train[0].points, valid[0].points) == (8, 2)
    assert (train[0].text, valid[0].hand, list(valid[0].times[0])) == (None, "me", [8, 9])
    parts = split([Ink([[[i, i]] for i in range(10)])], 0.3)
    assert (len(parts.train[0].strokes), len(parts.valid[0].strokes)) == (7, 3)
    with pytest.raises(DataError, match="a single dot is too little ink"):
        split([Ink([[[0, 0]]])])
    with pytest.raises(DataError, match="no line to learn from"):
        split([])
    with pytest.raises(UsageError, match="must lie between 0 and 1"):
        split([Ink([[[0, 0]]])], 1.5)


@pytest.mark.slow
def test_every_reader_takes_at_most_two_seconds(tmp_path: Path) -> None:
    points = 290_000
    dense = "<ink><trace>" + ",".join(["'1'1"] * (points // 2)) + "</trace></ink>"
    stamps = np.random.default_rng(0).permutation(points)
    text = "START\n" + "".join(f"1,1,{stamp}\n" for stamp in stamps)
    short = [[[1, 2, number], [3, 4, number]] for number in range(14_500)]
    files = {
        "a.inkml": dense.replace("'1'1", "1 1", 1),
        "b.txt": text,
        "c.json": json.dumps({"format": "seqgen-ink", "version": 1, "lines": [{"strokes": short}]}),
        "d.json": json.dumps({"format": "seqgen-ink", "version": 1, "lines": [{"strokes": [s]} for s in short]}),
        "h.inkml": "<ink>" + "<trace>1 1 1,2 2 2</trace>" * 14_500 + "</ink>",
        "i.inkml": "<ink>"
        + "<traceGroup><annotation type='truth'>a</annotation><trace>1 1</trace></traceGroup>" * 14_500
        + "</ink>",
        "e.xml": iam_line(*[[(1, 1, i)] * 3 for i in range(14_500)]),
    }
    npz(tmp_path / "f.npz", a=np.tile([[0, 1, 0]] * 14 + [[1, 0, 1]], (14_500, 1)))
    npz(tmp_path / "g.npz", a=np.tile([[0, 1, 0]] * 14 + [[1, 0, 1]], (14_500, 1)), a_lengths=[15] * 14_500)
    for name, content in files.items():
        write_to(tmp_path / name, content)
    slow = {}
    for path in sorted(tmp_path.iterdir()):
        begin = time.process_time()
        read_ink(path)
        slow[path.name] = time.process_time() - begin
    assert not {name: seconds for name, seconds in slow.items() if seconds > 2}


def test_the_layout_of_iam_is_seen(tmp_path: Path) -> None:
    assert not iam.is_iam(tmp_path)
    write_iam_folder(tmp_path, {"a01-000u": ["one"]})
    assert iam.is_iam(tmp_path)
