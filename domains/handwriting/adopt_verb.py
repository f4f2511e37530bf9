"""`seqgen handwriting adopt`: samples in, a hand out, and what was gained."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from seqgen.errors import DataError, UsageError
from seqgen.files.folders import free_path
from seqgen.files.reading import read_text
from seqgen.files.report import tell_use
from seqgen.machine.cache import use_compile_cache

from . import api, tuning
from .adopting import Adopted, adopt
from .files import in_x_heights, read_inks
from .hands import ENDING, Style
from .ink import Ink

READ_BACK = 8  # lines of those held out, written in either hand


def run(samples: Sequence[str], texts: Path | None, name: str, out: Path, tune: Path | None = None) -> int:
    """Fits a hand to the samples and writes it, if it is better than every hand that the model has.

    tune: where to write the model after all its weights have learned from them, too, if that is better still.
    """
    if out.suffix != ENDING:
        raise UsageError(f"--out is {out}; end it in {ENDING}")
    use_compile_cache()
    model, began = api.load(name), time.monotonic()
    found = read_inks(samples)
    inks = list(found.inks)
    if texts is None and inks and not any(ink.text for ink in inks):
        return _propose(inks, samples, out)
    if texts is not None:
        lines = [line for line in read_text(texts).splitlines() if line.strip()]
        if len(lines) != len(inks):
            raise DataError(f"{texts} has {len(lines)} lines of text for {len(inks)} samples; give one for each")
        inks = [replace(ink, text=" ".join(line.split())) for ink, line in zip(inks, lines, strict=True)]
    else:
        found = read_inks(samples, model.check)
        inks = list(found.inks)
        tell_use(found.rows, "lines", "handwriting", found.unread)
    inks = list(in_x_heights(inks))
    if tune is not None:
        tuning.check(inks, tune)
    made = adopt(model, inks)
    gain = made.before - made.after
    print(
        f"learned from {made.samples} samples in {(time.monotonic() - began) / 60:.1f} minutes; {len(made.held_out)} others: "
        f"{made.before:.3f} nats/point in the nearest hand, {made.nearest}, {made.after:.3f} in this one"
    )
    if gain <= 0:
        print(
            f"seqgen: nothing is written: it is no better than --hand {made.nearest}; give more samples, each with the "
            "text that it says",
            file=sys.stderr,
        )
        return 1
    made.style.save(out)
    told = [text for text in made.held_out if text.strip()][:READ_BACK]
    if told and model.codec.alphabet:
        before, after = legibility(told, (model, made.nearest), (model, made.style))
        print(
            f"what {len(told)} of these others say, written in either hand and read by the recogniser: {before:.1%} of the "
            f"characters wrong in {made.nearest}, {after:.1%} in this one"
        )
    print(f'seqgen: wrote {out}; next: seqgen handwriting write "Dear Ann," --hand {out}')
    return 0 if tune is None else _tune(model, inks, made, told, tune)


def _tune(model: api.HandwritingModel, inks: Sequence[Ink], made: Adopted, told: Sequence[str], folder: Path) -> int:
    """Has the model learn from the samples, says what was gained, and keeps what is better."""
    found = tuning.tune(model, inks, made.style, folder)
    print(
        f"fine-tuned on the same samples: {found.before:.3f} nats/point of the others in the hand alone, {found.after:.3f} in "
        "the tuned model"
    )
    if found.folder is None:
        print(f"seqgen: {folder} is not written: it is no better than --hand alone; give more samples", file=sys.stderr)
        return 1
    if told and model.codec.alphabet:
        before, after = legibility(told, (model, made.style), (api.load(found.folder), tuning.HAND))
        print(
            f"read by the recogniser: {before:.1%} of the characters wrong in the hand alone, {after:.1%} in the model"
        )
    print(f'seqgen: wrote {folder}; next: seqgen handwriting write "Dear Ann," --model {folder} --hand {tuning.HAND}')
    return 0


def legibility(texts: Sequence[str], *asked: tuple[api.HandwritingModel, str | Style]) -> list[float]:
    """The character error rates of the shipped recogniser on texts as each model writes them in its hand."""
    from .recognition.rates import cer
    from .recognition.reader import load_reader

    reader, text = load_reader(), "\n".join(texts)
    pages = [model.write(text, hand=hand) for model, hand in asked]
    return [cer([reader.read(ink).text for ink in lines], [ink.text or "" for ink in lines]) for lines in pages]


def _propose(inks: Sequence[Ink], samples: Sequence[str], out: Path) -> int:
    """Writes what the shipped recogniser reads, a line a sample, for whoever wrote them to put right."""
    from .recognition.reader import load_reader

    reader, path = load_reader(), free_path(out.with_suffix(""), ".txt")
    read = [reader.read(ink).text for ink in in_x_heights(inks)]
    path.write_text("".join(f"{text or '?'}\n" for text in read), encoding="utf-8")
    given = " ".join(map(shlex.quote, samples))
    print(
        f"seqgen: the {len(inks)} samples do not say their texts; wrote what they seem to say to {path}, a line each: "
        f"correct it, then: seqgen handwriting adopt {given} --texts {path} --out {out}"
    )
    return 1
