"""What `seqgen compress` does: a copy of a model in 8 bits, and what the other 8 were worth."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax

from .. import registry
from ..batching.encode import encoded, read_named
from ..batching.sources import Encoded, Source, in_memory
from ..batching.windows import Batch, evaluation_windows
from ..domain import Codec, Domain, Splits
from ..errors import UsageError
from ..files.folders import refuse_used
from ..machine.cache import use_compile_cache
from ..models.card import CARD
from ..models.finetuning import settled
from ..models.info import find
from ..models.pretrained import from_pretrained, open_model, save_in_8_bits
from ..models.shipped import megabytes
from ..training.scoring import evaluate

STEPS, ROWS, WINDOW = 30_000, 8, 256  # scored twice, at most so many: seconds, with figures that hold to three digits


def compress(name: str, out: Path, data: str | None = None) -> int:
    """Writes the model `name` to `out` in 8 bits and prints the size and the loss on `data`, before and after.

    data: a file, a folder, "-" or a data set of its domain; the part that is held out from training is scored.
    Raises UsageError for a folder in use and a model that has 8 bits already, and what loading both raises.
    """
    folder = find(name)
    given = from_pretrained(folder)
    if given.config["weights"] == "int8":
        raise UsageError(f"{folder} is in 8 bits already; name one in 16")
    refuse_used(out)
    scored: Sequence[Batch] = ()
    if data is not None:
        domain = registry.domain(given.domain)
        scored = _windows(domain, open_model(domain, folder)[0], name, data)
    save_in_8_bits(out, given)
    if (folder / CARD).is_file():  # the terms are in it
        shutil.copyfile(folder / CARD, out / CARD)
    print(f"before  {megabytes(folder):.1f} MB  {folder}")
    print(f"after   {megabytes(out):.1f} MB  {out}")
    if data is None:
        print("cost    not measured; name data of its kind with --data")
        return 0
    use_compile_cache()
    before, after = (evaluate(given.model, params, scored) for params in (given.params, from_pretrained(out).params))
    steps = sum(int(batch.valid.sum()) for batch in scored)
    print(
        f"cost    {after - before:+.4f} nats/{domain.unit} ({before:.4f} before, {after:.4f} after), "
        f"on {steps:,} {domain.unit}s of {data}"
    )
    return 0


def _windows(domain: Domain[Any], codec: Codec[Any], name: str, data: str) -> list[Batch]:
    """The first steps of what is held out, read as this model wants it."""
    found = read_named(domain, data, settled(domain, codec, name, domain.reading.settings))
    batches, steps = [], 0
    for batch in evaluation_windows(_source(codec, found), ROWS, WINDOW):
        batches.append(batch)
        steps += int(batch.valid.sum())
        if steps >= STEPS:  # amid a long text
            break
    return batches


def _source(codec: Codec[Any], found: Splits[Any] | Encoded) -> Source:
    if isinstance(found, Encoded):
        return encoded(codec, found).valid
    examples, steps = [], 0
    for item in found.valid:
        examples.append(codec.encode(item))
        steps += len(jax.tree.leaves(examples[-1].steps)[0])
        if steps >= STEPS:
            break
    return in_memory(codec.spec, examples)
