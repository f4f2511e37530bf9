"""Heads give meaning to the network's last vector: each owns `log_prob` and `sample`. One file a head."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ..registry import from_table
from .bernoulli import Bernoulli as Bernoulli
from .categorical import Categorical as Categorical
from .gaussian import Gaussian as Gaussian
from .head import Alternatives as Alternatives
from .head import Head as Head
from .head import Options as Options
from .joint import Joint as Joint
from .mixture import Mixture as Mixture
from .nade import Nade as Nade
from .relative import Relative as Relative

__all__ = [
    "Alternatives",
    "Bernoulli",
    "Categorical",
    "Gaussian",
    "Head",
    "Joint",
    "Mixture",
    "Nade",
    "Options",
    "Relative",
    "head_from_dict",
    "in_precision",
]

# What config.json may name, beside what installed packages offer as entry points of the group seqgen.heads.
HEADS: dict[str, Any] = {
    "categorical": Categorical,
    "mixture": Mixture,
    "gaussian": Gaussian,
    "bernoulli": Bernoulli,
    "joint": Joint,
    "nade": Nade,
    "relative": Relative,
}


def in_precision(head: Head, precision: str) -> Head:
    """A head whose products are a run's, "f32" or "bf16": where it has a field `precision`; any other as it is.

    >>> in_precision(Categorical(32_000), "bf16").precision
    'bf16'
    """
    if isinstance(head, Joint):
        return Joint(tuple(in_precision(part, precision) for part in head.heads))
    own: Any = head
    return dataclasses.replace(own, precision=precision) if hasattr(head, "precision") else head


def head_from_dict(data: Mapping[str, Any]) -> Head:
    """The head that wrote `data` with `to_dict`. Raises ModelError for an unknown kind or setting.

    >>> head_from_dict({"kind": "bernoulli", "dim": 2})
    Bernoulli(dim=2)
    """
    return from_table("head", HEADS, data)  # type: ignore[no-any-return]
