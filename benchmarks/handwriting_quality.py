"""How well handwriting is written: every figure of docs/handwriting.md, and its contact sheets with --sheet.

A stranger's reader, tesseract-ocr, judges the lines; without it on this machine its rows are left out. The rows on the
generator's own ink need the extra `ink`; without it they are left out, and the rest is measured all the same.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import _recognition
import numpy as np
from _mixture import log_density
from _report import Row, parser, report
from numpy.random import Generator, Philox, SeedSequence

from seqgen.datasets import synthetic_ink
from seqgen.datasets.synthetic_ink import words
from seqgen.domains import handwriting
from seqgen.domains.handwriting.api import MOST
from seqgen.domains.handwriting.drawing.svg import write_svg
from seqgen.domains.handwriting.drawing.trace import trace

LINES, CHECKED = 40, 200  # read by tesseract; looked through for what goes wrong
SHORTEST, LONGEST = 25, 40  # characters
GROUP = 32  # lines written at once
LINE_40 = "The quick brown fox jumps over lazy dogs"


@dataclasses.dataclass(frozen=True)
class Arguments:
    """What was asked for."""

    toy: bool
    model: handwriting.HandwritingModel
    sheet: Path | None


def held_out(count: int) -> list[str]:
    """Lines of words, names, numbers and signs, whose longer words no training text has."""
    chances = (Generator(Philox(SeedSequence([0, number, 31]))) for number in range(count))
    return [words.line(chance, "test", SHORTEST, LONGEST) for chance in chances]


def written(model: handwriting.HandwritingModel, lines: Sequence[str], hand: str, seed: int) -> list[handwriting.Ink]:
    return model.write("\n".join(lines), hand=hand, seed=seed, width=LONGEST)


def recognition(args: Arguments) -> list[Row]:
    """What tesseract reads of the model's lines and of the generator's."""
    lines = held_out(1 if args.toy else LINES)
    inks = {hand: written(args.model, lines, hand, seed=1) for hand in hands_of(args.model)}
    if args.sheet is not None:
        for hand, made in inks.items():
            write_svg(made, args.sheet / f"lines_{hand}.svg")
    if not _recognition.available():
        print("tesseract-ocr is not on this machine: nothing was read", file=sys.stderr)
        return []
    rows, own = [], importlib.util.find_spec("HersheyFonts") is not None
    for hand, made in inks.items():
        rate = handwriting.cer([_recognition.read(ink) for ink in made], lines)
        target = 0.08 if hand == "print" else None
        rows.append(Row(f"hand {hand}: character error rate of tesseract", rate, "<=", target))
        if own:
            generated = [synthetic_ink.write(line, synthetic_ink.hand(hand), 5) for line in lines]
            reference = handwriting.cer([_recognition.read(ink) for ink in generated], lines)
            rows.append(Row(f"hand {hand}: the same of the generator's own ink", reference))
            if hand == "joined":
                rows.append(Row("hand joined: the first over the second", rate / max(reference, 1e-9), "<=", 1.25))
    return rows


def accidents(args: Arguments) -> list[Row]:
    """Lines that ran away, stuck at a character, or passed over one, by where the window was."""
    lines = held_out(2 if args.toy else CHECKED)
    counts = dict.fromkeys(("ran away", "stuck", "passed over a character"), 0)
    bad = 0
    for number, hand in enumerate(hands_of(args.model)):
        mine = lines[number :: len(hands_of(args.model))]
        for line, ink in zip(mine, written(args.model, mine, hand, seed=2), strict=True):
            weights = trace(args.model, ink).window  # [T, U + 1]
            assert weights is not None
            most = weights.argmax(axis=1)
            stays = np.bincount(most, minlength=len(line) + 1)[: len(line)]
            seen = weights.max(axis=0)[: len(line)]
            wrong = (
                ink.points >= MOST * (len(line) + 1),
                bool(stays.max() > 4 * ink.points / len(line) + 20),
                bool((seen < 0.1 * np.median(seen)).any()),
            )
            for what, happened in zip(counts, wrong, strict=True):
                counts[what] += happened
            bad += any(wrong)
    share = [Row(f"lines of {len(lines)} that went wrong", 100 * bad / len(lines), "<=", 2, "%")]
    return share + [Row(f"of these, {what}", number) for what, number in counts.items()]


def likelihood(args: Arguments) -> list[Row]:
    """The model's own loss on what it wrote, against float64 and SciPy."""
    (ink,) = args.model.write("Exact to the last digit", seed=3)
    ours, scipy = args.model.score(ink).nats, -log_density(args.model, ink)
    return [Row("loss on its own ink, difference to SciPy", abs(ours - scipy) / abs(scipy), "<=", 1e-5)]


def speed(args: Arguments) -> list[Row]:
    """The whole process, from the shell, once the compiled program is in the cache."""
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(1 if args.toy else 4):
            start = time.perf_counter()
            command = [str(Path(sys.executable).parent / "seqgen"), "handwriting", "write", LINE_40, "--seed", "1"]
            command += ["--model", args.model.name, "--out", str(Path(folder, "line.svg"))]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds.append(time.perf_counter() - start)
    return [Row("a line of 40 characters, whole process, warm", float(np.median(seconds[1:] or seconds)), "<=", 2, "s")]


def hands_of(model: handwriting.HandwritingModel) -> Sequence[str]:
    return model.codec.hands


PARTS: dict[str, Callable[[Arguments], list[Row]]] = {
    "recognition": recognition,
    "accidents": accidents,
    "likelihood": likelihood,
    "speed": speed,
}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--part", action="append", choices=PARTS, help="only this; may repeat (all)")
    options.add_argument("--model", default="two-hands", help="a shipped name, a run or a model folder (two-hands)")
    options.add_argument("--sheet", type=Path, metavar="FOLDER", help="draw the lines that are read, a picture a hand")
    args = options.parse_args()
    asked = Arguments(args.toy, handwriting.load(args.model), args.sheet)
    rows = [row for part in args.part or PARTS for row in PARTS[part](asked)]
    report(rows, args.json)


if __name__ == "__main__":
    main()
