"""The domains of pairs as values, and the networks behind their sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqgen.config import TrainingConfig
from seqgen.domain import Codec, Domain, Metric, Reading, Size
from seqgen.edits import error_rate

from .codec import VOCABULARY, PairCodec, match
from .files import read
from .pair import Pair
from .pictures.files import read as read_pictures
from .pictures.picture import Picture
from .pictures.pixels import SIDE, Pixels
from .pictures.varying import varied
from .rates import chrf

if TYPE_CHECKING:
    from seqgen.models.model import Model

SHIPPED = Path(__file__).parent / "pretrained"


def _size(units: int, embedding: int, dropout: float, training: TrainingConfig, layers: int = 1) -> Size:
    """An encoder that reads both ways and an LSTM that attends to it (Luong, Pham & Manning 2015).

    The softmax is tied to the embedding, which is as wide as what attention gives.
    """

    def model(codec: Codec[Pair]) -> Model:
        from seqgen.heads import Categorical  # here: a domain's value must not cost JAX
        from seqgen.models.model import Model
        from seqgen.nn.encoder.values import SymbolEncoder
        from seqgen.nn.network import Network

        assert isinstance(codec, PairCodec)
        network = Network(
            codec.spec,
            layers,
            units,
            embedding,
            dropout=dropout,
            source=codec.symbols,
            encoder=SymbolEncoder(units // 2, layers, embedding, dropout),
            attention=embedding,
        )
        return Model(network, Categorical(codec.spec.size, tied=embedding))

    return Size(model, training)


def _seeing(filters: tuple[int, ...], units: int, embedding: int, dropout: float, training: TrainingConfig) -> Size:
    """Pictures go through `filters`; the decoder attends, and has read what it saw before.

    To say how two things lie, a decoder has to know where it looked for the first when it looks for the second.
    """

    def model(codec: Codec[Pair]) -> Model:
        from seqgen.heads import Categorical
        from seqgen.models.model import Model
        from seqgen.nn.cells import Attending
        from seqgen.nn.encoder.values import PictureEncoder
        from seqgen.nn.network import Network

        assert isinstance(codec, PairCodec) and isinstance(codec.source, Pixels)
        # Where pictures are moved and turned, captions say no places: they are names, for which the whole is looked at first.
        whole = units if codec.source.vary else 0
        network = Network(
            codec.spec,
            (Attending(units),),
            embedding=embedding,
            dropout=dropout,
            source=codec.symbols,
            encoder=PictureEncoder(codec.source.side, codec.source.side, filters, units, waves=2, whole=whole),
        )
        return Model(network, Categorical(codec.spec.size))

    return Size(model, training)


SIZES = {
    "tiny": _size(128, 64, 0.1, TrainingConfig(rows=64, learning_rate=6e-3)),
    "small": _size(256, 128, 0.2, TrainingConfig(rows=64, learning_rate=4e-3)),
    "medium": _size(512, 256, 0.2, TrainingConfig(rows=128, learning_rate=2e-3)),
    "large": _size(768, 384, 0.3, TrainingConfig(rows=128, learning_rate=1.5e-3), layers=2),
}
# Words are short, and there are few letters and phonemes: two layers of half the width learn them better than one.
SPELLING = {
    **SIZES,
    "medium": _size(256, 128, 0.2, TrainingConfig(rows=128, learning_rate=2e-3), layers=2),
    "large": _size(512, 256, 0.3, TrainingConfig(rows=128, learning_rate=1.5e-3), layers=2),
}
SEEING = {
    "tiny": _seeing((8, 16, 32), 64, 32, 0.0, TrainingConfig(rows=32, learning_rate=4e-3)),
    "small": _seeing((16, 48, 96), 128, 64, 0.1, TrainingConfig(rows=32, learning_rate=2.5e-3)),
    "medium": _seeing((32, 64, 128), 256, 128, 0.2, TrainingConfig(rows=32, learning_rate=2e-3)),
    "large": _seeing((32, 64, 128, 192), 256, 128, 0.3, TrainingConfig(rows=64, learning_rate=2e-3)),
}


def _written(codec: PairCodec, model: Any, params: Any, pairs: Sequence[Pair]) -> list[str]:
    from .writing import write

    found = write(codec, model, params, [pair.source for pair in pairs], beam=1, n=1)
    return [best[0].text for best in found]


def _chrf(codec: PairCodec, model: Any, params: Any, pairs: Sequence[Pair]) -> float:
    return chrf(_written(codec, model, params, pairs), [[pair.target] for pair in pairs])


def _caption_chrf(codec: PairCodec, model: Any, params: Any, pairs: Sequence[Pair]) -> float:
    """Of pictures: several captions of one are references of it."""
    wanted: dict[Any, list[str]] = {}
    for pair in pairs:
        wanted.setdefault(pair.source, []).append(pair.target)
    first = [Pair(source, "") for source in wanted]
    return chrf(_written(codec, model, params, first), [*wanted.values()])


def _as_seen(codec: PairCodec) -> Domain[Pair]:
    assert isinstance(codec.source, Pixels)
    return replace(CAPTION, augment=varied) if codec.source.vary else CAPTION


def _phonemes(codec: PairCodec, model: Any, params: Any, pairs: Sequence[Pair]) -> float:
    made = [text.split() for text in _written(codec, model, params, pairs)]
    return error_rate(made, [pair.target.split() for pair in pairs])


TRANSLATE: Domain[Pair] = Domain(
    name="translate",
    fit_codec=lambda pairs, *, level="subwords", vocabulary=VOCABULARY, **reading: PairCodec.fit(
        pairs, level, vocabulary
    ),
    load_codec=PairCodec.from_dict,
    sizes=SIZES,
    reading=Reading(read, {"target": "", "encoding": "utf-8", "level": "subwords", "vocabulary": VOCABULARY}),
    metric=Metric("chrF2", _chrf, lower=False),
    unit="unit",
    fit_training=TrainingConfig.for_steps,
    match=match,
    shipped=SHIPPED / "translate",
    examples=(Pair("Go.", "Va !"), Pair("He sleeps.", "Il dort."), Pair("He sleeps.", "Il est endormi.")),
)
PRONOUNCE: Domain[Pair] = Domain(
    name="pronounce",
    fit_codec=lambda pairs, **reading: PairCodec.fit(pairs, "phonemes"),
    load_codec=PairCodec.from_dict,
    sizes=SPELLING,
    reading=Reading(read, {"target": "", "encoding": "utf-8"}),
    metric=Metric("phoneme error rate", _phonemes),
    unit="phoneme",
    fit_training=TrainingConfig.for_steps,
    match=match,
    shipped=SHIPPED / "pronounce",
    examples=(Pair("hi", "HH AY1"), Pair("ha", "HH AA1")),
)
CAPTION: Domain[Pair] = Domain(
    name="caption",
    fit_codec=lambda pairs, *, level="subwords", vocabulary=VOCABULARY, side=SIDE, vary=False: PairCodec.fit(
        pairs, level, vocabulary, side, vary
    ),
    load_codec=PairCodec.from_dict,
    sizes=SEEING,
    reading=Reading(
        read_pictures,
        {"level": "subwords", "vocabulary": VOCABULARY, "side": SIDE, "vary": False},
        settled=lambda codec: {"side": codec.source.side},
    ),
    metric=Metric("chrF2", _caption_chrf, lower=False, most=1000),
    unit="unit",
    fit_training=TrainingConfig.for_steps,
    task=_as_seen,
    match=match,
    shipped=SHIPPED / "caption",
    examples=tuple(
        Pair(Picture(bytes(color) * 64, 8, 8), caption)
        for color, caption in (((255, 0, 0), "a red field"), ((0, 0, 255), "a blue field"), ((0, 0, 250), "a blue sky"))
    ),
)
DOMAINS = {domain.name: domain for domain in (TRANSLATE, PRONOUNCE, CAPTION)}
