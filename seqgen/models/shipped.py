"""The models that come with the domains that are installed, and what `seqgen models` tells of them."""

from __future__ import annotations

from pathlib import Path

from .. import registry
from ..errors import SeqgenError
from ..files.report import printable, shortened, table
from .card import CARD, header

LONGEST = 1 << 16  # bytes of a card that are looked at: its header is at the top
WIDEST = 48  # columns of a stranger's words
_HEADING = ("name", "domain", "MB", "writes", "terms", "needs")


def shipped() -> dict[Path, str]:
    """The folders of all of them, each with its domain; a domain that does not import has none (`seqgen doctor`)."""
    found = {}
    for name in registry.domains():
        try:
            folder = registry.domain(name).shipped
        except SeqgenError:
            continue
        found.update({path.parent: name for path in folder.glob("*/config.json")} if folder else {})
    return dict(sorted(found.items()))


def listing() -> str:
    """A line for each: its name, domain and size, and what its card says that it writes, under which terms, with what."""
    return table(_HEADING, [_line(folder, domain) for folder, domain in shipped().items()], right=(2,))


def megabytes(folder: Path) -> float:
    """What the files of a model take."""
    return sum(path.stat().st_size for path in folder.iterdir()) / 1e6


def _line(folder: Path, domain: str) -> tuple[str, ...]:
    said = _header(folder / CARD)
    terms, data = said.get("license", "-"), said.get("data_license")
    words = (said.get("writes", "-"), f"{terms}; data {data}" if data else terms, said.get("needs", "nothing"))
    return folder.name, domain, f"{megabytes(folder):.1f}", *(shortened(printable(word), WIDEST) for word in words)


def _header(card: Path) -> dict[str, str]:
    try:
        with card.open("rb") as file:
            return header(file.read(LONGEST))
    except OSError:  # a model may have none
        return {}
