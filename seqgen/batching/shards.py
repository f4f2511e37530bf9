"""Corpora larger than memory: symbols in files of 8 or 16 bits, which training maps and never loads.

A prepared folder holds seqgen-corpus.json (the manifest), 00000.bin, 00001.bin, ... (the symbols end to end, little
endian, nothing else), examples.bin (how many belong to each example, 64 bits each; those to validate on are negative, or
come last where none is) and sources.jsonl (what it was made from, for people). While it is being made, 00000.json stands for "00000.bin is
finished", and the manifest is written when all of them are.

Everything in the folder may be a stranger's: names and types are fixed, sizes are checked before memory is asked for,
and a symbol that the codec does not know is refused when it is read. Opening compares sizes; `verify` reads it all.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .. import __version__
from ..domain import Domain
from ..errors import DataError, ModelError, UsageError, one_line
from ..files.storage import replace_file
from ..spec import Discrete
from .manifest import (
    DTYPES,
    EXAMPLES,
    FORMAT,
    LENGTH,
    MANIFEST,
    PLAN,
    REMEDY,
    SOURCES,
    Manifest,
    Shard,
    plain,
    read_manifest,
    shard_name,
)
from .sources import Encoded, Ints

# A map keeps a file open and counts as this process's memory where it was read: both are given back every so often.
MAX_MAPS, MAX_READS = 64, 1024


def open_corpus(folder: str | os.PathLike[str], domain: Domain[Any]) -> Encoded:
    """A prepared folder as data to train on; reads the manifest and the examples' lengths, and none of the symbols.

    Raises DataError as `read_manifest`, and for a folder that was prepared for another domain.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    if manifest.domain != domain.name:
        other = one_line(manifest.domain)
        raise DataError(f"{folder} was prepared for {other}, not for {domain.name}; use the {other} commands")
    try:
        codec = domain.load_codec(manifest.codec)
    except ModelError as error:
        raise DataError(f"{folder / MANIFEST}: {error}") from None
    if not isinstance(codec.spec, Discrete):
        raise DataError(f"{folder} was prepared for symbols, and this codec makes {codec.spec}; prepare it again")
    signed = np.fromfile(folder / EXAMPLES, LENGTH).astype(np.int64, copy=False)
    held_out = signed < 0
    if not held_out.any():
        held_out = np.arange(len(signed)) >= manifest.train
    lengths = np.abs(signed)
    ends = np.cumsum(lengths)
    # A sum that overflows has been negative before.
    if lengths.min() < 1 or ends.min() < 1 or ends[-1] != manifest.tokens or (~held_out).sum() != manifest.train:
        raise DataError(f"{folder / EXAMPLES} is damaged: its lengths do not add up to {manifest.tokens}; {REMEDY}")
    tokens = _Tokens(folder, manifest, codec.spec.size)
    train, valid = (_Part(codec.spec, lengths[part], (ends - lengths)[part], tokens) for part in (~held_out, held_out))
    # Of what the manifest says, not of its bytes: which version of seqgen wrote it changes nothing.
    fingerprint = hashlib.sha256(json.dumps(plain(manifest), sort_keys=True).encode()).hexdigest()
    return Encoded(codec, train, valid, fingerprint)


def verify(folder: str | os.PathLike[str]) -> Manifest:
    """Reads all of a prepared folder. Raises DataError, naming the file, unless it is as it was written."""
    folder = Path(folder)
    manifest = read_manifest(folder)
    sums = {**{s.name: s.sha256 for s in manifest.shards}, EXAMPLES: manifest.examples_sha256}
    for name, wanted in sums.items():
        try:
            with (folder / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise DataError(f"cannot read {folder / name}: {error.strerror}; check its permissions") from None
        if found != wanted:
            raise DataError(f"{folder / name} is damaged: its SHA-256 is not the one in {MANIFEST}; {REMEDY}")
    return manifest


class _Tokens:
    """The symbols of all shards as one long array."""

    def __init__(self, folder: Path, manifest: Manifest, size: int) -> None:
        self._folder, self._shards, self._dtype, self._size = folder, manifest.shards, DTYPES[manifest.dtype], size
        self._starts = np.cumsum([0, *(shard.tokens for shard in manifest.shards)])
        self._maps: dict[int, NDArray[Any]] = {}
        self._reads = 0

    def read(self, start: int, stop: int) -> NDArray[np.int32]:
        steps = np.empty(stop - start, np.int32)
        done = 0
        while done < len(steps):
            number = int(self._starts.searchsorted(start + done, "right")) - 1  # passes over what is empty
            at = start + done - int(self._starts[number])
            piece = self._map(number)[at : at + len(steps) - done]
            if piece.max() >= self._size:
                raise DataError(
                    f"{self._folder / self._shards[number].name} is damaged: symbol {piece.max()} at {at} or soon after, "
                    f"where the codec has {self._size}; {REMEDY}"
                )
            steps[done : done + len(piece)] = piece
            done += len(piece)
        return steps

    def _map(self, number: int) -> NDArray[Any]:
        self._reads += 1
        if self._reads >= MAX_READS or len(self._maps) > MAX_MAPS:
            self._maps, self._reads = {}, 0
        mapped = self._maps.get(number)
        if mapped is None:
            shard = self._shards[number]
            path = self._folder / shard.name
            try:
                mapped = np.memmap(path, self._dtype, "r", shape=(shard.tokens,))
            except (OSError, ValueError) as error:  # ValueError: it has become shorter
                raise DataError(f"cannot read {path}: {error}; put it back as it was") from None
            self._maps[number] = mapped
        return mapped


@dataclass(frozen=True, eq=False)
class _Part:
    """Some of the examples as a `seqgen.batching.Source`."""

    spec: Discrete
    lengths: Ints
    starts: Ints = field(repr=False)
    tokens: _Tokens = field(repr=False)

    def read(self, index: int, start: int, stop: int) -> NDArray[np.int32]:
        first = int(self.starts[index])
        return self.tokens.read(first + start, first + stop)

    def controls(self, index: int, start: int, stop: int) -> None:
        return None

    def condition(self, index: int) -> tuple[None, None]:
        return None, None


# Making one


def dtype_of(spec: Discrete) -> str:
    """The name of the smallest type that holds the symbols. Raises UsageError for more than 16 bits hold."""
    for name, dtype in DTYPES.items():
        if spec.size <= np.iinfo(dtype).max + 1:
            return name
    raise UsageError(f"an alphabet of {spec.size} symbols takes more than 16 bits; a smaller one can be prepared")


class ShardWriter:
    """A shard under a temporary name until `finish`; leaving the block before that leaves nothing behind.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, ShardWriter(Path(folder), 0, "uint8") as shard:
    ...     shard.write(np.array([1, 2, 3]))
    ...     shard.finish()
    ...     finished(Path(folder), 0, "uint8")["tokens"]
    3
    """

    def __init__(self, folder: Path, number: int, dtype: str) -> None:
        self.tokens = 0
        self._path, self._dtype = folder / shard_name(number), DTYPES[dtype]
        # The process's own: one that was orphaned may still be at work on the same shard.
        self._part = self._path.with_name(f"{self._path.name}.{os.getpid()}.part")
        self._digest = hashlib.sha256()

    def __enter__(self) -> Self:
        self._file = self._part.open("wb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._part.unlink(missing_ok=True)

    def write(self, steps: NDArray[Any]) -> None:
        """Adds symbols, of any integer type."""
        data = steps.astype(self._dtype)
        self._file.write(data.data)
        self._digest.update(data.data)
        self.tokens += len(data)

    def mark(self) -> tuple[int, Any]:
        """Where `back` can go back to."""
        return self.tokens, self._digest.copy()

    def back(self, mark: tuple[int, Any]) -> None:
        """Takes back what was written since."""
        self.tokens, self._digest = mark
        self._file.seek(self.tokens * self._dtype.itemsize)
        self._file.truncate()

    def finish(self, notes: Mapping[str, Any] = {}) -> None:
        """Puts the shard in its place, safe on the disk, with what `finished` is to tell about it."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.replace(self._path)
        told = {**notes, "tokens": self.tokens, "sha256": self._digest.hexdigest()}
        replace_file(self._path.with_suffix(".json"), json.dumps(told).encode())


def finished(folder: Path, number: int, dtype: str) -> dict[str, Any] | None:
    """What `ShardWriter.finish` noted, with `tokens` and `sha256`; None while the shard is not finished."""
    path = folder / shard_name(number)
    try:
        notes = json.loads(path.with_suffix(".json").read_bytes())
        return notes if path.stat().st_size == notes["tokens"] * DTYPES[dtype].itemsize else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def seal(
    folder: Path,
    *,
    domain: str,
    codec: Mapping[str, Any],
    dtype: str,
    shards: Iterable[Mapping[str, Any]],
    lengths: Sequence[int],
    train: int,
    sources: bytes,
    source_bytes: int,
) -> Manifest:
    """Makes a folder of finished shards a prepared one: the rest of its files, the manifest last.

    shards: what `finished` told of each. lengths, train: symbols of each example, negative for one to validate on, or so
    many come before those.
    sources: the lines of sources.jsonl, the first of them about the whole.
    """
    shown = tuple(Shard(shard_name(number), one["tokens"], one["sha256"]) for number, one in enumerate(shards))
    counts = np.asarray(lengths, LENGTH).tobytes()
    manifest = Manifest(
        domain=domain,
        codec=dict(codec),
        dtype=dtype,
        shards=shown,
        examples=len(lengths),
        examples_sha256=hashlib.sha256(counts).hexdigest(),
        train=train,
        files=sources.count(b"\n") - 1,
        source_bytes=source_bytes,
        sources_sha256=hashlib.sha256(sources).hexdigest(),
    )
    replace_file(folder / SOURCES, sources)
    replace_file(folder / EXAMPLES, counts)
    told = {"format": FORMAT, "seqgen": __version__, **plain(manifest)}
    replace_file(folder / MANIFEST, json.dumps(told, indent=1).encode() + b"\n")
    leftovers = [*folder.glob("*.part"), *(folder / Path(shard.name).with_suffix(".json") for shard in shown)]
    for path in (*leftovers, folder / PLAN):
        path.unlink(missing_ok=True)
    return manifest
