"""What a text of one's own teaches in so many minutes, beside what counting makes of the same held-out part.

`--text verse=psalms.txt --text prose=novel.txt --kilobytes 11 --minutes 2`: the beginning of each file, trained on as
`seqgen text train FILE --minutes M --from scratch` does with nothing else set. Minutes buy what a machine is quick enough
for: run it on one that has nothing else to do. Without `--text` the manual inside Python is the text. `--level words` compares
by perplexity.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from _report import Row, parser, report

from seqgen import registry
from seqgen.domains import text

KILOBYTES, MINUTES = (3, 11, 50, 200, 1000), (2.0,)


def beginning(whole: str, kilobytes: int) -> str:
    """As much of it as that many thousands of bytes are, to the end of a line; all of a shorter text."""
    return whole.encode()[: 1000 * kilobytes].decode(errors="ignore").rpartition("\n")[0] or whole


def learned(kind: str, path: Path, minutes: float, level: str, how: dict[str, Any]) -> Iterator[Row]:
    """What the run came to, and the floors of the same held-out part."""
    outcome = text.train(str(path), path.with_suffix(f".{minutes:g}"), start_from="scratch", level=level, **how)
    size, unit = f"{kind}, {path.stat().st_size / 1000:,.0f} KB", f"nats/{outcome.unit}"
    what = f"{size}, {minutes:g} min"
    print(f"{what}: {outcome.best:.3f} after {outcome.step:,} of {outcome.steps:,} steps", file=sys.stderr, flush=True)
    yield Row(what, outcome.best, "<=", outcome.floor, unit)
    if outcome.ngram is not None:
        yield Row(f"{size}: Kneser-Ney, {outcome.ngram.order} symbols", outcome.ngram.nats, unit=unit)
        if level == "words":
            below = 100 * (1 - math.exp(outcome.best - outcome.ngram.nats))
            yield Row(f"{what}: perplexity {math.exp(outcome.best):.0f} below Kneser-Ney's", below, ">=", 25, "%")


def texts(args: argparse.Namespace) -> dict[str, str]:
    if args.toy or not args.text:
        return {"manual": "\n".join(registry.load_dataset("python-manual", "text").train)}
    return {kind: Path(path).read_text(encoding="utf-8") for kind, _, path in (one.partition("=") for one in args.text)}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--text", action="append", metavar="KIND=FILE", help="a text in UTF-8; may repeat")
    options.add_argument("--kilobytes", type=int, nargs="+", default=KILOBYTES, help="how much of each (3 to 1,000)")
    options.add_argument("--minutes", type=float, nargs="+", default=MINUTES, help="how long on each (2)")
    options.add_argument(
        "--level", default="characters", help="what it is spelt in: words, subwords, bytes (characters)"
    )
    options.add_argument("--runs", type=Path, default=Path("runs", "own-texts"), help="folder of the trainings")
    args = options.parse_args()
    rows: list[Row] = []
    for kind, whole in texts(args).items():
        for kilobytes in [3] if args.toy else args.kilobytes:
            path = args.runs / f"{kind}-{kilobytes}-{args.level}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(beginning(whole, kilobytes), encoding="utf-8")
            for minutes in args.minutes:
                rows += learned(kind, path, minutes, args.level, {"steps": 2} if args.toy else {"minutes": minutes})
    report(rows, args.json)


if __name__ == "__main__":
    main()
