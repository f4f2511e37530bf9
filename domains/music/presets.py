"""The music domain as one value: two ways to spell a piece, the networks behind its sizes, its variations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from numpy.random import Generator

from seqgen.config import TrainingConfig
from seqgen.domain import Codec, Domain
from seqgen.errors import ModelError
from seqgen.models.sizes import Preset, pick, symbol_model

from .grid import Grid, fits
from .performance import Performance
from .score import DRUMS, Note, Score, Tempo

if TYPE_CHECKING:
    from seqgen.models.model import Model

SHIPPED = Path(__file__).parent / "pretrained"
LOWEST, HIGHEST = 21, 108  # a piano's keys: transposition stays among them

PRESETS = {
    "tiny": Preset(1, 128, 32, 0.0, 1e-2),
    "small": Preset(2, 256, 64, 0.2, 6e-3),
    "medium": Preset(2, 384, 64, 0.3, 4e-3),
    "large": Preset(3, 768, 64, 0.4, 2e-3),
}


def make_model(codec: Codec[Score], size: str) -> Model:
    """An LSTM of the size under a softmax over the codec's symbols."""
    return symbol_model(codec.spec, pick(PRESETS, size))


def training(size: str) -> TrainingConfig:
    """The settings for a size. A window holds about four bars of four voices."""
    return TrainingConfig(rows=32, window=256, learning_rate=pick(PRESETS, size).learning_rate)


def fit_grid(scores: Sequence[Score]) -> Grid:
    """The grid at the tempo that is usual among the pieces."""
    return Grid(bpm=float(round(median([score.tempos[0].bpm if score.tempos else 120.0 for score in scores]), 3)))


def fit_codec(scores: Sequence[Score]) -> Codec[Score]:
    """The grid of four voices where all pieces fit it, performance events otherwise."""
    return fit_grid(scores) if scores and all(map(fits, scores)) else Performance()


# By the name on the command line.
ENCODINGS = {"auto": fit_codec, "grid": fit_grid, "performance": lambda scores: Performance()}


def load_codec(data: Mapping[str, Any]) -> Codec[Score]:
    """The codec that wrote `data`. Raises ModelError for anything else."""
    match data.get("kind"):
        case "grid":
            return Grid.from_dict(data)
        case "performance":
            return Performance.from_dict(data)
    raise ModelError(
        f"a music codec is of kind 'grid' or 'performance', not {data.get('kind')!r:.80}; the model is damaged"
    )


def augment(score: Score, random: Generator) -> Score:
    """The piece up to 5 semitones lower or 6 higher, and up to 5 % slower or faster, as Performance RNN was trained."""
    stretch = float(random.choice([0.95, 0.975, 1.0, 1.025, 1.05]))
    pitches = [note.pitch for note in score.notes if note.program != DRUMS]
    low, high = -5, 6
    if pitches:
        low, high = max(low, min(LOWEST - min(pitches), 0)), min(high, max(HIGHEST - max(pitches), 0))
    return score.transposed(int(random.integers(low, high + 1))).stretched(stretch)


_WALTZ = Score(
    [Note(0.4 * beat, 60 + 4 * (beat % 3), 0.4, 70 + 20 * (beat % 3 == 0)) for beat in range(24)]
    + [Note(1.2 * bar, 36, 0.1, 100, program=DRUMS, part=1) for bar in range(8)]
)
_QUARTET = Score(
    [
        Note(0.6 * beat, pitch + beat % 5, 0.6, part=part)
        for beat in range(12)
        for part, pitch in enumerate((72, 65, 60, 48))
    ],
    tempos=[Tempo(0.0, 100.0)],
)

DOMAIN: Domain[Score] = Domain(
    name="music",
    fit_codec=fit_codec,
    load_codec=load_codec,
    make_model=make_model,
    training=training,
    sizes=tuple(PRESETS),
    unit="event",
    augment=augment,
    shipped=SHIPPED,
    examples=(_WALTZ, _QUARTET),
)
