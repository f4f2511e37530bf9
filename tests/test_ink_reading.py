"""Files and folders of ink: which lines are used, what is held out, stamps of time, how long reading takes."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import numpy as np
import pytest
from ink_files import iam_line, npz, refused, write_to

from seqgen.domains.handwriting import Ink, read_ink, read_inks
from seqgen.domains.handwriting.files import read, split
from seqgen.domains.handwriting.formats.ink_json import write_ink_json
from seqgen.domains.handwriting.formats.stamps import mended
from seqgen.domains.handwriting.inspection import Row, table
from seqgen.errors import DataError, UsageError


def test_read_ink_says_what_it_reads(tmp_path: Path) -> None:
    known = ".dat, .inkml, .json, .npz, .svg, .txt, .xml, .xopp, .xoj, .zip"
    assert f"not named like ink; seqgen reads {known}" in refused(tmp_path / "a.doc")
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


def test_a_large_file_is_used_whole_and_a_file_that_cannot_be_read_is_no_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = np.tile([[1, 0, 0]] * 49 + [[1, 1, 1]], (8_000, 1))
    words[::50, 0] = np.arange(8_000) % 120  # none is the same as another
    words[1::50, 1] = np.arange(8_000) // 120
    npz(tmp_path / "large.npz", a=words.astype(np.int16), a_lengths=[50] * 8_000)
    write_to(tmp_path / "none.json", "{")
    parts = read(str(tmp_path))
    assert len(parts.train) + len(parts.valid) == 8_000
    assert "seqgen: 8000 of 8000 lines are used; 1 file could not be read\nnot used: none.json: it is" in (
        capsys.readouterr().err
    )
