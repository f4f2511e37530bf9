"""Sound as the bytes of a WAV file."""

from __future__ import annotations

import io
import wave

import numpy as np
from numpy.typing import NDArray


def wav_bytes(sound: NDArray[np.floating], rate: int) -> bytes:
    """A WAV file of 16 bits of `[samples]` or `[samples, channels]`; what is beyond -1 and 1 is cut, no number is silent.

    A minute at a time, so that a long sound is not held in several types at once.

    >>> len(wav_bytes(np.zeros(1600), 16_000))
    3244
    """
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1 if sound.ndim == 1 else sound.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.setnframes(len(sound))
        for start in range(0, len(sound), 60 * rate):
            minute = np.clip(np.nan_to_num(sound[start : start + 60 * rate]), -1, 1)
            file.writeframesraw(np.rint(minute * 32767).astype("<i2").tobytes())
    return buffer.getvalue()
