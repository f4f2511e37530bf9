"""Starting from a trained model on data with other symbols: weights move with the symbol, never with its number."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from ..batching.encode import codec_for
from ..batching.sources import Encoded
from ..domain import Codec, Domain, Splits
from ..errors import UsageError
from ..heads import Categorical
from ..nn.context import Params
from ..nn.network import Network
from ..nn.recurrence import Array
from ..spec import Discrete
from .model import Model
from .pretrained import Pretrained


def adapt(model: Model, params: Params, old_id: np.ndarray[Any, Any]) -> tuple[Model, Params]:
    """The model over another set of symbols, `old_id[new]` the old id of each or -1 (fastai's rule: Howard & Ruder 2018).

    A symbol both know keeps its row of the embedding and its column of the softmax; a new one gets their mean.
    Raises UsageError for a model of anything but one stream of symbols, and when it knows none of the new ones.
    """
    network = model.network
    if not (
        isinstance(network, Network) and isinstance(network.spec, Discrete) and isinstance(model.head, Categorical)
    ):
        raise UsageError("only models of symbols can move to other symbols; this one reads other steps")
    if not np.any(old_id >= 0):
        raise UsageError("the model knows none of these symbols, so it has nothing to go on from; train a new one")
    spec = Discrete(len(old_id))
    adapted = Model(dataclasses.replace(network, spec=spec), dataclasses.replace(model.head, size=spec.size))
    old_size = network.spec.size
    known, rows = jnp.asarray(old_id >= 0), jnp.asarray(np.maximum(old_id, 0))

    def move(weights: Array) -> Array:  # symbols lead
        moved = weights[:old_size][rows]
        kept = known.reshape(-1, *[1] * (moved.ndim - 1))
        return jnp.where(kept, moved, jnp.mean(moved, axis=0, where=kept))

    table, head = params["network"]["table0"], dict(params["head"])
    moved = {**params["network"], "table0": jnp.concatenate([move(table), table[-1:]])}
    head["bias"] = move(head["bias"])
    if not model.head.tied:
        head["kernel"] = move(head["kernel"].T).T
    return adapted, {"network": moved, "head": head}


def settled(domain: Domain[Any], codec: Codec[Any], name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of reading, as this model's codec wants them. Raises UsageError for one that it contradicts."""
    kept = domain.reading.settled(codec)
    for setting, value in kept.items():
        if settings[setting] not in (value, domain.reading.settings[setting]):
            raise UsageError(f"{name} is for {value} and stays so: leave the {setting} out when fine-tuning")
    return {**settings, **kept}


def carried(
    domain: Domain[Any], old: Codec[Any], given: Pretrained, data: Splits[Any] | Encoded, settings: Mapping[str, Any]
) -> tuple[Codec[Any], Model, Params]:
    """A trained model as it goes on from: over the symbols of the new data where the domain can match them."""
    if domain.match is None:
        return old, given.model, given.params
    codec = codec_for(domain, data, settings)
    return codec, *adapt(given.model, given.params, domain.match(old, codec))
