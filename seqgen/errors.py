"""Every error seqgen raises on purpose.

SeqgenError
├── UsageError        the request cannot be met as typed; the command line exits with 2
│   └── UnknownName   no such model, data set, domain or setting; says what there is
├── DataError         a file or folder cannot be used as data
├── ModelError        a model or run folder is damaged, foreign or of another version
└── TrainingError     a run went wrong: its loss is no longer a number

Each message says what came, what was wanted and what to do, in one line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

Known = TypeVar("Known")


class SeqgenError(Exception):
    """Base of all errors raised on purpose: `except SeqgenError` catches them and no bug.

    >>> from seqgen import TrainingConfig
    >>> try:
    ...     TrainingConfig(rows=0)
    ... except SeqgenError as error:
    ...     print(error)
    rows is 0; give a number above 0
    """


class UsageError(SeqgenError):
    """The request cannot be met as typed: a negative temperature, a used run folder.

    >>> from seqgen import TrainingConfig
    >>> TrainingConfig(ema=1)
    Traceback (most recent call last):
        ...
    seqgen.errors.UsageError: ema is 1; give a number from 0 up to, not including, 1
    """


class UnknownName(UsageError):
    """A name that stands for nothing; the message lists what there is and guesses what was meant.

    >>> print(UnknownName("hand", "joint", ["joined", "print"]))
    no hand named 'joint'; did you mean 'joined'? (known: joined, print)
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        import difflib  # 15 ms that only a wrong name should cost

        known = sorted(known)
        close = difflib.get_close_matches(name, known, n=1)
        guess = f"; did you mean {close[0]!r}?" if close else ""
        super().__init__(f"no {kind} named {name!r}{guess} (known: {', '.join(known) or 'none'})")


def pick(kind: str, name: str, known: Mapping[str, Known]) -> Known:
    """What is known by this name. Raises UnknownName."""
    if name not in known:
        raise UnknownName(kind, name, known)
    return known[name]


class DataError(SeqgenError):
    """A file or folder cannot be used as data: empty, binary, not decodable, too short.

    >>> from seqgen.files.reading import read_text
    >>> read_text("no_such_file.txt")
    Traceback (most recent call last):
        ...
    seqgen.errors.DataError: cannot read no_such_file.txt: No such file or directory; check the name and its permissions
    """


class ModelError(SeqgenError):
    """A model or run folder is damaged, foreign, or written by a newer version.

    >>> from seqgen import from_pretrained
    >>> from_pretrained("no_such_folder")
    Traceback (most recent call last):
        ...
    seqgen.errors.ModelError: there is no model folder no_such_folder; check the path, or train a model into it
    """


class TrainingError(SeqgenError):
    """A run went wrong by itself; the message names the last good checkpoint.

    >>> issubclass(TrainingError, SeqgenError)
    True
    """


def one_line(error: Exception | str) -> str:
    """What an error or a file says, fit for a message: it may hold words of a stranger's file, with line ends among them."""
    return " ".join(str(error).split())[:300]
