"""Labels of documents: one by its name, several mixed, and which of them is the likeliest for a text."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seqgen.domain import Example
from seqgen.errors import UnknownName, UsageError
from seqgen.models.model import Model
from seqgen.nn.context import Params


def weights_of(asked: str, labels: Sequence[str]) -> NDArray[np.float32]:
    """How much of each label: of one by its name, or of several mixed, such as "poe:0.7,austen:0.3", which make 1.

    Raises UnknownName, and UsageError for weights that are none.

    >>> weights_of("poe:3,austen:1", ["austen", "dickens", "poe"]).tolist()
    [0.25, 0.0, 0.75]
    """
    parts = [(asked, "1")] if asked in labels else [part.rpartition(":")[::2] for part in asked.split(",")]
    weights = np.zeros(len(labels), np.float32)
    for label, weight in parts:
        name = (label or weight).strip()  # without a colon all of it is the name
        if name not in labels:
            raise UnknownName("label", name, labels)
        try:
            number = float(weight) if label else 1.0
        except ValueError:
            number = math.nan
        if not 0 <= number < math.inf:
            raise UsageError(f"{weight!r} is no weight of {name!r}; give a number from 0 on, such as {name}:0.7")
        weights[list(labels).index(name)] += number
    if not weights.sum() > 0:
        raise UsageError(f"the weights in {asked!r} add up to nothing; give one of them more than 0")
    return np.asarray(weights / weights.sum(), np.float32)


def vector_of(asked: str, labels: Sequence[str], params: Params) -> NDArray[np.float32]:
    """The learned vector of a label, or the mixture of several. Raises as `weights_of`."""
    return np.asarray(weights_of(asked, labels) @ np.asarray(params["network"]["static_table"]), np.float32)


def nats_by_label(model: Model, params: Params, example: Example, labels: int) -> NDArray[np.float64]:
    """The sum of -ln p over the steps of a document, as one of each label; a row each."""
    from seqgen.batching import evaluation_windows, in_memory
    from seqgen.training.scoring import WINDOW, log_probs

    source = in_memory(model.network.spec, [example._replace(static=np.int32(number)) for number in range(labels)])
    window = min(WINDOW, 1 << (max(source.lengths).bit_length() - 1))
    return sum(
        (
            -logs.sum(axis=1, dtype=np.float64)
            for logs, _ in log_probs(model, params, evaluation_windows(source, labels, window))
        ),
        np.zeros(labels),
    )
