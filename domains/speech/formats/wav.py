"""WAV files, read without trusting a byte of them, and written."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqgen.errors import DataError
from seqgen.files.storage import write_output
from seqgen.files.wav import wav_bytes

PLAIN, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
MOST_CHANNELS = 8


class Sound(NamedTuple):
    """samples: float32 `[N]`, channels mixed to one. rate: of them a second.

    >>> Sound(np.zeros(160, np.float32), 16_000).rate
    16000
    """

    samples: NDArray[np.float32]
    rate: int


class _Form(NamedTuple):
    kind: int
    channels: int
    rate: int
    bits: int


def read_wav(data: bytes, name: str) -> Sound:
    """The sound of a file of 8, 16, 24 or 32 bits, or floats. Raises DataError for anything else.

    >>> sound = read_wav(wav_bytes(np.array([0.0, 0.5, -0.5]), 8000), "three.wav")
    >>> sound.rate, np.round(sound.samples, 2).tolist()
    (8000, [0.0, 0.5, -0.5])
    """
    if len(data) < 12 or data[:4] not in (b"RIFF", b"RIFX") or data[8:12] != b"WAVE":
        raise DataError(f"{name} is no WAV file: it does not begin with RIFF and WAVE; export it as WAV again")
    if data[:4] == b"RIFX":
        raise DataError(f"{name} is a WAV file of numbers written backwards (RIFX); export it as plain WAV")
    form, at = None, 12
    while at + 8 <= len(data):
        tag, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + size]
        if tag == b"fmt ":
            form = _form(body, name)
        elif tag == b"data":
            if form is None:
                raise DataError(f"{name} has sound before it says in which form; the file is damaged, export it again")
            return Sound(_samples(body, form), form.rate)
        at += 8 + size + size % 2
    raise DataError(f"{name} holds no sound: there is no data in it; export it as WAV again")


def _form(body: bytes, name: str) -> _Form:
    if len(body) < 16:
        raise DataError(f"{name} does not say in which form its sound is; the file is damaged, export it again")
    kind, channels, rate, _, _, bits = struct.unpack("<HHIIHH", body[:16])
    if kind == EXTENSIBLE and len(body) >= 26:
        kind = int.from_bytes(body[24:26], "little")
    if (kind, bits) not in ((PLAIN, 8), (PLAIN, 16), (PLAIN, 24), (PLAIN, 32), (FLOAT, 32), (FLOAT, 64)):
        raise DataError(f"{name} is WAV of kind {kind} with {bits} bits; export it as plain WAV of 16 bits")
    if not 1 <= channels <= MOST_CHANNELS or not rate:
        raise DataError(f"{name} has {channels} channels at {rate} samples a second; export it as WAV of one channel")
    return _Form(kind, channels, rate, bits)


def _samples(body: bytes, form: _Form) -> NDArray[np.float32]:
    width = form.bits // 8
    count = len(body) // (width * form.channels)
    body = body[: count * width * form.channels]  # what was cut off is left out
    values: NDArray[np.float32]
    if form.kind == FLOAT:
        with np.errstate(over="ignore", invalid="ignore"):  # what is no number is told by whoever uses it
            values = np.frombuffer(body, f"<f{width}").astype(np.float32)
    elif form.bits == 8:  # the only one without a sign
        values = ((np.frombuffer(body, np.uint8).astype(np.float64) - 128) / 128).astype(np.float32)
    elif form.bits == 24:
        raw = np.frombuffer(body, np.uint8).reshape(-1, 3).astype(np.int32)
        values = ((raw[:, 0] << 8 | raw[:, 1] << 16 | raw[:, 2] << 24) / 2.0**31).astype(np.float32)
    else:
        whole = np.frombuffer(body, f"<i{width}").astype(np.float64)
        values = (whole / 2 ** (form.bits - 1)).astype(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        mixed: NDArray[np.float32] = values.reshape(count, form.channels).mean(axis=1, dtype=np.float32)
    return mixed


def write_wav(path: str | Path, samples: NDArray[np.floating], rate: int) -> None:
    """Writes a WAV file, whole or not at all. Raises UsageError for a place that cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_wav(f"{folder}/hm.wav", np.zeros(1600), 16_000)
    ...     Path(folder, "hm.wav").stat().st_size
    3244
    """
    write_output(path, wav_bytes(samples, rate))
