"""Flax as a contender: nnx.RNN(OptimizedLSTMCell), differentiated by JAX, optax's clip and Adam, one compiled step."""

from __future__ import annotations

import functools
from typing import Any

import flax
import jax
import jax.numpy as jnp
import numpy as np
import optax
from _work import CLIP, RATE, Work, first_weights, streams
from _worker import Job
from flax import nnx

wait: Any = jax.block_until_ready  # has no types


def about() -> str:
    return f"flax {flax.__version__}, jax {jax.__version__}"


class Net(nnx.Module):
    """Embedding, layers, scores."""

    def __init__(self, work: Work) -> None:
        rngs, weights = nnx.Rngs(0), first_weights(work)
        self.table = nnx.Embed(work.vocab, work.units, rngs=rngs)
        self.layers = nnx.List(
            [
                nnx.RNN(nnx.OptimizedLSTMCell(work.units, work.units, rngs=rngs), return_carry=True, rngs=False)
                for _ in weights["layers"]
            ]
        )
        self.head = nnx.Linear(work.units, work.vocab, rngs=rngs)
        self.table.embedding[...] = jnp.asarray(weights["table"])
        for layer, (inputs, hidden, bias) in zip(self.layers, weights["layers"], strict=True):
            cell: Any = layer.cell
            cell.dense_i.kernel[...], cell.dense_h.kernel[...] = jnp.asarray(inputs), jnp.asarray(hidden)
            cell.dense_h.bias[...] = jnp.asarray(bias)
        head: Any = self.head
        head.kernel[...], head.bias[...] = (jnp.asarray(part) for part in weights["head"])

    def __call__(self, inputs: jax.Array, carries: Any) -> tuple[jax.Array, Any]:
        x, after = self.table(inputs), []
        for layer, carry in zip(self.layers, carries, strict=True):
            carry, x = layer(x, initial_carry=carry)
            after.append(carry)
        return self.head(x), after


def train(work: Work) -> Job:
    net = Net(work)
    optimizer = nnx.Optimizer(net, optax.chain(optax.clip_by_global_norm(CLIP), optax.adam(RATE)), wrt=nnx.Param)
    blank = [(jnp.zeros((work.batch, work.units)),) * 2] * work.layers
    graph, state = nnx.split((net, optimizer))

    @functools.partial(
        jax.jit, donate_argnums=0
    )  # nnx.jit walks the graph at every call; this is the form that Flax's guide gives for speed
    def step(state: Any, carries: Any, inputs: Any, targets: Any) -> Any:
        net, optimizer = nnx.merge(graph, state)

        def loss(net: Net) -> Any:
            scores, after = net(inputs, carries)
            return optax.softmax_cross_entropy_with_integer_labels(scores, targets).mean(), after

        (nll, after), grads = nnx.value_and_grad(loss, has_aux=True)(net)
        optimizer.update(net, grads)
        return nnx.state((net, optimizer)), after, nll

    data, done, carries = streams(work), 0, blank

    def run(count: int) -> list[float]:
        nonlocal state, done, carries
        losses = []
        for _ in range(count):
            window = data[done]
            state, carries, nll = step(state, blank if window.fresh else carries, window.inputs, window.targets)
            losses.append(nll)
            done += 1
        wait((state, carries))
        return np.asarray(losses).tolist()  # type: ignore[no-any-return]

    return Job(run)


JOBS = {"train": train}
