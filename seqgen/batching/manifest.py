"""The manifest of a prepared corpus: what its folder holds, which names and sizes may stand there, and what no honest one
says."""

from __future__ import annotations

import json
import os
import re
import stat
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import DataError, one_line

FORMAT = 1
MANIFEST, PLAN, EXAMPLES, SOURCES = "seqgen-corpus.json", "seqgen-corpus.plan.json", "examples.bin", "sources.jsonl"
DTYPES: dict[str, np.dtype[Any]] = {"uint8": np.dtype("u1"), "uint16": np.dtype("<u2")}
LENGTH = np.dtype("<i8")

MAX_MANIFEST = 1 << 24  # bytes
MAX_COUNT = 1 << 48  # symbols
MAX_EXAMPLES = 1 << 26  # their lengths are kept in memory

_SHA256 = re.compile("[0-9a-f]{64}")
REMEDY = "get an undamaged copy, or prepare it again in a new folder"


class Shard(NamedTuple):
    """One file of symbols: its name, how many there are, its SHA-256."""

    name: str
    tokens: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a prepared folder holds.

    codec: as in a model's config.json. dtype: a name in `DTYPES`.
    examples, train: how many there are, and how many of them come before those to validate on.
    sources: SHA-256 of sources.jsonl, in which `files` files of `source_bytes` bytes are named.
    """

    domain: str
    codec: dict[str, Any]
    dtype: str
    shards: tuple[Shard, ...]
    examples: int
    examples_sha256: str
    train: int
    files: int
    source_bytes: int
    sources_sha256: str

    @property
    def tokens(self) -> int:
        return sum(shard.tokens for shard in self.shards)

    def sizes(self) -> dict[str, int]:
        """The files that training reads, and how many bytes each has to have."""
        width = DTYPES[self.dtype].itemsize
        return {**{s.name: s.tokens * width for s in self.shards}, EXAMPLES: self.examples * LENGTH.itemsize}


def shard_name(number: int) -> str:
    return f"{number:05d}.bin"


def is_corpus(folder: str | os.PathLike[str]) -> bool:
    """Whether this is a prepared folder, finished or not."""
    return any(os.path.lexists(Path(folder, name)) for name in (MANIFEST, PLAN))


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a folder, each file of which has the size it should have.

    Raises DataError for a folder that is unfinished, damaged, of a newer version, or no prepared one at all.
    """
    if not is_corpus(folder):
        raise DataError(f"{folder} is no prepared corpus: it has no {MANIFEST}; name a folder that `prepare` made")
    if not os.path.lexists(folder / MANIFEST):
        raise DataError(f"{folder} is not finished; give the same `prepare` command again, which goes on with it")
    manifest = _parse(folder / MANIFEST, read_json(folder, MANIFEST))
    for name, size in manifest.sizes().items():
        found = _size(folder / name)
        if found != size:
            raise DataError(f"{folder / name} is damaged: it has {found} bytes, {size} were wanted; {REMEDY}")
    return manifest


def read_json(folder: Path, name: str) -> Any:
    """A small JSON file of a folder. Raises DataError for one that is missing, too large, a link, or not JSON."""
    path = folder / name
    if _size(path) > MAX_MANIFEST:
        raise DataError(f"{path} has more than the {MAX_MANIFEST} bytes it may; {REMEDY}")
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}; check its permissions") from None
    except (ValueError, RecursionError):
        raise DataError(f"{path} is damaged: it is not JSON; {REMEDY}") from None


def _size(path: Path) -> int:
    try:
        status = path.lstat()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}; {REMEDY}") from None
    if not stat.S_ISREG(status.st_mode):
        raise DataError(f"{path} is a link or no file; get a copy with all files in the folder itself")
    return status.st_size


def plain(manifest: Manifest) -> dict[str, Any]:
    return {**asdict(manifest), "shards": [shard._asdict() for shard in manifest.shards]}


def _parse(path: Path, data: Any) -> Manifest:
    version = data.get("format") if isinstance(data, dict) else None
    if isinstance(version, int) and version > FORMAT:
        raise DataError(f"{path} has format {version}, this seqgen reads up to {FORMAT}: pip install --upgrade seqgen")
    try:
        if version != FORMAT:
            raise ValueError(f"format {version!r}")
        told = {name: value for name, value in data.items() if name not in ("format", "seqgen")}
        told["shards"] = tuple(Shard(**shard) for shard in told["shards"])
        manifest = Manifest(**told)
        _check(manifest)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} is damaged or no manifest of a prepared corpus: {one_line(error)}; {REMEDY}") from None
    return manifest


def _check(manifest: Manifest) -> None:
    """Raises ValueError for values that no manifest has."""
    words = (manifest.domain, manifest.dtype, *(shard.name for shard in manifest.shards))
    if not (isinstance(manifest.codec, dict) and all(isinstance(word, str) for word in words)):
        raise TypeError("a codec is an object; a domain, a dtype, a name are strings")
    if manifest.dtype not in DTYPES:
        raise ValueError(f"dtype is {manifest.dtype!r}, not one of {', '.join(DTYPES)}")
    for number, shard in enumerate(manifest.shards):
        if shard.name != shard_name(number):
            raise ValueError(f"shard {number} is named {shard.name!r}, not {shard_name(number)!r}")
    counts = (manifest.examples, manifest.train, manifest.files, manifest.source_bytes)
    for count in (*counts, *(shard.tokens for shard in manifest.shards)):
        if type(count) is not int or not 0 <= count <= MAX_COUNT:
            raise ValueError(f"{count!r} is no count")
    if manifest.examples > MAX_EXAMPLES or manifest.tokens > MAX_COUNT:
        raise ValueError(f"{manifest.examples} examples of {manifest.tokens} symbols are more than there may be")
    for digest in (manifest.examples_sha256, manifest.sources_sha256, *(shard.sha256 for shard in manifest.shards)):
        if not (isinstance(digest, str) and _SHA256.fullmatch(digest)):
            raise ValueError(f"{digest!r} is no SHA-256")
    if not 0 < manifest.train < manifest.examples <= manifest.tokens:
        raise ValueError(f"{manifest.train} of {manifest.examples} examples of {manifest.tokens} symbols to train on")
