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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

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
from .codec import FIT_LENGTH
from .cuts import File, Job, Piece, by_lines, check_encoding, decoded, find_files, jobs_of, read_piece
from .division import Division, Item, held_out, text_of
from .documents import TextCodec, fit_codec, load_codec
from .files import HOLD_OUT, check_hold_out, hold_out_of, tell_held_out, training_length


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


class _Plan(NamedTuple):
    """How texts are read."""

    encoding: str
    level: str
    division: Division
    hold_out: str

    def about(self) -> dict[str, Any]:
        """The first line of sources.jsonl, by which the same command is known again."""
        told = {"format": FORMAT, "encoding": self.encoding, "bytes": self.level == "bytes"}
        own = {**asdict(self.division), "hold_out": self.hold_out, "level": self.level}
        usual = {**asdict(Division()), "hold_out": HOLD_OUT[0], "level": "characters"}
        if self.level == "bytes":  # said already
            del own["level"]
        return {**told, **{name: value for name, value in own.items() if value != usual[name]}}

    def fit(self, head: Sequence[Item], all_of_it: bool) -> TextCodec:
        """The codec that training on the same texts in memory has: that of the part which is not held out."""
        parts = hold_out_of(head, self.hold_out).train if all_of_it and self.level != "bytes" else head
        return fit_codec(parts, level=self.level, **asdict(self.division))

    def divided(self, chunks: Iterable[str], name: str) -> Iterator[Item]:
        """A text in chunks, or the documents it is divided into."""
        if self.division:
            return self.division.of(chunks, name)
        return iter(chunks) if self.level in ("bytes", "characters") else by_lines(chunks)


def prepare(
    data: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    workers: int = 1,
    encoding: str = "utf-8",
    as_bytes: bool = False,
    documents: str = "",
    field: str = "",
    hold_out: str = "documents",
    level: str = "characters",
) -> Prepared:
    """Text files and folders, or "-" (standard input), of any size, to a folder that `train` reads as it goes.

    The alphabet is that of the first 32 million characters; others are spelt in bytes. A tenth is held out.
    workers: processes; with more than one a script needs its `if __name__ == "__main__":`.
    as_bytes: level "bytes": one byte on the disk for each instead of two a character.
    documents, field, hold_out, level: as for `train`. A word that stands where two shards meet comes in two parts.
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
    check_hold_out(hold_out)
    plan = _Plan(encoding, "bytes" if as_bytes else level, Division(documents, field), hold_out)
    try:
        if "-" in [os.fspath(path) for path in given]:
            if len(given) > 1:
                raise UsageError("standard input (-) is read alone; leave out the other files")
            return _prepare_stream(sys.stdin.buffer, out, plan)
        return _prepare_files(given, out, workers, plan)
    except OSError as error:
        raise _cannot_write(out, error) from None


def _cannot_write(out: Path, error: OSError) -> UsageError:
    return UsageError(
        f"cannot write {error.filename or out}: {error.strerror or error}; free some space or name another place"
        " (what is finished stays so)"
    )


def _prepare_files(given: Sequence[str | os.PathLike[str]], out: Path, workers: int, plan: _Plan) -> Prepared:
    passed_over: list[str] = []
    files = find_files(given, out, plan.encoding, passed_over)
    about = {**plan.about(), "shard": cuts.SHARD}
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
        codec = plan.fit(*([], True) if plan.level == "bytes" else _head(files, plan))
        _write_plan(out, digest, codec)
    dtype = shards.dtype_of(codec.spec)
    jobs = list(jobs_of(files, plan.encoding, whole=bool(plan.division)))
    left = [job for job in jobs if shards.finished(out, job.number, dtype) is None]
    with Progress(len(jobs), done=len(jobs) - len(left), unit="bytes", per_step=cuts.SHARD) as progress:
        for done, _ in enumerate(over_processes(partial(_work, out, codec, dtype, plan), left, workers), 1):
            progress.update(len(jobs) - len(left) + done)
    notes = [_finished(out, job.number, dtype) for job in jobs]
    manifest = _seal(out, codec, dtype, plan, notes, sources, sum(file.size for file in files))
    skipped = [line for one in notes for line in one["skipped"]]
    return Prepared(out, manifest, (*passed_over, *skipped))


def _prepare_stream(stream: BinaryIO, out: Path, plan: _Plan) -> Prepared:
    if is_corpus(out):
        raise UsageError(f"{out} is in use, and a stream cannot be gone on with: delete it or name another folder")
    _refuse_used(out)
    texts = plan.divided(decoded(stream, "standard input", plan.encoding, 0, None), "standard input")
    head: list[Item] = []
    total = 0
    for text in texts:
        head.append(text)
        total += len(text_of(text))
        if plan.level == "bytes" or total > _ENOUGH:
            break
    codec = plan.fit([*head] if plan.division else ["".join(map(text_of, head))], total <= _ENOUGH)
    dtype = shards.dtype_of(codec.spec)
    _write_plan(out, "-", codec)
    texts, notes, size = itertools.chain(head, texts), [], 0
    for number in itertools.count():
        parts: list[list[int]] = []
        with ShardWriter(out, number, dtype) as shard:
            for text in texts:
                mark = shard.tokens
                shard.write(codec.encode(text).steps)
                parts.append([0, len(text_of(text)), shard.tokens - mark])
                size += len(text_of(text).encode(errors="replace"))
                if shard.tokens >= cuts.SHARD:
                    break
            if not parts:
                break
            shard.finish({"parts": parts, "skipped": []})
        notes.append(_finished(out, number, dtype))
    about = [plan.about(), {"name": "-", "bytes": size}]
    sources = "".join(json.dumps(line) + "\n" for line in about).encode()
    return Prepared(out, _seal(out, codec, dtype, plan, notes, sources, size))


# The alphabet

# With so many characters the first FIT_LENGTH are all for training, whatever follows.
_ENOUGH = FIT_LENGTH * 10 // 9 + 10


def _head(files: Iterable[File], plan: _Plan) -> tuple[list[Item], bool]:
    """The first texts of all, and whether that is all there are."""
    head: list[Item] = []
    total = 0
    for file in files:
        before = len(head)
        try:
            whole = Piece(0, file.path, 0, file.size, plan.encoding, True, file.named)
            for text in plan.divided(read_piece(whole), str(file.path)):
                head.append(text)
                total += len(text_of(text))
                if total > _ENOUGH:
                    return head, False
        except DataError:
            if file.named:
                raise
            total -= sum(len(text_of(text)) for text in head[before:])
            del head[before:]
        if not plan.division:  # the chunks of one text
            head[before:] = ["".join(map(text_of, head[before:]))] if len(head) > before else []
    return head, True


# Writing


def _work(out: Path, codec: TextCodec, dtype: str, plan: _Plan, job: Job) -> None:
    """Writes one shard. It notes what `_seal` needs: [document, characters, tokens] of each piece, or document."""
    try:
        _write(out, codec, dtype, plan, job)
    except OSError as error:
        raise _cannot_write(out, error) from None


def _write(out: Path, codec: TextCodec, dtype: str, plan: _Plan, job: Job) -> None:
    parts: list[list[int]] = []
    skipped: list[str] = []
    with ShardWriter(out, job.number, dtype) as shard:
        for piece in job.pieces:
            mark, found = shard.mark(), []
            try:
                for text in plan.divided(read_piece(piece), str(piece.path)):
                    stop_if_orphaned()
                    before = shard.tokens
                    shard.write(codec.encode(text).steps)
                    found.append([piece.document, len(text_of(text)), shard.tokens - before])
                if piece.whole and not found:
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
            if plan.division:
                parts += found
            else:  # one text in chunks
                parts.append([piece.document, sum(one[1] for one in found), sum(one[2] for one in found)])
        shard.finish({"parts": parts, "skipped": skipped})


def _seal(
    out: Path,
    codec: TextCodec,
    dtype: str,
    plan: _Plan,
    notes: Sequence[Mapping[str, Any]],
    sources: bytes,
    source_bytes: int,
) -> Manifest:
    """Finds what is held out and what each document's length is; then the folder is a prepared one."""
    texts = _texts(notes, bool(plan.division))
    drawn = held_out([characters for characters, _ in texts]) if plan.hold_out == "documents" else None
    if drawn is None:
        lengths, train = _end_held_out(out, codec, dtype, notes, bool(plan.division))
    else:
        lengths = [-tokens if held else tokens for held, (_, tokens) in zip(drawn, texts, strict=True) if tokens]
        train = sum(length > 0 for length in lengths)
    if len(texts) > 1:
        tell_held_out(len(texts), None if drawn is None else int(drawn.sum()))
    return shards.seal(
        out,
        domain="text",
        codec=codec.to_dict(),
        dtype=dtype,
        shards=notes,
        lengths=lengths,
        train=train,
        sources=sources,
        source_bytes=source_bytes,
    )


def _texts(notes: Sequence[Mapping[str, Any]], divided: bool) -> list[list[int]]:
    """[characters, tokens] of each text: of a part each where texts are divided, else of a file's parts together."""
    texts: list[list[int]] = []
    last = -1
    for document, characters, tokens in itertools.chain.from_iterable(one["parts"] for one in notes):
        if divided or document != last:
            texts.append([0, 0])
        texts[-1][0] += characters
        texts[-1][1] += tokens
        last = document
    return texts


def _end_held_out(
    out: Path, codec: TextCodec, dtype: str, notes: Sequence[Mapping[str, Any]], divided: bool
) -> tuple[list[int], int]:
    """The lengths of the texts up to where the last tenth begins and from there on, and how many are the former."""
    left = training_length(sum(characters for one in notes for _, characters, _ in one["parts"]))
    tokens_of: dict[tuple[bool, int], int] = {}  # by (held out, document)
    count = itertools.count()
    for number, one in enumerate(notes):
        at = 0
        for document, characters, tokens in one["parts"]:
            if left >= characters:
                first = tokens
            else:
                first = _spelt(out / shard_name(number), codec, dtype, at, left) if left > 0 else 0
            text = next(count) if divided else document
            for key, length in ((False, text), first), ((True, text), tokens - first):
                tokens_of[key] = tokens_of.get(key, 0) + length
            left, at = left - characters, at + tokens
    parts = [(held, tokens) for (held, _), tokens in sorted(tokens_of.items()) if tokens]
    return [tokens for _, tokens in parts], sum(not held for held, _ in parts)


def _spelt(path: Path, codec: TextCodec, dtype: str, at: int, characters: int) -> int:
    """How many symbols the first so many characters after the `at`-th symbol of a shard take, no part of one among them."""
    ids = np.memmap(path, DTYPES[dtype], "r")[at:]
    for offset in range(0, len(ids), cuts.CHUNK):
        begun = np.cumsum(codec.begun(ids[offset : offset + cuts.CHUNK]))
        if characters < begun[-1]:
            return offset + int(begun.searchsorted(characters, "right"))
        characters -= int(begun[-1])
    return len(ids)


def _finished(out: Path, number: int, dtype: str) -> dict[str, Any]:
    notes = shards.finished(out, number, dtype)
    if notes is None:
        raise DataError(f"{out / shard_name(number)} has vanished; give the same command again")
    return notes


def _refuse_used(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(path.suffix != ".part" for path in out.iterdir())):
        raise UsageError(f"{out} is in use; name another folder with --out")


def _write_plan(out: Path, sources: str, codec: TextCodec) -> None:
    out.mkdir(parents=True, exist_ok=True)
    replace_file(out / PLAN, json.dumps({"sources": sources, "codec": codec.to_dict()}).encode())


def _resume_plan(out: Path, sources: str) -> TextCodec | None:
    """The codec of what was begun from the same sources, None where nothing was begun."""
    if not os.path.lexists(out / PLAN):
        return None
    plan = read_json(out, PLAN)
    try:
        begun, codec = plan["sources"], load_codec(plan["codec"])
    except (KeyError, TypeError, ValueError, ModelError):
        raise DataError(f"{out / PLAN} is damaged; delete {out} and begin anew") from None
    if begun != sources:
        raise UsageError(
            f"{out} was begun from other files, other versions of them or other settings; give the same, or delete it"
        )
    return codec
