"""How well pairs are written, by every measure there is on this machine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from seqgen.edits import error_rate

from .api import PairModel
from .pair import Pair
from .pictures.picture import Picture
from .rates import chrf


def scored(model: PairModel, pairs: Sequence[Pair], domain: str, *, beam: int, most: int) -> Iterator[str]:
    """A line a measure. A source that stands in several pairs has several references.

    >>> bare("HH AH0 L OW1")
    'HH AH L OW'
    """
    wanted: dict[str | Picture, list[str]] = {}
    for pair in pairs:
        wanted.setdefault(pair.source, []).append(pair.target)
    score = model.score(pairs)
    yield f"{score.nats_per_char:.4f} nats/char of {len(pairs):,} pairs"
    sources = list(wanted)[:: max(1, len(wanted) // most)][:most]
    made, references = model.write(sources, beam=beam), [wanted[source] for source in sources]
    exact = sum(one in several for one, several in zip(made, references, strict=True)) / len(made)
    yield f"exact: {exact:.1%} of {len(made):,} sources, beam {beam}"
    if domain == "pronounce":
        told = [bare(one) for one in made]
        spoken = [[bare(one) for one in several] for several in references]
        wrong = sum(one not in several for one, several in zip(told, spoken, strict=True)) / len(made)
        near = [_nearest(one, several) for one, several in zip(told, spoken, strict=True)]
        yield f"word errors {wrong:.1%}, phoneme errors {error_rate([one.split() for one in told], near):.1%}, stress dropped"
        return
    yield f"chrF2: {chrf(made, references):.1f}"
    try:
        from sacrebleu.metrics import BLEU
    except ImportError:
        yield "BLEU: not measured; pip install sacrebleu"
        return
    bleu = BLEU()
    columns = [[several[min(i, len(several) - 1)] for several in references] for i in range(max(map(len, references)))]
    found = bleu.corpus_score(made, columns)
    yield f"BLEU: {found.score:.1f}, {bleu.get_signature()}"


def _nearest(told: str, spoken: Sequence[str]) -> list[str]:
    """Of a word's pronunciations that which counts: the one with the lowest rate."""
    return min((one.split() for one in spoken), key=lambda one: error_rate([told.split()], [one]))


def bare(phonemes: str) -> str:
    """Phonemes without the digits of stress."""
    return re.sub(r"\d", "", phonemes)
