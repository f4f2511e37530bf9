"""The models of pairs that people hold: writing a target, scoring pairs, looking at the alignment, training."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

from seqgen.domain import Domain, Splits
from seqgen.errors import DataError, ModelError, UsageError
from seqgen.models.model import Model
from seqgen.models.pretrained import open_model
from seqgen.nn.context import Params
from seqgen.sampling.beam import PENALTY

from .alignment import Alignment, align
from .codec import VOCABULARY, PairCodec
from .copying import copied
from .pair import Pair, clean
from .pictures.picture import Picture
from .pictures.pixels import SIDE, Pixels
from .presets import TRANSLATE
from .writing import Written, write

if TYPE_CHECKING:
    from seqgen.devices.crew import Crew
    from seqgen.training.outcome import Outcome
    from seqgen.training.run import How

BEAM = 5


@dataclass(frozen=True)
class PairScore:
    """How likely targets are given their sources: the sum of -ln p, and of how many characters.

    >>> PairScore(nats=14.0, characters=10).nats_per_char
    1.4
    """

    nats: float
    characters: int

    @property
    def nats_per_char(self) -> float:
        """The mean over characters, so that models of other units compare."""
        return self.nats / max(self.characters, 1)


@dataclass(frozen=True, eq=False)
class PairModel:
    """A trained model of pairs. Make one with `load`.

    >>> import tempfile
    >>> pairs = [Pair("one", "un"), Pair("two", "deux"), Pair("three", "trois")] * 4
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     outcome = train(Splits(pairs, pairs[:3]), f"{folder}/run", level="letters", size="tiny", steps=2)
    ...     model = load(outcome.folder)
    >>> len(model.write(["two", "one"], beam=2)), model.score([Pair("one", "un")]).characters
    (2, 2)
    """

    codec: PairCodec
    model: Model
    params: Params
    name: str

    def write(
        self, sources: Sequence[str | Picture], *, beam: int = BEAM, penalty: float = PENALTY, copy: bool = False
    ) -> list[str]:
        """The likeliest target of each source found by a beam of so many; 1 is greedy.

        penalty: how much a long target is favoured, 0 for not at all. copy: numbers, and names that the model has not
        seen, stand as they are in the source, see `seqgen.domains.pairs.copying`. Raises UsageError for settings out of
        range and sources too long, DataError for empty ones.
        """
        return [best[0].text for best in self.write_n(sources, n=1, beam=beam, penalty=penalty, copy=copy)]

    def write_n(
        self,
        sources: Sequence[str | Picture],
        *,
        n: int,
        beam: int = BEAM,
        penalty: float = PENALTY,
        copy: bool = False,
    ) -> list[list[Written]]:
        """The n likeliest of each, best first, with log-probabilities (n-best) of what was written before any copying."""
        if beam < 1 or n < 1:
            raise UsageError(f"a beam of {beam}, {n} of it, cannot be; give 1 or more")
        if copy and isinstance(self.codec.source, Pixels):
            raise UsageError("there is nothing to copy from a picture; leave `copy` out")
        found = write(self.codec, self.model, self.params, sources, beam=max(beam, n), n=n, penalty=penalty)
        if not copy:
            return found
        return [
            [one._replace(text=copied(self.codec, clean(source), one.text, self.align)) for one in best]
            for source, best in zip(sources, found, strict=True)
            if isinstance(source, str)
        ]

    def score(self, pairs: Sequence[Pair]) -> PairScore:
        """How likely the targets are (forced decoding). Raises DataError for no pairs and an empty source."""
        from seqgen.batching.items import EvaluationItems
        from seqgen.batching.sources import in_memory
        from seqgen.training.scoring import evaluate  # here: writing needs none of it

        if not pairs:
            raise DataError("there is nothing to score: give a pair or more")
        examples = [self.codec.encode(pair) for pair in pairs]
        batches = EvaluationItems(in_memory(self.codec.spec, examples), min(64, len(examples)))
        steps = sum(len(example.steps) for example in examples)
        nats = evaluate(self.model, self.params, batches) * steps
        return PairScore(nats, sum(len(pair.target) for pair in pairs))

    def align(self, source: str | Picture, target: str | None = None) -> Alignment:
        """What was looked at while each unit of the target was written; the target is the model's own if none is given."""
        if target is None:
            (target,) = self.write([source])
        return align(self.codec, self.model, self.params, Pair(source, target))


def load(model: str | os.PathLike[str], domain: Domain[Pair] = TRANSLATE) -> PairModel:
    """A shipped model by name, or a model or run folder; `domain` is TRANSLATE, PRONOUNCE or CAPTION.

    Raises UnknownName, ModelError.

    >>> from seqgen.domains.pairs import PRONOUNCE
    >>> load("english-phonemes", PRONOUNCE).write(["cat"])
    ['K AE1 T']
    """
    codec, given = open_model(domain, model)
    assert isinstance(codec, PairCodec)
    if not isinstance(given.model, Model) or given.model.network.source != codec.symbols:
        raise ModelError(f"{os.fspath(model)}: the network and the codec know other sources; the model is damaged")
    return PairModel(codec, given.model, given.params, os.fspath(model))


def train(
    data: str | os.PathLike[str] | Splits[Pair],
    out: str | os.PathLike[str],
    *,
    domain: Domain[Pair] = TRANSLATE,
    target: str | os.PathLike[str] = "",
    encoding: str = "utf-8",
    level: str = "subwords",
    vocabulary: int = VOCABULARY,
    side: int = SIDE,
    vary: bool = False,
    download: bool = False,
    **how: Unpack[How],
) -> Outcome:
    """Trains a model on a file of pairs (see `read_pairs`), pictures (`read_captions`) or a data set by name.

    out: a new folder for the run; `load(out)` gives the best model so far at any time.
    target: the other file, where sources and targets are a file each.
    level: of translation and captions, "subwords", about `vocabulary` a side, or "letters".
    side: pixels, wide and high, that are seen of a picture, a multiple of 16. vary: pictures are moved, turned, sized and lit
    a little otherwise in every epoch, for where few of them stand for many.
    how: size, steps, minutes, seed, start_from, training, precision, crew: see `seqgen.training.run.How`.
    Raises UsageError, DataError, ModelError: see `seqgen.errors`.

    >>> import tempfile
    >>> pairs = [Pair(f"{n} and {n}", str(2 * n)) for n in range(8)]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     outcome = train(Splits(pairs, pairs[:2]), f"{folder}/run", level="letters", size="tiny", steps=2)
    >>> outcome.step
    2
    """
    from seqgen.training import run

    given: dict[str, Any] = {"target": os.fspath(target), "encoding": encoding}
    given |= {"level": level, "vocabulary": vocabulary, "side": side, "vary": vary}
    settings = {name: value for name, value in given.items() if name in domain.reading.settings}
    return run.begin(out, domain, data, settings, download=download, **how)


def resume(
    folder: str | os.PathLike[str],
    data: str | os.PathLike[str] | Splits[Pair] | None = None,
    *,
    domain: Domain[Pair] = TRANSLATE,
    steps: int | None = None,
    minutes: float | None = None,
    crew: Crew | None = None,
) -> Outcome:
    """Continues a run to the same bits as if it had never stopped; `steps` is a new total, `minutes` are more.

    data: only needed when the run did not read it from a file or data set.

    >>> import tempfile
    >>> pairs = [Pair(f"{n} and {n}", str(2 * n)) for n in range(8)]
    >>> splits = Splits(pairs, pairs[:2])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     outcome = train(splits, f"{folder}/run", level="letters", size="tiny", steps=2)
    ...     resume(outcome.folder, splits, steps=3).step
    3
    """
    from seqgen.training import run

    return run.resume(folder, domain, data, steps=steps, minutes=minutes, crew=crew)
