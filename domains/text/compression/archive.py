"""The bytes of any file as a model's surprises, and back: exact, or refused by a check."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from seqgen.errors import DataError, UsageError
from seqgen.models.model import Model
from seqgen.nn.context import Params
from seqgen.training.adapting import Adapting

from ..adapting import begun
from ..codec import spelling_of
from .arithmetic import Decoder, Encoder
from .predicting import Predictor

MAGIC = b"SGZ1"
RAW, CODED, ADAPTED = 0, 1, 2
# How it is stored, lanes, bytes and symbols of the file, CRC-32 of it, the model's fingerprint.
HEADER = struct.Struct("<4sBBQQI16s")
LANES, LANE = 16, 4096  # parts of a text that are coded side by side; symbols of one at the least
TRIED = 2048  # bytes: where these are nothing the model knows, neither is the rest


def compress(data: bytes, codec: Any, model: Model, params: Params, *, adapt: bool = False) -> bytes:
    """Any bytes, in few of them if the model expects them; adapt: it learns as it goes. Raises UsageError for a model whose steps are no symbols."""
    if not hasattr(model.head, "logits"):
        raise UsageError(f"this model draws {model.head.spec}, no symbols; name a model of text")
    ids = _symbols(data, codec)
    if ids is not None and len(data) > 2 * TRIED:  # a look at a part, before much is computed for nothing
        some = ids[:TRIED]
        spelt = sum(map(len, _spelling(codec, some)))
        ids = None if len(b"".join(_coded(some, model, params))) >= spelt else ids
    adapting = begun(codec, model, params) if adapt and ids is not None else None
    coded = [] if ids is None else _coded(ids, model, params, adapting)
    body = b"".join([*(struct.pack("<I", len(lane)) for lane in coded), *coded])
    kind = RAW if ids is None or len(body) >= len(data) else ADAPTED if adapt else CODED
    count = 0 if ids is None else len(ids)
    head = (kind, len(coded), len(data), count, zlib.crc32(data), fingerprint(codec, model, params))
    return HEADER.pack(MAGIC, *head) + (data if kind == RAW else body)


def decompress(packed: bytes, codec: Any, model: Model, params: Params) -> bytes:
    """The bytes again. Raises DataError for what `compress` did not make, for another model's, and for what is damaged or
    comes out wrong, as on a machine that rounds otherwise.
    """
    if len(packed) < HEADER.size or not packed.startswith(MAGIC):
        raise DataError("this is not what `seqgen text compress` makes: it does not begin as that does; check the file")
    _, kind, lanes, length, count, check, made_by = HEADER.unpack_from(packed)
    body = packed[HEADER.size :]
    if kind not in (RAW, CODED, ADAPTED):
        raise DataError("it was made by a newer seqgen, or is damaged: pip install --upgrade seqgen")
    if kind != RAW:
        if made_by != fingerprint(codec, model, params):
            raise DataError("it was compressed by another model; name that one with --model")
        if not 1 <= lanes <= LANES or count > length or lanes > max(count, 1):
            raise DataError("its header cannot be: the file is damaged; get an undamaged copy")
        adapting = begun(codec, model, params) if kind == ADAPTED else None
        ids = _decoded(_cut(body, lanes), count, model, params, adapting)
        body = b"".join(_spelling(codec, ids))
    if len(body) != length or zlib.crc32(body) != check:
        raise DataError(
            "it does not come out as it went in: the file is damaged, or this machine's numbers differ in a last bit from "
            "those of the one that compressed it; decompress it there, with the same version of seqgen"
        )
    return body


def fingerprint(codec: Any, model: Model, params: Params) -> bytes:
    """16 bytes that say which model this is: its codec, its settings and every weight."""
    digest = hashlib.sha256(json.dumps([codec.to_dict(), model.to_dict()], sort_keys=True).encode())
    for leaf in jax.tree.leaves(params):
        digest.update(np.ascontiguousarray(leaf, np.float32).tobytes())
    return digest.digest()[:16]


def _symbols(data: bytes, codec: Any) -> NDArray[np.int32] | None:
    """Symbols that spell just these bytes; None where there are none. What is no text, and CR, is bytes."""
    numbers = {one[1]: at for at, one in enumerate(codec.symbols()) if isinstance(one, tuple) and one[0] == "byte"}
    parts: list[NDArray[np.int32]] = []
    text, begin = data.decode("utf-8", "surrogateescape"), 0
    odd = [at for at, sign in enumerate(text) if sign == "\r" or "\ud800" <= sign <= "\udfff"]
    for at in [*odd, len(text)]:
        if begin < at:
            parts.append(np.asarray(codec.prompt(text[begin:at]), np.int32))
        if at < len(text):
            byte = 13 if text[at] == "\r" else ord(text[at]) - 0xDC00
            parts.append(np.array([numbers.get(byte, -1)], np.int32))
        begin = at + 1
    ids = np.concatenate([np.zeros(0, np.int32), *parts])
    return ids if len(ids) and ids.min() >= 0 and b"".join(_spelling(codec, ids)) == data else None


def _spelling(codec: Any, ids: NDArray[np.int32]) -> Iterator[bytes]:
    spelt = list(map(spelling_of, codec.symbols()))
    return (spelt[symbol] for symbol in ids.tolist())


def _lanes(count: int, lanes: int) -> list[int]:
    """How many symbols each has: the first have one more where they cannot be equal."""
    return [count // lanes + (lane < count % lanes) for lane in range(lanes)]


def _coded(ids: NDArray[np.int32], model: Model, params: Params, adapting: Adapting | None = None) -> list[bytes]:
    lanes = min(LANES, max(1, len(ids) // LANE))
    lengths = _lanes(len(ids), lanes)
    rows = np.zeros((lanes, lengths[0]), np.int32)
    for row, part in zip(rows, np.split(ids, np.cumsum(lengths)[:-1]), strict=True):
        row[: len(part)] = part
    encoders = [Encoder() for _ in range(lanes)]
    predictor = Predictor(model, params, lanes, adapting)
    for at in range(lengths[0]):
        symbols, sums = rows[:, at], predictor.cumulative
        for lane, encoder in enumerate(encoders):
            if at < lengths[lane]:
                start, end = sums[lane, symbols[lane] : symbols[lane] + 2].tolist()
                encoder.put(start, end - start, int(sums[lane, -1]))
        predictor.read(symbols)
    return [encoder.finish() for encoder in encoders]


def _cut(body: bytes, lanes: int) -> list[bytes]:
    if len(body) < 4 * lanes:
        raise DataError("it ends too early: the file is damaged; get an undamaged copy")
    lengths: Sequence[int] = struct.unpack_from(f"<{lanes}I", body)
    found, at = [], 4 * lanes
    for length in lengths:
        found.append(body[at : at + length])
        at += length
    if at != len(body):
        raise DataError("it is not as long as its header says: the file is damaged; get an undamaged copy")
    return found


def _decoded(
    coded: Sequence[bytes], count: int, model: Model, params: Params, adapting: Adapting | None
) -> NDArray[np.int32]:
    lengths = _lanes(count, len(coded))
    rows = np.zeros((len(coded), lengths[0]), np.int32)
    decoders = [Decoder(lane) for lane in coded]
    predictor = Predictor(model, params, len(coded), adapting)
    for at in range(lengths[0]):
        sums = predictor.cumulative
        for lane, decoder in enumerate(decoders):
            if at < lengths[lane]:
                symbol = int(np.searchsorted(sums[lane], decoder.get(int(sums[lane, -1])), side="right")) - 1
                start, end = sums[lane, symbol : symbol + 2].tolist()
                decoder.drop(start, end - start)
                rows[lane, at] = symbol
        predictor.read(rows[:, at])
    return np.concatenate([row[:length] for row, length in zip(rows, lengths, strict=True)])
