"""Our own JSON of ink: what is read, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ink_files import Write, refused

from seqgen.domains.handwriting import Ink, read_ink
from seqgen.domains.handwriting.formats.ink_json import read_ink_json, write_ink_json
from seqgen.errors import DataError


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


@pytest.mark.parametrize(
    "ink", [[Ink([[[0, 0]]] * 250_001)] * 2, [Ink([np.zeros((10**6, 2))])] * 6], ids=["strokes", "points"]
)
def test_what_could_not_be_read_again_is_not_written(tmp_path: Path, ink: list[Ink]) -> None:
    with pytest.raises(DataError, match=r"a\.json has more than 5,000,000 points or 500,000 strokes; split it into"):
        write_ink_json(ink, tmp_path / "a.json")
    assert not list(tmp_path.iterdir())
