"""Documents of word processors: DOCX (ECMA-376, part 1, section 17) and ODT (OpenDocument 1.3, section 5)."""

from __future__ import annotations

from seqgen.errors import DataError
from seqgen.files.zipped import unzipped

from .markup import Prose, prose

FILES = 20_000
MOST = 1 << 27  # bytes, unpacked


def read_docx(raw: bytes, name: str) -> str:
    """Its paragraphs, a line each. Raises DataError for what is damaged or empty."""
    # Text that a change took out stands in w:delText; a field's instruction in w:instrText.
    collect = Prose(name, {"p": "\n", "br": "\n", "cr": "\n", "tab": "\t"}, inside=frozenset({"t"}), spaced=True)
    return _text(raw, name, "a DOCX", "word/document.xml", collect)


def read_odt(raw: bytes, name: str) -> str:
    """Its paragraphs, a line each. Raises DataError for what is damaged or empty."""
    before = {"p": "\n", "h": "\n", "line-break": "\n", "tab": "\t", "s": " "}
    unseen = frozenset({"annotation", "tracked-changes", "note-citation"})
    return _text(raw, name, "an ODT", "content.xml", Prose(name, before, unseen, inside=frozenset({"p", "h"})))


def _text(raw: bytes, name: str, kind: str, member: str, collect: Prose) -> str:
    with unzipped(raw, name, kind=kind, files=FILES, most=MOST) as archive:
        text = prose(archive.read(member), name, kind, collect)
    if not text:
        raise DataError(f"{name} is {kind} without text")
    return text + "\n"
