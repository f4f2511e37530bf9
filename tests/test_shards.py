"""Prepared folders: what training reads is what was written, damage and hostility are refused in one line."""

from __future__ import annotations

import dataclasses
import json
import operator
import os
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqgen.batching import Encoded, Windows, evaluation_windows, in_memory, shards
from seqgen.batching.encode import encoded
from seqgen.batching.manifest import EXAMPLES, MANIFEST, PLAN, read_manifest
from seqgen.batching.shards import ShardWriter, finished, open_corpus, verify
from seqgen.domain import Example
from seqgen.domains.text import DOMAIN
from seqgen.domains.text.codec import Characters
from seqgen.errors import DataError, TrainingError, UsageError
from seqgen.files.reading import read_text
from seqgen.machine.workers import over_processes
from seqgen.spec import Discrete

CODEC = Characters("abcdefgh")  # symbols 0 .. 263
STEPS = (np.arange(100) * 7 % 264).astype(np.int32)
LENGTHS, TRAIN = [30, 45, 25], 2  # across shards of 40, 0 and 60
SIZES = [40, 0, 60]


def make(folder: Path, **settings: Any) -> Path:
    """A small prepared folder."""
    folder.mkdir()
    start = 0
    for number, size in enumerate(SIZES):
        with ShardWriter(folder, number, "uint16") as shard:
            shard.write(STEPS[start : start + size // 2])
            mark = shard.mark()
            shard.write(np.full(99, 5))
            shard.back(mark)
            shard.write(STEPS[start + size // 2 : start + size])
            shard.finish({"note": number})
        start += size
    given: dict[str, Any] = {
        "domain": "text",
        "codec": CODEC.to_dict(),
        "dtype": "uint16",
        "shards": [finished(folder, number, "uint16") for number in range(3)],
        "lengths": LENGTHS,
        "train": TRAIN,
        "sources": b"{}\n{}\n",
        "source_bytes": 100,
    }
    shards.seal(folder, **{**given, **settings})
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make(tmp_path / "corpus")


def test_a_folder_holds_what_was_written_and_nothing_else(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {
        MANIFEST, EXAMPLES, "sources.jsonl", "00000.bin", "00001.bin", "00002.bin"
    }  # fmt: skip
    manifest = verify(folder)
    assert (manifest.tokens, manifest.examples, manifest.train, manifest.files) == (100, 3, 2, 1)
    assert (folder / "00000.bin").read_bytes() == STEPS[:40].astype("<u2").tobytes()


def same_as_in_memory(data: Encoded) -> None:
    """Every batch is that of the same examples in memory."""
    examples = [Example(part) for part in np.split(STEPS, np.cumsum(LENGTHS)[:-1])]
    train, valid = in_memory(CODEC.spec, examples[:TRAIN]), in_memory(CODEC.spec, examples[TRAIN:])
    kept, mapped = Windows(train, 3, 4, seed=5), Windows(data.train, 3, 4, seed=5)
    assert mapped.per_epoch == kept.per_epoch and mapped.shape == kept.shape
    pairs = [(kept.batch(step), mapped.batch(step)) for step in range(2 * kept.per_epoch)]
    pairs += zip(evaluation_windows(valid, 2, 7), evaluation_windows(data.valid, 2, 7), strict=True)
    for one, other in pairs:
        assert other.targets.dtype == other.inputs.steps.dtype == np.int32
        for name in ("targets", "reset", "valid"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        np.testing.assert_array_equal(one.inputs.steps, other.inputs.steps)


def test_batches_are_those_of_the_same_steps_in_memory(folder: Path) -> None:
    same_as_in_memory(open_corpus(folder, DOMAIN))


def test_maps_are_given_back_and_made_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "MAX_READS", 3)
    monkeypatch.setattr(shards, "MAX_MAPS", 1)
    data = open_corpus(folder, DOMAIN)
    made = []

    class Counted(np.memmap):
        def __new__(cls, *rest: Any, **named: Any) -> Any:
            made.append(1)
            return super().__new__(cls, *rest, **named)

    monkeypatch.setattr(shards.np, "memmap", Counted)
    same_as_in_memory(data)
    assert len(made) > 20


def test_opening_reads_no_symbols(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards.np, "memmap", None)
    assert len(open_corpus(folder, DOMAIN).train.lengths) == TRAIN


def test_the_fingerprint_is_that_of_the_data_and_the_codec(folder: Path, tmp_path: Path) -> None:
    prints = [open_corpus(folder, DOMAIN).fingerprint]
    text = (folder / MANIFEST).read_text(encoding="utf-8")
    (folder / MANIFEST).write_text(json.dumps({**json.loads(text), "seqgen": "9.9"}), encoding="utf-8")
    assert open_corpus(folder, DOMAIN).fingerprint == prints[0]
    for name, change in (("a", {"codec": Characters("abcdefgi").to_dict()}), ("b", {"lengths": [30, 44, 26]})):
        prints.append(open_corpus(make(tmp_path / name, **change), DOMAIN).fingerprint)
    assert len(set(prints)) == 3


def test_another_codec_than_the_models_is_refused(folder: Path) -> None:
    data = open_corpus(folder, DOMAIN)
    assert encoded(CODEC, data) is data
    with pytest.raises(
        DataError, match="prepared with another alphabet or scale than the run has; give the data it began with"
    ):
        encoded(Characters("xyz"), data)


@pytest.mark.parametrize(("size", "dtype"), [(2, "uint8"), (256, "uint8"), (257, "uint16"), (65536, "uint16")])
def test_the_smallest_type_that_holds_the_alphabet(size: int, dtype: str) -> None:
    assert shards.dtype_of(Discrete(size)) == dtype


def test_what_16_bits_do_not_hold_is_refused() -> None:
    with pytest.raises(UsageError, match="an alphabet of 65537 symbols takes more than 16 bits"):
        shards.dtype_of(Discrete(65537))


def test_a_shard_that_was_not_finished_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyError), ShardWriter(tmp_path, 0, "uint8") as shard:
        shard.write(np.arange(9))
        raise KeyError
    assert not list(tmp_path.iterdir())
    assert finished(tmp_path, 0, "uint8") is None


def test_a_shard_of_the_wrong_size_is_not_finished(tmp_path: Path) -> None:
    with ShardWriter(tmp_path, 0, "uint8") as shard:
        shard.write(np.arange(9))
        shard.finish()
    assert finished(tmp_path, 0, "uint8") is not None
    (tmp_path / "00000.bin").write_bytes(b"123")
    assert finished(tmp_path, 0, "uint8") is None
    (tmp_path / "00000.json").write_bytes(b'{"tokens"')
    assert finished(tmp_path, 0, "uint8") is None


# Damage


def refused(
    folder: Path, message: str, act: Callable[[Path], Any] = lambda folder: open_corpus(folder, DOMAIN)
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        act(folder)
    assert "\n" not in str(caught.value)


DAMAGE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "cut": (
        lambda folder: os.truncate(folder / "00002.bin", 119),
        r"00002\.bin is damaged: it has 119 bytes, 120 were wanted; get an undamaged copy, or prepare it again",
    ),
    "longer": (lambda folder: (folder / "00001.bin").write_bytes(b"12"), r"00001\.bin is damaged: it has 2 bytes, 0"),
    "gone": (lambda folder: (folder / "00000.bin").unlink(), r"cannot read .*00000\.bin: No such file"),
    "lengths": (
        lambda folder: (folder / EXAMPLES).write_bytes(np.array([30, 45, 24], "<i8").tobytes()),
        r"examples\.bin is damaged: its lengths do not add up to 100",
    ),
    "overflow": (
        lambda folder: (folder / EXAMPLES).write_bytes(np.array([2**63 - 1, 2**63 - 1, 102], "<i8").tobytes()),
        "lengths do not add up",
    ),
    "zero": (
        lambda folder: (folder / EXAMPLES).write_bytes(np.array([0, 75, 25], "<i8").tobytes()),
        "lengths do not add up",
    ),
    "no JSON": (lambda folder: (folder / MANIFEST).write_text("{"), "is damaged: it is not JSON"),
    "deep": (lambda folder: (folder / MANIFEST).write_text("[" * 100_000), "is damaged: it is not JSON"),
    "huge": (lambda folder: os.truncate(folder / MANIFEST, 1 << 40), "has more than the 16777216 bytes it may"),
    "not begun": (lambda folder: (folder / MANIFEST).unlink(), "is no prepared corpus: it has no seqgen-corpus.json"),
    "not finished": (
        lambda folder: (folder / MANIFEST).rename(folder / PLAN),
        "is not finished; give the same `prepare` command again, which goes on with it",
    ),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_damage_is_noticed_at_once(folder: Path, what: str) -> None:
    act, message = DAMAGE[what]
    act(folder)
    refused(folder, message)


def test_a_flipped_bit_is_noticed_by_verify(folder: Path) -> None:
    for name in ("00000.bin", EXAMPLES):
        path = folder / name
        raw = path.read_bytes()
        path.write_bytes(bytes([raw[0] ^ 1]) + raw[1:])
        refused(folder, rf"{name} is damaged: its SHA-256 is not the one in seqgen-corpus\.json", verify)
        path.write_bytes(raw)
    assert verify(folder).tokens == 100


def test_a_symbol_that_the_codec_lacks_is_refused_when_it_is_read(folder: Path) -> None:
    data = np.full(60, 263, "<u2")
    data[50] = 264
    (folder / "00002.bin").write_bytes(data.tobytes())
    source = open_corpus(folder, DOMAIN).valid
    assert source.read(0, 0, 10).tolist() == [263] * 10
    refused(
        folder,
        r"00002\.bin is damaged: symbol 264 at 35 or soon after, where the codec has 264",
        lambda _: source.read(0, 0, 25),
    )


def test_what_vanishes_while_it_is_read_is_named(folder: Path) -> None:
    source = open_corpus(folder, DOMAIN).train
    (folder / "00000.bin").unlink()
    refused(folder, r"cannot read .*00000\.bin: .*; put it back as it was", lambda _: source.read(0, 0, 5))
    (folder / "00000.bin").write_bytes(b"short")
    refused(folder, r"cannot read .*00000\.bin: ", lambda _: source.read(0, 0, 5))


# Strangers


def shard(name: str = "00000.bin", tokens: Any = 40, sha256: Any = "0" * 64) -> dict[str, Any]:
    return {"name": name, "tokens": tokens, "sha256": sha256}


HOSTILE: dict[str, tuple[dict[str, Any], str]] = {
    "newer": ({"format": 2}, "has format 2, this seqgen reads up to 1: pip install --upgrade seqgen"),
    "no format": ({"format": None}, "format None"),
    "upwards": ({"shards": [shard("../00000.bin")]}, "shard 0 is named '../00000.bin', not '00000.bin'"),
    "absolute": ({"shards": [shard("/etc/passwd")]}, "shard 0 is named '/etc/passwd'"),
    "twice": ({"shards": [shard(), shard()]}, "shard 1 is named '00000.bin'"),
    "no name": ({"shards": [shard(name=7)]}, "a domain, a dtype, a name are strings"),  # type: ignore[arg-type]
    "too much": ({"shards": [shard(tokens=2**62)]}, "4611686018427387904 is no count"),
    "negative": ({"shards": [shard(tokens=-1)]}, "-1 is no count"),
    "real": ({"shards": [shard(tokens=1e300)]}, "1e.300 is no count"),
    "yes": ({"train": True}, "True is no count"),
    "nothing": ({"shards": []}, "2 of 3 examples of 0 symbols"),
    "no shards": ({"shards": 5}, "not iterable"),
    "more": ({"shards": [{**shard(), "more": 1}]}, "unexpected keyword argument 'more'"),
    "unknown": ({"extra": 1}, "unexpected keyword argument 'extra'"),
    "type": ({"dtype": "object"}, "dtype is 'object', not one of uint8, uint16"),
    "types": ({"dtype": ["uint8"]}, "a dtype, a name are strings"),
    "digest": ({"examples_sha256": "x"}, "'x' is no SHA-256"),
    "all": ({"train": 3}, "3 of 3 examples"),
    "many": ({"examples": 2**47}, "140737488355328 examples of 100 symbols are more than there may be"),
    "narrow": ({"dtype": "uint8"}, r"00000\.bin is damaged: it has 80 bytes, 40 were wanted"),
    "other": ({"domain": "music"}, "was prepared for music, not for text; use the music commands"),
    "codec": ({"codec": {"kind": "evil"}}, "seqgen-corpus.json: a text codec's settings are of kind characters"),
    "code": ({"codec": "os.system"}, "a codec is an object"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_manifest_of_strangers_is_refused(folder: Path, what: str) -> None:
    change, message = HOSTILE[what]
    told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    (folder / MANIFEST).write_text(json.dumps({**told, **change}), encoding="utf-8")
    refused(folder, message)


@pytest.mark.skipif(sys.platform == "win32", reason="needs links and pipes")
@pytest.mark.parametrize("name", ["00000.bin", EXAMPLES, MANIFEST])
def test_links_and_pipes_are_refused(folder: Path, tmp_path: Path, name: str) -> None:
    shutil.move(folder / name, tmp_path / "outside")
    (folder / name).symlink_to(tmp_path / "outside")
    refused(folder, f"{name} is a link or no file; get a copy with all files in the folder itself")
    (folder / name).unlink()
    os.mkfifo(folder / name)
    refused(folder, f"{name} is a link or no file")


def test_a_manifest_says_what_it_was_told(folder: Path) -> None:
    told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    manifest = read_manifest(folder)
    assert told.pop("format") == 1 and told.pop("seqgen")
    assert told.keys() == {field.name for field in dataclasses.fields(manifest)}


# Processes


def test_jobs_are_done_over_processes() -> None:
    jobs = list(range(5))
    double = partial(operator.mul, 2)
    assert list(over_processes(double, jobs, 1)) == [0, 2, 4, 6, 8]
    assert sorted(over_processes(double, jobs, 2)) == [0, 2, 4, 6, 8]


def test_what_goes_wrong_in_a_process_is_raised_here(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read .*missing: No such file"):
        list(over_processes(read_text, [tmp_path / "missing"] * 3, 2))
    with pytest.raises(TrainingError, match="a worker process ended with code 9: killed, or short of memory; the same"):
        list(over_processes(os._exit, [9, 9], 2))
