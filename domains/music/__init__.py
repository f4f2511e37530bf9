"""Music: `load` a model and let it compose or continue, or `train` one on MIDI files of your own.

>>> from seqgen.domains import music
>>> music.DOMAIN.name
'music'
>>> music.Note(0.0, 38, 0.1, program=music.DRUMS).program  # a snare drum
128
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seqgen.lazy import lazy_names

if TYPE_CHECKING:
    from .api import MusicModel as MusicModel
    from .api import load as load
    from .api import resume as resume
    from .api import train as train
    from .beats import Beats as Beats
    from .formats.abc import read_abc as read_abc
    from .formats.abc_writing import write_abc as write_abc
    from .formats.midi import read_midi as read_midi
    from .formats.midi_writing import write_midi as write_midi
    from .formats.musicxml import read_musicxml as read_musicxml
    from .formats.musicxml_writing import write_musicxml as write_musicxml
    from .grid import Grid as Grid
    from .keys import key_of as key_of
    from .likelihood import Likelihood as Likelihood
    from .performance import Performance as Performance
    from .presets import DOMAIN as DOMAIN
    from .rolls import Roll as Roll
    from .score import DRUMS as DRUMS
    from .score import Meter as Meter
    from .score import Note as Note
    from .score import Score as Score
    from .score import Tempo as Tempo
    from .signs import Chord as Chord
    from .signs import Key as Key
    from .voices.filling import Filled as Filled
    from .voices.leading import VoiceLeading as VoiceLeading

_HOME = {
    "likelihood": ("Likelihood",),
    "api": ("MusicModel", "load", "resume", "train"),
    "grid": ("Grid",),
    "beats": ("Beats",),
    "formats.abc": ("read_abc",),
    "formats.abc_writing": ("write_abc",),
    "formats.midi": ("read_midi",),
    "formats.midi_writing": ("write_midi",),
    "formats.musicxml": ("read_musicxml",),
    "formats.musicxml_writing": ("write_musicxml",),
    "keys": ("key_of",),
    "performance": ("Performance",),
    "presets": ("DOMAIN",),
    "rolls": ("Roll",),
    "score": ("DRUMS", "Meter", "Note", "Score", "Tempo"),
    "signs": ("Chord", "Key"),
    "voices.filling": ("Filled",),
    "voices.leading": ("VoiceLeading",),
}
_DEPRECATED = {"MusicScore": ("Likelihood", "0.3")}  # a piece is a `Score`
__getattr__, __all__ = lazy_names(__name__, _HOME, _DEPRECATED)
MODEL = "bach"  # the one that ships, where none is named
# As learned is 1 and 0; with these fewer of the rare mistakes are drawn: parallels, last chords that are none.
TEMPERATURE, MIN_P = 0.8, 0.1


def __dir__() -> list[str]:
    return list(__all__)
