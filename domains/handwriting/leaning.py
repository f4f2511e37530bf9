"""Where a hand leans on another: at characters that its person hardly wrote, and in words that hardly anybody writes.

A hand is a vector that the network sees at every point. Here it has one for each character of a text, its own or one between
its own and that of the hand that wrote most, and sees the one of the character that it is at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from seqgen.models.model import Model
from seqgen.nn.context import Context, Params
from seqgen.nn.network import Network
from seqgen.nn.recurrence import Array, Carry, where
from seqgen.nn.window import weights
from seqgen.spec import Inputs, Spec

from .hands import Vector

# Of the other hand, where one leans on it: of oak and larch more was read with a part of it than with all.
SHARE = 0.6
# A word as in a book: letters, a capital at most in front, hyphens and apostrophes, and what stands around it.
_PLAIN = re.compile(r"[\"'(]*[A-Za-z][a-z]*(?:[-'][a-z]+)*[\"'),.;:!?]*")


def leans(text: str, weak: str) -> list[bool]:
    """Which characters lean: those of `weak`, all of a word that is none of a book, and spaces beside them.

    >>> "".join("^" if lean else "." for lean in leans("To A4: Ann, hi", weak="A4:"))
    '..^^^^^......'
    """
    found: list[bool] = []
    for word in re.split("( )", text):
        odd = not _PLAIN.fullmatch(word) and word.strip() != ""
        found += [odd or character in weak for character in word]
    beside = [False, *found, False]
    return [
        lean or (character == " " and (beside[number] or beside[number + 2]))
        for number, (character, lean) in enumerate(zip(text, found, strict=True))
    ]


def leaning(own: Vector, other: Vector, texts: Sequence[str], weak: Sequence[str | None], size: int) -> Vector | None:
    """A vector for each of `size` entries of each text, `[B, size, S]`, of `own`, `[B, S]`; None where nothing leans.

    weak: what is weak in the hand of each text; None for one that leans nowhere.
    """
    share = np.zeros((len(texts), size, 1), np.float32)
    for row, (text, characters) in enumerate(zip(texts, weak, strict=True)):
        if characters is not None:
            share[row, : len(text), 0] = leans(text, characters)
    return own[:, None] + SHARE * share * (other - own)[:, None] if share.any() else None


def reading(model: Model, context: Context) -> Model:
    """The model that reads the context: itself, or one that leans where the context has a vector for each entry."""
    if context.static is None or np.ndim(context.static) == 2:
        return model
    assert isinstance(model.network, Network)
    return Model(Leaning(model.network), model.head)


@dataclass(frozen=True)
class Leaning:
    """A network with a window whose context has a vector for each entry of the memory, `[B, U, S]` in place of `[B, S]`.

    What it sees at a position is the vector of the entry that the window weighed most at the position before.
    """

    network: Network

    @property
    def spec(self) -> Spec:
        return self.network.spec

    @property
    def width(self) -> int:
        return self.network.width

    @property
    def causal(self) -> bool:
        return self.network.causal

    @property
    def controls(self) -> int:
        return self.network.controls

    @property
    def source(self) -> int:
        return self.network.source

    @property
    def static(self) -> int:
        return self.network.static

    @property
    def embedding(self) -> int:
        return self.network.embedding

    @property
    def precision(self) -> str:
        return self.network.precision

    def init(self, key: Array) -> Params:
        return self.network.init(key)

    def encode(self, params: Params, source: Any = None, static: Any = None, source_valid: Any = None) -> Context:
        return self.network.encode(params, source, static, source_valid)

    def start(self, params: Params, batch: int, context: Context = Context()) -> Carry:
        return self.network.start(params, batch, context)

    def step(
        self, params: Params, carry: Carry, inputs: Inputs, *, context: Context = Context()
    ) -> tuple[Carry, Array]:
        assert context.memory is not None and context.static is not None
        at = jnp.argmax(weights(carry[0], context.memory), axis=1)
        static = jnp.take_along_axis(context.static, at[:, None, None], axis=1)[:, 0]
        return self.network.step(params, carry, inputs, context=context._replace(static=static))

    def unroll(
        self,
        params: Params,
        carry: Carry,
        inputs: Inputs,
        *,
        reset: Array | None = None,
        valid: Array | None = None,
        context: Context = Context(),
        key: Array | None = None,
    ) -> tuple[Carry, Array]:
        def body(before: Carry, at: Any) -> tuple[Carry, Array]:
            inputs, valid = at
            after, features = self.step(params, before, inputs, context=context)
            return where(valid, after, before), where(valid, features, jnp.zeros_like(features))

        first: Any = jax.tree.map(lambda leaf: jnp.swapaxes(leaf, 0, 1), (inputs, valid))
        carry, features = jax.lax.scan(body, carry, first)
        return carry, jnp.swapaxes(features, 0, 1)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "leaning", "network": self.network.to_dict()}
