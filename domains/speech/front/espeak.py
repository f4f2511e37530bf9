"""The sounds of a text in other languages than English, by espeak-ng, a program of its own that need not be there."""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import re
import threading
from importlib.util import find_spec

from seqgen.errors import DataError, UsageError

from ..clip import PAUSE, Phone

SYNCHRONOUS, UTF8, IPA = 2, 1, 2  # of speak_lib.h, as all numbers here
BETWEEN = "_"  # what is put between sounds
STRESSES = {"\u02c8": 1, "\u02cc": 2}  # of the International Phonetic Alphabet
COMMAS = ",;:\u3001\uff0c\uff1a\uff1b"  # the last ones as Chinese writes them
LONGEST = 300  # characters of a sentence, or it is cut where there is a comma
_CLOSING = "\"'\u00bb\u201d\u201c)]"
_CLAUSE = re.compile(
    rf"(?<=[,;:.!?\u2026])[{re.escape(_CLOSING)}]*\s+|(?<=[\u3001\u3002\uff01\uff0c\uff1a\uff1b\uff1f])|\n+"
)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}", re.IGNORECASE)
_TURN = threading.Lock()  # the library has one language at a time


def sentences_of(text: str) -> list[str]:
    """A text in sentences, long ones cut where there is a comma. Raises DataError for one without words.

    >>> sentences_of("Guten Tag. Wie geht es, mein Freund?")
    ['Guten Tag.', 'Wie geht es, mein Freund?']
    """
    found: list[list[str]] = [[]]
    for clause in _clauses(text):
        found[-1].append(clause)
        if _mark(clause) != "," or sum(map(len, found[-1])) > LONGEST:
            found.append([])
    if not found[0]:
        raise DataError(f"there is nothing to say in {text!r:.40}; give a text with words")
    return [" ".join(clauses) for clauses in found if clauses]


@functools.lru_cache(maxsize=4096)
def phones_of(text: str, language: str) -> tuple[Phone, ...]:
    r"""The sounds of a text as espeak-ng has them, in the International Phonetic Alphabet, with pauses at its marks.

    language: as espeak-ng calls it, such as "de". Raises UsageError where it has none of that name, or is not on this
    machine, DataError for a text without words.

    >>> from importlib.util import find_spec
    >>> if find_spec("espeakng_loader"):
    ...     assert [phone.name for phone in phones_of("Komm!", "de")] == ["_", "k", "\N{LATIN SMALL LETTER OPEN O}", "m", "_"]
    """
    found = [Phone(PAUSE)]
    for clause in _clauses(text):
        words = [_sounds(word) for word in _said(clause, language).split()]
        for sounds in filter(None, words):
            for place, (name, stress) in enumerate(sounds):
                found.append(Phone(name, stress, place == 0, place == len(sounds) - 1))
        if any(words):
            found.append(Phone(PAUSE, mark=_mark(clause)))
    if len(found) == 1:
        raise DataError(f"there is nothing to say in {text!r:.40}; give a text with words")
    return tuple(found)


def check(language: str) -> None:
    """Raises UsageError for a language that espeak-ng does not speak here."""
    with _TURN:
        _speaking(language)


def _clauses(text: str) -> list[str]:
    """What stands between marks, the mark with it, and has letters or digits in it."""
    parts = (part.strip() for part in _CLAUSE.split(text.replace("\0", " ")))
    return [part for part in parts if any(map(str.isalnum, part))]


def _mark(clause: str) -> str:
    sign = clause.rstrip(_CLOSING)[-1:]
    return "," if sign in COMMAS else "?" if sign in "?\uff1f" else "."


def _sounds(word: str) -> list[tuple[str, int]]:
    """Sounds and their stresses; where espeak-ng changes its language it says so in brackets."""
    found = []
    for sound in re.sub(r"\([a-z-]*\)", "", word).split(BETWEEN):
        name = sound.lstrip("".join(STRESSES))
        if name:
            found.append((name, STRESSES.get(sound[0], 0)))
    return found


def _said(clause: str, language: str) -> str:
    with _TURN:
        library = _speaking(language)
        given = ctypes.create_string_buffer(clause.encode())
        rest, found = ctypes.c_void_p(ctypes.addressof(given)), []
        while rest.value:
            found.append(library.espeak_TextToPhonemes(ctypes.byref(rest), UTF8, IPA | ord(BETWEEN) << 8))
    return " ".join(part.decode() for part in found if part)


def _speaking(language: str) -> ctypes.CDLL:
    library = _library()
    if not _LANGUAGE.fullmatch(language) or library.espeak_SetVoiceByName(language.encode()):
        raise UsageError(f"espeak-ng has no language {language!r}; give one such as de, fr, es, pt-br or cmn")
    return library


@functools.lru_cache(maxsize=1)
def _library() -> ctypes.CDLL:
    name, data = ctypes.util.find_library("espeak-ng"), None
    if find_spec("espeakng_loader") is not None:
        import espeakng_loader

        name, data = espeakng_loader.get_library_path(), espeakng_loader.get_data_path().encode()
    if name is None:
        raise UsageError(
            "other languages than English are pronounced by espeak-ng, which is not on this machine: "
            "pip install 'seqgen[espeak]'"
        )
    library = ctypes.CDLL(name)
    if library.espeak_Initialize(SYNCHRONOUS, 0, data, 0) <= 0:
        raise UsageError("espeak-ng does not start; install the package espeakng-loader again")
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    library.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_void_p), ctypes.c_int, ctypes.c_int]
    return library
