"""The music domain as one value: four ways to spell a piece, the networks behind its sizes, its variations."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.random import Generator

from seqgen.config import TrainingConfig
from seqgen.domain import Codec, Domain, Reading, Size
from seqgen.errors import ModelError, pick
from seqgen.models.sizes import symbols

from .beats import Beats
from .files import read
from .formats.guard import MAX_EVENTS
from .grid import KEYS, REST, TIED, Grid, fits, to_grid, voices
from .performance import Performance
from .rolls import Roll
from .score import DRUMS, Note, Score, Tempo
from .ticks import near_ticks
from .voices.task import METRIC, partly
from .voices.told import WIDTH

if TYPE_CHECKING:
    from seqgen.models.model import Model

BEYOND = 3  # semitones
WRITTEN = 0.9  # of the notes begin on a tick
RARE = 0.0005  # of the sixteenths of a voice lie below its range, and above it
SHIPPED = Path(__file__).parent / "pretrained"
STRETCHES = (0.95, 0.975, 1.0, 1.025, 1.05)
LOWEST, HIGHEST = 21, 108  # a piano's keys: transposition stays among them


def _size(layers: int, units: int, embedding: int, dropout: float, learning_rate: float) -> Size:
    """A window holds about four bars of four voices."""
    training = TrainingConfig(rows=32, window=256, learning_rate=learning_rate)
    return symbols(layers, units, embedding, dropout, training)


SIZES = {
    "tiny": _size(1, 128, 32, 0.0, 1e-2),
    "small": _size(2, 256, 64, 0.2, 6e-3),
    "medium": _size(2, 384, 64, 0.3, 4e-3),
    "large": _size(3, 768, 64, 0.4, 2e-3),
}


def fit_grid(scores: Sequence[Score]) -> Grid:
    """The grid at the tempo that is usual among the pieces."""
    return Grid(bpm=usual_tempo(scores))


def usual_tempo(scores: Sequence[Score]) -> float:
    """Quarters a minute, 10 to 1000, at which half of the pieces begin slower, half faster."""
    usual = median([score.tempos[0].bpm if score.tempos else 120.0 for score in scores])
    return float(round(min(max(usual, 10.0), 1000.0), 3))


def fit_chorale(scores: Sequence[Score]) -> Grid:
    """That grid with the ranges that the voices of the pieces have, the rarest sixteenths left out."""
    cells = np.concatenate([to_grid(score).cells for score in scores])
    sung = [voice[voice < REST] % TIED for voice in cells.T]
    ends = [np.quantile(voice, [RARE, 1 - RARE], method="nearest") for voice in sung]
    return Grid(fit_grid(scores).bpm, tuple((int(low), int(high)) for low, high in ends))


def fit_given(scores: Sequence[Score]) -> Grid:
    """That of a model which is told what is given of the voices."""
    return dataclasses.replace(fit_chorale(scores), given=True)


def fit_either(scores: Sequence[Score]) -> Codec[Score]:
    """The grid of four voices where all pieces fit it, beats for what else was written, performance for what was played."""
    if scores and all(map(fits, scores)):
        return fit_grid(scores)
    return Beats(tonic=True) if near_ticks(scores) >= WRITTEN else Performance()


# By the name on the command line.
ENCODINGS: dict[str, Callable[[Sequence[Score]], Codec[Score]]] = {
    "auto": fit_either,
    "grid": fit_grid,
    "chorale": fit_chorale,
    "given": fit_given,
    "beats": lambda scores: Beats(tonic=True),
    "performance": lambda scores: Performance(),
    "roll": lambda scores: Roll(usual_tempo(scores)),
}


def fit_codec(scores: Sequence[Score], *, encoding: str = "auto", **reading: Any) -> Codec[Score]:
    """The codec of this name, or as the pieces are. Raises UnknownName."""
    return pick("encoding", encoding, ENCODINGS)(scores)


def load_codec(data: Mapping[str, Any]) -> Codec[Score]:
    """The codec that wrote `data`. Raises ModelError for anything else."""
    match data.get("kind"):
        case "grid":
            return Grid.from_dict(data)
        case "beats":
            return Beats.from_dict(data)
        case "performance":
            return Performance.from_dict(data)
        case "roll":
            return Roll.from_dict(data)
    raise ModelError(
        f"a music codec is of kind 'grid', 'beats', 'performance' or 'roll', not {data.get('kind')!r:.80}; the model is damaged"
    )


def augment(score: Score, random: Generator) -> Score:
    """The piece up to 5 semitones lower or 6 higher, and up to 5 % slower or faster, as Performance RNN was trained."""
    stretch = float(random.choice(STRETCHES))
    pitches = [note.pitch for note in score.notes if note.program != DRUMS]
    low, high = -5, 6
    if pitches:
        low, high = max(low, min(LOWEST - min(pitches), 0)), min(high, max(HIGHEST - max(pitches), 0))
    return score.transposed(int(random.integers(low, high + 1))).stretched(stretch)


def in_tempo(score: Score, random: Generator) -> Score:
    """The piece up to 5 % slower or faster: what is learned from the tonic on is in all keys already."""
    return score.stretched(float(random.choice(STRETCHES)))


def choir(
    layers: int, units: int, embedding: int, dropout: float, learning_rate: float, ahead: int | None = None
) -> Size:
    """Of a grid that knows its voices' ranges: intervals are easy, see `seqgen.Registers`.

    ahead: of one that is told what is given of the voices, units of what reads that from its end.
    """

    def model(codec: Grid) -> Model:
        from seqgen.heads import Relative  # here: a domain's value must not cost JAX
        from seqgen.models.model import Model
        from seqgen.nn.inputs.registers import Registers
        from seqgen.nn.network import Network

        registers = Registers(count=4, values=TIED, origin=KEYS, dropout=dropout / 2, paired=True)
        told: dict[str, Any] = {} if ahead is None else {"controls": WIDTH, "given": True, "ahead": ahead}
        network = Network(codec.spec, layers, units, embedding, dropout=dropout, registers=registers, **told)
        return Model(network, Relative(codec.spec.size, TIED))

    rows = 16 if ahead is None else 6  # of these a row is a piece
    return Size(model, TrainingConfig(rows=rows, window=256, learning_rate=learning_rate))


CHOIRS = {
    "tiny": choir(1, 128, 32, 0.0, 6e-3),
    "small": choir(1, 256, 64, 0.3, 4e-3),
    "medium": choir(2, 256, 64, 0.5, 4e-3),
    "large": choir(2, 512, 64, 0.6, 3e-3),
}

GIVEN = {
    "tiny": choir(1, 128, 32, 0.0, 6e-3, ahead=32),
    "small": choir(1, 256, 64, 0.3, 4e-3, ahead=64),
    "medium": choir(2, 256, 64, 0.4, 4e-3, ahead=128),
    "large": choir(2, 512, 64, 0.5, 3e-3, ahead=256),
}


def _keys(layers: int, units: int, hidden: int, dropout: float, learning_rate: float) -> Size:
    """Of rolls: every step a chord under a NADE, see `seqgen.Nade`."""

    def model(codec: Roll) -> Model:
        from seqgen.heads import Nade  # here: a domain's value must not cost JAX
        from seqgen.models.model import Model
        from seqgen.nn.network import Network

        network = Network(codec.spec, layers, units, dropout=dropout)
        return Model(network, Nade(codec.spec.dim, hidden))

    return Size(model, TrainingConfig(rows=16, window=128, learning_rate=learning_rate))


ROLLS = {
    "tiny": _keys(1, 64, 32, 0.0, 6e-3),
    "small": _keys(1, 200, 100, 0.3, 4e-3),
    "medium": _keys(2, 280, 150, 0.4, 4e-3),
    "large": _keys(2, 512, 200, 0.5, 2e-3),
}


def inside(ranges: Sequence[tuple[int, int]], score: Score, random: Generator) -> Score:
    """The piece in another key in which no voice leaves its range by more than a minor third."""
    pitches = [[note.pitch for note in voice] for voice in voices(score)]
    low = max(low - BEYOND - min(part) for part, (low, _) in zip(pitches, ranges, strict=True))
    high = min(high + BEYOND - max(part) for part, (_, high) in zip(pitches, ranges, strict=True))
    return score.transposed(int(random.integers(min(low, 0), max(high, 0) + 1)))


def _partly_inside(ranges: Sequence[tuple[int, int]], score: Score, random: Generator) -> Any:
    return partly(inside(ranges, score, random), random)


def as_learned(codec: Codec[Score]) -> Domain[Score]:
    """The domain as models of this codec learn: rolls under a NADE; with the ranges of voices, pieces are transposed within them."""
    if isinstance(codec, Roll):
        return dataclasses.replace(DOMAIN, sizes=ROLLS)
    if isinstance(codec, Beats) and codec.tonic:
        return dataclasses.replace(DOMAIN, augment=in_tempo)
    if not isinstance(codec, Grid) or not codec.ranges:
        return DOMAIN
    if codec.given:
        return dataclasses.replace(
            DOMAIN, sizes=GIVEN, metric=METRIC, augment=functools.partial(_partly_inside, codec.ranges)
        )
    return dataclasses.replace(DOMAIN, sizes=CHOIRS, augment=functools.partial(inside, codec.ranges))


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
    sizes=SIZES,
    reading=Reading(
        read,
        # A run that says nothing of drums is older than the guess.
        {"encoding": "auto", "max_events": MAX_EVENTS, "drums": "channel10"},
        lambda codec: {"encoding": codec.to_dict()["kind"]},
    ),
    unit="event",
    augment=augment,
    task=as_learned,
    shipped=SHIPPED,
    examples=(_WALTZ, _QUARTET),
)
