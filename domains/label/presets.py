"""The domain of labels as a value, and the networks behind its sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from seqgen.config import TrainingConfig
from seqgen.domain import Codec, Domain, Metric, Reading, Size

from .codec import LabelCodec
from .files import LAST, read
from .row import Row

SIDE_BY_SIDE = 64  # rows


def _size(layers: int, units: int, embedding: int, dropout: float, learning_rate: float) -> Size:
    """Bidirectional LSTMs, `units` each way (Graves & Schmidhuber 2005)."""

    def model(codec: Codec[Row]) -> Any:
        from seqgen.models.readers.classifier import Classifier  # here: a domain's value must not cost JAX
        from seqgen.models.readers.tagger import Tagger
        from seqgen.nn.network import Network

        assert isinstance(codec, LabelCodec)
        network = Network(codec.spec, layers, units, embedding, dropout=dropout, bidirectional=True)
        return (Tagger if codec.each == "position" else Classifier)(network, len(codec.labels))

    return Size(model, TrainingConfig(rows=32, learning_rate=learning_rate))


def probabilities(codec: LabelCodec, model: Any, params: Any, rows: Sequence[Row]) -> list[np.ndarray]:
    """Of every label, `[T, labels]` of each row, of one position where a row has one label."""
    found: list[np.ndarray] = []
    order = sorted(range(len(rows)), key=lambda number: len(rows[number].values))
    for begin in range(0, len(order), SIDE_BY_SIDE):
        steps = [codec.encode(Row(rows[number].values)).steps for number in order[begin : begin + SIDE_BY_SIDE]]
        found += [np.exp(log_probs).reshape(-1, len(codec.labels)) for log_probs in model.log_probs_of(params, steps)]
    return [one for _, one in sorted(zip(order, found, strict=True), key=lambda pair: pair[0])]


def _accuracy(codec: LabelCodec, model: Any, params: Any, rows: Sequence[Row]) -> float:
    right: list[bool] = [
        codec.labels[number] == label
        for row, found in zip(rows, probabilities(codec, model, params, rows), strict=True)
        for number, label in zip(found.argmax(axis=-1).tolist(), row.labels, strict=True)
    ]
    return sum(right) / max(len(right), 1)


DOMAIN: Domain[Row] = Domain(
    name="label",
    fit_codec=lambda rows, *, each="row", **reading: LabelCodec.fit(rows, each),
    load_codec=LabelCodec.from_dict,
    sizes={
        "tiny": _size(1, 32, 16, 0.0, 6e-3),
        "small": _size(1, 96, 32, 0.2, 4e-3),
        "medium": _size(2, 160, 64, 0.3, 3e-3),
        "large": _size(3, 256, 96, 0.3, 2e-3),
    },
    reading=Reading(
        read, {"each": "row", "label": LAST, "encoding": "utf-8"}, settled=lambda codec: {"each": codec.each}
    ),
    metric=Metric("accuracy", _accuracy, lower=False, most=1000),
    unit="label",
    examples=(Row("what a day", ("good",)), Row("what a mess", ("bad",)), Row("a good day", ("good",))),
)
