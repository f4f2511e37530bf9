"""UNIPEN's own format: how components are counted, includes, segments within components, and files of strangers."""

from __future__ import annotations

from pathlib import Path

import pytest
from ink_files import refused

from seqgen.domains.handwriting import read_ink

DOC = ".VERSION 1.0\n.COMMENT an example\n.PEN_DOWN\n9 9\n.PEN_UP\n8 8\n.COORD X Y T\n.X_POINTS_PER_MM 10\n.Y_POINTS_PER_INCH 254\n"
INK = """.WRITER_ID w7
.PEN_DOWN
10 0 0
20 -10 10
30 -20 20
.PEN_UP
.DT 100
.PEN_DOWN
.PEN_UP
40 0 30
.PEN_DOWN
0 0 0
.PEN_DOWN
50 50 40
60 60 50
"""


def folder(at: Path, segments: str, includes: tuple[str, ...] = ("abc/abc.doc", "abc/data/a.dat")) -> Path:
    (at / "include" / "abc" / "data").mkdir(parents=True)
    (at / "data" / "8" / "abc").mkdir(parents=True)
    (at / "include" / "abc" / "abc.doc").write_text(DOC, encoding="latin-1")
    (at / "include" / "abc" / "data" / "a.dat").write_text(INK, encoding="latin-1")
    path = at / "data" / "8" / "abc" / "a.dat"
    path.write_text(
        ".VERSION 1.0\n" + "".join(f".INCLUDE {name}\n" for name in includes) + segments, encoding="latin-1"
    )
    return path


def test_components_are_blocks_with_a_point_and_documentation_is_not_counted(tmp_path: Path) -> None:
    words = '.SEGMENT WORD 0 ? "no"\n'
    path = folder(
        tmp_path,
        words + '.SEGMENT TEXT 0-3 OK "caf\\"\xe9"\n.SEGMENT TEXT 0:1-0:1,3:1 ? ""\n.SEGMENT TEXT 2 ? "gone"',
    )
    whole, cut = read_ink(path)
    assert (whole.text, whole.hand, cut.text) == ('caf"\xe9', "hand 1", None)
    millimetres = [stroke.round(9).tolist() for stroke in whole.strokes]
    assert millimetres == [[[1, 0], [2, 1], [3, 2]], [[5, -5], [6, -6]]]
    assert [stroke.tolist() for stroke in whole.times or ()] == [[0, 0.01, 0.02], [0.04, 0.05]]
    assert [stroke.round(9).tolist() for stroke in cut.strokes] == [[[2, 1]], [[6, -6]]]


@pytest.mark.parametrize(
    ("segments", "includes", "message"),
    [
        ('.SEGMENT PAGE 0 ? "a"', ("abc/data/a.dat",), "is no UNIPEN file with ink: wanted .SEGMENT of the level TEXT"),
        ('.SEGMENT WORD 9 ? "a"', ("abc/data/a.dat",), "a segment of component 9, and 4 components"),
        ('.SEGMENT WORD 2 ? "a"', ("abc/abc.doc", "abc/data/a.dat"), "none of them has ink"),
        ('.SEGMENT WORD 1-- ? "a"', ("abc/data/a.dat",), "a segment of '1--'; wanted components such as"),
        ('.SEGMENT WORD 0 ? "a"', ("../secret.dat",), "includes '../secret.dat', outside its folder include"),
        ('.SEGMENT WORD 0 ? "a"', ("/etc/passwd",), "includes '/etc/passwd', outside its folder include"),
        ('.SEGMENT WORD 0 ? "a"', ("abc/none.dat",), "includes 'abc/none.dat', which is not in a folder include"),
    ],
)
def test_unipen_that_is_damaged(tmp_path: Path, segments: str, includes: tuple[str, ...], message: str) -> None:
    assert message in refused(folder(tmp_path, segments, includes))


def test_files_that_include_each_other_come_to_an_end(tmp_path: Path) -> None:
    path = folder(tmp_path, '.SEGMENT WORD 0 ? "a"')
    (tmp_path / "include" / "abc" / "data" / "a.dat").write_text(".INCLUDE abc/data/a.dat\n" * 9, encoding="latin-1")
    assert "includes more than 64 files, or deeper than 4" in refused(path)
