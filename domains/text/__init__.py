"""Text, character by character: `load` a model and let it write or score, or `train` one on files of your own
(with `prepare` before, where they are larger than memory).

>>> from seqgen.domains import text
>>> text.DOMAIN.name
'text'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seqgen.lazy import lazy_names

if TYPE_CHECKING:
    from seqgen.files.reading import read_text as read_text

    from .api import TextModel as TextModel
    from .api import TextScore as TextScore
    from .api import load as load
    from .api import resume as resume
    from .api import train as train
    from .codec import Characters as Characters
    from .corpus import Prepared as Prepared
    from .corpus import prepare as prepare
    from .division import Division as Division
    from .division import Document as Document
    from .documents import Documents as Documents
    from .presets import DOMAIN as DOMAIN
    from .subwords import Subwords as Subwords
    from .words import Words as Words

_HOME = {
    "api": ("TextModel", "TextScore", "load", "resume", "train"),
    "codec": ("Characters",),
    "corpus": ("Prepared", "prepare"),
    "division": ("Division", "Document"),
    "documents": ("Documents",),
    "formats.table": ("read_text",),
    "presets": ("DOMAIN",),
    "subwords": ("Subwords",),
    "words": ("Words",),
}
__getattr__, __all__ = lazy_names(__name__, _HOME)
MODEL = "shakespeare"  # the one that ships, where none is named
# Where none is named, in Python and on the command line: with min-p fewer words are made up, and no fewer are used.
TEMPERATURE, MIN_P = 0.8, 0.05


def __dir__() -> list[str]:
    return list(__all__)
