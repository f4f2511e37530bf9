"""How well pairs are written, by every measure there is on this machine."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from seqgen.edits import error_rate
from seqgen.errors import DataError, UsageError

from .api import PairModel
from .pair import Pair
from .pictures.picture import Picture
from .rates import chrf


class Measured(NamedTuple):
    """One measure. what: its name; value: nats, per cent or points; text: the same as a line."""

    what: str
    value: float
    text: str


def scored(model: PairModel, pairs: Sequence[Pair], domain: str, *, beam: int, most: int) -> Iterator[Measured]:
    """Every measure there is of a domain. A source that stands in several pairs has several references.

    most: sources that are written, evenly among them all. Raises UsageError for a number below 1, DataError for no pairs.

    >>> bare("HH AH0 L OW1")
    'HH AH L OW'
    """
    if most < 1:
        raise UsageError(f"{most} sources cannot be written; give 1 or more")
    wanted: dict[str | Picture, list[str]] = {}
    for pair in pairs:
        wanted.setdefault(pair.source, []).append(pair.target)
    nats = model.score(pairs).nats_per_char
    yield Measured("nats/char", nats, f"{nats:.4f} nats/char of {len(pairs):,} pairs")
    sources = list(wanted)[:: max(1, len(wanted) // most)][:most]
    made, references = model.write(sources, beam=beam), [wanted[source] for source in sources]
    yield from rated(made, references, domain, f" of {len(made):,} sources, beam {beam}")


def rated(made: Sequence[str], references: Sequence[Sequence[str]], domain: str, of: str = "") -> Iterator[Measured]:
    """What was written beside its references, whoever wrote it. Raises DataError for nothing.

    >>> [(one.what, one.value) for one in rated(["K AE1 T"], [["K AE0 T", "K AA T"]], "pronounce")][:2]
    [('exact', 0.0), ('word errors', 0.0)]
    """
    if not made:
        raise DataError("there is nothing to measure: no text was written; give a pair or more")
    exact = 100 * sum(one in several for one, several in zip(made, references, strict=True)) / len(made)
    yield Measured("exact", exact, f"exact: {exact:.1f}%{of}")
    if domain == "pronounce":
        told = [bare(one) for one in made]
        spoken = [[bare(one) for one in several] for several in references]
        wrong = 100 * sum(one not in several for one, several in zip(told, spoken, strict=True)) / len(made)
        near = [_nearest(one, several) for one, several in zip(told, spoken, strict=True)]
        missed = 100 * error_rate([one.split() for one in told], near)
        yield Measured("word errors", wrong, f"word errors: {wrong:.1f}%, stress dropped")
        yield Measured("phoneme errors", missed, f"phoneme errors: {missed:.1f}%, stress dropped")
        return
    found = chrf(made, references)
    yield Measured("chrF2", found, f"chrF2: {found:.1f}")
    try:
        from sacrebleu.metrics import BLEU
    except ImportError:
        yield Measured("BLEU", math.nan, "BLEU: not measured; pip install sacrebleu")
        return
    bleu = BLEU()
    columns = [[several[min(i, len(several) - 1)] for several in references] for i in range(max(map(len, references)))]
    points = bleu.corpus_score(made, columns).score
    yield Measured("BLEU", points, f"BLEU: {points:.1f}, {bleu.get_signature()}")


def _nearest(told: str, spoken: Sequence[str]) -> list[str]:
    """Of a word's pronunciations that which counts: the one with the lowest rate."""
    return min((one.split() for one in spoken), key=lambda one: error_rate([told.split()], [one]))


def bare(phonemes: str) -> str:
    """Phonemes without the digits of stress."""
    return re.sub(r"\d", "", phonemes)
