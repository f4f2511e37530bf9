"""Ink written in every format and read back; G-code; what is refused; `seqgen handwriting convert`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from seqgen.domains.handwriting import Ink, Page, read_ink
from seqgen.domains.handwriting.formats.gcode import Plotter, gcode
from seqgen.domains.handwriting.saving import KINDS, kind_of, lost, save
from seqgen.errors import DataError, UsageError
from seqgen.shell.cli import main


def lines(times: bool = True) -> list[Ink]:
    """Three lines of zigzags with dots, as a model writes them: each begins at 0, 0."""
    draw = np.random.default_rng(0)
    made = []
    for number, text in enumerate(('say "hi" & <go>', "a back\\slash, é", "less")):
        x = np.arange(40.0) * 0.4
        wave = np.stack([x, np.tile([0.0, -1.0], 20) + draw.normal(0, 0.05, 40)], axis=1)
        strokes = [wave - wave[0], wave[:9] + np.array([16.5, 0.0]), [[9.03, -1.7]]]
        stamps = [np.arange(40) / 64 + 5, 7 + np.arange(9) / 64, [8.0005]] if times else None
        made.append(Ink(strokes, stamps, text, f"hand {1 + number % 2}", 1.0))
    return made


def normal(ink: Ink) -> list[np.ndarray]:
    """From the left and top of the line, 10 wide: the same for ink that was moved and scaled."""
    left, top, right, _ = ink.bounds
    return [(stroke - (left, top)) * (10 / (right - left)) for stroke in ink.strokes]


@pytest.mark.parametrize("ending", [ending for ending in KINDS if ending not in (".png", ".gcode", ".pdf")])
@pytest.mark.parametrize("times", [True, False])
def test_strokes_come_back_with_what_the_format_keeps(ending: str, times: bool, tmp_path: Path) -> None:
    given, path = lines(times), tmp_path / f"0{ending}"
    save(given, path)
    found = read_ink(path)
    keeps = kind_of(path).keeps
    assert len(found) == len(given)
    for ink, before in zip(found, given, strict=True):
        if kind_of(path).on_page:  # word by word: delayed strokes are with theirs
            ink, before = (replace(one, strokes=sorted(one.strokes, key=len), times=None) for one in (ink, before))
        if ending == ".svg":  # curves have as many points as they need
            ink, before = (replace(one, strokes=[stroke[[0, -1]] for stroke in one.strokes]) for one in (ink, before))
        assert [len(stroke) for stroke in ink.strokes] == [len(stroke) for stroke in before.strokes]
        for one, other in zip(normal(ink), normal(before), strict=True):
            np.testing.assert_allclose(one, other, atol=0.02)  # of 0.1 mm where a line is 70 mm wide
        assert ink.text == (before.text if "texts" in keeps else None)
        assert ink.hand == (before.hand if "hands" in keeps or ending == ".dat" else None)  # by order of appearance
        if times and "times" in keeps:
            np.testing.assert_allclose(np.concatenate(ink.times), np.concatenate(before.times), atol=1e-6)
        else:
            assert ink.times is None
        assert (ink.height == before.height) == ("heights" in keeps)
    has = ("texts", "hands", "times") if times else ("texts", "hands")
    assert lost(given, path) == [name for name in has if name not in keeps]


@pytest.mark.parametrize("ending", [".json", ".inkml"])
def test_what_keeps_all_gives_equal_ink(ending: str, tmp_path: Path) -> None:
    page = [ink.moved(0, 3.5 * number) for number, ink in enumerate(lines())]
    page += [Ink([[[0.1, 30.3], [1 / 3, 31]]]), Ink([[[0.5, 40], [3, 41]]], text="\U0001f600", height=0.7)]
    save(page, tmp_path / f"a{ending}")
    assert read_ink(tmp_path / f"a{ending}") == page
    save(page, tmp_path / f"b{ending}")
    assert (tmp_path / f"a{ending}").read_bytes() == (tmp_path / f"b{ending}").read_bytes()


def test_a_plotter_is_told_where_the_pen_is_up() -> None:
    text = gcode([np.array([[1.0, 2], [3, 4.004]]), np.array([[5.0, 6]])], 20, Plotter("M5", r"M3 S90\nG4 P0.1", 900))
    assert text.splitlines() == [
        *("G21", "G90", "M5", "G0 X1 Y18", "M3 S90", "G4 P0.1", "G1 X3 Y16 F900", "M5"),
        *("G0 X5 Y14", "M3 S90", "G4 P0.1", "M5", "G0 X0 Y0", "M2"),
    ]
    for wrong in ({"up": "rm -rf"}, {"down": ""}, {"feed": 0}, {"feed": float("nan")}, {"up": "M5\n\nM3"}):
        with pytest.raises(UsageError, match=r"give (mm a minute|commands)"):
            Plotter(**wrong)


def test_letters_in_gcode_are_as_high_as_asked(tmp_path: Path) -> None:
    save([lines()[0]], tmp_path / "a.gcode", Page(x_height=7.0))
    places = [word[1:] for word in (tmp_path / "a.gcode").read_text().split() if word[0] == "X"]
    assert max(map(float, places)) - 5 == pytest.approx(7 * 19.7, abs=0.3)


def test_what_would_lose_everything_is_refused(tmp_path: Path) -> None:
    for ending, why in (
        (".gcode", "would be dots of 0.01 mm"),
        (".xopp", "would be dots of 0.001 mm"),
        (".dat", "would be dots of 0.01 mm"),
    ):
        with pytest.raises(UsageError, match=why):
            save(lines(), tmp_path / f"a{ending}", Page(x_height=1e-6))
    with pytest.raises(UsageError, match="no strokes to write"):
        save([Ink((), text="")], tmp_path / "a.inkml")
    with pytest.raises(UsageError, match=r"saved as \.svg, .*\.gcode, not as 'a\.doc'"):
        save(lines(), tmp_path / "a.doc")
    with pytest.raises(DataError, match="UNIPEN cannot hold '中'"):
        save([Ink([[[0, 0], [1, 1]]], text="中")], tmp_path / "a.dat")
    with pytest.raises(DataError, match="too far away for moves"):
        save([Ink([[[0, 0], [1e-9, 1e-9]], [[1e8, 0]]], height=1e-9)], tmp_path / "a.npz")
    assert not list(tmp_path.iterdir())


def test_convert_as_typed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(lines(), tmp_path / "a.json")
    for name, gone in (("b.inkml", ""), ("b.xopp", "seqgen: b.xopp keeps no texts and no hands and no times\n")):
        out = tmp_path / name
        assert main(["handwriting", "convert", str(tmp_path / "a.json"), "--out", str(out)]) == 0
        assert tuple(capsys.readouterr()) == (f"seqgen: wrote {out}: 3 lines, 150 points\n", gone)
    options = ["--pen-up", "G0 Z5", "--pen-down", "G1 Z0", "--feed", "700", "--x-height", "2"]
    assert main(["handwriting", "convert", str(out), "--out", str(tmp_path / "c.gcode"), *options]) == 0
    assert {"G0 Z5", "G1 Z0"} < set((tmp_path / "c.gcode").read_text().splitlines())
    capsys.readouterr()
    for arguments, code, why in (
        ([tmp_path / "a.json", "--out", tmp_path / "a.json"], 2, "is one of the files to convert"),
        ([tmp_path / "a.json", "--out", tmp_path / "a.doc"], 2, "ink is saved as"),
        ([tmp_path / "none.json", "--out", tmp_path / "d.npz"], 1, "cannot read"),
        ([tmp_path / "a.json", "--out", tmp_path / "d.gcode", "--pen-up", "off"], 2, "give commands such as"),
        ([tmp_path / "a.json", "--out", tmp_path / "d.svg", "--x-height", "0"], 2, "the x_height of a page is 0"),
    ):
        assert main(["handwriting", "convert", *map(str, arguments)]) == code
        assert why in capsys.readouterr().err
