"""Devices that share one training: each learns from its rows of a batch, and all take the same step.

This is data parallelism over a mesh of one axis. Gradients are summed around the whole window, once a step: left to
itself, XLA would sum those of the recurrent weights at every position. Where `shards` is set the sum does not depend on how many devices there are, to the bit.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.experimental import multihost_utils
from jax.flatten_util import ravel_pytree
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from ..batching.windows import Batch
from ..errors import UsageError
from ..models.trainable import Loss, Trainable
from ..nn.context import Params
from ..nn.recurrence import Array, Carry

AXIS = "rows"
_WHOLE, _ROWS = PartitionSpec(), PartitionSpec(AXIS)  # type: ignore[no-untyped-call]

Tree = TypeVar("Tree")
Gradient = Callable[[Params, Carry, Batch, Array], tuple[tuple[Array, tuple[Array, Carry]], Params]]


@dataclass(frozen=True)
class Crew:
    """The devices of one or more processes, and in how many parts they take a batch.

    mesh: the devices, along one axis. shards: parts of a batch, fixed for a run, whose gradients are summed in the same
    order wherever they were computed; 0 for a part a device, summed as the devices find best.
    """

    mesh: Mesh
    shards: int = 0

    def __post_init__(self) -> None:
        if self.parts % self.mesh.size:
            raise UsageError(
                f"{self.shards} shards cannot be dealt evenly to {self.mesh.size} devices; "
                f"use a number of devices that divides {self.shards}"
            )

    @property
    def parts(self) -> int:
        """What the rows of a batch must be a multiple of."""
        return self.shards or self.mesh.size

    def my_rows(self, rows: int) -> slice:
        """Which of a batch's rows this process reads. Raises UsageError for a number that cannot be dealt evenly."""
        if rows % self.parts:
            raise UsageError(
                f"batches of {rows} rows cannot be dealt evenly to {self.parts} shards; use a number of devices that "
                f"divides {rows}, or in Python training=TrainingConfig(rows=..., shards=...); little data makes few rows"
            )
        each = rows // self.mesh.size
        mine = [i for i, device in enumerate(self.mesh.devices) if device.process_index == jax.process_index()]
        return slice(each * mine[0], each * (mine[-1] + 1))

    def gradient(self, loss: Loss) -> Gradient:
        """`jax.value_and_grad(loss, has_aux=True)` of a whole batch whose rows are spread: one collective."""
        each = self.parts // self.mesh.size
        gradient = jax.value_and_grad(loss, has_aux=True)

        def shard(params: Params, key: Array, carry: Carry, batch: Batch, number: Array) -> tuple[Any, Carry]:
            (nats, (count, carry)), grads = gradient(params, carry, batch, jax.random.fold_in(key, number))
            return (nats, count.astype(jnp.float32), grads), carry

        def device(params: Params, carry: Carry, batch: Batch, key: Array) -> Any:
            number = each * lax.axis_index(AXIS)
            if self.shards:
                parts = (*_cut((carry, batch), each), number + jnp.arange(each))
                sums, carry = lax.map(lambda part: shard(params, key, *part), parts)
                sums, carry = self._in_order(sums), _join(carry)
            else:
                sums, carry = shard(params, key, carry, batch, number)
                sums = lax.psum(sums, AXIS)  # type: ignore[no-untyped-call]
            nats, count, grads = sums
            return (nats, (count, carry)), grads

        results = ((_WHOLE, (_WHOLE, _ROWS)), _WHOLE)
        return self._spread(device, (_WHOLE, _ROWS, _ROWS, _WHOLE), results)

    def nll(self, model: Trainable) -> Callable[[Params, Carry, Batch], tuple[Array, Array, Carry]]:
        """`model.nll` of a whole batch whose rows are spread; likelihoods and counts end up whole on every device."""
        each = self.parts // self.mesh.size if self.shards else 1

        def device(params: Params, carry: Carry, batch: Batch) -> Any:
            nll, count, carry = lax.map(lambda part: model.nll(params, *part), _cut((carry, batch), each))
            whole = (lax.all_gather(_join(leaf), AXIS, tiled=True) for leaf in (nll, count))
            return (*whole, _join(carry))

        return self._spread(device, (_WHOLE, _ROWS, _ROWS), (_WHOLE, _WHOLE, _ROWS))

    def start(self, model: Trainable) -> Callable[[Params, Batch], Carry]:
        """The carry that opens the rows of a batch, where they are."""

        def device(params: Params, batch: Batch) -> Carry:
            return model.start(params, len(batch.reset), model.encode(params, batch))

        return self._spread(device, (_WHOLE, _ROWS), _ROWS)

    def _in_order(self, sums: Tree) -> Tree:
        """Each device's shards `[each, ...]` -> their sum over all devices, shard after shard."""
        _, unflatten = ravel_pytree(jax.tree.map(lambda leaf: leaf[0], sums))
        leaves = [leaf.reshape(len(leaf), -1) for leaf in jax.tree.leaves(sums)]
        every = lax.all_gather(jnp.concatenate(leaves, axis=1), AXIS, tiled=True)
        return unflatten(functools.reduce(jnp.add, list(every)))  # type: ignore[no-any-return]

    def _spread(self, function: Callable[..., Any], takes: Any, gives: Any) -> Callable[..., Any]:
        return jax.shard_map(function, mesh=self.mesh, in_specs=takes, out_specs=gives, check_vma=False)

    def deal(self, rows: Tree) -> Tree:
        """The rows this process read as its part of arrays that lie on all devices."""
        sharding = NamedSharding(self.mesh, _ROWS)

        def put(leaf: Any) -> Array:
            return jax.make_array_from_process_local_data(sharding, np.asarray(leaf))  # type: ignore[no-any-return, no-untyped-call]

        return jax.tree.map(put, rows)  # type: ignore[no-any-return]

    def place(self, tree: Tree, *, rows: bool = False) -> Tree:
        """What every process holds all of, onto the devices: a copy each, or its rows each."""
        sharding = NamedSharding(self.mesh, _ROWS if rows else _WHOLE)

        def put(leaf: Any) -> Array:
            host = np.asarray(leaf)
            return jax.make_array_from_callback(host.shape, sharding, host.__getitem__)

        return jax.tree.map(put, tree)  # type: ignore[no-any-return]

    def fetch(self, tree: Tree) -> Tree:
        """All of it on the host of every process; all have to ask at the same time."""
        return multihost_utils.process_allgather(tree, tiled=True)  # type: ignore[no-any-return]


def crew_of(count: int | None = None, shards: int = 0) -> Crew:
    """The first `count` devices of the processes that joined (see `seqgen.devices.distributed`); by default all."""
    devices = jax.devices()[:count]
    return Crew(Mesh(np.array(devices), (AXIS,), axis_types=(AxisType.Auto,)), shards)


def _cut(tree: Tree, parts: int) -> Tree:
    return jax.tree.map(lambda leaf: leaf.reshape(parts, -1, *leaf.shape[1:]), tree)  # type: ignore[no-any-return]


def _join(tree: Tree) -> Tree:
    return jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), tree)  # type: ignore[no-any-return]
