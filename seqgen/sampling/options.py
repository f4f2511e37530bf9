"""What may be drawn, and whether what was asked for means anything."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..errors import UsageError
from ..heads import Options
from ..machine.programs import register
from ..models.model import Model


class Grammar(NamedTuple):
    """Which symbols may come where, in a cycle of P steps: what must be is not left to the model (constrained
    decoding).

    Where `Options.allowed` is given too, a symbol must be in both.
    allowed: bool `[P, size]`, at least one symbol in each. phase: int32 `[B]`, where in the cycle a row's next step is.

    >>> import jax
    >>> from seqgen import Categorical, Discrete, Model, Network, sample
    >>> model = Model(Network(Discrete(5), layers=1, units=8), Categorical(5))
    >>> params = model.init(jax.random.key(0))
    >>> allowed = np.array([[True, True, True, True, False], [False, False, False, False, True]])  # every second is a 4
    >>> grammar = Grammar(allowed, phase=np.zeros(1, np.int32))
    >>> (row,) = sample(model, params, jax.random.key(1), [[]], length=4, grammar=grammar)
    >>> (row == 4).tolist()
    [False, True, False, True]
    """

    allowed: Any
    phase: Any


register(Grammar)


def check(options: Options, seed: int = 0) -> None:
    """Raises UsageError, naming the setting, for one that means nothing; `options` are numbers, or arrays `[B]` of them.

    >>> check(Options(temperature=-1))
    Traceback (most recent call last):
        ...
    seqgen.errors.UsageError: temperature is -1; give 0 (the likeliest) or more
    """
    temperature, top_k, top_p, min_p, bias = (np.asarray(value) for value in options[:5])
    rules = (
        ("temperature", temperature, (temperature >= 0) & np.isfinite(temperature), "0 (the likeliest) or more"),
        ("top-k", top_k, top_k >= 0, "0 (all) or more"),
        ("top-p", top_p, (top_p > 0) & (top_p <= 1), "more than 0, at most 1 (all)"),
        ("min-p", min_p, (min_p >= 0) & (min_p <= 1), "0 (all) to 1"),
        ("bias", bias, (bias >= 0) & np.isfinite(bias), "0 (as learned) or more"),
        ("seed", np.asarray(seed), np.asarray(0 <= seed < 2**32), "a whole number from 0 to 2^32 - 1"),
    )
    for name, values, holds, wanted in rules:
        if not np.all(holds):
            raise UsageError(f"{name} is {values[~holds].flat[0]}; give {wanted}")


def check_allowed(allowed: Any, grammar: Grammar | None) -> None:
    """Raises UsageError where no symbol is left to a row, in any turn of the cycle, be it soon or never reached."""
    if allowed is None and grammar is None:
        return
    left: Any = np.ones(1, bool) if allowed is None else np.asarray(allowed, bool)
    if grammar is not None:
        left = left[..., None, :] & np.asarray(grammar.allowed, bool)  # [P, size] or [B, P, size]
    if not np.all(left.any(axis=-1)):
        what = "`options.allowed`" if grammar is None else "the grammar" if allowed is None else "both together"
        where = [int(axis) for axis in np.argwhere(~left.any(axis=-1))[0]]
        names = (["row"] if left.ndim == (3 if grammar is not None else 2) else []) + ["turn"] * (grammar is not None)
        at = " and ".join(f"{name} {number}" for name, number in zip(names, where, strict=True))
        raise UsageError(f"no symbol is left to draw{at and f' in {at}'} by {what}; allow at least one everywhere")


def check_alternatives(model: Model, count: int | None) -> None:
    """Raises UsageError for a number that means nothing, and for a head that cannot say what else was likely."""
    if not count:
        return
    if not hasattr(model.head, "alternatives"):
        raise UsageError(
            f"alternatives are symbols, and this model draws {model.head.spec}; give 0, for how likely each step was"
        )
    size = model.head.spec.size  # type: ignore[union-attr]
    if not 0 < count <= size:
        raise UsageError(f"alternatives is {count}; give 0 to {size}, as many symbols as there are")
