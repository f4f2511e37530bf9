"""Files of pairs: one a line, tab between; or two files, a source and a target a line each (Moses)."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Sequence

from seqgen.domain import Splits
from seqgen.errors import DataError
from seqgen.files.reading import read_text

from .pair import Pair, clean

FEWEST = 4  # pairs: below, there is nothing to hold out
LARGE = (
    20_000  # pairs, from which on a hundredth is held out to validate and as much to test; below a tenth, and nothing
)
LONGEST = 1000  # characters of a side


def read_pairs(
    path: str | os.PathLike[str], target: str | os.PathLike[str] = "", encoding: str = "utf-8"
) -> tuple[list[Pair], list[str]]:
    """The pairs of a file, and a line for each that cannot be used, with the reason.

    path: a pair a line, source, tab, target; what follows another tab is passed over. Or, with `target`, the sources
    alone, a line each, and as many targets in that file.
    Raises DataError for files that hold no pairs, or are not of the same number of lines.

    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
    ...     print("Go on.\\tContinue.\\nand no more", file=file, flush=True)
    ...     found, unused = read_pairs(file.name)
    >>> found
    [Pair(source='Go on.', target='Continue.')]
    >>> len(unused)
    1
    """
    lines = read_text(path, encoding).split("\n")
    name = os.fspath(path)
    if target:
        others = read_text(target, encoding).split("\n")
        lines, others = ([*part, ""][: len(part) + 1] for part in (lines, others))
        while lines and not lines[-1]:
            lines.pop()
        while others and not others[-1]:
            others.pop()
        if len(lines) != len(others):
            raise DataError(
                f"{name} has {len(lines):,} lines and {os.fspath(target)} {len(others):,}; give a target for each source"
            )
        rows = [f"{source.replace(chr(9), ' ')}\t{other}" for source, other in zip(lines, others, strict=True)]
    else:
        rows = lines
    found, unused = [], []
    for number, row in enumerate(rows, 1):
        if not row.strip():
            continue
        sides = [clean(side) for side in row.split("\t")[:2]]
        if len(sides) < 2:
            unused.append(f"line {number}: there is no tab in it; give source, tab, target")
        elif not all(sides):
            unused.append(f"line {number}: one side is empty")
        elif max(map(len, sides)) > LONGEST:
            unused.append(f"line {number}: it is longer than {LONGEST:,} characters; cut it into sentences")
        else:
            found.append(Pair(*sides))
    if not found:
        why = f": {unused[0]}" if unused else "; it is empty"
        raise DataError(f"{name} holds no pairs{why}")
    return found, unused


def read(name: str, target: str, encoding: str, **_: object) -> Splits[Pair]:
    """Pairs to learn from; says on stderr what is passed over."""
    found, unused = read_pairs(name, target, encoding)
    if unused:
        print(f"skipped: {len(unused):,} of {len(unused) + len(found):,} lines, {unused[0]}", file=sys.stderr)
    return split(found)


def split(pairs: Sequence[Pair]) -> Splits[Pair]:
    """Held out are sources by their SHA-256, with all their targets, so that none is in two parts.

    Of many pairs 1 % to test and 1 % to validate, of few 10 % to validate. Raises DataError below 4 pairs.

    >>> parts = split([Pair(str(number), "x") for number in range(1000)])
    >>> len(parts.train), len(parts.valid), len(parts.test)
    (896, 104, 0)
    """
    if len(pairs) < FEWEST:
        raise DataError(f"there are {len(pairs)} pairs; give {FEWEST} or more")
    many = len(pairs) >= LARGE
    parts: tuple[list[Pair], list[Pair], list[Pair]] = ([], [], [])
    for pair in pairs:
        known = pair.source.encode() if isinstance(pair.source, str) else pair.source.rgb
        share = int(hashlib.sha256(known).hexdigest()[:8], 16) % (100 if many else 10)
        parts[2 if many and share == 0 else 1 if share == 1 else 0].append(pair)
    train, valid, test = parts
    if not valid or not train:  # by chance
        train, valid = list(pairs[:-1]), list(pairs[-1:])
    return Splits(train, valid, test)
