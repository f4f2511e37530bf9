"""What conditions a sequence from outside, and the shape of parameters at every border."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..machine.programs import register
from ..spec import Inputs
from .recurrence import Array, Carry, Memory

Params = dict[str, Any]


class Context(NamedTuple):
    """What conditions a sequence from outside; each part may be absent, gradients flow into all.

    start: a carry to begin (and, at a reset, to begin again) from, in place of the network's own.
    memory: entries `[B, U, E]` to attend to.
    static: `[B, S]`, seen at every position: a writer, a corpus.
    """

    start: Carry = None
    memory: Memory | None = None
    static: Array | None = None


register(Context, Inputs)
