"""A model of characters, of whatever domain, as the language model of a recogniser."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from seqgen import registry
from seqgen.errors import SeqgenError, UsageError
from seqgen.heads import Categorical
from seqgen.machine.programs import kept
from seqgen.models.info import find
from seqgen.models.model import Model
from seqgen.models.pretrained import from_pretrained
from seqgen.nn.context import Params
from seqgen.nn.recurrence import Array, Carry
from seqgen.spec import Inputs, null_step

UNFORESEEN = 0.05  # of the probability goes to all characters alike: people write what no book of the model's holds
LEAST = 1e-9  # probability of an end
BEFORE = " "  # what a line follows on


class Language:
    """A `seqgen.models.decoding.Scorer` over the characters of an alphabet.

    A character that the model spells in several symbols counts as the first of them. A text ends where anything but a
    letter or a digit comes next. Raises UsageError for a model of anything but characters.
    """

    def __init__(self, codec: Any, model: Any, params: Params, name: str, alphabet: str) -> None:
        network: Any = model.network
        told = isinstance(model, Model) and (network.source or network.static or getattr(network, "controls", 0))
        if not isinstance(model, Model) or not isinstance(model.head, Categorical) or told or not network.causal:
            raise UsageError(f"{name} foresees no characters: give a model of text as the language")
        self.model, self.params = model, params
        self._ids = np.array([_symbol(codec, character, name) for character in alphabet], np.int32)
        self._opening = [null_step(model.network.spec), np.int32(_symbol(codec, BEFORE, name))]
        self._goes_on = np.array([character.isalnum() for character in alphabet])

    def start(self) -> tuple[Any, NDArray[np.float64]]:
        """After a space that nothing is known before."""
        states = self.model.start(self.params, 1)
        for symbol in self._opening:
            states, told = _step(self.model)(self.params, states, np.array([symbol], np.int32))
        return states, self._told(told)

    def step(self, states: Any, labels: NDArray[np.int32]) -> tuple[Any, NDArray[np.float64]]:
        """One character more a row. Rows are filled up to a power of two, so that few programs are compiled."""
        rows = len(labels)
        more = (1 << (rows - 1).bit_length()) - rows
        filled = jax.tree.map(
            lambda leaf: np.pad(leaf, [(0, more)] + [(0, 0)] * (leaf.ndim - 1)), (states, self._ids[labels])
        )
        states, told = _step(self.model)(self.params, *filled)
        return jax.tree.map(lambda leaf: np.asarray(leaf)[:rows], states), self._told(told)[:rows]

    def _told(self, told: Any) -> NDArray[np.float64]:
        known = np.exp(np.asarray(told, np.float64)[:, self._ids])
        known = (1 - UNFORESEEN) * known + UNFORESEEN / len(self._ids)
        ends = 1 - known[:, self._goes_on].sum(axis=1, keepdims=True)
        log_probs: NDArray[np.float64] = np.log(np.concatenate([known, np.maximum(ends, LEAST)], axis=1))
        return log_probs


def load_language(name: str | Path, alphabet: str) -> Language:
    """The language model that a shipped name, a run or a model folder of any domain is, over these characters.

    Raises UnknownName, ModelError, and UsageError for a model of anything but characters.

    >>> language = load_language("shakespeare", "abc")
    >>> language.start()[1].shape
    (1, 4)
    """
    given = from_pretrained(find(name))
    codec = registry.domain(given.domain).load_codec(given.codec)
    return Language(codec, given.model, given.params, str(name), alphabet)


def _symbol(codec: Any, character: str, name: str) -> int:
    """The first symbol of a character. Raises UsageError for a codec of other things."""
    try:
        return int(codec.encode(character).steps[0])
    except (SeqgenError, TypeError, AttributeError, ValueError, IndexError):  # of another domain: it may raise anything
        raise UsageError(f"{name} is of no characters: give a model of text as the language") from None


@functools.lru_cache(maxsize=4)
def _step(model: Model) -> Callable[..., tuple[Carry, Array]]:
    head: Any = model.head

    def step(params: Params, states: Carry, symbols: Array) -> tuple[Carry, Array]:
        states, features = model.network.step(params["network"], states, Inputs(symbols))
        return states, jax.nn.log_softmax(head.logits(model.head_params(params), features))

    return kept(step, model.to_dict(), parts=(model,))
