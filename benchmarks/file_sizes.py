"""How long the package's files are: something that is read in one go is understood."""

from __future__ import annotations

import statistics
from pathlib import Path

from _report import Row, parser, report

ROOT = Path(__file__).parent.parent


def main() -> None:
    options = parser(__doc__).parse_args()
    files = {path.resolve() for folder in ("seqgen", "domains", "datasets") for path in (ROOT / folder).rglob("*.py")}
    lengths = sorted((len(path.read_text(encoding="utf-8").splitlines()), path) for path in files)
    longest, where = lengths[-1]
    rows = [
        Row("median file", statistics.median(length for length, _ in lengths), "<=", 180, "lines"),
        Row(f"longest file, {where.relative_to(ROOT).as_posix()}", longest, "<=", 450, "lines"),
        Row("files", len(lengths)),
        Row("all lines", sum(length for length, _ in lengths)),
    ]
    report(rows, options.json)


if __name__ == "__main__":
    main()
