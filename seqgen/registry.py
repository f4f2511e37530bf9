"""Finds plug-ins by entry point: domains, data sets, commands, and the parts of models, from this package and others.

Asking for names imports nothing; loading one imports that one alone. A package adds its own in pyproject.toml. Names of
what a model's config.json may name begin with that of the package, so that whoever lacks it is told:

    [project.entry-points."seqgen.domains"]
    chess = "my_package:DOMAIN"

    [project.entry-points."seqgen.cells"]
    "my-package/peephole" = "my_package:Peephole"
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .errors import ModelError, SeqgenError, UnknownName, UsageError, one_line

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
        raise UnknownName("file, folder or data set", name, [one for one in datasets() if _is_for(one, domain)])
    found = dataset(name)
    if domain != found.DOMAIN:
        raise UsageError(f"the data set {name!r} is for {found.DOMAIN}, not {domain}")
    return found.load(download=download)  # type: ignore[no-any-return]


def _is_for(name: str, domain: str) -> bool:
    try:
        return bool(domain == dataset(name).DOMAIN)
    except SeqgenError:  # of a package that does not import: nobody can use it
        return False


def commands() -> tuple[str, ...]:
    """The names of all groups of commands, sorted."""
    return tuple(sorted(_entry_points("seqgen.commands")))


def command(name: str) -> Any:
    """The commands of this name. Raises UnknownName, and SeqgenError when its package does not import."""
    return _load("command", name, commands())


def from_table(kind: str, table: Mapping[str, Any], data: Mapping[str, Any]) -> Any:
    """The value that wrote `data` with `to_dict`: its class by `data["kind"]`, from `table` or an entry point.

    kind: "cell", "head", "network", "model": what is looked for, in the group seqgen.KINDs.
    Raises ModelError for a kind that is not known here and settings that do not fit, SeqgenError where it does not import.
    """
    settings = dict(data)
    name = settings.pop("kind", None)
    made = table.get(name) if isinstance(name, str) else None
    if made is None:  # to look at what is installed takes 30 ms
        offered = tuple(_entry_points(f"seqgen.{kind}s"))
        if name not in offered:
            remedy = "the model needs a newer seqgen"
            if isinstance(name, str) and "/" in name:
                remedy = f"it is of the package {name.split('/')[0]!r}: install that, if you trust it"
            raise ModelError(f"{kind} kind {name!r} is not one of {', '.join([*table, *offered])}; {remedy}")
        made = _load(kind, name, offered)
    try:
        return made.from_dict(settings)
    except (TypeError, ValueError, KeyError, UsageError) as error:
        raise ModelError(
            f"the {name} {kind}'s settings {settings} do not fit: {one_line(error)}; the model is damaged"
        ) from None


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
