"""The sounds of a text in other languages than English, by espeak-ng, a program of its own that need not be there."""

from __future__ import annotations

import atexit
import functools
import json
import re
import subprocess
import sys
import threading
from pathlib import Path

from seqgen.errors import UsageError

from ..clip import PAUSE, Phone
from .espeak_process import MISSING
from .phones import wordless

STRESSES = {"\u02c8": 1, "\u02cc": 2}  # of the International Phonetic Alphabet
COMMAS = ",;:\u3001\uff0c\uff1a\uff1b"  # the last ones as Chinese writes them
LONGEST = 300  # characters of a sentence, or it is cut where there is a comma
_CLOSING = "\"'\u00bb\u201d\u201c)]"
_CLAUSE = re.compile(
    rf"(?<=[,;:.!?\u2026])[{re.escape(_CLOSING)}]*\s+|(?<=[\u3001\u3002\uff01\uff0c\uff1a\uff1b\uff1f])|\n+"
)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}", re.IGNORECASE)
_TURN = threading.Lock()  # one question at a time
_MISSING = "other languages than English are pronounced by espeak-ng, which is not on this machine: pip install 'seqgen[espeak]'"
_BROKEN = "espeak-ng does not run; install the package espeakng-loader again"


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
        raise wordless(text)
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
        words = [_sounds(word) for word in _said(language, clause).split()]
        for sounds in filter(None, words):
            for place, (name, stress) in enumerate(sounds):
                found.append(Phone(name, stress, place == 0, place == len(sounds) - 1))
        if any(words):
            found.append(Phone(PAUSE, mark=_mark(clause)))
    if len(found) == 1:
        raise wordless(text)
    return tuple(found)


def check(language: str) -> None:
    """Raises UsageError for a language that espeak-ng does not speak here."""
    _said(language, "")


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
    for sound in re.sub(r"\([a-z-]*\)", "", word).split("_"):
        name = sound.lstrip("".join(STRESSES)).rstrip("-")  # a hyphen: the same sound, shorter
        if name:
            found.append((name, STRESSES.get(sound[0], 0)))
    return found


def _said(language: str, text: str) -> str:
    if not _LANGUAGE.fullmatch(language):
        raise _unknown(language)
    with _TURN:
        process = _process()
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(json.dumps([language, text]).encode() + b"\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except OSError:
            answer = b""
        if not answer:
            _process.cache_clear()
            process.communicate()
            raise UsageError(_MISSING if process.returncode == MISSING else _BROKEN)
    said = json.loads(answer)
    if said is None:
        raise _unknown(language)
    return str(said)


def _unknown(language: str) -> UsageError:
    return UsageError(f"espeak-ng has no language {language!r}; give one such as de, fr, es, pt-br or cmn")


@functools.lru_cache(maxsize=1)
def _process() -> subprocess.Popen[bytes]:
    """One for all texts: it ends when this process does."""
    command = [sys.executable, str(Path(__file__).with_name("espeak_process.py"))]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    atexit.register(lambda: process.communicate() if process.poll() is None else None)
    return process
