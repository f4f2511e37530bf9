"""Texts larger than memory: from files, folders or a stream to a prepared folder (see `seqgen.batching.shards`).

The text is cut into shards of 32 MB. Each is a job of its own, done in any process, and again only where it was not
finished; what is written depends on the texts alone, not on how many processes there were or how often they stopped.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from seqgen.batching import shards
from seqgen.batching.manifest import (
    DTYPES,
    FORMAT,
    MANIFEST,
    PLAN,
    Manifest,
    is_corpus,
    read_json,
    read_manifest,
    shard_name,
)
from seqgen.batching.shards import ShardWriter
from seqgen.errors import DataError, ModelError, UsageError
from seqgen.files.storage import replace_file
from seqgen.machine.workers import over_processes, stop_if_orphaned
from seqgen.training.progress import Progress

from . import cuts
from .codec import FIT_LENGTH, Characters, starts
from .cuts import File, Job, Piece, check_encoding, decoded, find_files, jobs_of, read_piece
from .files import split, training_length


@dataclass(frozen=True)
class Prepared:
    """What `prepare` made: the folder, its manifest, and a line for each file of a folder that was passed over.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "book.txt").write_text("to be or not to be " * 20)
    ...     made = prepare(f"{folder}/book.txt", f"{folder}/prepared")
    >>> made.folder.name, made.skipped
    ('prepared', ())
    """

    folder: Path
    manifest: Manifest
    skipped: tuple[str, ...] = ()


def prepare(
    data: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    workers: int = 1,
    encoding: str = "utf-8",
    as_bytes: bool = False,
) -> Prepared:
    """Text files and folders, or "-" (standard input), of any size, to a folder that `train` reads as it goes.

    The alphabet is that of the first 32 million characters; others are spelt in bytes. The last tenth is held out.
    workers: processes; with more than one a script needs its `if __name__ == "__main__":`.
    as_bytes: no alphabet, UTF-8 bytes only: one byte on the disk for each instead of two a character.
    The same call goes on after a kill, except with a stream. Raises DataError for what is no text, UsageError for a
    folder that is in use, by other files or settings too, and for one that cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "book.txt").write_text("to be or not to be " * 20)
    ...     made = prepare(f"{folder}/book.txt", f"{folder}/prepared")
    >>> made.manifest.tokens
    380
    """
    given = [data] if isinstance(data, (str, os.PathLike)) else list(data)
    out = Path(out)
    if workers < 1:
        raise UsageError(f"{workers} workers were asked for; give 1 or more")
    if not given:
        raise DataError("no file was named; name a file, a folder, or - for standard input")
    check_encoding(encoding)
    try:
        if "-" in [os.fspath(path) for path in given]:
            if len(given) > 1:
                raise UsageError("standard input (-) is read alone; leave out the other files")
            return _prepare_stream(sys.stdin.buffer, out, encoding, as_bytes)
        return _prepare_files(given, out, workers, encoding, as_bytes)
    except OSError as error:
        raise _cannot_write(out, error) from None


def _cannot_write(out: Path, error: OSError) -> UsageError:
    return UsageError(
        f"cannot write {error.filename or out}: {error.strerror or error}; free some space or name another place"
        " (what is finished stays so)"
    )


def _prepare_files(
    given: Sequence[str | os.PathLike[str]], out: Path, workers: int, encoding: str, as_bytes: bool
) -> Prepared:
    passed_over: list[str] = []
    files = find_files(given, out, encoding, passed_over)
    about = {"format": FORMAT, "encoding": encoding, "bytes": as_bytes, "shard": cuts.SHARD}
    lines = [about, *({"name": file.name, "bytes": file.size, "changed_ns": file.changed} for file in files)]
    sources = "".join(json.dumps(line) + "\n" for line in lines).encode()
    digest = hashlib.sha256(sources).hexdigest()
    if os.path.lexists(out / MANIFEST):
        manifest = read_manifest(out)
        if manifest.sources_sha256 != digest:
            raise UsageError(f"{out} was prepared from other files or settings; name another folder with --out")
        return Prepared(out, manifest)
    codec = _resume_plan(out, digest)
    if codec is None:
        _refuse_used(out)
        codec = Characters("") if as_bytes else _fit(*_head(files, encoding))
        _write_plan(out, digest, codec)
    dtype = shards.dtype_of(codec.spec)
    jobs = list(jobs_of(files, encoding))
    left = [job for job in jobs if shards.finished(out, job.number, dtype) is None]
    with Progress(len(jobs), done=len(jobs) - len(left), unit="bytes", per_step=cuts.SHARD) as progress:
        for done, _ in enumerate(over_processes(partial(_work, out, codec, dtype), left, workers), 1):
            progress.update(len(jobs) - len(left) + done)
    notes = [_finished(out, job.number, dtype) for job in jobs]
    manifest = _seal(out, codec, dtype, notes, sources, sum(file.size for file in files))
    skipped = [line for one in notes for line in one["skipped"]]
    return Prepared(out, manifest, (*passed_over, *skipped))


def _prepare_stream(stream: BinaryIO, out: Path, encoding: str, as_bytes: bool) -> Prepared:
    if is_corpus(out):
        raise UsageError(f"{out} is in use, and a stream cannot be gone on with: delete it or name another folder")
    _refuse_used(out)
    chunks = decoded(stream, "standard input", encoding, 0, None)
    head, total = [], 0
    for text in chunks:
        head.append(text)
        total += len(text)
        if as_bytes or total > _ENOUGH:
            break
    codec = Characters("") if as_bytes else _fit(head, total <= _ENOUGH)
    dtype = shards.dtype_of(codec.spec)
    _write_plan(out, "-", codec)
    chunks, notes, size = itertools.chain(head, chunks), [], 0
    for number in itertools.count():
        characters = 0
        with ShardWriter(out, number, dtype) as shard:
            for text in chunks:
                shard.write(codec.encode(text).steps)
                characters += len(text)
                size += len(text.encode(errors="replace"))
                if shard.tokens >= cuts.SHARD:
                    break
            if not characters:
                break
            shard.finish({"parts": [[0, characters, shard.tokens]], "skipped": []})
        notes.append(_finished(out, number, dtype))
    about = [{"format": FORMAT, "encoding": encoding, "bytes": as_bytes}, {"name": "-", "bytes": size}]
    sources = "".join(json.dumps(line) + "\n" for line in about).encode()
    return Prepared(out, _seal(out, codec, dtype, notes, sources, size))


# The alphabet

# With so many characters the first FIT_LENGTH are all for training, whatever follows.
_ENOUGH = FIT_LENGTH * 10 // 9 + 10


def _head(files: Iterable[File], encoding: str) -> tuple[list[str], bool]:
    """The first characters of all, and whether that is all there are."""
    head: list[str] = []
    total = 0
    for file in files:
        before = len(head)
        try:
            for text in read_piece(Piece(0, file.path, 0, file.size, encoding, True, file.named)):
                head.append(text)
                total += len(text)
                if total > _ENOUGH:
                    return head, False
        except DataError:
            if file.named:
                raise
            total -= sum(map(len, head[before:]))
            del head[before:]
    return head, True


def _fit(head: Sequence[str], all_of_it: bool) -> Characters:
    """The alphabet that training on the same texts in memory has: that of the part which is not held out."""
    return Characters.fit(split(head).train if all_of_it else head)


# Writing


def _work(out: Path, codec: Characters, dtype: str, job: Job) -> None:
    """Writes one shard. It notes what `_seal` needs: [document, characters, tokens] of each piece."""
    try:
        _write(out, codec, dtype, job)
    except OSError as error:
        raise _cannot_write(out, error) from None


def _write(out: Path, codec: Characters, dtype: str, job: Job) -> None:
    parts, skipped = [], []
    with ShardWriter(out, job.number, dtype) as shard:
        for piece in job.pieces:
            mark, characters = shard.mark(), 0
            try:
                for text in read_piece(piece):
                    stop_if_orphaned()
                    shard.write(codec.encode(text).steps)
                    characters += len(text)
                if piece.whole and not characters:
                    raise DataError(f"{piece.path} is empty; give it some text")
            except DataError as error:
                if piece.named:
                    raise
                if not piece.whole:  # other pieces of it are in other shards
                    raise DataError(
                        f"{error}; or move it away and begin anew, it is too large to be passed over"
                    ) from None
                shard.back(mark)
                skipped.append(str(error))
                continue
            parts.append([piece.document, characters, shard.tokens - mark[0]])
        shard.finish({"parts": parts, "skipped": skipped})


def _seal(
    out: Path, codec: Characters, dtype: str, notes: Sequence[Mapping[str, Any]], sources: bytes, source_bytes: int
) -> Manifest:
    """Finds where the last tenth begins and what each document's length is; then the folder is a prepared one."""
    left = training_length(sum(characters for one in notes for _, characters, _ in one["parts"]))
    tokens_of: dict[tuple[bool, int], int] = {}  # by (held out, document)
    for number, one in enumerate(notes):
        at = 0
        for document, characters, tokens in one["parts"]:
            if left >= characters:
                first = tokens
            else:
                first = _spelt(out / shard_name(number), dtype, at, left) if left > 0 else 0
            for key, count in ((False, document), first), ((True, document), tokens - first):
                tokens_of[key] = tokens_of.get(key, 0) + count
            left, at = left - characters, at + tokens
    parts = [(held_out, tokens) for (held_out, _), tokens in sorted(tokens_of.items()) if tokens]
    return shards.seal(
        out,
        domain="text",
        codec=codec.to_dict(),
        dtype=dtype,
        shards=notes,
        lengths=[tokens for _, tokens in parts],
        train=sum(not held_out for held_out, _ in parts),
        sources=sources,
        source_bytes=source_bytes,
    )


def _spelt(path: Path, dtype: str, at: int, characters: int) -> int:
    """How many symbols the first so many characters after the `at`-th symbol of a shard take."""
    ids = np.memmap(path, DTYPES[dtype], "r")[at:]
    for offset in range(0, len(ids), cuts.CHUNK):
        begins = np.flatnonzero(starts(ids[offset : offset + cuts.CHUNK]))
        if characters < len(begins):
            return offset + int(begins[characters])
        characters -= len(begins)
    return len(ids)


def _finished(out: Path, number: int, dtype: str) -> dict[str, Any]:
    notes = shards.finished(out, number, dtype)
    if notes is None:
        raise DataError(f"{out / shard_name(number)} has vanished; give the same command again")
    return notes


def _refuse_used(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(path.suffix != ".part" for path in out.iterdir())):
        raise UsageError(f"{out} is in use; name another folder with --out")


def _write_plan(out: Path, sources: str, codec: Characters) -> None:
    out.mkdir(parents=True, exist_ok=True)
    replace_file(out / PLAN, json.dumps({"sources": sources, "codec": codec.to_dict()}).encode())


def _resume_plan(out: Path, sources: str) -> Characters | None:
    """The codec of what was begun from the same sources, None where nothing was begun."""
    if not os.path.lexists(out / PLAN):
        return None
    plan = read_json(out, PLAN)
    try:
        begun, codec = plan["sources"], Characters.from_dict(plan["codec"])
    except (KeyError, TypeError, ValueError, ModelError):
        raise DataError(f"{out / PLAN} is damaged; delete {out} and begin anew") from None
    if begun != sources:
        raise UsageError(
            f"{out} was begun from other files, other versions of them or other settings; give the same, or delete it"
        )
    return codec
