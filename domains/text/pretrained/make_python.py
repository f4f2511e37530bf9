"""Makes the model `python` and its card: `python domains/text/pretrained/make_python.py`.

Trains in runs/python (or goes on there, if it was stopped), releases the model in 8 bits beside this file, measures the
released file and writes the card. Needs nothing but Python's own sources.
"""

from __future__ import annotations

import ast
import platform
import warnings

import numpy as np

from seqgen import Splits, TrainingConfig, registry
from seqgen.counting.ngrams import NGrams
from seqgen.domains import text
from seqgen.domains.text import Document
from seqgen.domains.text.division import Item
from seqgen.domains.text.pretrained._making import arguments, made, table, write_card
from seqgen.machine.cache import use_compile_cache

python_sources = registry.dataset("python-sources")

STEPS = 3_500
TRAINING = TrainingConfig(rows=32, window=128, patience=0)
DROPOUT = 0.1  # three passes
LONGEST = 40  # lines of a function to learn from
ORDER = 7  # of the floor
SAMPLES, LENGTH, TEMPERATURE, SHORTEST = 300, 2_000, 0.8, 5

CARD = """\
---
language: code
license: apache-2.0
data_license: psf-2.0
writes: functions in Python
---
# python

Writes functions in the manner of Python's standard library, one at a time, each of which ends by itself. They look like Python,
and most can be parsed; what they do, if anything, is for nobody to rely on.

| | |
|---|---|
{table}

Measured from the files in this folder on {tested:,} functions of {modules} modules that it was not trained on, nor chosen by:

| | |
|---|---|
| nats/char, static, each function from its beginning | {nats:.4f} |
| the Kneser-Ney model of {order} characters of the same functions | {floor:.4f}; the network has {ratio:.3f} of that |
| of {samples} sampled functions, temperature {temperature}, no constraint, those of {shortest} lines or more | {long} |
| of these `ast.parse` takes | {parsed:.0%} |
| and stand in the training functions as they are | {copied:.1%} |
"""


def main() -> None:
    args = arguments(__file__, __doc__, STEPS)
    use_compile_cache()
    modules = python_sources.load()
    data, tested = functions_of(modules), modules.valid[1::2]
    folder = made(args, data, documents="file", size="medium", dropout=DROPOUT, training=TRAINING)
    released = text.load(folder)
    nats, counted = released.score(data.test).nats_per_char, floor(released, data)
    drawn = released.samples([""] * SAMPLES, length=LENGTH, temperature=TEMPERATURE, seed=0)
    long = [function for function in drawn if function.count("\n") + 1 >= SHORTEST]
    known = {document.text for document in data.train}
    card = CARD.format(
        table=table(
            folder,
            __file__,
            f"python-sources: {len(data.train):,} functions of Python {platform.python_version()}, up to {LONGEST} lines",
            python_sources.LICENCE,
        ),
        tested=len(data.test),
        modules=len(tested),
        nats=nats,
        order=ORDER,
        floor=counted,
        ratio=nats / counted,
        samples=SAMPLES,
        temperature=TEMPERATURE,
        shortest=SHORTEST,
        long=len(long),
        parsed=sum(map(parses, long)) / max(len(long), 1),
        copied=sum(function in known for function in long) / max(len(long), 1),
    )
    write_card(folder, card)


def functions_of(modules: Splits[str]) -> Splits[Document]:
    """Functions to learn from, to choose by and to test on, of the same modules as texts; none twice."""
    seen: set[str] = set()
    parts: list[list[Document]] = []
    for part in (modules.train, modules.valid[::2], modules.valid[1::2]):
        found = [text for module in part for text in python_sources.functions(module)]
        parts.append(
            [Document(text) for text in dict.fromkeys(found) if text not in seen and text.count("\n") < LONGEST]
        )
        seen.update(found)
    return Splits(*parts)


def floor(model: text.TextModel, data: Splits[Document]) -> float:
    """Nats a character of the functions to test on, by counts of those to learn from."""

    def ids(items: list[Item]) -> np.ndarray:
        return np.concatenate([model.codec.encode(item).steps for item in items])

    train, test = ids([*data.train]), ids([*data.test])
    used = np.unique(np.concatenate([train, test]))
    train, test = (np.searchsorted(used, part).astype(np.int32) for part in (train, test))
    nats = NGrams.of(train, order=ORDER, size=len(used)).nats(test)
    return float(nats.sum()) / sum(map(model.codec.characters, data.test))


def parses(function: str) -> bool:
    with warnings.catch_warnings(action="ignore"):
        try:
            ast.parse(function)
        except (SyntaxError, ValueError):
            return False
    return True


if __name__ == "__main__":
    main()
