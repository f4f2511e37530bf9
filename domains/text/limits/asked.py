"""What can be asked of a text that is written, and the rules of drawing that this becomes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

from seqgen.batching.encode import encoded, read_named
from seqgen.batching.sources import Encoded
from seqgen.errors import UsageError
from seqgen.sampling import Copies, Penalties, Repeats, Rule

from ..codec import BYTES, MOST
from .machine import Machine, bans_of, machine_for


class Limits(TypedDict, total=False):
    """What a text keeps to; all of it may be left out.

    repetition, presence, frequency: penalties on characters that were there, see `seqgen.sampling.Penalties`. On single
    characters they hurt the spelling; against loops take `max_repeat`.
    max_repeat: no string longer than so many characters is written twice.
    max_copy: no copy of the corpus is longer than so many characters.
    corpus: a file, a folder or a data set's name; what the model learned from, if nothing is named.
    ban: strings that are not written, one or many.
    match: a regular expression; the new text matches as a whole, unless `length` ends it before.
    """

    repetition: float
    presence: float
    frequency: float
    max_repeat: int
    max_copy: int
    corpus: str | os.PathLike[str] | None
    ban: str | Sequence[str]
    match: str | None


class Asked(NamedTuple):
    """rules: for `seqgen.sampling.stream`. machine: of the pattern, where there is one."""

    rules: tuple[Rule, ...]
    machine: Machine | None


def rules_of(codec: Any, data: Mapping[str, Any] | None, limits: Limits) -> Asked:
    """The rules of these limits; data: what the model learned from, as its notes name it.

    Raises UsageError for limits that mean nothing, and what reading a corpus raises.
    """
    machine: Machine | None = None
    rules: list[Rule] = []
    match, bans = limits.get("match"), bans_of(limits.get("ban", ()))
    if match is not None or bans:
        may = zip(codec.symbols(), writable(codec), strict=True)
        symbols = tuple(symbol if written else None for symbol, written in may)
        machine = machine_for(symbols, match, tuple(map(codec.canonical, bans)))
        rules.append(machine.rule)
    if copy := _at_least(limits, "max_copy", 0):
        rules.append(Copies.of(learned_from(codec, data, limits.get("corpus")), copy))
    if repeat := _at_least(limits, "max_repeat", 0):
        rules.append(Repeats(np.int32(repeat)))
    repetition, presence, frequency = (
        np.float32(_at_least(limits, name, least))
        for name, least in (("repetition", 1), ("presence", 0), ("frequency", 0))
    )
    if repetition > 1 or presence > 0 or frequency > 0:
        rules.append(Penalties(repetition, presence, frequency))
    return Asked(tuple(rules), machine if match is not None else None)


def _at_least(limits: Limits, name: str, least: float) -> Any:
    value: Any = limits.get(name, least)
    if not least <= value < 2**31:
        raise UsageError(f"{name.replace('_', '-')} is {value}; give {least} (off) or more")
    return value


def learned_from(
    codec: Any, data: Mapping[str, Any] | None, named: str | os.PathLike[str] | None = None
) -> Iterator[NDArray[Any]]:
    """The symbols of what a model learned from and was validated on, as its notes name it, or of what is named.

    Raises as `read_again`.
    """
    found = read_again(codec, data, named)
    for source in (found.train, found.valid):
        for index, length in enumerate(source.lengths):
            yield np.asarray(source.read(index, 0, int(length)))


def read_again(codec: Any, data: Mapping[str, Any] | None, named: str | os.PathLike[str] | None = None) -> Encoded:
    """The same as training had it, in its parts. Raises UsageError where it is not known, and what reading it raises."""
    from ..presets import DOMAIN

    name = named if named is not None else (data or {}).get("name")
    if name is None or name == "-":
        raise UsageError("it is not known what this model learned from; name a file, folder or data set with --corpus")
    settings = {key: (data or {}).get(key, usual) for key, usual in DOMAIN.reading.settings.items()}
    return encoded(codec, read_named(DOMAIN, os.fspath(name), settings))


def writable(codec: Any) -> NDArray[np.bool_]:
    """Which symbols a model may write, bool `[V]`.

    Bytes spell what an alphabet lacks. Where it has room for more, training met no such character, and what the model
    thinks of bytes is noise. Bytes that UTF-8 does not have are never written.

    >>> from ..codec import Characters
    >>> writable(Characters("ab"))[[0, 97, 255, 256, 257]].tolist()
    [False, False, False, True, True]
    """
    symbols = codec.symbols()
    letters = sum(isinstance(symbol, str) and len(symbol) == 1 for symbol in symbols)
    spelt = letters == 0 or letters >= MOST or any(isinstance(symbol, str) and len(symbol) > 1 for symbol in symbols)
    known = np.isin(np.arange(BYTES), [0xC0, 0xC1, *range(0xF5, 0x100)], invert=True)
    return np.array([spelt and known[one[1]] if one[0] == "byte" else True for one in symbols])
