"""The models of labels that people hold: reading rows, scoring them, training."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Unpack

import numpy as np
from numpy.typing import NDArray

from seqgen.domain import Splits
from seqgen.errors import DataError, ModelError
from seqgen.models.pretrained import open_model
from seqgen.models.readers.classifier import Classifier
from seqgen.models.readers.tagger import Tagger
from seqgen.nn.context import Params

from .codec import LabelCodec
from .files import LAST
from .presets import DOMAIN, probabilities
from .row import Row

if TYPE_CHECKING:
    from seqgen.devices.crew import Crew
    from seqgen.training.outcome import Outcome
    from seqgen.training.run import How


class Said(NamedTuple):
    """labels: what a row is taken to be, one, or one a position. probabilities: of every label, `[T, labels]`.

    >>> Said(("good",), np.array([[0.1, 0.9]])).labels
    ('good',)
    """

    labels: tuple[str, ...]
    probabilities: NDArray[np.float32]


class LabelScore(NamedTuple):
    """How well rows are read: the share of labels that are right, nats a label, how many; of always the commonest.

    >>> LabelScore(0.9, 0.3, 1000, 0.5).accuracy
    0.9
    """

    accuracy: float
    nats: float
    labels: int
    commonest: float


@dataclass(frozen=True, eq=False)
class LabelModel:
    """A trained model of labels. Make one with `load`.

    >>> import tempfile
    >>> rows = [Row(f"{word} {number}", (word,)) for word in ("sun", "rain") for number in range(8)]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model = load(train(Splits(rows, rows[::4]), f"{folder}/run", size="tiny", steps=40, rows=8).folder)
    >>> model.read([Row("sun 3"), Row("rain 4")])[1].labels, model.score(rows).labels
    (('rain',), 16)
    """

    codec: LabelCodec
    model: Classifier | Tagger
    params: Params
    name: str

    def read(self, rows: Sequence[Row]) -> list[Said]:
        """What each row, or each of its positions, is taken to be. Raises DataError for values of another kind."""
        found = probabilities(self.codec, self.model, self.params, rows)
        names = self.codec.labels
        return [Said(tuple(names[i] for i in one.argmax(axis=-1).tolist()), one) for one in found]

    def score(self, rows: Sequence[Row]) -> LabelScore:
        """How well rows with labels are read. Raises DataError for no rows, and for one without its labels."""
        wanted: list[str] = []
        for row in rows:
            if len(row.labels) != (len(row.values) if self.codec.each == "position" else 1):
                raise DataError(f"a row has {len(row.labels)} labels; give one for each {self.codec.each}")
            wanted += row.labels
        if not wanted:
            raise DataError("there is nothing to score: give a row or more")
        said = np.concatenate([one.probabilities for one in self.read(rows)])
        number = {label: place for place, label in enumerate(self.codec.labels)}
        if strange := {*wanted} - number.keys():
            raise DataError(f"label {min(strange)!r:.40} is not one of the model's; leave its rows out")
        ids = np.array([number[label] for label in wanted])
        nats = -np.log(np.maximum(said[np.arange(len(ids)), ids], 1e-30)).mean()
        commonest = max(Counter(wanted).values()) / len(wanted)
        return LabelScore(float((said.argmax(axis=-1) == ids).mean()), float(nats), len(ids), commonest)


def load(model: str | os.PathLike[str]) -> LabelModel:
    """A model or run folder. Raises UnknownName, ModelError.

    >>> load("nowhere")
    Traceback (most recent call last):
    ...
    seqgen.errors.UnknownName: no model named 'nowhere' (known: none)
    """
    codec, given = open_model(DOMAIN, model)
    name = os.fspath(model)
    assert isinstance(codec, LabelCodec)
    wanted = Tagger if codec.each == "position" else Classifier
    if not isinstance(given.model, wanted) or given.model.labels != len(codec.labels):
        raise ModelError(f"{name}: the network and the codec know other labels; the model is damaged")
    return LabelModel(codec, given.model, given.params, name)


def train(
    data: str | os.PathLike[str] | Splits[Row],
    out: str | os.PathLike[str],
    *,
    each: str = "row",
    label: str = LAST,
    encoding: str = "utf-8",
    download: bool = False,
    **how: Unpack[How],
) -> Outcome:
    """Trains a model on a table (see `read_rows`, also for each and label) or a data set by name.

    out: a new folder for the run; `load(out)` gives the best model so far at any time.
    how: size, steps, minutes, seed, start_from, training, precision, crew: see `seqgen.training.run.How`.
    Raises UsageError, DataError, ModelError: see `seqgen.errors`.

    >>> import tempfile
    >>> rows = [Row(((float(n % 2),), (0.5,)), ("odd" if n % 2 else "even",)) for n in range(8)]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     outcome = train(Splits(rows, rows[:2]), f"{folder}/run", size="tiny", steps=2)
    >>> outcome.step
    2
    """
    from seqgen.training import run

    return run.begin(out, DOMAIN, data, {"each": each, "label": label, "encoding": encoding}, download=download, **how)


def resume(
    folder: str | os.PathLike[str],
    data: str | os.PathLike[str] | Splits[Row] | None = None,
    *,
    steps: int | None = None,
    minutes: float | None = None,
    crew: Crew | None = None,
) -> Outcome:
    """Continues a run to the same bits as if it had never stopped; `steps` is a new total, `minutes` are more.

    data: only needed when the run did not read it from a file or data set.

    >>> import tempfile
    >>> rows = [Row(((float(n % 2),), (0.5,)), ("odd" if n % 2 else "even",)) for n in range(8)]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     begun = train(Splits(rows, rows[:2]), f"{folder}/run", size="tiny", steps=2)
    ...     outcome = resume(begun.folder, Splits(rows, rows[:2]), steps=3)
    >>> outcome.step
    3
    """
    from seqgen.training import run

    return run.resume(folder, DOMAIN, data, steps=steps, minutes=minutes, crew=crew)
