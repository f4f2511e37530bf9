"""Regular expressions as people type them: the part of Python's that says what a whole text looks like."""

from __future__ import annotations

import string

from seqgen.errors import UsageError

from .language import EMPTY, Expression, characters, either, repeated, then

TOP = 0x10FFFF
MOST = 250  # times in {m,n}
KINDS = {
    "d": [(48, 57)],
    "w": [(48, 57), (65, 90), (95, 95), (97, 122)],
    "s": [(9, 13), (32, 32)],
}
SIGNS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
HEX = {"x": 2, "u": 4, "U": 8}

Ranges = list[tuple[int, int]]


def parse(pattern: str) -> Expression:
    r"""What a text must be as a whole (`re.fullmatch`): characters, ., [...], \d \w \s (of ASCII), (...), |, *, +, ?, {m,n}.

    Raises UsageError for what is no regular expression, or one of those beyond: anchors, look-around, references, flags.

    >>> from .language import derived, nullable
    >>> rest = parse(r"a+|[bc]\d")
    >>> nullable(derived(derived(rest, ord("c")), ord("7")))
    True
    """
    reader = _Reader(pattern)
    try:
        found = reader.alternatives()
    except RecursionError:
        raise UsageError(f"the pattern {pattern[:40]!r}... is nested too deeply; write it flatter") from None
    if reader.at < len(pattern):
        reader.refuse("')' closes nothing")
    return found


class _Reader:
    """Where in a pattern reading stands."""

    def __init__(self, pattern: str) -> None:
        self.pattern, self.at = pattern, 0

    def refuse(self, why: str) -> None:
        raise UsageError(f"the pattern {self.pattern!r} cannot be read at character {self.at + 1}: {why}")

    @property
    def next(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def take(self, why: str = "it ends too early") -> str:
        if not self.next:
            self.refuse(why)
        self.at += 1
        return self.pattern[self.at - 1]

    def alternatives(self) -> Expression:
        found = [self.sequence()]
        while self.next == "|":
            self.at += 1
            found.append(self.sequence())
        return either(*found)

    def sequence(self) -> Expression:
        found = [EMPTY]
        while self.next not in ("", "|", ")"):
            found.append(self.repeats(self.atom()))
        return then(*found)

    def repeats(self, part: Expression) -> Expression:
        times = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        if self.next in times and self.next:
            part = repeated(part, *times[self.take()])
        elif self.next == "{":
            part = repeated(part, *self.counts())
        else:
            return part
        if self.next and self.next in "*+?{":
            self.refuse("a repeat of a repeat; put the first in (...)")
        return part

    def counts(self) -> tuple[int, int | None]:
        end = self.pattern.find("}", self.at)
        least, comma, most = self.pattern[self.at + 1 : end].partition(",")
        if end < 0 or not (least + most).isdecimal() or not (least or comma):
            self.refuse("give {m}, {m,} or {m,n}, or \\{ for the character")
        low = int(least or 0)
        high = (int(most) if most else None) if comma else low
        if max(low, high or 0) > MOST or (high is not None and high < low):
            self.refuse(f"give {{m,n}} with m <= n <= {MOST}")
        self.at = end + 1
        return low, high

    def atom(self) -> Expression:
        sign = self.take()
        if sign == "(":
            if self.pattern.startswith("?:", self.at):
                self.at += 2
            elif self.next == "?":
                self.refuse("of (?...) only (?:...) is known")
            inner = self.alternatives()
            if self.take("'(' is never closed") != ")":
                self.refuse("'(' is never closed")
            return inner
        if sign in "^$":
            self.refuse(f"the whole new text is matched anyway; leave {sign} out, or write \\{sign} for the character")
        if sign in "*+?{":
            self.refuse(f"there is nothing to repeat; write \\{sign} for the character")
        if sign == ".":
            return characters(_others([(10, 10)]))
        return characters(self.members() if sign == "[" else self.escape() if sign == "\\" else [(ord(sign),) * 2])

    def escape(self) -> Ranges:
        sign = self.take("a backslash at the end")
        if sign in KINDS:
            return KINDS[sign]
        if sign.lower() in KINDS:
            return _others(KINDS[sign.lower()])
        if sign in HEX:
            digits = self.pattern[self.at : self.at + HEX[sign]]
            if len(digits) < HEX[sign] or not set(digits) <= set(string.hexdigits) or int(digits, 16) > TOP:
                self.refuse(f"\\{sign} wants {HEX[sign]} hexadecimal digits")
            self.at += HEX[sign]
            return [(int(digits, 16),) * 2]
        if sign.isascii() and sign.isalnum() and sign not in SIGNS:
            self.refuse(f"\\{sign} is not known here")
        return [(ord(SIGNS.get(sign, sign)),) * 2]

    def members(self) -> Ranges:
        negative = self.next == "^"
        self.at += negative
        found: Ranges = []
        first = True
        while first or self.next != "]":
            first = False
            own = self.member()
            if self.next == "-" and self.pattern[self.at + 1 : self.at + 2] not in ("", "]"):
                self.at += 1
                end = self.member()
                if len(own) != 1 or len(end) != 1 or own[0][0] != own[0][1] or end[0][1] < own[0][0]:
                    self.refuse("a range goes from one character to a later one")
                own = [(own[0][0], end[0][1])]
            found += own
        self.at += 1
        return _others(found) if negative else found

    def member(self) -> Ranges:
        sign = self.take("'[' is never closed")
        return self.escape() if sign == "\\" else [(ord(sign),) * 2]


def _others(ranges: Ranges) -> Ranges:
    """All code points but these."""
    found, begin = [], 0
    for low, high in sorted(ranges):
        if low > begin:
            found.append((begin, low - 1))
        begin = max(begin, high + 1)
    return [*found, (begin, TOP)] if begin <= TOP else found
