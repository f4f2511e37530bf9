"""What a harmony teacher would mark in chorales that models compose by themselves, beside what they learned from.

The same as `seqgen music report` counts, with the targets; what is counted is said in domains/music/reports/marks.py.
"""

from __future__ import annotations

import argparse

from _report import Row, parser, report

from seqgen import registry
from seqgen.domains import music
from seqgen.domains.music.reports.marks import rates, total

RANGES = ((60, 81), (53, 74), (48, 69), (36, 64))  # of Bach's, in bach-cc0
CORPORA = ("bach-cc0", "js-fakes", "jsb-chorales")
TARGETS = {
    "parallel fifths": ("<=", 1.0),
    "parallel octaves": ("<=", 1.0),
    "leaps": ("<=", 0.3),
    "pieces with a voice": ("<=", 0.0),
    "last chord a triad": (">=", 95.0),
    "last chord the tonic's": (">=", 60.0),
    "8 bars after a primer of 8 stay in its key": (">=", 45.0),
    "8 bars after a primer of 8 stay in it or a close one": (">=", 85.0),
}


def rows(what: str, figures: dict[str, float], targets: bool) -> list[Row]:
    """A row a figure; with its target where a model is judged."""
    found = []
    for name, value in figures.items():
        sense, target = next((of for begin, of in TARGETS.items() if name.startswith(begin)), ("<=", None))
        found.append(Row(f"{what}: {name}", value, sense, target if targets else None))
    return found


def corpora() -> list[Row]:
    """What there is to learn from, and Bach as others have him."""
    found = []
    for name in CORPORA:
        splits = registry.dataset(name).load()
        found += rows(name, rates(total([*splits.train, *splits.valid, *splits.test], RANGES)), targets=False)
    return found


def sampled(name: str, args: argparse.Namespace) -> list[Row]:
    """One model, beside Bach."""
    model = music.load(name)
    made = model.report("bach-cc0", count=args.count, bars=16)
    found = rows(name, {what: ours for what, (ours, _) in made.figures.items()}, targets=True)
    for what, runs in (("samples", made.copied), ("held-out pieces", made.alike)):
        mean = sum(run.length for run in runs) / len(runs)
        found.append(Row(f"{name}: longest run of {what} that bach-cc0's training part has", mean, unit="sixteenths"))
    return found


def main() -> None:
    options = parser(__doc__)
    options.add_argument(
        "--model", action="append", help="a shipped model, run or model folder; may repeat (bach, chorales)"
    )
    options.add_argument("--count", type=int, default=100, help="pieces that are sampled (100)")
    args = options.parse_args()
    if args.toy:
        piece = music.load().compose([None], bars=2)[0].score
        report(rows("toy", rates(total([piece], RANGES)), targets=True), args.json)
        return
    found = corpora()
    for name in args.model or ["bach", "chorales"]:
        found += sampled(name, args)
    report(found, args.json)


if __name__ == "__main__":
    main()
