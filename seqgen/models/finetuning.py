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

Ids = np.ndarray[Any, Any]  # of the old, for each new one; -1 where there is none


def adapt(model: Model, params: Params, old_id: Ids) -> tuple[Model, Params]:
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
    table, head = params["network"]["table0"], dict(params["head"])
    moved = {**params["network"], "table0": jnp.concatenate([_moved(table[:-1], old_id), table[-1:]])}
    head["bias"] = _moved(head["bias"], old_id)
    if not model.head.tied:
        head["kernel"] = _moved(head["kernel"].T, old_id).T
    return adapted, {"network": moved, "head": head}


def conditioned(model: Model, params: Params, source: Ids | None, static: Ids | None) -> tuple[Model, Params]:
    """The model over other symbols of its source and other writers, each with the old id or -1, as in `adapt`."""
    network, moved = model.network, dict(params["network"])
    assert isinstance(network, Network)
    for name, ids in (("source", source), ("static", static)):
        if ids is not None:
            sizes: dict[str, Any] = {name: len(ids)}
            if name == "source" and network.encoder is not None:
                moved["encoder"] = {**moved["encoder"], "table": _moved(moved["encoder"]["table"], ids)}
            else:
                moved[f"{name}_table"] = _moved(moved[f"{name}_table"], ids)
            network = dataclasses.replace(network, **sizes)
    return dataclasses.replace(model, network=network), {**params, "network": moved}


def _moved(weights: Array, old_id: Ids) -> Array:
    """Rows of a table, symbols lead: those known keep theirs, new ones get the mean."""
    known = jnp.asarray(old_id >= 0).reshape(-1, *[1] * (weights.ndim - 1))
    rows = weights[jnp.asarray(np.maximum(old_id, 0))]
    return jnp.where(known, rows, jnp.mean(rows, axis=0, where=known))


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
    """A trained model as it goes on from: over the symbols of the new data where the domain can match them.

    Or over its own and what conditions the new data besides, where the domain says how its codec grows.
    """
    domain = domain.of(old)
    if domain.match is None and domain.extend is None:
        return old, given.model, given.params
    codec = codec_for(domain, data, settings)
    if domain.extend is not None:
        codec, source, static = domain.extend(old, codec)
        assert isinstance(given.model, Model)
        return codec, *conditioned(given.model, given.params, source, static)
    assert domain.match is not None
    ids = domain.match(old, codec)
    if not isinstance(ids, tuple):
        return codec, *adapt(given.model, given.params, ids)
    steps, source = ids
    return codec, *conditioned(*adapt(given.model, given.params, steps), source, None)
