"""Says the lines of standard input with espeak-ng: `python saying.py VOICE`, a process of its own.

The library goes on where it stood when it said something before (its pitch flutters), so only a new process says the same
again. For each line standard output has a line of JSON, `[samples a second, bytes, [[sample, phoneme], ...]]`, and then the
samples, 16 bits each. Of a word's beginning the phoneme is "". Exit status 3: there is no such voice.
"""

from __future__ import annotations

import ctypes
import json
import sys
from typing import Any

SYNCHRONOUS, PHONEME_EVENTS, UTF8 = 2, 1, 1  # of speak_lib.h, as all numbers here
END, WORD, PHONEME = 0, 1, 7
NO_VOICE = 3


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int) for name in ("type", "unique", "place", "length", "milliseconds", "sample")),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(_Event))


def main() -> int:
    import espeakng_loader  # here: whoever reads this file need not have it

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = library.espeak_Initialize(SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), PHONEME_EVENTS)
    if rate <= 0:
        return 1
    if library.espeak_SetVoiceByName(sys.argv[1].encode()):
        return NO_VOICE
    parts: list[bytes] = []
    events: list[tuple[int, str]] = []

    def take(samples: int | None, count: int, found: Any) -> int:
        if samples and count:
            parts.append(ctypes.string_at(samples, 2 * count))
        number = 0
        while found[number].type != END:
            event = found[number]
            if event.type in (WORD, PHONEME):
                events.append((event.sample, event.id.string.decode() if event.type == PHONEME else ""))
            number += 1
        return 0

    callback = _Callback(take)
    library.espeak_SetSynthCallback(callback)
    for line in sys.stdin.buffer:
        parts.clear()
        events.clear()
        library.espeak_Synth(line, ctypes.c_size_t(len(line) + 1), 0, 1, 0, UTF8, None, None)
        samples = b"".join(parts)
        sys.stdout.buffer.write(json.dumps([rate, len(samples), events]).encode() + b"\n" + samples)
    return 0


if __name__ == "__main__":
    sys.exit(main())
