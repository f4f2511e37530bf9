"""Handwriting: lines of ink as strokes of points, read from many formats, drawn as SVG and PNG.

>>> from seqgen.domains import handwriting
>>> handwriting.Ink([[[0, 0], [3, 4]]]).bounds
(0.0, 0.0, 3.0, 4.0)
>>> handwriting.DOMAIN.unit
'point'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seqgen.lazy import lazy_names

if TYPE_CHECKING:
    from .api import HandwritingModel as HandwritingModel
    from .api import InkScore as InkScore
    from .api import load as load
    from .api import resume as resume
    from .api import train as train
    from .drawing.page import Page as Page
    from .drawing.svg import ink_svg as ink_svg
    from .files import in_x_heights as in_x_heights
    from .files import read_ink as read_ink
    from .files import read_inks as read_inks
    from .ink import Ink as Ink
    from .offsets import Offsets as Offsets
    from .presets import DOMAIN as DOMAIN
    from .recognition.language import load_language as load_language
    from .recognition.rates import cer as cer
    from .recognition.rates import wer as wer
    from .recognition.reader import HandwritingReader as HandwritingReader
    from .recognition.reader import Transcript as Transcript
    from .recognition.reader import load_reader as load_reader

_HOME = {
    "api": ("HandwritingModel", "InkScore", "load", "resume", "train"),
    "files": ("in_x_heights", "read_ink", "read_inks"),
    "ink": ("Ink",),
    "offsets": ("Offsets",),
    "drawing.page": ("Page",),
    "presets": ("DOMAIN",),
    "recognition.language": ("load_language",),
    "recognition.rates": ("cer", "wer"),
    "recognition.reader": ("HandwritingReader", "Transcript", "load_reader"),
    "drawing.svg": ("ink_svg",),
}
__getattr__, __all__ = lazy_names(__name__, _HOME)
MODEL = "hands"  # the one that ships, where none is named
READER = "recogniser"  # and the one that reads


def __dir__() -> list[str]:
    return list(__all__)
