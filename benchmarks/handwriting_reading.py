"""How well handwriting is read: by a recogniser, of people it has not learned from, and of what the shipped hands write.

People's ink is the test part of UNIPEN, named by SEQGEN_DATA; without it on this machine its rows are left out. Texts are
compared as they are, capitals and signs included.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from _report import Row, parser, report

from seqgen import Splits
from seqgen.datasets import unipen
from seqgen.domains import handwriting
from seqgen.domains.handwriting import Ink, cer, wer
from seqgen.errors import DataError
from seqgen.models.decoding import Scorer

ITEMS = 2000  # words, and a quarter as many lines, by all writers of the part in turn
LONGEST = 60  # characters
TARGETS = {
    ("words", "all", "beam"): 0.12,
    ("words", "unseen", "beam"): 0.16,
    ("lines", "all", "beam and language"): 0.09,
}
TEXT = "The quick brown fox jumps over lazy dogs\nPack my box with 5 dozen liquor jugs\nSphinx of black quartz, judge my vow"


@dataclasses.dataclass(frozen=True)
class Arguments:
    """What was asked for."""

    toy: bool
    reader: handwriting.HandwritingReader
    language: Scorer
    items: int
    hands: str


@functools.cache
def ink_of(kind: str) -> Splits[Ink] | None:
    try:
        return unipen.load(kind=kind, longest=LONGEST)
    except DataError as error:
        print(f"{error}: no {kind} of people were read", file=sys.stderr)
        return None


def people(args: Arguments, kind: str) -> list[Row]:
    """The error rates of words or lines, of all and of those whose text nobody wrote for training, by three ways to read."""
    splits = ink_of(kind)
    if splits is None:
        return []
    count = args.items if kind == "words" else args.items // 4
    inks = splits.test[:: max(1, len(splits.test) // count)][:count]
    texts = [ink.text or "" for ink in inks]
    train: Any = splits.train
    known = {train.corpus.text(item) for row in train.rows for item in row}  # makes no ink
    unseen = [row for row, text in enumerate(texts) if text not in known]
    ways: dict[str, Callable[[Ink], str]] = {
        "greedy": args.reader.greedy,
        "beam": lambda ink: args.reader.read(ink).text,
        "beam and language": lambda ink: args.reader.read(ink, language=args.language).text,
    }
    rows = []
    for way, read in ways.items():
        started = time.perf_counter()
        made = [read(ink) for ink in inks]
        seconds = time.perf_counter() - started
        for what, chosen in (("all", range(len(texts))), ("unseen", unseen)):
            rows += rates(f"{kind}, {what} {len(chosen)}, {way}", made, texts, chosen, TARGETS.get((kind, what, way)))
        rows.append(Row(f"{kind}, {way}: read", len(inks) / seconds, unit="items/s"))
    return rows


def rates(
    what: str, read: Sequence[str], texts: Sequence[str], chosen: Sequence[int], target: float | None
) -> list[Row]:
    made, written = ([some[row] for row in chosen] for some in (read, texts))
    if not written:
        return []
    return [
        Row(f"{what}: character error rate", cer(made, written), "<=", target),
        Row(f"{what}: word error rate", wer(made, written)),
    ]


def hands(args: Arguments) -> list[Row]:
    """What the model that writes has written, in each of its hands."""
    model = handwriting.load(args.hands)
    text = TEXT.splitlines()[0] if args.toy else TEXT
    rows = []
    for hand in model.codec.hands:
        seeds = range(1 if args.toy else 8)
        inks = [ink for seed in seeds for ink in model.write(text, hand=hand, seed=seed)]
        read = [args.reader.read(ink).text for ink in inks]
        rows += rates(
            f"hand {hand} of {args.hands}, beam", read, [ink.text or "" for ink in inks], range(len(inks)), 0.03
        )
    return rows


PARTS: dict[str, Callable[[Arguments], list[Row]]] = {
    "words": lambda args: people(args, "words"),
    "lines": lambda args: people(args, "lines"),
    "hands": hands,
}


def toy_reader(folder: Path) -> handwriting.HandwritingReader:
    """One that has learned nothing to speak of, so that a toy needs no model that ships."""
    inks = handwriting.load().write("Jackdaws love my\nbig sphinx of quartz", seed=1)
    settings = {"network": "recognition", "size": "tiny", "steps": 2}
    return handwriting.load_reader(handwriting.train(Splits(inks, inks), folder, **settings).folder)  # type: ignore[arg-type]


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--part", action="append", choices=PARTS, help="only this; may repeat (all)")
    options.add_argument("--model", default=handwriting.READER, help="a shipped name, a run or a model folder")
    options.add_argument("--language", default="shakespeare", help="a model of text (shakespeare)")
    options.add_argument("--hands", default=handwriting.MODEL, help="the model that writes (the one that ships)")
    options.add_argument(
        "--items", type=int, default=ITEMS, help=f"words that are read, four times the lines ({ITEMS})"
    )
    args = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        reader = toy_reader(Path(folder, "run")) if args.toy else handwriting.load_reader(args.model)
    language = handwriting.load_language(args.language, reader.codec.alphabet)
    asked = Arguments(args.toy, reader, language, 8 if args.toy else args.items, args.hands)
    rows = [row for part in args.part or PARTS for row in PARTS[part](asked)]
    report(rows, args.json)


if __name__ == "__main__":
    main()
