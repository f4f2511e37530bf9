"""Ink on paper: exact sizes, words that flow and are never cut, lines that never leave the page, every knob."""

from __future__ import annotations

import re
import zlib
from pathlib import Path
from xml.etree.ElementTree import fromstring

import numpy as np
import pytest
from PIL import Image

from seqgen.domains.handwriting import Ink, Page, ink_svg
from seqgen.domains.handwriting.drawing.layout import Layout, foreseen, lay_out, sheets
from seqgen.domains.handwriting.drawing.page import PAPERS
from seqgen.domains.handwriting.drawing.pdf import ink_pdf, write_pdf
from seqgen.domains.handwriting.drawing.png import write_png
from seqgen.domains.handwriting.drawing.svg import write_svg
from seqgen.domains.handwriting.drawing.words import words_of
from seqgen.errors import UnknownName, UsageError

SVG = "{http://www.w3.org/2000/svg}"


def word(letters: int, x: float = 0.0) -> list[np.ndarray]:
    """A stroke a letter, each 0.8 wide and 1 high, 0.2 apart; the last reaches lower."""
    shape = np.array([[0, 0], [0.2, -1], [0.5, -0.1], [0.8, -1]])
    return [shape + np.array([x + i, 0]) for i in range(letters)]


def line(text: str) -> Ink:
    x, strokes = 0.0, []
    for part in text.split():
        strokes += word(len(part), x)
        x += len(part) + 0.8
    return Ink(strokes, text=text, height=1.0)


TEXT = "a letter about nothing at all but words and"
LETTER = [[line("Dear Ann,")], [Ink((), text="")], [line(TEXT) for _ in range(12)], [line("Yours, Tom")]]


def texts(pages: list[Layout]) -> str:
    return " ".join(row.text for page in pages for row in page.lines)


@pytest.mark.parametrize("paper", [*PAPERS, "180.5x99"])
def test_no_line_leaves_the_paper_and_no_word_is_lost(paper: str) -> None:
    page = Page(paper=paper, x_height=3, drift=2, slant=10, align="ragged")
    pages = sheets(LETTER, page)
    assert page.size is not None
    top, right, bottom, left = page.margins
    for sheet in pages:
        assert (sheet.width, sheet.height) == page.size
        every = np.concatenate(sheet.strokes)
        assert np.all(every >= np.array([left, top]) - 1e-6)
        assert np.all(every <= np.array(page.size) - [right, bottom] + 1e-6)
    assert texts(pages) == " ".join(["Dear Ann,", *[TEXT] * 12, "Yours, Tom"])


def test_words_flow_from_line_to_line_and_paragraphs_end_theirs() -> None:
    (sheet,) = sheets(LETTER, Page(paper="a4"))
    rows = [row.text for row in sheet.lines]
    assert rows[0] == "Dear Ann," and rows[-1] == "Yours, Tom"
    assert all(len(row) > 30 for row in rows[1:-2])  # full lines, though 43 characters were written in one go
    bases = np.array([row.base for row in sheet.lines])
    assert np.diff(bases).round(6).tolist() == [24.0, *[12.0] * (len(bases) - 2)]  # a blank line; 3 x-heights
    body = np.concatenate(sheet.lines[2].words[0].strokes)
    assert np.ptp(body[:, 1]) == pytest.approx(4, rel=0.03)


def test_alignment() -> None:
    room = 210 - 45
    sides = {}
    for align in ("left", "centred", "justified", "ragged"):
        (sheet,) = sheets(LETTER, Page(paper="a4", align=align))
        sides[align] = [(round(row.left - 25, 6), round(row.right - 25, 6)) for row in sheet.lines]
    assert {left for left, _ in sides["left"]} == {0}
    assert all(left == pytest.approx(room - right, abs=1e-4) for left, right in sides["centred"])
    assert {right for _, right in sides["justified"][1:-2]} == {room} and sides["justified"][-1] == sides["left"][-1]
    assert (
        len({left for left, _ in sides["ragged"]}) == len(sides["ragged"])
        and max(left for left, _ in sides["ragged"]) <= 6
    )


def test_slant_drift_pitch_and_rules() -> None:
    upright, leant = (lay_out(line("tall"), Page(slant=slant)).strokes[0] for slant in (0, 45))
    assert leant[1, 0] - leant[0, 0] == pytest.approx(upright[1, 0] - upright[0, 0] + 4)
    drifting = lay_out([line(TEXT)] * 6, Page(drift=3)).lines
    slopes = [np.polyfit(*np.array([s[0] for w in row.words for s in w.strokes]).T, 1)[0] for row in drifting]
    assert len({round(slope, 4) for slope in slopes}) == 6 and max(map(abs, slopes)) <= np.tan(np.radians(3))
    page = lay_out([line(TEXT)] * 3, Page(line_pitch=9, rules="ruled", background=None))
    assert np.diff([row.base for row in page.lines]).tolist() == [9, 9]
    assert [rule[0, 1] for rule in page.rules][:3] == [row.base for row in page.lines]
    squares = lay_out(line("a"), Page(line_pitch=10, rules="squared")).rules
    assert {round(y, 6) for y in np.diff(sorted({rule[0, 1] for rule in squares if rule[0, 1]}))} <= {5.0}
    root = fromstring(ink_svg(line("a"), Page(rules="ruled")))
    assert [group.get("id") for group in root.findall(SVG + "g")] == ["rules", "ink", "text"]
    assert not list(fromstring(ink_svg(line("a"))).iter(SVG + "line"))


def test_papers_have_their_exact_sizes(tmp_path: Path) -> None:
    for paper, (width, height, _) in PAPERS.items():
        page = Page(paper=paper, x_height=2)
        root = fromstring(ink_svg(line("a b"), page))
        assert (root.get("width"), root.get("height")) == (f"{width:g}mm", f"{height:g}mm")
        (box,) = re.findall(rb"/MediaBox\[0 0 ([\d.]+) ([\d.]+)\]", ink_pdf(line("a b"), page))
        assert [float(side) / 72 * 25.4 for side in box] == pytest.approx([width, height], abs=0.01)
    write_png(line("a"), tmp_path / "a.png", Page(paper="postcard"))
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == (1480, 1050)


def test_several_pages_are_numbered_files_or_one_pdf(tmp_path: Path) -> None:
    page = Page(paper="postcard", rules="ruled")
    count = len(sheets(LETTER, page))
    assert count > 1
    names = [f"l-{number + 1}" for number in range(count)]
    for write, ending in ((write_svg, ".svg"), (write_png, ".png")):
        assert write(LETTER, tmp_path / f"l{ending}", page) == [tmp_path / (name + ending) for name in names]
    assert write_pdf(LETTER, tmp_path / "l.pdf", page) == [tmp_path / "l.pdf"]
    assert len(list(tmp_path.iterdir())) == 2 * count + 1
    with pytest.raises(UsageError, match=rf"needs {count} pages; write it to a file"):
        ink_svg(LETTER, page)
    assert (tmp_path / "l.pdf").read_bytes().count(b"/Type/Page/") == count


def test_what_has_no_room_is_refused() -> None:
    word = "the word 'incomprehensibilities' is .* mm wide, and the paper has room for 128"
    with pytest.raises(UsageError, match=word + "; give a smaller x-height"):
        sheets(line("incomprehensibilities"), Page(paper="postcard", x_height=8))
    with pytest.raises(UsageError, match=word.replace("is .*", "is about .*")):
        foreseen(["the incomprehensibilities of"], Page(paper="postcard", x_height=12))
    with pytest.raises(UsageError, match=r"a line is .* mm high, and the paper has room for 10; give a smaller"):
        sheets(line("a"), Page(paper="100x20", x_height=8))
    with pytest.raises(UsageError, match=r"margins of .* leave no room on a5; give smaller ones"):
        Page(paper="a5", margin=80)
    with pytest.raises(UnknownName, match=r"no paper named 'a44'; did you mean 'a4'.*WIDTHxHEIGHT"):
        Page(paper="a44")
    with pytest.raises(UsageError, match="a paper of 0x10 mm is none"):
        Page(paper="0x10")
    for name, value in (("align", "middle"), ("rules", "dotted"), ("nib", "wide")):
        with pytest.raises(UnknownName, match=f"no {name} named"):
            Page(**{name: value})  # type: ignore[arg-type]
    for name in ("slant", "drift"):
        with pytest.raises(UsageError, match=f"the {name} of a page is nan; give degrees"):
            Page(**{name: float("nan")})  # type: ignore[arg-type]
    assert foreseen([TEXT] * 5000, Page(paper="a4")) == (210, 297)  # many pages are no trouble


def test_words_are_parted_where_the_text_says() -> None:
    assert [text for text, _ in words_of(line(TEXT))] == TEXT.split()
    assert [len(strokes) for _, strokes in words_of(line(TEXT))] == list(map(len, TEXT.split()))
    late = line("in a box")
    dotted = Ink([*late.strokes, [[0.4, -1.5]], [[3.2, -1.5]]], text=late.text, height=1.0)  # dots, written at the end
    assert [strokes for _, strokes in words_of(dotted)] == [[0, 1, 6], [2, 7], [3, 4, 5]]
    joined = Ink([np.concatenate(late.strokes)], text=late.text)
    assert words_of(joined) == [("in a box", [0])]
    assert words_of(Ink([[[0, 0]]])) == [("", [0])]


def unpacked(pdf: bytes) -> list[str]:
    streams = re.findall(rb"/Length (\d+)/Filter/FlateDecode>>stream\n", pdf)
    parts = [part.split(b"stream\n", 1)[1] for part in pdf.split(b"/Filter/FlateDecode>>")[1:]]
    return [zlib.decompress(part[: int(size)]).decode() for part, size in zip(parts, streams, strict=True)]


def test_a_pdf_is_whole() -> None:
    ink = line("caf\u00e9 (no\\w) \u4f60")
    pdf = ink_pdf(ink, Page(color="navy", background="#ffff00", rules="ruled"))
    assert pdf == ink_pdf(ink, Page(color="navy", background="#ffff00", rules="ruled"))
    assert pdf.endswith(b"%%EOF\n")
    start = int(re.findall(rb"startxref\n(\d+)", pdf)[0])
    assert pdf[start:].startswith(b"xref\n0 6\n0000000000 65535 f \n")
    places = [int(place) for place in re.findall(rb"^(\d{10}) 00000 n $", pdf[start:], re.MULTILINE)]
    assert [pdf[place : place + 7] for place in places] == [b"%d 0 obj" % number for number in range(1, 6)]
    (content,) = unpacked(pdf)
    assert content.count(" S\n") == len(ink.strokes) + len(lay_out(ink, Page(rules="ruled")).rules)
    assert "0 0 0.502 RG" in content and "1 1 0 rg 0 0" in content
    assert "BT 3 Tr" in content and "(caf\\351 ) Tj" in content
    assert "(\\050no\\134w\\051 ) Tj" in content and "(?) Tj" in content
    assert " re f" not in unpacked(ink_pdf(ink))[0]
    assert " h f" in unpacked(ink_pdf(ink, Page(nib="speed")))[0]
    assert "BT" not in unpacked(ink_pdf(Ink([[[0, 0]]])))[0]
    assert unpacked(ink_pdf([]))
