"""sketch-rnn's archives: plain arrays and pickled ones are read, nothing is run, headers not trusted."""

from __future__ import annotations

import contextlib
import math
import os
import pickle
import random
import zipfile
from pathlib import Path

import numpy as np
import pytest
from ink_files import npz, refused, rows, write_to

from seqgen.domains.handwriting import read_ink
from seqgen.domains.handwriting.formats.object_arrays import NotArrays, object_array
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


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("kind", ["<i2", ">i2", "<f4", "|i1"])
def test_pickled_sketches_are_read_as_handed_out(tmp_path: Path, protocol: int, kind: str) -> None:
    drawings = np.empty(2, object)
    drawings[:] = [np.array([[1, 1, 0], [2, 0, 1]], kind), np.asfortranarray(np.array([[3, 0, 0], [1, 1, 1]], kind))]
    found = read_ink(pickled(tmp_path / "old.npz", pickle.dumps(drawings, protocol), "train", "valid"))
    assert [rows(ink) for ink in found] == [[[[1, 1], [3, 1]]], [[[3, 0], [4, 1]]]] * 2
    (tmp_path / "numpy.npz").write_bytes(npz(tmp_path / "new.npz", train=drawings).read_bytes())
    assert len(read_ink(tmp_path / "numpy.npz")) == 2


def test_sketches_pickled_by_python_2_are_read(tmp_path: Path) -> None:
    """What numpy 1 wrote for array([array([[1, 2, 1]], int16)], object) under Python 2: strings are bytes, T and U."""
    names = b"cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85q\x03U\x01bq\x04\x87q\x05Rq\x06"
    objects = b"(K\x01K\x01\x85cnumpy\ndtype\nq\x08U\x02O8K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb\x89]"
    inner = b"h\x01h\x02K\x00\x85h\x04\x87R(K\x01K\x01K\x03\x86h\x08U\x02i2K\x00K\x01\x87R"
    content = b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T\x06\x00\x00\x00\x01\x00\x02\x00\x01\x00tb"
    path = pickled(tmp_path / "a.npz", b"\x80\x02" + names + objects + inner + content + b"atb.", "train")
    assert [rows(ink) for ink in read_ink(path)] == [[[[1, 2]]]]


class Harm:
    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("harm",)


def test_pickles_of_strangers_are_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    array, odd = np.ones((2, 3), np.int16), np.empty(2, object)
    odd[:] = [array, {"a": 1}]
    for what in (Harm(), [Harm()], odd, array, "text", np.array([Harm()], object), [array]):
        message = refused(pickled(tmp_path / "a.npz", pickle.dumps(what), "train"))
        assert "'train' holds pickled objects, which can run code when read, and not arrays of numbers alone" in message
    assert not Path("harm").exists()
    many = np.empty(60, object)
    many[:] = [np.zeros((100_000, 3), np.int8)] * 60  # one array, named sixty times
    assert "more numbers than ink needs" in refused(pickled(tmp_path / "a.npz", pickle.dumps(many), "train"))
    good = np.empty(2, object)
    good[:] = [array, array + 1]
    whole, chance = pickle.dumps(good, 2), random.Random(0)
    for _ in range(2_000):
        mutant = bytearray(whole)
        for _ in range(chance.randint(1, 3)):
            mutant[chance.randrange(len(mutant))] = chance.randrange(256)
        with contextlib.suppress(NotArrays):
            object_array(bytes(mutant[: chance.choice([len(mutant), chance.randrange(len(mutant))])]), 1000)


def pickled(path: Path, content: bytes, *names: str) -> Path:
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (2,), }\n"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(f"{name}.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + content)
    return path


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
