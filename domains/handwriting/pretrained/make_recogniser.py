"""Makes the shipped model `recogniser` and its card: `python domains/handwriting/pretrained/make_recogniser.py`.

Learns UNIPEN's words, then lines and words joined to lines, in runs/read-words and runs/read-lines (or goes on there, if it
was stopped), and releases the model in 8 bits beside this file. With --judge it learns from the writers alone that no
shipped hand comes from, in runs/judge-words and runs/judge-lines, and releases nothing: the model of the last run judges
what those hands write. Needs UNIPEN, as its SOURCE.md says, and the extra `ink`.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from seqgen import Splits, TrainingConfig, __version__, from_pretrained, registry
from seqgen.domains.handwriting import Ink, cer, load_reader, wer
from seqgen.models.pretrained import save_in_8_bits
from seqgen.models.shipped import megabytes

from .make_two_hands import HERE, learn

DATA, SIZE, SEED = "unipen", "medium", 0
HANDS = 200  # shipped hands are those of writers with a lower number; the judge has not seen these write
LONGEST, SHORT = 40, 10  # characters of a line; of a synthetic text beside words
SYNTHETIC = 3_000  # texts a stage in hands that no person wrote, all characters among them
ITEMS = 400  # of words and of lines, by all writers of a part in turn, that are read to judge
WORD_STEPS, LINE_STEPS = 6_000, 2_500
SETTINGS = TrainingConfig(rows=64, learning_rate=3e-3, ema=0.998, evaluations=20, patience=0)
SLOWER = dataclasses.replace(SETTINGS, rows=32, learning_rate=1.5e-3)

CARD = """\
---
language: en
license: apache-2.0
data_license: cc-by-4.0
writes: what handwriting says, in ASCII
---
# recogniser

Reads online handwriting, strokes of a pen or a tablet and no pictures: words and lines, printed, cursive and mixed, in the
95 printable characters of ASCII.

| | |
|---|---|
| network | {layers} bidirectional layers of {units} LSTM cells each way under CTC (Graves et al. 2009), {points} points a step; {parameters:,} parameters, 8-bit weights, {megabytes:.2f} MB |
| data | unipen: {words:,} words and {lines:,} lines, as written and joined of words, of {writers} writers; synthetic-ink, {drawn:,} texts in two hands among each |
| terms of the data | {licence}. Cite: Guyon, Schomaker, Plamondon, Liberman and Janet, "UNIPEN project of on-line data exchange and recognizer benchmarks", ICPR 1994; {origin}. The weights are under the licence of seqgen, Apache 2.0 |
| made by | `python domains/handwriting/pretrained/make_recogniser.py` (seqgen {version}) |
| seed, steps | {seed}, {word_steps:,} steps of {rows} words and {line_steps:,} of {line_rows} lines |
| time | {minutes} minutes on two CPU cores that had other work as well |

Measured from the files in this folder on items of {test_writers} writers that it has not learned from, a beam of 16, no
language model, {test} words and as many lines:

| | character error rate | word error rate |
|---|---|---|
| words | {word_cer:.4f} | {word_wer:.4f} |
| lines | {line_cer:.4f} | {line_wer:.4f} |

All of the test part, words that the training part does not have, and with a language model:
`python benchmarks/handwriting_reading.py`.
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--runs", type=Path, default=Path("runs"), help="folder to train in")
    options.add_argument("--judge", action="store_true", help="learn from the writers alone that no shipped hand is of")
    args = options.parse_args()
    name = "judge" if args.judge else "read"
    # Some lines from the beginning: the alphabet is that of the first stage, and words have no spaces.
    words = data({"words": 1, "lines": 10}, SHORT, args.judge)
    first = learn(args.runs / f"{name}-words", words, WORD_STEPS, SETTINGS, size=SIZE, network="recognition")
    lines = data({"lines": 1, "joined": 1}, LONGEST, args.judge)
    second = learn(args.runs / f"{name}-lines", lines, LINE_STEPS, SLOWER, first.model, network="recognition")
    if args.judge:
        print(f"the judge is {second.model}")
        return
    folder, given = HERE / "recogniser", from_pretrained(second.model)
    shutil.rmtree(folder, ignore_errors=True)
    save_in_8_bits(folder, given)
    write_card(folder, [first.model, second.model], words, lines)


def data(kinds: Mapping[str, int], longest: int, judge: bool) -> Splits[Ink]:
    """UNIPEN's ink of these kinds, of each every so manieth, and synthetic texts of at most `longest` characters.

    Some of the first kind is what it is judged by. What is to judge learns from its own writers.
    """
    parts = [registry.dataset(DATA).load(kind=kind, longest=LONGEST) for kind in kinds]
    people = [ink for part, each in zip(parts, kinds.values(), strict=True) for ink in part.train[::each]]
    drawn = registry.dataset("synthetic-ink").load(seed=SEED, count=SYNTHETIC, longest=longest).train
    valid, test = (some[:: max(1, len(some) // ITEMS)][:ITEMS] for some in (parts[0].valid, parts[0].test))
    return Splits([ink for ink in people if not judge or writer(ink) >= HANDS] + list(drawn), valid, test)


def writer(ink: Ink) -> int:
    """The number of whoever wrote it, the best first."""
    return int((ink.hand or "").split()[-1])


def write_card(folder: Path, stages: Sequence[Path], words: Splits[Ink], lines: Splits[Ink]) -> None:
    """Reads test items with the released files and says so in README.md beside them."""
    released, reader, source = from_pretrained(folder), load_reader(folder), registry.dataset(DATA)
    network = released.config["model"]["network"]
    rates: dict[str, float] = {}
    for kind, splits in (("word", words), ("line", lines)):
        texts = [ink.text or "" for ink in splits.test]
        read = [reader.read(ink).text for ink in splits.test]
        rates |= {f"{kind}_cer": cer(read, texts), f"{kind}_wer": wer(read, texts)}
    card = CARD.format(
        layers=network["layers"],
        units=network["units"],
        points=reader.codec.points,
        parameters=released.parameters,
        megabytes=megabytes(folder),
        words=len(words.train) - SYNTHETIC,
        lines=len(lines.train) - SYNTHETIC,
        drawn=SYNTHETIC,
        writers=len({ink.hand for ink in words.train[:-SYNTHETIC]}),
        licence=source.LICENCE,
        origin=source.ORIGIN,
        version=__version__,
        seed=SEED,
        word_steps=WORD_STEPS,
        line_steps=LINE_STEPS,
        rows=SETTINGS.rows,
        line_rows=SLOWER.rows,
        minutes=" + ".join(f"{from_pretrained(stage).training['minutes']:.0f}" for stage in stages),
        test=ITEMS,
        test_writers=len({ink.hand for splits in (words, lines) for ink in splits.test}),
        **rates,
    )
    (folder / "README.md").write_text(card, encoding="utf-8")
    print(card)


if __name__ == "__main__":
    main()
