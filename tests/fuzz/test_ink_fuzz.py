"""Damaged ink: whatever the bytes are, lines of ink or a DataError; and every line can be drawn."""

from __future__ import annotations

import io
import json
import random
import tempfile
import zipfile
from pathlib import Path
from xml.etree.ElementTree import fromstring

import numpy as np
import pytest

from seqgen.domains.handwriting import Ink, ink_svg, read_ink
from seqgen.errors import DataError, UsageError

INKML = b"""<?xml version="1.0" encoding="UTF-8"?><ink xmlns="http://www.w3.org/2003/InkML"><annotation type="truth">a&amp;b
</annotation><traceFormat><channel name="X"/><channel name="Y"/><channel name="T" units="ms"/></traceFormat><trace>
1 2 10,3 4 20,5.5 6 30</trace><trace>1 2 40,'1'1'10,"2"-1"0,!3!4!90,* * *</trace><traceGroup><annotation type="label">c
</annotation><trace>7 8 100</trace></traceGroup></ink>"""
IAM = b"""<?xml version="1.0" encoding="ISO-8859-1"?><WhiteboardCaptureSession><WhiteboardDescription/><StrokeSet>
<Stroke colour="black"><Point x="895" y="992" time="769.05"/><Point x="896" y="990" time="769.06"/></Stroke>
<Stroke><Point x="1" y="2" time="770"/></Stroke></StrokeSet></WhiteboardCaptureSession>"""
OMNIGLOT = b"START\n1.5,-2,0\n2,-3,16\nBREAK\n4,-5,100\nBREAK\n"
LINES = [{"text": "hi", "hand": None, "strokes": [[[0, 1, 0.5], [2.5, 3, 1]], [[4, 5, 2]]]}, {"strokes": [[[-1, 0]]]}]
SVG = b"""<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x.dtd"><svg xmlns="http://www.w3.org/2000/svg"
 width="100mm" height="50mm" viewBox="0 0 1000 500"><title>a b</title><style>.p{fill:none;stroke:#123} #q,g{fill:none}</style>
<g class="p" transform="translate(1,2) rotate(3 4 5) scale(2)"><path d="M10 20l30-5.5h4V7c1 2 3 4 5 6s1 1 2 2q3 4 5 6t7 8a5 6 7 0110 10z m1
 1 2 2"/><polyline points="1,2 3,4 5e1,6"/></g><g id="q" data-text="hi" style="stroke:red"><line x1="1" x2="9"/><polygon
 points="1 2 3 4 5 7"/></g></svg>"""
XOPP = b"""<?xml version="1.0" standalone="no"?><xournal creator="Xournal++ 1.2.2" fileversion="4"><title>t</title><page width="595.3"
 height="841.9"><background type="solid" color="#ffffffff" style="lined"/><layer><stroke tool="pen" color="#000000ff" width="1.41
 0.5">10 20 30.5 40 50 60</stroke><stroke tool="highlighter">1 2 3 4</stroke><text x="1" y="2">a</text><stroke>10 99 12 98 20
 105</stroke></layer></page></xournal>"""
MOVES = [[1, 2, 0], [3.5, -4, 1], [5, 6, 0], [-1, 0, 1]]
STROKE_5 = [[0, 0, 1, 0, 0], [3, -4, 0, 1, 0], [5, 6, 1, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1]]
UNIPEN = b""".VERSION 1.0\n.COORD X Y T\n.X_POINTS_PER_MM 10\n.Y_POINTS_PER_INCH 254\n.WRITER_ID w7\n.PEN_DOWN\n10 0 0\n20 -10 10
.PEN_UP\n.DT 100\n.PEN_DOWN\n50 50 40\n60 6e1 50\n.SEGMENT WORD 0 ? "no"\n.SEGMENT TEXT 0:1-1,1:0-1:1 OK "caf\\"\xe9"
"""
JSON = json.dumps({"format": "seqgen-ink", "version": 1, "lines": LINES}).encode()


def members() -> dict[str, dict[str, bytes]]:
    drawing = np.array([[1, 2, 0], [3, 4, 1], [5, 6, 1]], np.int16)
    arrays = {"train": drawing, "train_lengths": np.array([2, 1]), "one": drawing.astype(np.float32)}
    sketches = {}
    for name, array in arrays.items():
        file = io.BytesIO()
        np.save(file, array)
        sketches[name + ".npy"] = file.getvalue()
    return {".npz": sketches, ".zip": {"Latin/character01/0683_01.txt": OMNIGLOT}}


def packed(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def mutated(seed: bytes, draw: random.Random) -> bytes:
    mutant = bytearray(seed)
    digits = [at for at, byte in enumerate(seed) if byte in b"0123456789"]
    gentle = draw.random() < 0.5  # stays what it is, with other numbers
    for _ in range(draw.randint(1, 3)):
        at = draw.randrange(len(mutant))
        kind = draw.randrange(5)
        if gentle:
            mutant[draw.choice(digits)] = draw.choice(b"01234567890123456789-.e")
        elif kind == 0:
            mutant[at] = draw.randrange(256)
        elif kind == 1:
            mutant[at] = draw.choice(b"<>/&\"'[]{},.:")
        elif kind == 2:
            del mutant[at : at + draw.randint(1, 30)]
            mutant += b" " * (not mutant)
        elif kind == 3:
            mutant[at:at] = mutant[draw.randrange(len(mutant)) :][: draw.randint(1, 60)]
        else:
            mutant[min(draw.choice(digits), len(mutant) - 1)] = draw.choice(b"-.eE #*?!'\"")
    return bytes(mutant)


def text(draw: random.Random) -> str:
    kinds = (range(128), range(0xD800, 0xE000), range(0xFFF0, 0x10000), range(0x1F600, 0x1F640))
    return "".join(chr(draw.choice(draw.choice(kinds))) for _ in range(draw.randrange(40)))


def trials(count: int, seed: int) -> tuple[int, int]:
    """How many mutants were read, and how many of them could be drawn."""
    draw = random.Random(seed)
    inside = members()
    seeds = {".inkml": INKML, ".xml": IAM, ".txt": OMNIGLOT, ".json": JSON, ".svg": SVG, ".xopp": XOPP, ".dat": UNIPEN}
    seeds |= {ending: packed(files) for ending, files in inside.items()}
    read = drawn = 0
    with tempfile.TemporaryDirectory() as folder:
        for trial in range(count):
            ending = list(seeds)[trial % len(seeds)]
            path = Path(folder, "mutant" + ending)
            if ending in inside and trial // len(seeds) % 4:  # a sound archive, but for a file in it
                files = dict(inside[ending])
                name = draw.choice(sorted(files))
                path.write_bytes(packed(files | {name: mutated(files[name], draw)}))
            else:
                path.write_bytes(mutated(seeds[ending], draw))
            try:
                inks = read_ink(path)
            except DataError as error:
                assert "\n" not in str(error)
                continue
            read += 1
            inks = [Ink(ink.strokes, ink.times, text(draw), ink.hand) for ink in inks]
            try:
                svg = ink_svg(inks)
            except UsageError:  # too large a page
                continue
            assert sum(len(ink.strokes) for ink in inks) == svg.count("<path")
            fromstring(svg.encode())
            inks[0].thinned(0.1)
            drawn += 1
    return read, drawn


def test_mutants_are_read_or_refused_and_drawn() -> None:
    read, drawn = trials(400, 0)
    assert 70 < drawn <= read < 350


@pytest.mark.slow
def test_five_thousand_mutants() -> None:
    read, drawn = trials(5000, 1)
    assert 900 < drawn <= read < 4400
