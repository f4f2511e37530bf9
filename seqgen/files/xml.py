"""XML from strangers, event by event: no entities, no tree, no recursion, and a count before it is parsed."""

from __future__ import annotations

from typing import Protocol

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from ..errors import DataError


class Target(Protocol):
    """What the parser calls. It counts depth and whatever it keeps itself, and raises DataError when that is much."""

    def start(self, tag: str, attributes: dict[str, str]) -> None: ...
    def end(self, tag: str) -> None: ...
    def data(self, text: str) -> None: ...
    def close(self) -> None: ...


def parse_xml(
    raw: bytes,
    target: Target,
    name: str,
    *,
    kind: str,
    tags: int,
    attributes: int,
    doctype: bool = False,
    larger: str = "split it",
) -> None:
    """Runs the parser over `raw`, calling `target`.

    kind: what the file should be, such as "MusicXML", for the messages, which begin with `name`.
    tags, attributes: how many "<" and "=" it may have; start and end of an element count apart.
    doctype: whether a DOCTYPE may name a DTD outside. It is never loaded; one that declares anything is refused.
    larger: what to do about a file with more.

    Raises DataError, in one line, for what is not well-formed, has more tags or attributes, or declares entities.
    """

    def declared(root: str, system: str | None, public: str | None, has_internal_subset: int) -> None:
        # Declarations inside the file can be small and cost much: entities, but also default attributes.
        if has_internal_subset:
            raise DataError(f"{name} declares its own XML entities or attributes, which is unsafe; save it again")
        if not doctype:
            raise DataError(f"{name} has a DOCTYPE, which {kind} does not need; remove it")

    if raw.count(b"<") > tags or raw.count(b"=") > attributes:
        raise DataError(
            f"{name} has more than {tags:,} tags or {attributes:,} attributes, too many for {kind}; {larger}"
        )
    parser = DefusedXMLParser(target=target, forbid_dtd=False, forbid_entities=True, forbid_external=True)
    parser.parser.StartDoctypeDeclHandler = declared
    try:
        parser.feed(raw)  # at once: fed in pieces, one long token is read again with each
        parser.close()
    except DefusedXmlException:
        raise DataError(f"{name} declares or loads XML entities, which is unsafe; save it again") from None
    except ParseError as error:
        raise DataError(f"{name} is not well-formed XML: {error}; it is cut off, damaged, or no {kind}") from None
    except (ValueError, LookupError) as error:  # of an encoding that Python does not know
        raise DataError(f"{name} cannot be decoded: {error}; save it as UTF-8") from None
