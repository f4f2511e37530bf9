"""Pairs, one thing read and a text written: translation, pronunciation, captions of pictures, whatever else is pairs.

>>> from seqgen.domains import pairs
>>> pairs.TRANSLATE.name, pairs.PRONOUNCE.name, pairs.CAPTION.name
('translate', 'pronounce', 'caption')
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seqgen.lazy import lazy_names

if TYPE_CHECKING:
    from .alignment import Alignment as Alignment
    from .api import PairModel as PairModel
    from .api import PairScore as PairScore
    from .api import load as load
    from .api import resume as resume
    from .api import train as train
    from .codec import PairCodec as PairCodec
    from .files import read_pairs as read_pairs
    from .pair import Pair as Pair
    from .pictures.files import read_captions as read_captions
    from .pictures.picture import Picture as Picture
    from .pictures.reading import read_picture as read_picture
    from .presets import CAPTION as CAPTION
    from .presets import PRONOUNCE as PRONOUNCE
    from .presets import TRANSLATE as TRANSLATE
    from .rates import chrf as chrf
    from .writing import Written as Written

_HOME = {
    "alignment": ("Alignment",),
    "api": ("PairModel", "PairScore", "load", "resume", "train"),
    "codec": ("PairCodec",),
    "files": ("read_pairs",),
    "pair": ("Pair",),
    "pictures.files": ("read_captions",),
    "pictures.picture": ("Picture",),
    "pictures.reading": ("read_picture",),
    "presets": ("CAPTION", "PRONOUNCE", "TRANSLATE"),
    "rates": ("chrf",),
    "writing": ("Written",),
}
__getattr__, __all__ = lazy_names(__name__, _HOME)


def __dir__() -> list[str]:
    return list(__all__)
