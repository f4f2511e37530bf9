"""Finds plug-ins by entry point: domains, data sets and commands, from this package and from any other.

Asking for names imports nothing; loading one imports that one alone. A package adds its own in pyproject.toml:

    [project.entry-points."seqgen.domains"]
    chess = "my_package:DOMAIN"
"""

from __future__ import annotations

import functools
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .errors import SeqgenError, UnknownName, UsageError

if TYPE_CHECKING:  # seqgen.domain costs NumPy, importlib.metadata 30 ms: `--help` waits for neither
    from importlib.metadata import EntryPoint

    from .domain import Domain, Splits

_newcomers: dict[str, Domain[Any]] = {}


def domains() -> tuple[str, ...]:
    """The names of all domains, sorted."""
    return tuple(sorted({*_entry_points("seqgen.domains"), *_newcomers}))


def domain(name: str) -> Domain[Any]:
    """The domain of this name. Raises UnknownName, and SeqgenError when its package does not import."""
    if name in _newcomers:
        return _newcomers[name]
    return _load("domain", name, domains())  # type: ignore[no-any-return]


def register(domain: Domain[Any]) -> None:
    """Adds a domain for the life of this process, no package needed; again with the same name replaces it.

    Raises UsageError for the name of an installed one.

    >>> from dataclasses import replace
    >>> register(replace(domain("text"), name="letters"))
    >>> domain("letters").unit
    'char'
    """
    if domain.name in _entry_points("seqgen.domains"):
        raise UsageError(f"a domain named {domain.name!r} is installed already; give yours another name")
    _newcomers[domain.name] = domain


def datasets() -> tuple[str, ...]:
    """The names of all data sets, sorted."""
    return tuple(sorted(_entry_points("seqgen.datasets")))


def dataset(name: str) -> ModuleType:
    """The module of a data set: `load(*, download=False) -> Splits`, and ORIGIN, LICENCE, DOMAIN.

    Raises UnknownName, and SeqgenError when its package does not import.
    """
    return _load("dataset", name, datasets())  # type: ignore[no-any-return]


def load_dataset(name: str, domain: str, *, download: bool = False) -> Splits[Any]:
    """The items of a data set for this domain, where a user may also have named a file.

    Raises UnknownName, UsageError for a set of another domain, and what its `load` raises.
    """
    if name not in datasets():
        raise UnknownName("file, folder or data set", name, datasets())
    found = dataset(name)
    if domain != found.DOMAIN:
        raise UsageError(f"the data set {name!r} is for {found.DOMAIN}, not {domain}")
    return found.load(download=download)  # type: ignore[no-any-return]


def commands() -> tuple[str, ...]:
    """The names of all groups of commands, sorted."""
    return tuple(sorted(_entry_points("seqgen.commands")))


def command(name: str) -> Any:
    """The commands of this name. Raises UnknownName, and SeqgenError when its package does not import."""
    return _load("command", name, commands())


def _load(kind: str, name: str, known: tuple[str, ...]) -> Any:
    entry = _entry_points(f"seqgen.{kind}s").get(name)
    if entry is None:
        raise UnknownName(kind, name, known)
    try:
        return entry.load()
    except Exception as error:  # somebody else's code: it may raise anything
        owner = f" of {entry.dist.name} {entry.dist.version}" if entry.dist else ""
        raise SeqgenError(
            f"the {kind} {name!r}{owner} does not import: {type(error).__name__}: {error}; update or uninstall it"
        ) from error


@functools.cache
def _entry_points(group: str) -> dict[str, EntryPoint]:
    from importlib.metadata import distributions

    found: dict[str, EntryPoint] = {}
    for distribution in distributions():
        try:
            entries = distribution.entry_points.select(group=group)
        except (TypeError, ValueError, OSError):  # of any package: a malformed file must not end even `--help`
            continue
        for entry in entries:
            if entry.value.startswith("seqgen."):  # its own names cannot be taken by another package
                found[entry.name] = entry
            else:
                found.setdefault(entry.name, entry)
    return found
