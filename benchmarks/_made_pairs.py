"""Pairs without end for what an encoder and a decoder learn in minutes: dates, and sums that are spelt out."""

from __future__ import annotations

import datetime

import numpy as np

from seqgen import Splits
from seqgen.domains.pairs import Pair

FORMATS = ("%A, %d %B %Y", "%d %b %Y", "%B %d, %Y", "%d/%m/%Y", "%d.%m.%y")
ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
ONES += [start + "teen" for start in ("thir", "four", "fif", "six", "seven", "eigh", "nine")]
TENS = [start + "ty" for start in ("twen", "thir", "for", "fif", "six", "seven", "eigh", "nine")]


def dates(train: int, test: int) -> Splits[Pair]:
    """Days from 1970 to 2049 in five ways of writing them, and as ISO 8601 has them; no day is in two parts."""
    random = np.random.default_rng(1)
    first = datetime.date(1970, 1, 1).toordinal()
    days = first + random.permutation(datetime.date(2050, 1, 1).toordinal() - first)

    def pair(day: int) -> Pair:
        date = datetime.date.fromordinal(int(day))
        return Pair(date.strftime(FORMATS[random.integers(len(FORMATS))]), date.isoformat())

    pairs = [pair(day) for day in days[: train + 200 + test]]
    return Splits(pairs[200 + test :], pairs[test : 200 + test], pairs[:test])


def sums(train: int, test: int, most: int = 999) -> Splits[Pair]:
    """Two numbers up to `most`, in words, and their sum in digits, the last digit first; no two numbers are in two parts."""
    random = np.random.default_rng(1)
    found: dict[frozenset[int], Pair] = {}
    while len(found) < train + 200 + test:
        a, b = random.integers(0, most + 1, 2).tolist()
        found[frozenset((a, b))] = Pair(f"{spelt(a)} plus {spelt(b)}", str(a + b)[::-1])
    pairs = [*found.values()]
    return Splits(pairs[200 + test :], pairs[test : 200 + test], pairs[:test])


def spelt(number: int) -> str:
    """A number below a thousand in words."""
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    small = ONES[rest] if rest < 20 else TENS[tens - 2] + (" " + ONES[ones] if ones else "")
    return " ".join([f"{ONES[hundreds]} hundred"] * (hundreds > 0) + [small] * (rest > 0 or not number))
