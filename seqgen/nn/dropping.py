"""Dropout of weights: of the recurrent kernels, and of whole symbols."""

from __future__ import annotations

import zlib
from typing import Any

import jax
import jax.numpy as jnp

from .context import Params
from .recurrence import Array

RECURRENT = "hidden_kernel"  # what a cell calls the kernel over its own last output


def dropped(params: Params, key: Array | None, weights: float, symbols: float) -> Params:
    """The parameters of a window of training: one mask for all of its positions and rows, as they are without a key.

    weights: share of each recurrent kernel's entries that are 0 (weight drop, DropConnect: Wan et al. 2013, Merity,
    Keskar & Socher 2018, section 2). symbols: share of the input symbols that are nowhere to be seen (embedding dropout:
    Gal & Ghahramani 2016, section 4.2). What is left is divided by what is kept.

    >>> params = {"layer0": {"cell": {"hidden_kernel": jnp.ones((2, 8))}}}
    >>> float(dropped(params, jax.random.key(0), 0.5, 0.0)["layer0"]["cell"]["hidden_kernel"].max())
    2.0
    """
    if key is None or not (weights or symbols):
        return params

    def masked(path: Any, leaf: Array) -> Array:
        table = len(path) == 1 and path[0].key.startswith("table")
        rate = symbols if table else weights * (path[-1].key == RECURRENT)
        shape = (len(leaf), 1) if table else leaf.shape
        if not rate:
            return leaf
        own = jax.random.fold_in(key, zlib.crc32(jax.tree_util.keystr(path).encode()))
        return jnp.where(jax.random.bernoulli(own, 1 - rate, shape), leaf / (1 - rate), 0.0)

    return jax.tree_util.tree_map_with_path(masked, params)  # type: ignore[no-any-return]
