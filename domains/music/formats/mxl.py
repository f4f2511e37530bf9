"""What a file of sheet music may cost, and how its XML is got out of it: plain, or packed as .mxl."""

from __future__ import annotations

import re
from typing import NamedTuple

from seqgen.errors import DataError, UsageError
from seqgen.files.reading import MARKS
from seqgen.files.xml import Target, parse_xml
from seqgen.files.zipped import unzipped

from .guard import MAX_EVENTS
from .limits import LARGER

# What a file may cost. A march for full band has 4 MB, 120,000 elements and 5,000 attributes; the slowest file that
# these let through takes below 2 s and 130 MB.
LARGEST = 8 * 2**20  # bytes, unpacked
PACKED_FILES = 1000
TAGS = 400_000  # "<", so start and end count apart
ATTRIBUTES = 250_000  # "="
_DECLARED = re.compile(
    rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*<\?xml[^>]{0,100}?\sencoding\s*=\s*[\"']([\w.:-]{1,40})", re.ASCII
)


class Limits(NamedTuple):
    """size: bytes, unpacked. tags, attributes: "<" and "=", so that start and end of an element count apart."""

    size: int = LARGEST
    tags: int = TAGS
    attributes: int = ATTRIBUTES

    @classmethod
    def of(cls, max_events: int) -> Limits:
        """They grow with the number of notes, above the usual one."""
        if max_events < 1:
            raise UsageError(f"a piece cannot have {max_events} events at most; give 1 or more")
        return cls(*(limit * max(max_events, MAX_EVENTS) // MAX_EVENTS for limit in cls()))


USUAL = Limits()


def parse(raw: bytes, target: Target, name: str, limits: Limits = USUAL) -> None:
    # The line that names MusicXML's DTD is in nearly every file and is never followed.
    parse_xml(
        _decodable(raw),
        target,
        name,
        kind="MusicXML",
        tags=limits.tags,
        attributes=limits.attributes,
        doctype=True,
        larger=LARGER,
    )


def _decodable(raw: bytes) -> bytes:
    """The same score in UTF-8 where its first line names another encoding than its bytes are in, as some programs do."""
    mark = next((encoding for bom, encoding in MARKS if raw.startswith(bom)), "")
    line = _DECLARED.match(raw[:200].replace(b"\0", b"") if mark else raw)
    said = line[1].decode().lower() if line else "utf-8"
    if mark in ("utf-16", "utf-32"):
        text = raw.decode(mark, "replace") if not said.startswith(mark) else ""
    elif re.match(r"utf-?(16|32)|ucs|iso-10646", said):
        text = raw.decode("utf-8-sig", "replace")  # it begins with bytes that are one character each
    elif said in ("utf-8", "utf8", "us-ascii", "ascii") and not _is_utf8(raw):
        text = raw.decode("latin-1")
    else:
        return raw
    return re.sub(r"\A\ufeff?\s*<\?xml.*?\?>", "", text, count=1, flags=re.DOTALL).encode() if text else raw


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def unpack(raw: bytes, name: str, limits: Limits = USUAL) -> bytes:
    """The score inside an .mxl: the file that its container names first, else the first that looks like one."""
    with unzipped(raw, name, kind="an .mxl", files=PACKED_FILES, most=limits.size, larger=LARGER) as archive:
        inside = [n for n in archive.names if n.endswith((".xml", ".musicxml")) and not n.startswith("META-INF/")]
        if "META-INF/container.xml" in archive.names:
            container = _Container()
            parse(archive.read("META-INF/container.xml"), container, name)
            inside = [n for n in container.paths if n in archive.names] or inside
        if not inside:
            raise DataError(f"{name} is a zip without a score inside; it is no .mxl")
        return archive.read(inside[0])


class _Container:
    """Collects the paths that META-INF/container.xml names."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag.rpartition("}")[2] == "rootfile":
            self.paths.append(attributes.get("full-path", ""))

    def end(self, tag: str) -> None: ...
    def data(self, text: str) -> None: ...
    def close(self) -> None: ...
