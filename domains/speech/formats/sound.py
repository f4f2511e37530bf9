"""Any sound file: WAV here, FLAC, OGG and others through `soundfile`, from the extra `speech`."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np

from seqgen.errors import DataError
from seqgen.files.reading import read_bytes

from ..clip import HIGHEST_RATE, LOWEST_RATE
from .wav import Sound, read_wav

LARGEST = 64 << 20  # bytes
LONGEST = 60.0  # seconds
LOUDEST = 1000.0
ENDINGS = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3")


def read_sound(path: str | os.PathLike[str], longest: float = LONGEST) -> Sound:
    """The sound of a file of 8 to 48 kHz and at most so many seconds, channels mixed to one.

    Raises DataError for a file that is missing, damaged, too long or no sound, and where `soundfile` is missing for it.

    >>> import tempfile
    >>> from seqgen.domains.speech import write_wav
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_wav(f"{folder}/hm.wav", np.full(8000, 0.5), 16_000)
    ...     read_sound(f"{folder}/hm.wav").rate
    16000
    """
    name = os.fspath(path)
    data = read_bytes(path, LARGEST, too_large=", which no clip of speech is; cut it into sentences")
    sound = (
        read_wav(data, name)
        if data[:4] in (b"RIFF", b"RIFX") or Path(name).suffix.lower() == ".wav"
        else _other(data, name, longest)
    )
    if not LOWEST_RATE <= sound.rate <= HIGHEST_RATE:
        raise DataError(
            f"{name} has {sound.rate:,} samples a second; give sound of {LOWEST_RATE:,} to {HIGHEST_RATE:,} (16,000 is best)"
        )
    if not len(sound.samples):
        raise DataError(f"{name} holds no sound: it has no samples; record it again")
    if len(sound.samples) > longest * sound.rate:
        seconds = len(sound.samples) / sound.rate
        raise DataError(f"{name} lasts {seconds:,.0f} s, more than {longest:.0f}; cut it into sentences")
    if not np.abs(sound.samples).max() <= LOUDEST:  # NaN compares with nothing
        raise DataError(f"{name} holds samples that are no numbers, or far beyond -1 to 1; record or export it again")
    return sound


def _other(data: bytes, name: str, longest: float) -> Sound:
    try:
        import soundfile
    except (ImportError, OSError):  # it has no library for this machine
        raise DataError(
            f'{name} is no WAV file, and others are read by soundfile, which is not installed: pip install "seqgen[speech]"'
        ) from None
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            rate, channels = int(file.samplerate), int(file.channels)
            if not 1 <= channels <= 8:
                raise DataError(f"{name} has {channels} channels; export it with one")
            # One more than is allowed is enough to know: a header may promise more than there is memory.
            samples = file.read(int(longest * min(max(rate, 1), 192_000)) + 1, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, RuntimeError, ValueError, TypeError, OSError, MemoryError) as error:
        raise DataError(f"{name} is no sound file that can be read: {' '.join(str(error).split())[:120]}") from None
    return Sound(samples.mean(axis=1, dtype=np.float32), rate)
