"""Damages bytes: as a bad disk does, as a careless program does, and as somebody does who knows the format."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

LARGEST = 9 << 20  # bytes: more than most readers take

Step = Callable[[bytes, Sequence[bytes], random.Random], bytes]

_INTEGERS = (0, 1, 2, 3, 16, 64, 100, 127, 128, 255, 256, 4096, 32767, 32768, 65535, 2**31 - 1, 2**31, 2**32 - 1, -1)
_NUMBERS = (
    *(b"0", b"1", b"-1", b"3", b"7", b"0.5", b"-0", b"100", b"127", b"128", b"255", b"257", b"1000", b"65536"),
    *(b"2147483648", b"-9223372036854775809", b"18446744073709551616", b"1e9", b"1e308", b"-1e308", b"1e999"),
    *(b"1e-320", b"NaN", b"Infinity", b"-inf", b"1_0", b"0x1F", b"#FF", b"\xd9\xa3", b"", b"1" * 400, b"1" * 5000),
)
_ATOMS = (
    *(b"null", b"true", b"false", b"[]", b"{}", b"[[]]", b'""', b'"x"', b'[""]', b'{"x": 1}', b"[1, 2, 3]", b"[null]"),
    *(
        b'"\\ud800"',
        b'"\\u0000"',
        b'"\\u001b[2J"',
        b'"\\n\\u2028"',
        b'"<script>"',
        b'"]]>"',
        b'"../x"',
        b'"categorical"',
    ),
    *(b"[" * 3000 + b"]" * 3000, b'{"x":' * 1500 + b"1" + b"}" * 1500, b'"' + b"x" * 3000 + b'"', b"[[[[[1]]]]]"),
)
_TOKENS = (
    *(
        b"\0",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"\xff",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\x1b[2J",
        b"\xe2\x80\xa8",
    ),
    *(
        b"&amp;",
        b"&x;",
        b"&#0;",
        b"&#55296;",
        b"<a>",
        b"</a>",
        b"<a/>",
        b"<a>" * 200,
        b"<!--",
        b"-->",
        b"<![CDATA[",
        b"]]>",
    ),
    *(
        b"<!DOCTYPE a [<!ENTITY x 'y'>]>",
        b"<?xml version='1.0' encoding='utf-16'?>",
        b"<?a b?>",
        b'"',
        b"'",
        b",",
        b":",
    ),
    *(b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"\x93NUMPY", b"MThd\0\0\0\6\0\1\0\1\0\x60", b"MTrk", b"\xff\x2f\0"),
    *(b"START", b"BREAK", b"X:1\n", b"K:C\n", b"[K:Gm]", b"(3", b"|:", b"../", b"%%%", b"CSR:", b"OCR:", b"  ", b"\t"),
)
_NUMBER = re.compile(rb"[-+]?\d+(?:\.\d+)?")
_ATOM = re.compile(rb"\"(?:[^\"\\]|\\.)*\"|'[^']*'|[-+.\w]+")
_GROUP = re.compile(rb"<(\w+)[^<>]*(?:/>|>[^<]*</\1>)|\[[^][{}]*\],?|\{[^][{}]*\},?|[^\n]*\n")


def _find(pattern: re.Pattern[bytes], data: bytes, draw: random.Random) -> tuple[int, int]:
    """Where the pattern is next, after the beginning of something near a place drawn; an empty span where it is not."""
    place = draw.randrange(len(data) + 1)
    begin = max(0, *(data.rfind(mark, 0, place) for mark in (b",", b"<", b"[", b"{", b"\n", b" ")))
    found = pattern.search(data, begin) or pattern.search(data)
    return found.span() if found else (place, place)


def _span(data: bytes, draw: random.Random, most: int = 64) -> tuple[int, int]:
    at = draw.randrange(len(data) + 1)
    return at, min(at + draw.randint(1, most), len(data))


def _put(data: bytes, at: int, end: int, new: bytes) -> bytes:
    return data[:at] + new + data[end:]


# Of any bytes


def _flip(data: bytes, pool: Sequence[bytes], draw: random.Random) -> bytes:
    at = draw.randrange(len(data))
    return _put(data, at, at + 1, bytes([data[at] ^ 1 << draw.randrange(8)]))


def _byte(data: bytes, pool: Sequence[bytes], draw: random.Random) -> bytes:
    at = draw.randrange(len(data))
    return _put(data, at, at + 1, draw.randbytes(1))


def _integer(data: bytes, pool: Sequence[bytes], draw: random.Random) -> bytes:
    width = draw.choice((1, 2, 4, 8))
    value = draw.choice(_INTEGERS) % (1 << 8 * width)
    at = draw.randrange(len(data))
    return _put(data, at, at + width, value.to_bytes(width, draw.choice(("little", "big"))))


def _truncate(data: bytes, pool: Sequence[bytes], draw: random.Random) -> bytes:
    return data[: draw.randrange(len(data))]


def _delete(data: bytes, pool: Sequence[bytes], draw: random.Random) -> bytes:
    return _put(data, *_span(data, draw), b"")


def _repeat(data: bytes, pool: Sequence[bytes], draw: random.Random) -> bytes:
    at, end = _span(data, draw)
    return _put(data, at, end, data[at:end] * draw.choice((2, 3, 30, 300)))


def _splice(data: bytes, pool: Sequence[bytes], draw: random.Random) -> bytes:
    other = draw.choice(pool)
    return data[: draw.randrange(len(data) + 1)] + other[draw.randrange(len(other) + 1) :]


def _move(data: bytes, pool: Sequence[bytes], draw: random.Random) -> bytes:
    other = draw.choice(pool)
    at, end = _span(other, draw, 200)
    place = draw.randrange(len(data) + 1)
    return _put(data, place, place, other[at:end])


def _token(data: bytes, pool: Sequence[bytes], draw: random.Random) -> bytes:
    at = draw.randrange(len(data) + 1)
    return _put(data, at, at, draw.choice(_TOKENS))


# Of text, most of which stays what it is: numbers, words and quoted words, elements and lists and lines


def _number(data: bytes, pool: Sequence[bytes], draw: random.Random) -> bytes:
    return _put(data, *_find(_NUMBER, data, draw), draw.choice(_NUMBERS))


def _atom(data: bytes, pool: Sequence[bytes], draw: random.Random) -> bytes:
    at, end = _find(_ATOM, data, draw)
    if draw.random() < 0.4:
        return _put(data, at, end, draw.choice(_ATOMS))
    other = draw.choice(pool)
    return _put(data, at, end, other[slice(*_find(_ATOM, other, draw))])


def _group(data: bytes, pool: Sequence[bytes], draw: random.Random) -> bytes:
    at, end = _find(_GROUP, data, draw)
    kind = draw.randrange(4)
    if kind == 0:
        return _put(data, at, end, b"")
    if kind == 1:
        joint = b", " if data[at:end].endswith((b"]", b"}")) else b""
        return _put(data, at, end, joint.join([data[at:end]] * draw.choice((2, 3, 50))))
    other = draw.choice(pool)
    return _put(data, at, end if kind == 2 else at, other[slice(*_find(_GROUP, other, draw))])


_IN_PLACE: tuple[Step, ...] = (_flip, _byte, _integer)
_BYTES: tuple[Step, ...] = (*_IN_PLACE, _truncate, _delete, _repeat, _splice, _move, _token)
_TEXT: tuple[Step, ...] = (_number, _number, _atom, _group)


def mutated(pool: Sequence[bytes], draw: random.Random) -> bytes:
    """One of the pool with one to eight injuries."""
    data = draw.choice(pool)
    steps = draw.choice((_BYTES, _IN_PLACE) if b"\0" in data else (_BYTES, _TEXT, _TEXT))
    for _ in range(draw.choice((1, 1, 1, 2, 2, 3, 8))):
        data = draw.choice(steps)(data, pool, draw) if data else data
    return data[:LARGEST]


def swollen(pool: Sequence[bytes], draw: random.Random) -> bytes:
    """One of the pool in which an element, a list or a few bytes come again and again, up to megabytes."""
    data = draw.choice(pool)
    at, end = _span(data, draw) if b"\0" in data else _find(_GROUP, data, draw)
    part = data[at:end] + (b"," if data[at:end].endswith((b"]", b"}")) else b"")
    size = draw.choice((1 << 18, 1 << 20, 4 << 20, LARGEST)) - len(data)
    return _put(data, at, at, part * (size // len(part))) if part else data
