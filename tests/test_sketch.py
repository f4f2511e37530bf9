"""sketch-rnn's archives: plain arrays are read, pickled ones refused, headers not trusted."""

from __future__ import annotations

import math
import runpy
import zipfile
from pathlib import Path

import numpy as np
import pytest
from ink_files import npz, refused, rows, write_to

from seqgen.domains.handwriting import read_ink
from seqgen.errors import DataError


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
        ({"a": np.zeros((5_000_001, 3), np.int8)}, "more than 5,000,000 points"),
        ({"a": np.ones((500_001, 3), np.int8)}, "500,000 strokes"),
        ({"a": np.zeros((23_000_000, 3), np.int8)}, "unpacks to more than ink needs"),
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
