"""From a language of bytes to an automaton over a model's symbols, whatever these are spelt as."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqgen.errors import UsageError
from seqgen.sampling import Automaton

from ..codec import spelling_of
from .language import ANYTHING, NOTHING, Expression, both, derived, either, literal, negated, nullable, sets, then
from .pattern import parse

MOST_STATES = 5000
MOST_CELLS = 1 << 25  # of a table of states and symbols, 128 MB
Symbols = tuple[
    Any, ...
]  # ("byte", value), a string, or what spells nothing: ("end", 0), None for what is never written


class Machine(NamedTuple):
    """rule: what may be drawn. before: the state of a text that ended before the last symbol, which is not of it; -1 if none.

    >>> machine = machine_for(("a", "b", "c"), "ab*", ())
    >>> machine.rule.table.tolist(), machine.rule.last.tolist(), machine.before  # "ab" ends with a c
    ([[1, -1, -1], [2, 1, 2], [-1, -1, -1]], [False, False, True], 2)
    """

    rule: Automaton
    before: int


@functools.lru_cache(maxsize=8)
def machine_for(symbols: Symbols, match: str | None, bans: tuple[str, ...]) -> Machine:
    """The automaton of texts that match as a whole and in which no banned string occurs.

    A text may go on where it matches already: it ends there if the model draws what the pattern does not allow.
    Raises UsageError for patterns that cannot be read, are too large, or that no text of these symbols matches.
    """
    banned = negated(then(ANYTHING, either(*(literal(ban.encode()) for ban in bans)), ANYTHING))
    language = both(ANYTHING if match is None else parse(match), banned)
    asked = f"the pattern {match!r}" if match is not None else f"without {', '.join(map(repr, bans))}"
    try:
        steps, accepting = _over_bytes(language, asked)
    except RecursionError:
        raise UsageError(f"{asked} is nested too deeply; write it flatter") from None
    table, accepting = _over_symbols(steps, accepting, symbols, asked)
    live = _live(table, accepting)
    table = np.where((table >= 0) & live[table], table, -1).astype(np.int32)
    if not live[0] or not (table[0] >= 0).any():
        raise UsageError(f"there is no text of this model's characters for {asked}; allow more")
    if match is None:
        return Machine(Automaton(table, np.zeros(len(table), bool)), -1)
    goes_on = (table >= 0).any(axis=1)
    table = np.where((accepting & goes_on)[:, None] & (table < 0), len(table), table)
    rule = Automaton(np.vstack([table, np.full((1, len(symbols)), -1)]).astype(np.int32), np.append(~goes_on, True))
    return Machine(rule, len(table))


def _over_bytes(language: Expression, asked: str) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Next states `[S, 256]` and which accept; -1 where nothing can follow."""
    members = sorted(sets(language))
    kinds: dict[tuple[int, ...], int] = {}
    kind_of = np.array([kinds.setdefault(tuple(own >> byte & 1 for own in members), len(kinds)) for byte in range(256)])
    some = [int(np.argmax(kind_of == kind)) for kind in range(len(kinds))]
    numbers, states, rows = {language: 0}, [language], []
    for state in states:  # grows as it goes
        row = []
        for byte in some:
            follows = derived(state, byte)
            if follows != NOTHING and follows not in numbers:
                numbers[follows] = len(states)
                states.append(follows)
            row.append(numbers.get(follows, -1))
        rows.append(row)
        if len(states) > MOST_STATES:
            raise UsageError(f"{asked} takes over {MOST_STATES} states; give shorter repeats")
    return np.array(rows, np.int32)[:, kind_of], np.array(list(map(nullable, states)))


def _over_symbols(
    steps: NDArray[np.int32], accepting: NDArray[np.bool_], symbols: Symbols, asked: str
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """The states that whole symbols lead to, numbered anew."""
    spelt = [b"" if own is None else spelling_of(own) for own in symbols]
    longest = max(map(len, spelt))
    width = np.array(list(map(len, spelt)))
    letters = np.frombuffer(b"".join(own.ljust(longest) for own in spelt), np.uint8).reshape(-1, longest)
    steps = np.vstack([steps, np.full((1, 256), -1)])  # -1 leads to -1
    numbers, rows, new = {0: 0}, [], [0]
    while new:
        reached = np.repeat(np.array(new)[:, None], len(symbols), axis=1)
        for place in range(longest):
            reached = np.where(place < width, steps[reached, letters[:, place]], reached)
        reached[:, width == 0] = -1
        found = [int(state) for state in np.unique(reached) if state >= 0 and int(state) not in numbers]
        numbers.update({state: len(numbers) + at for at, state in enumerate(found)})
        rows.append(reached)
        if len(numbers) * len(symbols) > MOST_CELLS:
            raise UsageError(f"{asked} takes a table of over {MOST_CELLS} entries; give shorter repeats")
        new = found
    order = np.full(len(steps), -1)
    order[list(numbers)] = list(numbers.values())
    return order[np.concatenate(rows)].astype(np.int32), accepting[list(numbers)]


def _live(table: NDArray[np.int32], accepting: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The states from which a text can be ended."""
    size = len(table)
    edges = np.unique((np.arange(size)[:, None] * size + table)[table >= 0])
    source, target = np.divmod(edges, size)
    live, count = accepting.copy(), -1
    while count != live.sum():
        count = live.sum()
        live[source[live[target]]] = True
    return live


def bans_of(ban: str | Sequence[str]) -> tuple[str, ...]:
    """Banned strings as given, one or many, without empty ones."""
    return tuple(text for text in ([ban] if isinstance(ban, str) else ban) if text)
