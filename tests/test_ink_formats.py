"""A table of files made after the formats' own documents, and hostile variants: read right, or refused with the true reason."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fuzz.test_ink_fuzz import IAM, packed
from ink_files import Write, refused

from seqgen.domains.handwriting import read_ink

L = [[0, 0], [0, 20], [10, 20]]  # an l: one stroke in whole numbers


def inkml(*content: str) -> str:
    return f'<?xml version="1.0"?><ink xmlns="http://www.w3.org/2003/InkML">{"".join(content)}</ink>'


def svg(*content: str, head: str = 'width="254mm" height="254mm" viewBox="0 0 254 254"') -> str:
    """A drawing in mm."""
    return f'<svg xmlns="http://www.w3.org/2000/svg" {head}>{"".join(content)}</svg>'


def pen(*content: str) -> str:
    return f'<g fill="none" stroke="#123">{"".join(content)}</g>'


def xopp(*pages: str, root: str = 'xournal creator="Xournal++ 1.2.2" fileversion="4"') -> bytes:
    inside = "".join(
        f'<page width="595.28" height="841.89"><background type="solid" color="#ffffffff" style="lined"/>'
        f"<layer>{page}</layer></page>"
        for page in pages
    )
    text = f'<?xml version="1.0" standalone="no"?><{root}><title>Xournal document</title>{inside}</{root.split()[0]}>'
    return gzip.compress(text.encode(), mtime=0)


def stroke(*points: Any, tool: str = "pen", width: str = "1.41") -> str:
    """Of mm, in points of 1/72 inch."""
    words = " ".join(f"{value * 72 / 25.4:.10g}" for point in points for value in point)
    return f'<stroke tool="{tool}" ts="0" fn="" color="#000000ff" width="{width}">{words}</stroke>'


def unipen(*lines: str, columns: str = "X Y", unit: str = ".X_POINTS_PER_MM 10\n.Y_POINTS_PER_MM 10") -> str:
    return "\n".join([".VERSION 1.0", f".COORD {columns}", unit, *lines, ""])


def npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **{name: np.array(value) for name, value in arrays.items()})
    return file.getvalue()


def ours(*lines: dict[str, Any], version: Any = 1) -> str:
    return json.dumps({"format": "seqgen-ink", "version": version, "lines": lines})


DOWN = ".PEN_DOWN\n0 1\n0 -200\n100 -200"  # y up, tenths of mm; 0 0 is a point blanked out
UJI = "// ASCII char: a\r\nWORD a trn_UJI_W01-01\r\n  NUMSTROKES 1\r\n  POINTS 2 # 1 2 3 4\r\n"
OMNIGLOT = "START\n0,0,10\n0,-20,20\n10,-20,30\nBREAK\n"
MOVES = [[0, 0, 0], [0, 20, 0], [10, 0, 1]]
WORDS = "".join(stroke((5 * i, y), (5 * i, y + 2), (5 * i + 2, y + 2)) for y in (10, 20) for i in range(4))
OFFICE = "<definitions><context xml:id='c'><traceFormat><channel name='X'/><channel name='Y'/></traceFormat></context></definitions>"
GROUP = "<traceGroup contextRef='#c'><annotationXML><emma:literal xmlns:emma='e'>hi</emma:literal></annotationXML>"

# Name, content, and either what is read, text and strokes of each line, or what the refusal says.
Wanted = list[tuple[str | None, list[Any]]] | str
TABLE: dict[str, tuple[str, str | bytes, Wanted]] = {
    # 1, 2, 3: InkML as W3C, Office and contexts have it
    "inkml plain": ("a.inkml", inkml("<trace>0 0,0 20,10 20</trace>"), [(None, [L])]),
    "inkml truth": ("a.inkml", inkml("<annotation type='truth'>l</annotation><trace>0 0,0 20,10 20</trace>"), [("l", [L])]),
    "inkml differences": ("a.inkml", inkml("<trace>0 0,'0'20,10 0</trace>"), [(None, [L])]),
    "inkml pen up": ("a.inkml", inkml("<trace type='penUp'>9 9</trace><trace>0 0,0 20,10 20</trace>"), [(None, [L])]),
    "inkml office": ("a.inkml", inkml(OFFICE, GROUP, "<trace>0 0,0 20,10 20</trace></traceGroup>"), [("hi", [L])]),
    "inkml as xml": ("a.xml", inkml("<trace>0 0,0 20,10 20</trace>"), [(None, [L])]),
    "inkml of another context": ("a.inkml", inkml("<trace contextRef='#x'>0 0</trace>"), "refers to 'x', which it does not"),
    "inkml without Y": ("a.inkml", inkml("<traceFormat><channel name='X'/></traceFormat><trace>0</trace>"), "without the channels"),
    "inkml words": ("a.inkml", inkml("<trace>a b</trace>"), "where a number should be"),
    "inkml entities": ("a.inkml", "<!DOCTYPE ink [<!ENTITY a 'b'>]>" + inkml("<trace>0 0</trace>"), "declares its own XML entities"),
    "inkml cut off": ("a.inkml", inkml("<trace>0 0</trace>")[:-9], "is not well-formed XML"),
    "inkml bad height": (
        "a.inkml",
        inkml("<traceGroup><annotation type='line'/><annotation type='x-height'>-1</annotation><trace>0 0</trace></traceGroup>"),
        "a line with the x-height '-1'",
    ),
    # 4: IAM-OnDB
    "iam": ("a.xml", IAM, [(None, [[[895, 992], [896, 990]], [[1, 2]]])]),
    "iam no strokes": ("a.xml", "<WhiteboardCaptureSession><StrokeSet/></WhiteboardCaptureSession>", "has no strokes"),
    "xml of others": ("a.xml", "<html/>", "is XML but no ink"),
    # 5: ours
    "json": ("a.json", ours({"text": "l", "strokes": [L]}), [("l", [L])]),
    "json newer": ("a.json", ours({"strokes": [L]}, version=2), "ink of another version"),
    "json NaN": ("a.json", ours({"strokes": [[[0, 1]]]}).replace("1]]]", "NaN]]]"), "NaN is no number"),
    "json of others": ("a.json", '{"drawing": []}', "is JSON but no ink"),
    "json deep": ("a.json", "[" * 100_000, "is not JSON"),
    # 6, 7: moves of three and of five
    "stroke-3": ("a.json", json.dumps(MOVES), [(None, [L])]),
    "stroke-3, several": ("a.json", json.dumps([MOVES, MOVES]), [(None, [L])] * 2),
    "stroke-5": (
        "a.json",
        json.dumps([[0, 0, 1, 0, 0], [0, 20, 1, 0, 0], [10, 0, 0, 1, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1]]),
        [(None, [L])],
    ),
    "stroke-3 of places": ("a.json", json.dumps([[i, 3 * i, 0] for i in range(9)]), "looks like places and not like moves"),
    "stroke-3, 1 is down": ("a.json", json.dumps([[1, (-1) ** i, 1] for i in range(9)]), "as if 1 were down"),
    "stroke-3, pen 2": ("a.json", "[[1, 2, 2]]", "a lift other than 0 or 1"),
    "stroke-5 of two pens": ("a.json", "[[1, 2, 1, 1, 0]]", "not one of down, lifts and ends is 1"),
    "stroke-5 ended": ("a.json", "[[1, 2, 0, 0, 1]]", "no rows before its end"),
    "stroke-4": ("a.json", "[[1, 2, 3, 4]]", "is no list of moves"),
    "ragged": ("a.json", "[[1, 2, 0], [3]]", "is no list of moves"),
    # 8, 9: sketch-rnn's npz
    "npz": ("a.npz", npz(a=MOVES), [(None, [L])]),
    "npz, cut": ("a.npz", npz(a=MOVES * 2, a_lengths=[3, 3]), [(None, [L])] * 2),
    "npz of pictures": ("a.npz", npz(a=np.zeros((2, 8, 8))), "has the shape [2, 8, 8]"),
    "npz cut off": ("a.npz", npz(a=MOVES)[:60], "cannot be unpacked"),
    "npy": ("a.npz", b"\x93NUMPY", "is no .npz file"),
    # 10, 11: Omniglot
    "omniglot": ("0683_01.txt", OMNIGLOT, [(None, [L])]),
    "omniglot zip": ("a.zip", packed({"Latin/character12/0683_01.txt": OMNIGLOT.encode()}), [("l", [L])]),
    "text": ("a.txt", "Dear Ann", "is no drawing of Omniglot"),
    "UJIpenchars": ("a.txt", UJI, "is UJIpenchars, single characters that seqgen has no reader for: turn each WORD"),
    "UJIpenchars, zipped": ("a.zip", packed({"ujipenchars2.txt": UJI.encode()}), "is UJIpenchars"),
    "zip of others": ("a.zip", packed({"a.md": b""}), "is a zip without .txt files"),
    # 12: UNIPEN
    "unipen": ("a.dat", unipen(DOWN, '.SEGMENT WORD 0 ? "l"'), [("l", [[[0, -0.1], [0, 20], [10, 20]]])]),
    "unipen times": (
        "a.dat",
        unipen(".PEN_DOWN\n9 5 -200\n19 0 -200", '.SEGMENT TEXT 0 ? "-"', columns="T X Y"),
        [("-", [[[0.5, 20], [0, 20]]])],
    ),
    "unipen inches": ("a.dat", unipen(".PEN_DOWN\n1 1", '.SEGMENT TEXT 0 ? "."', unit=".X_POINTS_PER_INCH 254\n.Y_POINTS_PER_MM 1"), [(".", [[[0.1, -1]]])]),
    "unipen of no segment": ("a.dat", unipen(DOWN), "wanted .SEGMENT of the level"),
    "unipen of a component too many": ("a.dat", unipen(DOWN, '.SEGMENT WORD 1 ? "l"'), "a segment of component 1"),
    "unipen nan": ("a.dat", unipen(".PEN_DOWN\nnan 1", '.SEGMENT WORD 0 ? "l"'), "points that are no numbers"),
    "unipen climbing out": ("a.dat", unipen(".INCLUDE ../../secret", DOWN), "outside its folder include"),
    "unipen of nothing": ("a.dat", "hello", "is no UNIPEN file"),
    # 13: SVG
    "svg path": ("1.svg", svg(pen('<path d="M0 0v20h10"/>')), [(None, [L])]),
    "svg relative": ("1.svg", svg(pen('<path d="m0,0l0 20 10-0"/>')), [(None, [L])]),
    "svg polyline": ("1.svg", svg(pen('<polyline points="0,0 0,20 10,20"/>')), [(None, [L])]),
    "svg polygon": ("1.svg", svg(pen('<polygon points="0,0 0,20 10,20"/>')), [(None, [[*L, [0, 0]]])]),
    "svg line": ("1.svg", svg(pen('<line x1="1" y1="2" y2="4"/>')), [(None, [[[1, 2], [0, 4]]])]),
    "svg title": ("1.svg", svg("<title>l</title>", pen('<path d="M0 0v20h10"/>')), [("l", [L])]),
    "svg name": ("lull.svg", svg(pen('<path d="M0 0v20h10h10h10h10h10h10"/>')), [("lull", [[*L, *([x, 20] for x in range(20, 70, 10))]])]),
    "svg said by elements": ("1.svg", svg(pen('<g data-text="l"><path d="M0 0v20h10"/></g><path d="M99 99h1"/>')), [("l", [L]), (None, [[[99, 99], [100, 99]]])]),
    "svg transforms": (
        "1.svg",
        svg(pen('<g transform="translate(10 0)"><path transform="rotate(90) scale(2)" d="M0 5h10v-5"/></g>')),
        [(None, [[[0, 0], [0, 20], [10, 20]]])],
    ),
    "svg pixels": ("1.svg", svg(pen('<path d="M0 0v20h10"/>'), head='width="960" viewBox="0 0 254 254"'), [(None, [L])]),
    "svg not square": (
        "1.svg",
        svg(pen('<path d="M0 0v20h10"/>'), head='width="254mm" height="254mm" viewBox="0 0 508 254" preserveAspectRatio="none"'),
        [(None, [[[0, 0], [0, 20], [5, 20]]])],
    ),
    "svg inside svg": ("1.svg", svg(pen('<svg x="5" y="6" width="20" height="20" viewBox="1 1 10 10"><path d="M1 1h1"/></svg>')), [(None, [[[5, 6], [7, 6]]])]),
    "svg style sheet": ("1.svg", svg("<style>/* a */ .p, .q{fill:none; stroke:red}</style>", '<path class="q" d="M0 0v20h10"/>'), [(None, [L])]),
    "svg hidden": ("1.svg", svg(pen('<path d="M0 0v20h10"/><path style="display:none" d="M9 9h9"/><defs><path d="M1 1h1"/></defs>')), [(None, [L])]),
    "svg frame": ("1.svg", svg('<rect width="9" height="9"/>', pen('<path d="M0 0v20h10"/>')), [(None, [L])]),
    "svg letters of a font": ("1.svg", svg('<path d="M0 0v20h10z"/>'), "draws outlines, filled areas"),
    "svg letters with a contour": ("1.svg", svg('<path stroke="red" d="M0 0v20h10z"/>'), "draws outlines, filled areas"),
    "svg scan": ("1.svg", svg('<image href="a.png"/>'), "holds a picture of paper, which has no pen movements"),
    "svg typed": ("1.svg", svg("<text>hello</text>"), "holds typed text and no strokes"),
    "svg clones": ("1.svg", svg(pen('<path id="a" d="M0 0h1"/><use href="#a" x="9"/>')), "draws copies with <use>"),
    "svg damaged": ("1.svg", svg(pen('<path d="M0 0 L1"/>')), "L has 1 numbers; wanted 2 for each"),
    "svg of no pen": ("1.svg", svg(pen('<path d="L1 1"/>')), "it does not begin with M"),
    "svg far": ("1.svg", svg(pen('<path d="M0 0h1e300"/>')), "lie beyond 1e+09"),
    "svg moved by style": ("1.svg", svg(pen('<path style="transform:scale(2)" d="M0 0h1"/>')), "moves elements by CSS"),
    "svg of a bad transform": ("1.svg", svg(pen('<path transform="shake(2)" d="M0 0h1"/>')), "'shake(2)' is no transform"),
    "svg of a bad box": ("1.svg", svg(head='viewBox="0 0 0 1"'), "viewBox is not x, y, width and height"),
    "svg entities": ("1.svg", "<!DOCTYPE svg [<!ENTITY a 'b'>]>" + svg(), "declares its own XML entities"),
    "svg that is ink": ("1.svg", inkml(), "begins with <ink>, not <svg>"),
    # 14: Xournal++
    "xopp": ("a.xopp", xopp(stroke(*L)), [(None, [L])]),
    "xoj": ("a.xoj", xopp(stroke(*L), root='xournal version="0.4.8"'), [(None, [L])]),
    "xopp unpacked": ("a.xopp", gzip.decompress(xopp(stroke(*L))), [(None, [L])]),
    "xopp pressure": ("a.xopp", xopp(stroke(*L, width="1.41 0.5 0.7")), [(None, [L])]),
    "xopp pages and lines": ("a.xopp", xopp(WORDS, stroke(*L)), [*([(None, [[[5 * i, y], [5 * i, y + 2], [5 * i + 2, y + 2]] for i in range(4)]) for y in (10, 20)]), (None, [L])]),
    "xopp highlighter": ("a.xopp", xopp(stroke(*L) + stroke((1, 1), (2, 2), tool="highlighter")), [(None, [L])]),
    "xopp typed": ("a.xopp", xopp("<text>hello</text>"), "has no stroke of the pen"),
    "xopp odd": ("a.xopp", xopp("<stroke>1 2 3</stroke>"), "is not pairs of numbers"),
    "xopp cut off": ("a.xopp", xopp(stroke(*L))[:-20], "it is cut off"),
    "xopp flipped": ("a.xopp", xopp(stroke(*L))[:40] + b"\xff\xff\xff" + xopp(stroke(*L))[43:], "cannot be unpacked"),
    "xopp bomb": ("a.xopp", gzip.compress(b" " * (13 << 20)), "unpacks to more than 12 MB"),
    "xopp of others": ("a.xopp", gzip.compress(b"<html/>"), "is XML but no page of Xournal++"),
    # Paper
    "png": ("scan.png", b"\x89PNG\r\n\x1a\n", "is a picture (PNG): a picture of paper has no pen movements"),
    "jpeg called ink": ("a.json", b"\xff\xd8\xff\xe0", "is a picture (JPEG): a picture of paper has no pen movements"),
    "pdf": ("a.pdf", b"%PDF-1.7", "is a picture (PDF)"),
    "heic": ("a.heic", b"\0\0\0\x18ftypheic", "is a picture (HEIF)"),
    "webp": ("a.webp", b"RIFF....WEBPVP8 ", "is a picture (WebP)"),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_files_are_read_right_or_refused_with_the_true_reason(case: str, write: Write) -> None:
    name, content, wanted = TABLE[case]
    path = write(name, content)
    if isinstance(wanted, str):
        assert wanted in refused(path)
        return
    found = read_ink(path)
    assert [ink.text for ink in found] == [text for text, _ in wanted]
    for ink, (_, strokes) in zip(found, wanted, strict=True):
        assert len(ink.strokes) == len(strokes)
        for one, other in zip(ink.strokes, strokes, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)


def test_curves_are_as_the_recommendation_draws_them(write: Write) -> None:
    circle = "M0 0a10 10 0 0110 10 10 10 0 01-10 10 10 10 0 01-10-10 10 10 0 01 10-10"
    for data, distance in (
        (circle, lambda p: np.hypot(p[:, 0], p[:, 1] - 10) - 10),
        ("M0 0Q10 20 20 0T40 0", lambda p: p[:, 1] - np.where(p[:, 0] < 20, 1, -1) * (p[:, 0] % 20) * (20 - p[:, 0] % 20) / 10),
        ("M0 0C0 10 10 10 10 0S20-10 20 0", lambda p: np.hypot(p[:, 0] - 10, p[:, 1]) - np.hypot((20 - p[:, 0]) - 10, p[:, 1])),
        ("M0 0A10 5 30 1 0 1 1", lambda p: p[-1] - 1),
    ):  # fmt: skip
        ((stroke,),) = (ink.strokes for ink in read_ink(write("1.svg", svg(pen(f'<path d="{data}"/>')))))
        assert len(stroke) > 10
        assert np.abs(distance(stroke)).max() < 0.02, data


def test_one_writer_of_unipen_is_one_hand_in_all_files_and_has_no_name(tmp_path: Path) -> None:
    from seqgen.domains.handwriting import read_inks

    for name, writer in (("a", "Smith"), ("b", "Jones"), ("c", "Smith")):
        text = unipen(f".WRITER_ID {writer}", DOWN, f'.SEGMENT WORD 0 ? "{name}"')
        (tmp_path / f"{name}.dat").write_text(text, encoding="latin-1")
    assert [ink.hand for ink in read_inks([tmp_path]).inks] == ["hand 1", "hand 2", "hand 1"]
