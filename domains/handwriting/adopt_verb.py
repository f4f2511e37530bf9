"""`seqgen handwriting adopt`: samples in, a hand out, and what was gained."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from seqgen.errors import DataError, UsageError
from seqgen.files.reading import read_text
from seqgen.files.report import tell_use
from seqgen.machine.cache import use_compile_cache

from . import api
from .adopting import adopt
from .files import in_x_heights, read_inks
from .hands import ENDING


def run(samples: Sequence[str], texts: Path | None, name: str, out: Path) -> int:
    """Fits a hand to the samples and writes it, if it is better than every hand that the model has."""
    if out.suffix != ENDING:
        raise UsageError(f"--out is {out}; end it in {ENDING}")
    use_compile_cache()
    model, began = api.load(name), time.monotonic()
    found = read_inks(samples, (lambda ink: None) if texts else model.check)
    inks = list(found.inks)
    if texts is not None:
        lines = [line for line in read_text(texts).splitlines() if line.strip()]
        if len(lines) != len(inks):
            raise DataError(f"{texts} has {len(lines)} lines of text for {len(inks)} samples; give one for each")
        inks = [replace(ink, text=" ".join(line.split())) for ink, line in zip(inks, lines, strict=True)]
    else:
        tell_use(found.rows, "lines", "handwriting", found.unread)
    made = adopt(model, in_x_heights(inks))
    gain = made.before - made.after
    print(
        f"learned from {made.samples} samples in {(time.monotonic() - began) / 60:.1f} minutes; {made.held_out} others: "
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
    print(f'seqgen: wrote {out}; next: seqgen handwriting write "Dear Ann," --hand {out}')
    return 0
