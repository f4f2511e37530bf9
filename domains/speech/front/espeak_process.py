"""Asks espeak-ng how texts are said: `python espeak_process.py`, a process of its own, as that library is under the GPL.

Each line of standard input is JSON, `[language, text]`; for each standard output has a line of JSON: the sounds in the
International Phonetic Alphabet with "_" between them and a space between words, or null for a language that it has not.
Exit status 3: espeak-ng is not on this machine.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import sys
from importlib.util import find_spec

SYNCHRONOUS, UTF8, IPA, BETWEEN = 2, 1, 2, ord("_") << 8  # of speak_lib.h
MISSING = 3


def main() -> int:
    name, data = ctypes.util.find_library("espeak-ng"), None
    if find_spec("espeakng_loader") is not None:
        import espeakng_loader

        name, data = espeakng_loader.get_library_path(), espeakng_loader.get_data_path().encode()
    if name is None:
        return MISSING
    library = ctypes.CDLL(name)
    if library.espeak_Initialize(SYNCHRONOUS, 0, data, 0) <= 0:
        return 1
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    library.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_void_p), ctypes.c_int, ctypes.c_int]
    for line in sys.stdin.buffer:
        language, text = json.loads(line)
        if library.espeak_SetVoiceByName(language.encode()):
            answer = None
        else:
            given = ctypes.create_string_buffer(text.encode(errors="replace"))
            rest, found = ctypes.c_void_p(ctypes.addressof(given)), []
            while rest.value:  # a clause at a time
                found.append(library.espeak_TextToPhonemes(ctypes.byref(rest), UTF8, IPA | BETWEEN))
            answer = b" ".join(filter(None, found)).decode()
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
