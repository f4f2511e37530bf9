"""Pictures of ink: what an SVG says, point for point, what it never says, and the same page in pixels."""

from __future__ import annotations

import io
import math
import re
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from seqgen.domains.handwriting import Ink, Page, ink_svg
from seqgen.domains.handwriting.drawing.curves import places
from seqgen.domains.handwriting.drawing.layout import lay_out
from seqgen.domains.handwriting.drawing.page import COLORS
from seqgen.domains.handwriting.drawing.png import ink_png, write_png
from seqgen.domains.handwriting.drawing.svg import write_svg
from seqgen.domains.handwriting.formats.omniglot import read_omniglot
from seqgen.errors import UsageError

SVG = "{http://www.w3.org/2000/svg}"
LABEL = "{http://www.inkscape.org/namespaces/inkscape}label"
EXACT = Page(scale=1.0, margin=2.0)


def tree(svg: str) -> Element:
    return fromstring(svg.encode())


def paths(svg: str) -> list[np.ndarray]:
    """The pieces [M, 4, 2] of each path in mm, by the rules of SVG's path data."""
    found = []
    for path in tree(svg).iter(SVG + "path"):
        data = path.attrib["d"]
        assert re.fullmatch(r"m-?\d+[ -]\d+(c-?\d+([ -]\d+)*|h0)", data)
        begin, moves = (np.array(re.findall(r"-?\d+", part), float) for part in re.split("c|h0", data, maxsplit=1))
        steps = moves.reshape(-1, 3, 2) if len(moves) else np.zeros((1, 3, 2))
        begins = np.cumsum(np.concatenate([begin[None], steps[:-1, 2]]), axis=0)
        found.append(np.concatenate([begins[:, None], begins[:, None] + steps], axis=1) / 20)
    return found


def apart(points: np.ndarray, pieces: np.ndarray) -> np.ndarray:
    """How far each of the points [N, 2] is from a curve."""
    line = places(pieces, 200)
    starts, along = line[:-1], np.diff(line, axis=0)
    share = np.sum((points[:, None] - starts) * along, axis=2) / np.maximum(np.sum(along**2, axis=1), 1e-12)
    nearest = starts + np.clip(share, 0, 1)[:, :, None] * along
    found: np.ndarray = np.hypot(*(points[:, None] - nearest).T).min(axis=0)
    return found


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.05, 40), st.integers(1, 3))
def test_every_point_is_where_it_belongs(seed: int, scale: float, lines: int) -> None:
    draw = np.random.default_rng(seed)
    inks = [Ink([np.cumsum(draw.normal(size=(n, 2)), axis=0) for n in draw.integers(1, 60, 3)]) for _ in range(lines)]
    page = Page(scale=scale)
    svg = ink_svg(inks, page)
    layout = lay_out(inks, page)
    for drawn, meant in zip(paths(svg), layout.strokes, strict=True):
        assert apart(meant, drawn).max() <= 0.05 + 1e-6
    strokes = iter(layout.strokes)
    for ink in inks:  # each line is moved as a whole, and on the page
        shifts = np.concatenate([next(strokes) - stroke * scale for stroke in ink.strokes])
        assert np.ptp(shifts, axis=0) == pytest.approx([0, 0], abs=1e-6)
    every = np.concatenate(layout.strokes)
    assert every.min() >= page.margins[0] - 1e-9
    assert np.all(every <= np.array([layout.width, layout.height]) - page.margins[0] + 1e-9)


def test_what_the_document_says() -> None:
    svg = ink_svg(Ink([[[0, 0], [10, 0]], [[3, -1]]], text="i <b>&"), Page(scale=1, margin=2, pen=0.5, color="navy"))
    root = tree(svg)
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("14mm", "5mm", "0 0 280 100")
    assert root.findtext(SVG + "title") == "Handwriting"
    assert root.findtext(SVG + "desc") == "i <b>&"
    layers = root.findall(SVG + "g")
    assert [(layer.get("id"), layer.get(LABEL)) for layer in layers] == [("ink", "1 ink"), ("text", "%3 text")]
    pen, text = layers
    looks = {"fill": "none", "stroke": "#000080", "stroke-linecap": "round", "stroke-linejoin": "round"}
    assert looks.items() <= pen.attrib.items() and pen.get("stroke-width") == "10"
    line = pen[0]
    assert (line.get("id"), line.get("data-text")) == ("line1", "i <b>&")
    assert [(word.get("id"), word.get("data-text")) for word in line] == [("word1", "i"), ("word2", "<b>&")]
    assert [path.get("d") for path in line.iter(SVG + "path")] == ["m100 40h0", "m40 60c67 0 133 0 200 0"]
    assert text.get("opacity") == "0"  # not seen, to be searched
    assert (text[0].text, text[0].get("textLength"), text[0].get("x")) == ("i <b>&", "200", "40")
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == {
        "svg",
        "title",
        "desc",
        "defs",
        "g",
        "path",
        "text",
    }  # a plotter draws every shape: there is none but the strokes, whatever the background
    assert root.get("style") == "background:#ffffff"
    assert "style" not in tree(ink_svg(Ink([[[0, 0]]]), Page(background=None))).attrib
    assert svg == ink_svg(
        Ink([[[0, 0], [10, 0]], [[3, -1]]], text="i <b>&"), Page(**vars(Page(scale=1, margin=2, pen=0.5, color="navy")))
    )


def test_text_of_strangers_stays_text() -> None:
    text = "</desc><script>alert(1)</script>\0\x1b\ud800\uffff]]>\n\t\u4f60\U0001f600"
    root = tree(ink_svg(Ink([[[0, 0]]], None, text, "\0<")))
    assert root.findtext(SVG + "desc") == "</desc><script>alert(1)</script>]]>\n\t\u4f60\U0001f600"
    assert not list(root.iter(SVG + "script"))


@pytest.mark.parametrize(
    "color", ["", "re d", "#12345", "#1234567", "#12345g", "url(#a)", 'red" onload="x', "red;", 7, None]
)
def test_colors_are_names_or_hex(color: str) -> None:
    with pytest.raises(UsageError, match="is no color; give #rrggbb or one of black, blue"):
        Page(color=color)
    if color is not None:
        with pytest.raises(UsageError, match="is no color"):
            Page(background=color)
    assert Page(color="#A0b1C2").color == "#a0b1c2"
    assert all(re.fullmatch("#[0-9a-f]{6}", Page(color=name).color) for name in COLORS)


@pytest.mark.parametrize("name", ["x_height", "scale", "pen", "margin"])
@pytest.mark.parametrize("length", [-1, math.nan, math.inf, 1e6])
def test_lengths_are_mm(name: str, length: float) -> None:
    with pytest.raises(UsageError, match=f"the {name} of a page is .*; give mm above 0"):
        Page(**{name: length})  # type: ignore[arg-type]
    assert Page(margin=0).margin == 0


def test_lines_share_a_left_margin_and_even_baselines() -> None:
    x = np.linspace(0, 30, 900)
    wave = np.stack([x, -0.5 + 0.5 * np.sin(6 * x)], axis=1)
    plain, high = Ink([wave]), Ink([wave + np.array([7, 100]), [[9, 95], [9, 98]]])
    layout = lay_out([plain, high, plain], Page(x_height=4, margin=3))
    first, second, _, third = layout.strokes
    assert [round(s[:, 0].min(), 6) for s in (first, second, third)] == [3, 3, 3]
    bases = [s[:, 1].max() for s in (first, second, third)]
    assert bases[1] - bases[0] == pytest.approx(bases[2] - bases[1], abs=0.2)
    assert first[:, 1].max() < layout.strokes[2][:, 1].min()
    assert np.ptp(first[:, 1]) == pytest.approx(4, rel=0.01)
    assert layout.height == pytest.approx(bases[2] + 3, abs=0.2)


def test_ink_without_strokes_and_ink_with_outliers_is_drawn() -> None:
    assert paths(ink_svg(Ink([]))) == paths(ink_svg([])) == []
    for far in (1e9, 1e-300):
        svg = ink_svg(Ink([[[0, 0], [1e-3, 1e-3]], [[far, -far]]]))
        assert len(svg) < 1000
        assert len(paths(svg)) == 2
    (dot,) = paths(ink_svg(Ink([[[5e-324, 0], [0, 0]]]), EXACT))
    assert dot.tolist() == [[[2, 2]] * 4]


def test_a_page_has_a_largest_size() -> None:
    for inks in (Ink([[[0, 0], [1e9, 0]]]), [Ink([[[0, 0], [0, 90]]])] * 300):
        with pytest.raises(UsageError, match=r"needs a page of .* m, above 20 m; draw fewer lines or smaller"):
            ink_svg(inks, EXACT)


def test_lines_come_closer_before_a_page_is_too_long() -> None:
    low = Ink([[[0, 0], [1, -1]]], height=1)
    tall = Ink([[[0, 3], [1, -3]]], height=1)
    roomy = lay_out([tall, low, tall], Page(scale=4, margin=0))
    sheet = lay_out([low, tall] * 900, Page(scale=4, margin=0))
    assert roomy.height > 3 * 12
    assert sheet.height == pytest.approx(20_000, rel=1e-3)
    with pytest.raises(UsageError, match="above 20 m"):
        lay_out([low, tall] * 1_100, Page(scale=4, margin=0))


def test_at_most_ten_bytes_a_point(data: Path) -> None:
    letters = read_omniglot(data / "omniglot" / "latin_strokes_small1.zip")
    for sample, page in ((letters[::20], Page()), (letters[::20], Page(x_height=20))):
        points = sum(ink.points for ink in sample)
        assert len(ink_svg(sample, page).encode()) <= 10 * points + 600  # the head of the file
        thin = [ink.thinned(1.0) for ink in sample]  # ten points a line: what a line is grouped and searched by is more
        drawn = sum(len(path.get("d", "")) for path in tree(ink_svg(thin, page)).iter(SVG + "path"))
        assert drawn <= 16 * sum(ink.points for ink in thin)


def test_files_are_written_as_drawn(tmp_path: Path) -> None:
    ink = Ink([[[0, 0], [1, 1]]], text="\u4f60")
    write_svg(ink, tmp_path / "a.svg", EXACT)
    assert (tmp_path / "a.svg").read_text(encoding="utf-8") == ink_svg(ink, EXACT)
    write_png(ink, tmp_path / "a.png", EXACT)
    assert (tmp_path / "a.png").read_bytes() == ink_png(ink, EXACT)


def pixels(png: bytes, mode: str = "L") -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert(mode)).astype(int)


def test_png_is_the_same_page() -> None:
    ink = Ink([[[0, 0], [10, 0]], [[5, 4]]])
    page = Page(scale=1, margin=2, pen=1, color="#ff0000", background="#0000ff")
    image = pixels(ink_png(ink, page), "RGB")
    assert image.shape == (80, 140, 3)
    assert image[20, 70].tolist() == [255, 0, 0]
    assert image[40, 70].tolist() == [0, 0, 255]
    for row, column in ((20, 16), (20, 124), (60, 70)):  # the round ends, and the dot, reach half a pen farther
        assert image[row, column].tolist() == [255, 0, 0]
        assert image[row, column].tolist() != image[row - 6, column].tolist()
    assert image[20, 12].tolist() == [0, 0, 255]
    black = 255 - pixels(ink_png(ink, Page(scale=1, margin=2, pen=1)))
    area = 10 * 1 + 2 * math.pi / 4  # mm2: the line with its round ends, and the dot
    assert black.sum() / 255 / 100 == pytest.approx(area, rel=0.03)
    assert 0 < np.count_nonzero((black > 0) & (black < 255)) < 300  # smooth edges
    half = pixels(ink_png(ink, Page(scale=1, margin=2, pen=1), 5))
    assert half.shape == (40, 70)


def test_png_without_background_is_transparent() -> None:
    image = pixels(ink_png(Ink([[[0, 0], [10, 0]]]), Page(scale=1, margin=2, background=None)), "RGBA")
    assert image[0, 0].tolist()[3] == 0
    assert image[20, 70].tolist() == [0, 0, 0, 255]


def test_png_in_bands_has_no_seams() -> None:
    ink = Ink([[[0, 0], [0, 100]]])
    image = pixels(ink_png(ink, Page(scale=1, margin=2, pen=1)))
    assert np.ptp(image[30:-30], axis=0).max() <= 64  # of 255: a quarter of a pixel, by which places are rounded


def test_png_has_a_largest_size() -> None:
    ink = Ink([[[0, 0], [900, 900]]])
    with pytest.raises(UsageError, match="9040 x 9040 pixels are too many"):
        ink_png(ink, EXACT)
    with pytest.raises(UsageError, match="cannot have nan pixels a mm"):
        ink_png(ink, EXACT, math.nan)


def test_ink_without_strokes_is_a_blank_line() -> None:
    line, blank, page = Ink([[[0, 0], [4, 0], [4, -2]]]), Ink(()), Page(scale=1)
    three = lay_out([line, line, line], page)
    gap = lay_out([blank, line, blank, line, blank], page)  # none before the first line and after the last
    assert (gap.width, gap.height) == (three.width, three.height)
    np.testing.assert_array_equal(gap.strokes[1], three.strokes[2])
