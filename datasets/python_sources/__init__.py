"""Python's own standard library as text: twelve million characters of code on every machine, no download."""

from __future__ import annotations

import contextlib
import os
import sysconfig
import tokenize
from pathlib import Path

from seqgen.domain import Splits
from seqgen.domains.text.files import split
from seqgen.errors import DataError

DOMAIN = "text"
ORIGIN = "https://github.com/python/cpython as installed with Python, the folder Lib"
LICENCE = "PSF-2.0"

# Tests are full of odd bytes and repetition; the packages of a site are not the library.
_LEFT_OUT = {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__"}


def load(*, download: bool = False) -> Splits[str]:
    """One document a module, sorted by path; the last 10 % of the characters are for validation.

    The text is that of the running Python, so figures compare only within one version of it; `download` changes
    nothing. Raises DataError when this Python came without sources.

    >>> len(load().train) > 100
    True
    """
    folder = Path(sysconfig.get_path("stdlib"))
    paths: list[Path] = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _LEFT_OUT]
        # _sysconfigdata holds the settings of one build and not source code.
        paths += [
            Path(parent, name) for name in files if name.endswith(".py") and not name.startswith("_sysconfigdata")
        ]
    texts = []
    for path in sorted(paths, key=lambda path: path.parts):
        # One odd file, such as a distribution's dangling link, is no reason to go without the others.
        with contextlib.suppress(OSError, SyntaxError, UnicodeError), tokenize.open(path) as file:
            texts.append(file.read())
    if not any(texts):
        raise DataError(f"this Python came without sources in {folder}; use your own text")
    return split(texts)
