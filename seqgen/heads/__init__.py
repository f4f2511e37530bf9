"""Heads give meaning to the network's last vector: each owns `log_prob` and `sample`. One file a head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ModelError, UsageError, one_line
from .bernoulli import Bernoulli as Bernoulli
from .categorical import Categorical as Categorical
from .head import Head as Head
from .head import Options as Options
from .joint import Joint as Joint
from .mixture import Mixture as Mixture

__all__ = ["Bernoulli", "Categorical", "Mixture", "Joint", "Head", "Options", "head_from_dict"]

# Closed: config.json can name these and nothing else.
HEADS: dict[str, Any] = {"categorical": Categorical, "mixture": Mixture, "bernoulli": Bernoulli, "joint": Joint}


def head_from_dict(data: Mapping[str, Any]) -> Head:
    """The head that wrote `data` with `to_dict`. Raises ModelError for an unknown kind or setting.

    >>> head_from_dict({"kind": "bernoulli", "dim": 2})
    Bernoulli(dim=2)
    """
    settings = dict(data)
    kind = settings.pop("kind", None)
    if not isinstance(kind, str) or kind not in HEADS:
        raise ModelError(f"head kind {kind!r} is not one of {', '.join(HEADS)}; the model needs a newer seqgen")
    try:
        return HEADS[kind].from_dict(settings)  # type: ignore[no-any-return]
    except (TypeError, ValueError, KeyError, UsageError) as error:
        raise ModelError(
            f"the {kind} head's settings {settings} do not fit: {one_line(error)}; the model is damaged"
        ) from None
