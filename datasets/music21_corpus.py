"""The scores that come inside the PyPI package music21: found and read, the package itself is never imported."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from seqgen.errors import DataError


def corpus(name: str, terms: str) -> Path:
    """The folder `corpus` of music21, for the data set `name`; says the terms on stderr, since they are not ours.

    Raises DataError when music21 is not installed, or came without its corpus.
    """
    try:
        spec = importlib.util.find_spec("music21")  # of a top-level name: finds it, imports nothing
    except ValueError:  # somebody put a module without a spec into sys.modules
        spec = None
    places = spec.submodule_search_locations if spec else None
    folder = Path(next(iter(places), ""), "corpus") if places else None
    if folder is None:
        raise DataError(
            f"{name} reads the scores inside music21, which is not installed: pip install 'seqgen[music21]'"
        )
    if not folder.is_dir():
        raise DataError(f"this music21 came without {folder}; get it whole: pip install --force-reinstall music21")
    print(f"{name}: {terms}", file=sys.stderr)
    return folder
