"""A model's card: README.md beside it, for people, with a header that the hub and `seqgen models` read."""

from __future__ import annotations

import re
from collections.abc import Mapping

CARD = "README.md"


def with_header(card: bytes, fields: Mapping[str, str]) -> bytes:
    r"""The card with those fields that the YAML header at its top lacks; what stands there is its author's choice.

    >>> with_header(b"---\nlicense: mit\n---\nHello", {"license": "unknown", "library_name": "seqgen"}).decode()
    '---\nlicense: mit\nlibrary_name: seqgen\n---\nHello'
    """
    card = card.removeprefix(b"\xef\xbb\xbf")
    header = re.match(rb"---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", card, re.DOTALL | re.MULTILINE)
    head, body = (header[1], card[header.end() :]) if header else (b"", b"\n" + card)
    lacking = [name for name in fields if not re.search(rf"^{name}[ \t]*:".encode(), head, re.MULTILINE)]
    lines = "".join(f"{name}: {fields[name]}\n" for name in lacking).encode()
    return b"---\n" + head + lines + b"---\n" + body if lacking else card
