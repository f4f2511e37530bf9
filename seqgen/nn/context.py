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
    static: `[B, S]`, seen at every position: a writer, a corpus. Or `[B, U, S]`, one for each entry of the memory: seen is that
    of the entry at which the window is (`seqgen.nn.window.entries`).

    >>> import jax, numpy
    >>> from seqgen import Discrete, Network
    >>> network = Network(Discrete(5), layers=1, units=8, static=3, static_width=4)
    >>> context = network.encode(network.init(jax.random.key(0)), static=numpy.array([0, 2]))
    >>> context.static.shape, context.memory
    ((2, 4), None)
    """

    start: Carry = None
    memory: Memory | None = None
    static: Array | None = None


register(Context, Inputs)
