"""Regular languages over bytes as expressions that can be derived: by a byte, until nothing is left (Brzozowski 1964).

An expression is a tuple that begins with its kind; equal languages mostly have equal tuples, which is what keeps
automata small (Owens, Reppy & Turon 2009).
"""

from __future__ import annotations

import functools
from typing import Any

Expression = tuple[Any, ...]

NOTHING: Expression = ("nothing",)  # no text
EMPTY: Expression = ("empty",)  # the text of no length
ANYTHING: Expression = ("not", NOTHING)


def one_of(members: int) -> Expression:
    """One byte of a set, bit b for byte b."""
    return ("bytes", members) if members else NOTHING


def then(*parts: Expression) -> Expression:
    """One after the other."""
    flat: list[Expression] = []
    for part in parts:
        if part == NOTHING:
            return NOTHING
        flat.extend(part[1] if part[0] == "then" else () if part == EMPTY else (part,))
    return flat[0] if len(flat) == 1 else ("then", tuple(flat)) if flat else EMPTY


def either(*parts: Expression) -> Expression:
    """Any of these."""
    flat: set[Expression] = set()
    members = 0
    for part in parts:
        for one in part[1] if part[0] == "either" else (part,):
            if one[0] == "bytes":
                members |= one[1]
            elif one != NOTHING:
                flat.add(one)
    flat |= {one_of(members)} - {NOTHING}
    if ANYTHING in flat:
        return ANYTHING
    return next(iter(flat)) if len(flat) == 1 else ("either", frozenset(flat)) if flat else NOTHING


def both(*parts: Expression) -> Expression:
    """All of these at once."""
    flat = {one for part in parts for one in (part[1] if part[0] == "both" else (part,))} - {ANYTHING}
    if NOTHING in flat:
        return NOTHING
    return next(iter(flat)) if len(flat) == 1 else ("both", frozenset(flat)) if flat else ANYTHING


def negated(part: Expression) -> Expression:
    """All texts but these."""
    return part[1] if part[0] == "not" else ("not", part)


def star(part: Expression) -> Expression:
    """None of it, or so many as there are."""
    return part if part[0] == "star" else EMPTY if part in (EMPTY, NOTHING) else ("star", part)


def repeated(part: Expression, least: int, most: int | None) -> Expression:
    """So many of it; None for any number more."""
    if most is None:
        return then(*[part] * least, star(part))
    rest: Expression = EMPTY
    for _ in range(most - least):
        rest = either(EMPTY, then(part, rest))
    return then(*[part] * least, rest)


def literal(text: bytes) -> Expression:
    """This and no other."""
    return then(*(one_of(1 << byte) for byte in text))


def characters(ranges: list[tuple[int, int]]) -> Expression:
    """One character of these ranges of code points, both ends included, as its UTF-8; surrogates are none."""
    found = []
    for low, high in ranges:
        for first, last in ((0, 0x7F), (0x80, 0x7FF), (0x800, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x10FFFF)):
            begin, end = max(low, first), min(high, last)
            if begin <= end:
                found.append(_between(chr(begin).encode(), chr(end).encode()))
    return either(*found)


def _between(low: bytes, high: bytes) -> Expression:
    """Byte strings of one length from one to the other."""
    if len(low) == 1:
        return one_of(_span(low[0], high[0]))
    if low[0] == high[0]:
        return then(one_of(1 << low[0]), _between(low[1:], high[1:]))
    rest = len(low) - 1
    first = then(one_of(1 << low[0]), _between(low[1:], b"\xbf" * rest))
    last = then(one_of(1 << high[0]), _between(b"\x80" * rest, high[1:]))
    inner = then(one_of(_span(low[0] + 1, high[0] - 1)), *[one_of(_span(0x80, 0xBF))] * rest)
    return either(first, inner, last)


def _span(low: int, high: int) -> int:
    return (1 << (high + 1)) - (1 << low) if high >= low else 0


def nullable(part: Expression) -> bool:
    """Whether the text of no length is one of these."""
    match part:
        case ("empty",) | ("star", _):
            return True
        case ("then", parts) | ("both", parts):
            return all(map(nullable, parts))
        case ("either", parts):
            return EMPTY in parts or any(map(nullable, parts))
        case ("not", inner):
            return not nullable(inner)
    return False


@functools.lru_cache(maxsize=1 << 16)
def derived(part: Expression, byte: int) -> Expression:
    """What may follow, once the byte was read."""
    match part:
        case ("bytes", members):
            return EMPTY if members >> byte & 1 else NOTHING
        case ("then", parts):
            rest = parts[1:]
            first = then(derived(parts[0], byte), *rest)
            return either(first, derived(then(*rest), byte)) if nullable(parts[0]) else first
        case ("either", parts):
            return either(*(derived(one, byte) for one in parts))
        case ("both", parts):
            return both(*(derived(one, byte) for one in parts))
        case ("not", inner):
            return negated(derived(inner, byte))
        case ("star", inner):
            return then(derived(inner, byte), part)
    return NOTHING


def sets(part: Expression) -> set[int]:
    """The sets of bytes in an expression: bytes that are in the same ones lead to the same."""
    if part[0] == "bytes":
        return {part[1]}
    inner = part[1] if part[0] in ("then", "either", "both") else part[1:]
    return set().union(*map(sets, inner))
