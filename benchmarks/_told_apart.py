"""Whether a network can tell one lot of ink from another: a bidirectional LSTM on the pen's moves, trained to."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import NDArray

from seqgen import Network
from seqgen.domains.handwriting import Ink, Offsets
from seqgen.domains.handwriting.resampling import resampled
from seqgen.spec import Inputs

NETWORK: dict[str, Any] = {
    "layers": 2,
    "units": 64,
    "embedding": 4,
    "bidirectional": True,
    "skip": True,
    "dropout": 0.2,
}
POINTS = 128  # of a piece of a line that is judged
ROWS, STEPS, RATE = 32, 400, 3e-3

Lot = tuple[Any, NDArray[np.int32]]  # steps [N, POINTS, ...], 1 for ink of the first kind


def told_apart(
    ours: tuple[Sequence[Ink], Sequence[Ink]], theirs: tuple[Sequence[Ink], Sequence[Ink]], steps: int = STEPS
) -> float:
    """The share of pieces of ink, half of either kind, that are told right; each kind is (to learn from, to be tested on).

    Both kinds are resampled alike, and pieces begin anywhere, so that neither density nor a first point tells.
    """
    every = [[resampled(ink) for ink in part] for part in (*ours, *theirs)]
    codec = Offsets.fit([ink for part in every for ink in part])
    pieces = [_pieces(codec, part) for part in every]
    network = Network(codec.spec, **NETWORK)
    keys = jax.random.split(jax.random.key(0))
    params: Any = {"network": network.init(keys[0]), "weights": jnp.zeros(network.width), "bias": jnp.zeros(())}
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(optax.cosine_decay_schedule(RATE, steps)))

    def logits(params: Any, batch: Any, key: Any = None) -> jax.Array:
        offsets, pens = batch
        carry = network.start(params["network"], offsets.shape[0])
        _, features = network.unroll(params["network"], carry, Inputs((offsets, pens)), key=key)
        found: jax.Array = features.mean(axis=1) @ params["weights"] + params["bias"]
        return found

    def loss(params: Any, batch: Any, kind: Any, key: Any) -> jax.Array:
        wrong: jax.Array = optax.sigmoid_binary_cross_entropy(logits(params, batch, key), kind).mean()
        return wrong

    @jax.jit
    def step(params: Any, state: Any, batch: Any, kind: Any, key: Any) -> tuple[Any, Any]:
        updates, state = optimizer.update(jax.grad(loss)(params, batch, kind, key), state, params)
        return optax.apply_updates(params, updates), state

    chance = np.random.Generator(np.random.Philox(0))
    state, kinds = optimizer.init(params), np.repeat(np.array([1, 0], np.float32), ROWS // 2)
    for number in range(steps):
        rows = [chance.integers(0, len(part[1]), ROWS // 2) for part in (pieces[0], pieces[2])]
        batch = jax.tree.map(lambda a, b, rows=rows: np.concatenate([a[rows[0]], b[rows[1]]]), pieces[0], pieces[2])
        params, state = step(params, state, batch, kinds, jax.random.fold_in(keys[1], number))
    right = []
    for part, kind in ((pieces[1], 1), (pieces[3], 0)):
        found = [np.asarray(jax.jit(logits)(params, batch)) > 0 for batch in _batches(part)]
        right.append(float(np.mean(np.concatenate(found) == kind)))
    return float(np.mean(right))


def _pieces(codec: Offsets, inks: Sequence[Ink]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Pieces of POINTS steps, side by side, each from anywhere in its line on; what lies at the end of a line is left out."""
    offsets, pens = [], []
    for number, ink in enumerate(inks):
        moves, states = codec.encode(ink).steps
        for begin in range(number % 16 + 1, len(states) - POINTS, POINTS):
            offsets.append(moves[begin : begin + POINTS])
            pens.append(np.minimum(states[begin : begin + POINTS], 1))
    return np.stack(offsets), np.stack(pens)


def _batches(pieces: Any) -> Any:
    size = len(pieces[1])
    return (jax.tree.map(functools.partial(_cut, i), pieces) for i in range(0, size, 64))


def _cut(begin: int, leaf: Any) -> Any:
    return leaf[begin : begin + 64]
