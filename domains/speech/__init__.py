"""Speech: a text said aloud, in a voice that is learned from recordings and their texts.

>>> from seqgen.domains import speech
>>> speech.DOMAIN.name
'speech'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seqgen.lazy import lazy_names

if TYPE_CHECKING:
    from .api import VoiceModel as VoiceModel
    from .api import VoiceScore as VoiceScore
    from .api import load as load
    from .api import resume as resume
    from .api import train as train
    from .clip import Clip as Clip
    from .clip import Phone as Phone
    from .codec import VoiceCodec as VoiceCodec
    from .files import read_clips as read_clips
    from .formats.sound import read_sound as read_sound
    from .formats.wav import write_wav as write_wav
    from .measures import Nearness as Nearness
    from .prediction.api import SoundModel as SoundModel
    from .prediction.api import SoundScore as SoundScore
    from .prediction.api import load_sound as load_sound
    from .prediction.api import predicts as predicts
    from .prediction.codec import SoundCodec as SoundCodec
    from .presets import DOMAIN as DOMAIN
    from .showing.spectrogram import write_picture as write_picture

VOICE = "alto"  # the shipped one
_HOME = {
    "api": ("VoiceModel", "VoiceScore", "load", "resume", "train"),
    "clip": ("Clip", "Phone"),
    "codec": ("VoiceCodec",),
    "files": ("read_clips",),
    "formats.sound": ("read_sound",),
    "formats.wav": ("write_wav",),
    "measures": ("Nearness",),
    "prediction.api": ("SoundModel", "SoundScore", "load_sound", "predicts"),
    "prediction.codec": ("SoundCodec",),
    "presets": ("DOMAIN",),
    "showing.spectrogram": ("write_picture",),
}
__getattr__, __all__ = lazy_names(__name__, _HOME)


def __dir__() -> list[str]:
    return list(__all__)
