"""Rows with labels: what a series of numbers or a line of text is, or what each position of it is.

>>> from seqgen.domains import label
>>> label.DOMAIN.name
'label'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seqgen.lazy import lazy_names

if TYPE_CHECKING:
    from .api import LabelModel as LabelModel
    from .api import LabelScore as LabelScore
    from .api import Said as Said
    from .api import load as load
    from .api import resume as resume
    from .api import train as train
    from .codec import LabelCodec as LabelCodec
    from .files import read_rows as read_rows
    from .presets import DOMAIN as DOMAIN
    from .row import Row as Row

_HOME = {
    "api": ("LabelModel", "LabelScore", "Said", "load", "resume", "train"),
    "codec": ("LabelCodec",),
    "files": ("read_rows",),
    "presets": ("DOMAIN",),
    "row": ("Row",),
}
__getattr__, __all__ = lazy_names(__name__, _HOME)


def __dir__() -> list[str]:
    return list(__all__)
