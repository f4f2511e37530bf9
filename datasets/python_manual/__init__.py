"""The part of Python's manual that `help()` shows: reStructured English on every machine, no download."""

from __future__ import annotations

from seqgen.domain import Splits
from seqgen.domains.text.files import split
from seqgen.errors import DataError

DOMAIN = "text"
ORIGIN = "https://docs.python.org/3/ as installed with Python, in pydoc_data.topics"
LICENCE = "PSF-2.0"


def load(*, download: bool = False) -> Splits[str]:
    """One document a topic, sorted by its name, about half a million characters; the last 10 % are for validation.

    The text is that of the running Python, so figures compare only within one version of it; `download` changes
    nothing. Raises DataError when this Python came without its manual.

    >>> any("global" in text for text in load().train)
    True
    """
    try:
        from pydoc_data.topics import topics
    except ImportError:
        raise DataError(
            "this Python came without pydoc_data.topics; install its standard library in full, or use your own text"
        ) from None
    return split([text for _, text in sorted(topics.items())])
