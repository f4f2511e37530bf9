"""`seqgen label ...`: the verbs of labels. Only the standard library is imported before one runs."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from seqgen.errors import UsageError
from seqgen.shell import train_verb
from seqgen.shell.commands import Commands

from .row import EACH

if TYPE_CHECKING:
    from .api import LabelModel
    from .row import Row


def add(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    column = "the column of labels, by name or number (the last)"
    train = verbs.add_parser(
        "train", help="learn from a table", epilog="example: seqgen label train lines.csv --minutes 2"
    )
    train_verb.add_options(train, data="a table, CSV or TSV: numbers or a text, and a label, in each row")
    train.add_argument("--each", choices=EACH, help="what has a label and is a row of the table (row)")
    train.add_argument("--label", metavar="COLUMN", help=column)
    train.add_argument("--encoding", help="of the table, such as cp1252 (utf-8)")
    train.set_defaults(run=_train)

    read = verbs.add_parser(
        "read", help="say what rows are", epilog="example: seqgen label read new.csv --model runs/lines"
    )
    read.add_argument("file", metavar="FILE", help="a table without labels, - for standard input")
    read.add_argument("--model", required=True, metavar="MODEL", help="a run or a model folder")
    read.add_argument("--label", default="", metavar="COLUMN", help="a column of labels, to be passed over (none)")
    read.add_argument("--encoding", default="utf-8", help="of the table (utf-8)")
    read.add_argument("--json", action="store_true", help="a line of JSON a row, with the probability of every label")
    read.set_defaults(run=_read)

    score = verbs.add_parser(
        "score", help="how many labels are right", epilog="example: seqgen label score held_out.csv --model runs/lines"
    )
    score.add_argument("file", metavar="FILE", help="a table with labels")
    score.add_argument("--model", required=True, metavar="MODEL", help="a run or a model folder")
    score.add_argument("--label", default="last", metavar="COLUMN", help=column)
    score.add_argument("--encoding", default="utf-8", help="of the table (utf-8)")
    score.set_defaults(run=_score)

    inspect = verbs.add_parser(
        "inspect",
        help="what is in a table, and what would not be used",
        epilog="example: seqgen label inspect lines.csv",
    )
    inspect.add_argument("file", metavar="FILE", help="a table with labels")
    inspect.add_argument("--each", choices=EACH, default="row", help="as for train (row)")
    inspect.add_argument("--label", default="last", metavar="COLUMN", help=column)
    inspect.add_argument("--encoding", default="utf-8", help="of the table (utf-8)")
    inspect.set_defaults(run=_inspect)


def _train(args: argparse.Namespace) -> int:
    from . import api
    from .presets import DOMAIN

    outcome = train_verb.run_train(args, api.train, api.resume, "each", "label", "encoding")
    return train_verb.tell(outcome, DOMAIN.name, DOMAIN.unit, "read FILE")


def _open(args: argparse.Namespace) -> tuple[LabelModel, list[Row]]:
    from seqgen.machine.cache import use_compile_cache

    from .api import load
    from .files import read_rows

    use_compile_cache()
    model = load(args.model)
    rows, unused = read_rows(args.file, model.codec.each, args.label, args.encoding)
    _tell(unused)
    return model, rows


def _read(args: argparse.Namespace) -> int:
    model, rows = _open(args)
    for said in model.read(rows):
        best = said.probabilities.max(axis=-1)
        if args.json:
            every = [
                dict(zip(model.codec.labels, map(_short, one), strict=True)) for one in said.probabilities.tolist()
            ]
            print(json.dumps({"labels": said.labels, "probabilities": every}, ensure_ascii=False))
            continue
        for label, probability in zip(said.labels, best.tolist(), strict=True):
            print(f"{label}\t{probability:.3f}")
        if model.codec.each == "position":
            print()
    return 0


def _short(probability: float) -> float:
    return round(probability, 6)


def _score(args: argparse.Namespace) -> int:
    if not args.label:
        raise UsageError("say which column has the labels: a name or a number, or leave --label out for the last")
    model, rows = _open(args)
    score = model.score(rows)
    print(f"accuracy: {score.accuracy:.1%} of {score.labels:,} labels; always the commonest: {score.commonest:.1%}")
    print(f"{score.nats:.4f} nats/label")
    return 0


def _inspect(args: argparse.Namespace) -> int:
    from .files import read_rows

    rows, unused = read_rows(args.file, args.each, args.label, args.encoding)
    kind = f"{len(rows[0].values[0])} numbers" if rows[0].numeric else "words" if args.each == "position" else "text"
    lengths = sorted(len(row.values) for row in rows)
    print(f"{len(rows):,} items of {kind}, {lengths[0]} to {lengths[-1]} positions, half of them at most", end=" ")
    print(lengths[len(lengths) // 2])
    counts = Counter(label for row in rows for label in row.labels)
    for label, count in counts.most_common(10):
        print(f"{count:8,}  {label}")
    if len(counts) > 10:
        print(f"and {len(counts) - 10:,} labels more")
    _tell(unused)
    return 0


def _tell(unused: Sequence[str]) -> None:
    for line in unused[:10]:
        print(f"not used: {line}", file=sys.stderr)
    if len(unused) > 10:
        print(f"and {len(unused) - 10:,} more", file=sys.stderr)


COMMANDS = Commands("what rows of numbers or text are: train on a table with labels, read, score, inspect", add)
