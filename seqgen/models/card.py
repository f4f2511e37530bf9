"""A model's card: README.md beside it, for people, with a header that the hub and `seqgen models` read."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Mapping

CARD = "README.md"
_HEADER = re.compile(rb"---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(r"^([A-Za-z_]+)[ \t]*:[ \t]+(\S[^\r\n]*)", re.MULTILINE)


def header(card: bytes) -> dict[str, str]:
    r"""The fields of one line in the YAML header at the top of a card; empty where there is none.

    >>> header(b"---\nlicense: mit\nwrites: 'limericks'\ntags:\n- x\n---\nHello: you")
    {'license': 'mit', 'writes': 'limericks'}
    """
    head, _ = _parts(card.removeprefix(BOM_UTF8))
    return {name: value.strip().strip("'\"") for name, value in _FIELD.findall(head.decode(errors="replace"))}


def with_header(card: bytes, fields: Mapping[str, str]) -> bytes:
    r"""The card with those fields that the YAML header at its top lacks; what stands there is its author's choice.

    >>> with_header(b"---\nlicense: mit\n---\nHello", {"license": "unknown", "library_name": "seqgen"}).decode()
    '---\nlicense: mit\nlibrary_name: seqgen\n---\nHello'
    """
    card = card.removeprefix(BOM_UTF8)
    head, body = _parts(card)
    lacking = [name for name in fields if not re.search(rf"^{name}[ \t]*:".encode(), head, re.MULTILINE)]
    lines = "".join(f"{name}: {fields[name]}\n" for name in lacking).encode()
    return b"---\n" + head + lines + b"---\n" + body if lacking else card


def _parts(card: bytes) -> tuple[bytes, bytes]:
    """What is in the header, and what comes after it."""
    found = _HEADER.match(card)
    return (found[1], card[found.end() :]) if found else (b"", b"\n" + card)
