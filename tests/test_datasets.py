"""Data sets: what each gives, where files are looked for, and what is said when they are not there."""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

import pytest

from seqgen import registry
from seqgen.datasets import downloads, number_rules, python_manual, python_sources, tiny_shakespeare
from seqgen.domain import Splits
from seqgen.errors import DataError

ROOT = Path(__file__).parent.parent
HELLO = hashlib.sha256(b"hello").hexdigest()


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No data folder, an empty cache, and nothing to download from."""

    def no_network(*_: object, **__: object) -> None:
        raise AssertionError("reached for the network")

    monkeypatch.delenv("SEQGEN_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("socket.create_connection", no_network)
    return tmp_path


def fetch(address: str = "https://example.org/hello.txt", download: bool = False) -> Path:
    return downloads.fetch("greetings/hello.txt", address=address, sha256=HELLO, download=download)


@pytest.mark.parametrize("name", registry.datasets())
def test_every_set_says_where_it_is_from(name: str) -> None:
    module = registry.dataset(name)
    if not module.__name__.startswith("seqgen."):
        pytest.skip(f"{name} is another package's")
    assert callable(module.load)
    for constant in (module.ORIGIN, module.LICENCE, module.DOMAIN):
        assert isinstance(constant, str)
        assert 0 < len(constant) < 200
    source = (Path(module.__file__ or "").parent / "SOURCE.md").read_text(encoding="utf-8")
    for heading in ("- Origin: ", "- Licence: ", "- SHA-256: ", "- Split: "):
        assert heading in source
    assert getattr(module, "SHA256", "none") in source


def test_tiny_shakespeare_is_split_as_published(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQGEN_DATA", str(data))
    parts = tiny_shakespeare.load()
    assert [len(text) for text in parts.train] == [1_003_854]
    assert [len(text) for text in parts.valid] == [111_540]
    assert parts.test == ()
    assert len(set(parts.train[0] + parts.valid[0])) == 65
    assert parts.train[0].startswith("First Citizen:\n")


def test_tiny_shakespeare_offline_says_what_to_do(nowhere: Path) -> None:
    with pytest.raises(DataError) as caught:
        tiny_shakespeare.load()
    saved = nowhere / "cache" / "seqgen" / "datasets" / "tinyshakespeare" / "input.txt"
    assert str(caught.value) == (
        "tinyshakespeare/input.txt is not on this machine: pass --download (in Python download=True), "
        f"or get {tiny_shakespeare.ORIGIN} and save it as {saved}"
    )


def test_the_data_folder_is_first_then_the_cache(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached = downloads.cache_folder() / "greetings" / "hello.txt"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"hello")
    assert fetch() == cached
    monkeypatch.setenv("SEQGEN_DATA", str(nowhere / "data"))
    assert fetch() == cached
    given = nowhere / "data" / "greetings" / "hello.txt"
    given.parent.mkdir(parents=True)
    given.write_bytes(b"hello")
    assert fetch() == given


def test_a_damaged_file_is_refused(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQGEN_DATA", str(nowhere))
    path = nowhere / "greetings" / "hello.txt"
    path.parent.mkdir()
    path.write_bytes(b"hullo")
    found = hashlib.sha256(b"hullo").hexdigest()
    with pytest.raises(
        DataError, match=re.escape(f"hello.txt is damaged or another file: its SHA-256 is {found}, not")
    ):
        fetch()


def test_a_download_is_kept(nowhere: Path) -> None:
    remote = nowhere / "remote.txt"
    remote.write_bytes(b"hello")
    path = fetch(remote.as_uri(), download=True)
    assert path == nowhere / "cache" / "seqgen" / "datasets" / "greetings" / "hello.txt"
    remote.unlink()
    assert fetch(remote.as_uri(), download=True).read_bytes() == b"hello"
    assert [file.name for file in path.parent.iterdir()] == ["hello.txt"]


def test_a_download_of_something_else_is_refused(nowhere: Path) -> None:
    remote = nowhere / "remote.txt"
    remote.write_bytes(b"<html>Please log in</html>")
    with pytest.raises(
        DataError, match=r"remote\.txt now gives another file: its SHA-256 is \w+, not \w+; use your own"
    ):
        fetch(remote.as_uri(), download=True)
    assert not list((downloads.cache_folder() / "greetings").iterdir())


def test_a_download_that_fails_says_so(nowhere: Path) -> None:
    address = (nowhere / "missing.txt").as_uri()
    with pytest.raises(DataError, match=r"could not download file:.*; get it by hand and save it as .*hello\.txt"):
        fetch(address, download=True)
    assert not list((downloads.cache_folder() / "greetings").iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="paths of other systems")
@pytest.mark.parametrize(
    ("platform", "folder"),
    [("linux", ".cache"), ("darwin", "Library/Caches"), ("win32", "AppData/Local")],
)
def test_the_cache_is_where_the_platform_keeps_caches(
    platform: str, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    assert downloads.cache_folder() == tmp_path / folder / "seqgen" / "datasets"


@pytest.mark.parametrize("load", [python_manual.load, python_sources.load])
def test_pythons_own_texts_are_the_same_every_time(load: object) -> None:
    parts: Splits[str] = load()  # type: ignore[operator]
    again: Splits[str] = load()  # type: ignore[operator]
    assert parts == again
    assert len(parts.train) > 20
    lengths = [sum(map(len, texts)) for texts in (parts.train, parts.valid)]
    assert lengths[0] > 300_000
    assert lengths[1] / sum(lengths) == pytest.approx(0.1, abs=1e-5)


def test_a_python_without_its_manual_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(
        DataError, match=r"this Python came without pydoc_data\.topics; install .* or use your own text"
    ):
        python_manual.load()


def test_a_python_without_sources_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path / "python311.zip"))
    with pytest.raises(DataError, match=r"this Python came without sources in .*python311\.zip; use your own text"):
        python_sources.load()


def test_sources_leave_out_tests_and_odd_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b.py", "a/z.py", "a/test/t.py", "site-packages/p.py", "_sysconfigdata_x.py", "notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}" + " " * 40, encoding="utf-8")
    (tmp_path / "latin.py").write_bytes("# coding: latin-1\n# é".encode("latin-1"))
    (tmp_path / "broken.py").write_bytes(b"# \xe9")
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))
    parts = python_sources.load()
    text = "".join([*parts.train, *parts.valid])
    assert re.findall(r"# (\S+)", text) == ["a/z.py", "b.py", "coding:", "é"]


def test_number_rules_hold_out_starts_and_steps() -> None:
    def rule(numbers: tuple[int, ...]) -> tuple[str, int]:
        first, second, third = numbers[:3]
        if second - first == third - second:
            assert numbers == tuple(range(first, first + 8 * (second - first), second - first))
            return ("step", second - first)
        ratio = second // first
        assert numbers == tuple(first * ratio**k for k in range(len(numbers)))
        return ("ratio", ratio)

    parts = number_rules.load()
    items = [*parts.train, *parts.valid, *parts.test]
    assert len(set(items)) == len(items) == 60 * 16
    assert all(4 <= len(numbers) <= 8 and 1 <= min(numbers) <= max(numbers) < 10_000 for numbers in items)
    starts, rules = ({f(numbers) for numbers in parts.train} for f in (lambda numbers: numbers[0], rule))
    assert all(numbers[0] not in starts and rule(numbers) in rules for numbers in parts.valid)
    assert all(rule(numbers) not in rules for numbers in parts.test)


def test_number_rules_follow_their_seed() -> None:
    one, same, other = (number_rules.load(seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert one.train != other.train
    assert sorted(one.train) == sorted(other.train)
    assert (one.valid, one.test) == (other.valid, other.test)


def test_functions_of_a_module_are_as_they_are_written() -> None:
    module = (
        "import os\n\n@first\n@second(\n    1)\ndef one(a):\n    # why\n    def inner(): pass\n    return a\n\n"
        "class A:\n\n    async def two(self):\n        '''Says\n        so.'''\n\n    def three(self):\n"
        "        return '''\nat the margin'''\n"
    )
    one = "@first\n@second(\n    1)\ndef one(a):\n    # why\n    def inner(): pass\n    return a"
    two = "async def two(self):\n    '''Says\n    so.'''"
    assert list(python_sources.functions(module)) == [one, two], "a string at the margin cannot be moved"
    assert list(python_sources.functions("def broken(:")) == []
    fed = "x = 1\n\f\ndef b():\n    return 1\n"
    assert list(python_sources.functions(fed)) == ["def b():\n    return 1"], "a form feed ends no line"
