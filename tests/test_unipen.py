"""UNIPEN as a data set: people's words and lines, whose they are, and words of a writer set into lines."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from seqgen.datasets import unipen
from seqgen.domains.handwriting import Ink, Offsets
from seqgen.errors import DataError, UnknownName, UsageError


@pytest.fixture
def corpus(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQGEN_DATA", str(data))


def writers(inks: unipen.Inks) -> set[int]:
    return {int(inks.corpus.writer[row[0]]) for row in inks.rows}


@pytest.mark.usefixtures("corpus")
def test_lines_are_split_by_writer() -> None:
    parts = unipen.load(quality=0.0, longest=100)
    assert sum(map(len, parts)) == 11_508
    train, valid, test = (writers(part) for part in parts)  # type: ignore[arg-type]
    assert {number % 10 for number in valid} == {7} and {number % 10 for number in test} == {3}
    assert not {number % 10 for number in train} & {3, 7}
    line = parts.train[0]
    assert line.text and " " in line.text and line.height == 1 and line.hand in {f"hand {n}" for n in train}
    assert parts.train[0] == line and parts.train[:2][0] == line
    heights = [Ink(ink.strokes).x_height() for ink in parts.train[:200]]
    assert np.median(heights) == pytest.approx(1, abs=0.15)
    assert np.mean(np.abs(np.log(heights)) < 0.25) > 0.6
    points = sum(ink.points for ink in parts.train[:200]) / sum(len(ink.text or "") for ink in parts.train[:200])
    assert 10 < points < 25  # as models take them: nothing is resampled again


@pytest.mark.usefixtures("corpus")
def test_words_joined_are_one_writers_and_each_is_used_once() -> None:
    words = unipen.load(kind="words", writers=12)
    joined = unipen.load(kind="joined", writers=12, longest=30)
    used = [item for part in joined for row in part.rows for item in row]  # type: ignore[attr-defined]
    assert sorted(used) == sorted(item for part in words for (item,) in part.rows if len(part.corpus.text(item)) <= 30)  # type: ignore[attr-defined]
    corpus = joined.train.corpus  # type: ignore[attr-defined]
    for row, ink in zip(joined.train.rows[:100], joined.train, strict=False):  # type: ignore[attr-defined]
        assert len({int(corpus.writer[item]) for item in row}) == 1
        assert ink.text == " ".join(map(corpus.text, row)) and len(ink.text) <= 30
        edges, count = [], 0
        for item in row:
            own = np.concatenate(ink.strokes[count : count + len(corpus.strokes(item))])
            count += len(corpus.strokes(item))
            edges.append((own[:, 0].min(), own[:, 0].max()))
        gaps = np.array([after[0] - before[1] for before, after in itertools.pairwise(edges)])
        assert np.all((gaps > 0.2) & (gaps < 9))
    again, other = unipen.load(kind="joined", writers=12, longest=30), unipen.load(kind="joined", writers=12, seed=1)
    assert joined.train[7] == again.train[7] != other.train[7]
    codec = Offsets.fit(joined.train[::20])
    assert len(codec.hands) > 1 and " " in codec.alphabet


def test_what_is_not_there_or_another_file_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQGEN_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(
        DataError, match=r"unipen_lines\.npz is not on this machine: it is made from the archive at https"
    ):
        unipen.load()
    with pytest.raises(DataError, match=r"unipen_words\.npz cannot be downloaded as it is needed"):
        unipen.load(kind="words", download=True)
    (tmp_path / "unipen").mkdir()
    (tmp_path / "unipen" / "unipen_lines.npz").write_bytes(b"PK")
    with pytest.raises(DataError, match="is damaged or another file: its SHA-256 is"):
        unipen.load()
    with pytest.raises(UnknownName, match="no kind of UNIPEN's ink named 'pages'"):
        unipen.load(kind="pages")
    with pytest.raises(UsageError, match="unipen got longest=0"):
        unipen.load(longest=0)
