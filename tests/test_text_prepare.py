"""Preparing texts larger than memory: the same symbols as in memory, whatever cuts them; kills; training from them."""

from __future__ import annotations

import codecs
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from seqgen.batching import Encoded, Source
from seqgen.batching.manifest import MANIFEST, PLAN
from seqgen.batching.shards import open_corpus, verify
from seqgen.config import TrainingConfig
from seqgen.domain import Splits
from seqgen.domains import text
from seqgen.domains.text import DOMAIN, Characters, Prepared, cuts, prepare
from seqgen.domains.text import corpus as corpus_module
from seqgen.domains.text.files import read_texts, split
from seqgen.errors import DataError, UsageError
from seqgen.machine.cache import use_compile_cache
from seqgen.shell.cli import main
from seqgen.training import run, run_config

ROOT = Path(__file__).parent.parent
POEM = "".join(f"Line {number} of a poem, naïve ☕, no longer than it need be;\r\n" for number in range(20))
ALPHABET = "ab\r\n\ré☕😀\x85\u2028\ufeff漢"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shards and chunks that cut everywhere."""
    monkeypatch.setattr(cuts, "SHARD", 200)
    monkeypatch.setattr(cuts, "CHUNK", 37)


def all_of(source: Source) -> list[list[int]]:
    return [source.read(index, 0, int(length)).tolist() for index, length in enumerate(source.lengths)]


def check_as_in_memory(made: Prepared, texts: Splits[str], codec: Characters) -> Encoded:
    verify(made.folder)
    data = open_corpus(made.folder, DOMAIN)
    assert data.codec == codec
    for mapped, items in ((data.train, texts.train), (data.valid, texts.valid)):
        assert all_of(mapped) == [codec.encode(item).steps.tolist() for item in items]
    return data


@settings(max_examples=60)
@given(
    st.lists(st.text(ALPHABET, min_size=1, max_size=60), min_size=1, max_size=4),
    st.integers(4, 9),
    st.integers(4, 40),
    st.booleans(),
)
@example(["\r\n" * 40], 4, 5, False)
@example(["☕é\r\n😀" * 20], 5, 7, True)
@example(["x" * 35 + "é"], 4, 36, False)
@example(["\ufeff\x85", "a" * 32], 4, 4, False)  # a mark and half a character are the first that is read
def test_files_become_what_they_are_in_memory(texts: list[str], chunk: int, shard: int, as_bytes: bool) -> None:
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        patch.setattr(cuts, "SHARD", shard)
        patch.setattr(cuts, "CHUNK", chunk)
        patch.setattr(os, "fsync", lambda descriptor: None)
        folder, out = Path(place, "texts"), Path(place, "out")
        folder.mkdir()
        for number, one in enumerate(texts):
            (folder / f"{number}.txt").write_bytes(one.encode())
        try:
            parts = split(read_texts(folder).texts)
        except DataError:  # too short
            with pytest.raises(DataError):
                prepare(folder, out, as_bytes=as_bytes)
            return
        codec = Characters("") if as_bytes else Characters.fit(parts.train)
        check_as_in_memory(prepare(folder, out, as_bytes=as_bytes), parts, codec)


@settings(max_examples=30)
@given(st.text(ALPHABET, min_size=40, max_size=200), st.integers(4, 9), st.integers(4, 40))
def test_a_stream_becomes_what_it_is_in_memory(written: str, chunk: int, shard: int) -> None:
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        patch.setattr(cuts, "SHARD", shard)
        patch.setattr(cuts, "CHUNK", chunk)
        patch.setattr(os, "fsync", lambda descriptor: None)
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(written.encode())))
        path = Path(place, "a.txt")
        path.write_bytes(written.encode())
        try:
            parts = split(read_texts(path).texts)
        except DataError:
            with pytest.raises(DataError):
                prepare("-", Path(place, "out"))
            return
        check_as_in_memory(prepare("-", Path(place, "out")), parts, Characters.fit(parts.train))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig", "latin-1", "cp1252", "shift_jis", "gb18030"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    written = "Café\r\n" * 60 if encoding in ("latin-1", "cp1252") else "日本\r\nabc\r" * 60
    path = tmp_path / "a.txt"
    path.write_bytes(written.encode(encoding))
    parts = split(read_texts(path, encoding).texts)
    made = prepare(path, tmp_path / "out", encoding=encoding)
    check_as_in_memory(made, parts, Characters.fit(parts.train))
    # One that cannot be entered halfway is one shard. utf-8-sig has a mark, which says UTF-8.
    assert (len(made.manifest.shards) > 1) == (encoding in ("latin-1", "cp1252", "utf-8-sig"))


@pytest.mark.parametrize("mark", [codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF32_BE], ids=["8", "16", "32"])
def test_a_byte_order_mark_goes_before_the_encoding_named(tmp_path: Path, mark: bytes) -> None:
    encoding = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF32_BE: "utf-32-be"}[mark]
    path = tmp_path / "a.txt"
    path.write_bytes(mark + POEM.encode(encoding))
    parts = split([POEM.replace("\r\n", "\n")])
    check_as_in_memory(prepare(path, tmp_path / "out", encoding="latin-1"), parts, Characters.fit(parts.train))


def test_the_alphabet_is_that_of_the_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus_module, "_ENOUGH", 100)
    path = tmp_path / "a.txt"
    path.write_text("ab" * 100 + "cé" * 100, encoding="utf-8")
    made = prepare(path, tmp_path / "out")
    parts = split([path.read_text(encoding="utf-8")])
    check_as_in_memory(made, parts, Characters("ab"))


def test_bytes_take_a_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(POEM.encode())
    manifest = prepare(path, tmp_path / "out", as_bytes=True).manifest
    assert (manifest.dtype, manifest.tokens) == ("uint8", len(POEM.replace("\r\n", "\n").encode()))
    assert (tmp_path / "out" / "00000.bin").read_bytes() == POEM.replace("\r\n", "\n").encode()[
        : manifest.shards[0].tokens
    ]


def test_a_folder_passes_over_what_is_no_text(tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    (folder / "sub").mkdir(parents=True)
    for name, raw in {
        "a.txt": POEM.encode(),
        "b.txt": "latin é".encode("latin-1"),  # after text in the same shard
        "c.txt": b"x" * 90 + b"\0",  # in its third chunk
        "d.txt": b"",
        "e.png": b"\x89PNG" * 100,  # larger than a shard
        ".hidden": b"no",
        "sub/f.txt": b"The end.\n" * 4,
    }.items():
        (folder / name).write_bytes(raw)
    made = prepare(folder, folder / "out")  # inside: not read again
    parts = split(read_texts([folder / "a.txt", folder / "sub"]).texts)
    check_as_in_memory(made, parts, Characters.fit(parts.train))
    assert sorted(line.split(" is ")[0].rsplit("/")[-1] for line in made.skipped) == [
        ".hidden", "b.txt", "c.txt", "d.txt", "e.png"
    ]  # fmt: skip
    names = [json.loads(line)["name"] for line in (folder / "out" / "sources.jsonl").read_text().splitlines()[1:]]
    assert names == ["a.txt", "b.txt", "c.txt", "sub/f.txt"]
    assert prepare(folder, folder / "out").manifest == made.manifest  # done: nothing to do


REFUSED: list[tuple[bytes, str]] = [
    (b"abc\n" * 60 + b"\xff", r"a\.txt is not UTF-8: byte 0xff at offset 240; save it as UTF-8, or name its encoding"),
    (b"abc\n" * 60 + b"\xc3", r"is not UTF-8: byte 0xc3 at offset 240"),
    (b"abc\n" * 60 + b"\0", r"a\.txt is binary, not text: NUL at byte 240; if it is UTF-16, name it with"),
    (b"", r"a\.txt is empty; give it some text"),
    (codecs.BOM_UTF8, r"0 characters, too short to train on"),
    (b"short", r"the text has 5 characters, too short to train on and validate; give it 32 or more"),
]


@pytest.mark.parametrize(("raw", "message"), REFUSED)
def test_what_is_no_text_is_refused(tmp_path: Path, raw: bytes, message: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(raw)
    with pytest.raises(DataError, match=message) as caught:
        prepare(path, tmp_path / "out")
    assert "\n" not in str(caught.value)


def test_a_large_file_of_a_folder_is_not_passed_over_halfway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus_module, "_ENOUGH", 100)
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_bytes(b"abc\n" * 120 + b"\xff")
    with pytest.raises(
        DataError, match=r"offset 480; .*; or move it away and begin anew, it is too large to be passed"
    ):
        prepare(tmp_path / "texts", tmp_path / "out")


@pytest.mark.parametrize(
    ("data", "settings", "message"),
    [
        ([], {}, "no file was named"),
        (["-", "a.txt"], {}, r"standard input \(-\) is read alone"),
        (["a.txt"], {"encoding": "hex"}, "no text encoding named 'hex'"),
        (["a.txt"], {"workers": 0}, "0 workers were asked for; give 1 or more"),
        (["missing"], {}, "cannot read missing: No such file"),
        (["/dev/zero"], {}, "is a device or a pipe, not a file; pipe it in and name -"),
        (["."], {}, "out is in use; name another folder with --out"),
    ],
)
def test_requests_that_cannot_be_met(
    data: list[str], settings: dict[str, Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_bytes(POEM.encode())
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_bytes(b"")
    with pytest.raises((DataError, UsageError), match=message):
        prepare(data, "out", **settings)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(POEM.encode())

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(UsageError, match="No space left on device; free some space"):
        patch.setattr(os, "fsync", full)
        prepare(path, tmp_path / "out")
    prepare(path, tmp_path / "out")


# Kills

CHILD = """
import os, signal, sys
from seqgen.domains.text import cuts, prepare
from seqgen.batching.shards import ShardWriter

cuts.SHARD = 200
finish = ShardWriter.finish
done = []

def killed(self, notes={}):
    if len(done) == int(sys.argv[3]):
        self._file.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    finish(self, notes)
    done.append(1)

ShardWriter.finish = killed
prepare(sys.argv[1], sys.argv[2])
"""


def test_a_killed_one_goes_on_without_doing_anything_twice(tmp_path: Path) -> None:
    path, out = tmp_path / "a.txt", tmp_path / "out"
    path.write_bytes(POEM.encode())
    whole = prepare(path, tmp_path / "whole")
    assert len(whole.manifest.shards) == 6
    done: dict[str, int] = {}
    for kill in (0, 2, 1):
        child = subprocess.run([sys.executable, "-c", CHILD, path, out, str(kill)], cwd=ROOT, check=False)
        assert child.returncode == -signal.SIGKILL
        assert not (out / MANIFEST).exists() and list(out.glob("*.part"))
        with pytest.raises(DataError, match="is not finished; give the same `prepare` command again"):
            text.train(out, tmp_path / "run", steps=1)
        now = {one.name: one.stat().st_mtime_ns for one in out.glob("*.bin")}
        assert len(now) == len(done) + kill and now.items() >= done.items()
        done = now
    made = prepare(path, out)
    assert {name: (out / name).stat().st_mtime_ns for name in done} == done
    assert made.manifest == whole.manifest
    assert {path.name for path in out.iterdir()} == {path.name for path in whole.folder.iterdir()}


KILLED_OVER_PROCESSES = """
import os, signal, sys
from seqgen.domains.text import cuts, prepare
from seqgen.training.progress import Progress

cuts.SHARD = 200
Progress.update = lambda self, step: os.kill(os.getpid(), signal.SIGKILL)
prepare(sys.argv[1], sys.argv[2], workers=2)
"""


def test_processes_end_when_the_one_that_started_them_is_killed(tmp_path: Path) -> None:
    path, out = tmp_path / "a.txt", tmp_path / "out"
    path.write_bytes(POEM.encode())
    # They all hold the pipe that this reads, so it comes back when the last of them has ended.
    command = [sys.executable, "-c", KILLED_OVER_PROCESSES, path, out]
    child = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, timeout=300)
    assert child.returncode == -signal.SIGKILL, child.stderr
    assert prepare(path, out, workers=2).manifest == prepare(path, tmp_path / "whole").manifest


def test_processes_make_what_one_makes(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(POEM.encode())
    prepare(path, tmp_path / "one")
    prepare(path, tmp_path / "two", workers=2)
    one, two = ({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two


def test_what_was_begun_from_other_files_is_not_gone_on_with(tmp_path: Path) -> None:
    path, out = tmp_path / "a.txt", tmp_path / "out"
    path.write_bytes(POEM.encode())
    subprocess.run([sys.executable, "-c", CHILD, path, out, "1"], cwd=ROOT, check=False)
    with pytest.raises(UsageError, match="out was begun from other files, other versions of them or other settings"):
        prepare(path, out, as_bytes=True)
    path.write_bytes(POEM.encode() + b"More.\n")
    with pytest.raises(UsageError, match="out was begun from other files"):
        prepare(path, out)
    shutil.rmtree(out)
    prepare(path, out)
    path.write_bytes(POEM.encode())
    with pytest.raises(UsageError, match="out was prepared from other files or settings; name another folder"):
        prepare(path, out)


@pytest.mark.parametrize("plan", ["{}", "[]", '{"sources": "x", "codec": {"kind": 1}}', '{"sources": 1, "codec": 2}'])
def test_a_damaged_plan_is_refused(tmp_path: Path, plan: str) -> None:
    (tmp_path / "a.txt").write_bytes(POEM.encode())
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / PLAN).write_text(plan)
    with pytest.raises(DataError, match=r"plan\.json is damaged; delete .*out and begin anew"):
        prepare(tmp_path / "a.txt", tmp_path / "out")


def test_a_stream_is_not_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / PLAN).write_text("{}")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(POEM.encode())))
    with pytest.raises(UsageError, match="a stream cannot be gone on with: delete it or name another folder"):
        prepare("-", tmp_path / "out")


# Training


@pytest.fixture
def like_outside_of_tests() -> Iterator[None]:
    use_compile_cache()
    with jax.numpy_dtype_promotion("standard"):
        yield


def weights(folder: Path) -> bytes:
    return (folder / "model" / "model.safetensors").read_bytes()


@pytest.mark.usefixtures("like_outside_of_tests")
def test_training_is_the_same_as_in_memory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out = tmp_path / "texts", tmp_path / "out"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.txt").write_bytes(POEM.encode() * (number + 1))
    assert main(["text", "prepare", str(folder), "--out", str(out), "--workers", "1"]) == 0
    told = capsys.readouterr().out
    assert "(uint16) in 36 files; learn from them with: seqgen text train " in told
    assert main(["text", "verify", str(out)]) == 0

    quick: dict[str, Any] = {"size": "tiny", "seed": 3, "training": TrainingConfig(rows=4, window=16)}
    memory, mapped = tmp_path / "memory", tmp_path / "mapped"
    for name, data in ((memory, folder), (mapped, out)):
        text.train(data, name, steps=3, **quick)
    assert weights(memory) == weights(mapped)
    assert run_config.read_config(mapped)["data"]["name"] == str(out)
    assert text.resume(memory, steps=6).step == text.resume(mapped, steps=6).step == 6
    assert weights(memory) == weights(mapped)

    with pytest.raises(DataError, match="prepared with another alphabet or scale than the run has"):
        text.resume(mapped, prepare(folder, tmp_path / "bytes", as_bytes=True).folder)
    with pytest.raises(DataError, match=r"the data is not what .*mapped was trained on"):
        text.resume(mapped, prepare(folder / "0.txt", tmp_path / "first").folder)
    os.truncate(out / "00002.bin", 5)
    with pytest.raises(DataError, match=r"00002\.bin is damaged: it has 5 bytes"):
        text.resume(mapped)


@pytest.mark.usefixtures("like_outside_of_tests")
def test_fine_tuning_takes_the_alphabet_that_was_prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "loop", lambda *rest: None)
    path = tmp_path / "a.txt"
    path.write_bytes(POEM.encode())
    made = prepare(path, tmp_path / "out")
    text.train(made.folder, tmp_path / "run", steps=1, start_from="shakespeare")
    assert run_config.read_config(tmp_path / "run")["codec"] == made.manifest.codec
