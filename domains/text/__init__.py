"""Text, character by character: `load` a model and let it write or score, or `train` one on files of your own.

>>> from seqgen.domains import text
>>> text.DOMAIN.name
'text'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import TextModel as TextModel
    from .api import TextScore as TextScore
    from .api import load as load
    from .api import resume as resume
    from .api import train as train
    from .codec import Characters as Characters
    from .files import read_text as read_text
    from .presets import DOMAIN as DOMAIN

_HOME = {
    "api": ("TextModel", "TextScore", "load", "resume", "train"),
    "codec": ("Characters",),
    "files": ("read_text",),
    "presets": ("DOMAIN",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}
__all__ = sorted(_MODULE_OF)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'seqgen.domains.text' has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_MODULE_OF[name]}", __name__), name)


def __dir__() -> list[str]:
    return list(__all__)
