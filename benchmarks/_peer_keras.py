"""Keras on JAX as a contender: keras.layers.LSTM and keras.optimizers.Adam in one compiled step."""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "jax"  # read when Keras is imported

import keras  # first: where it is absent, nobody waits for JAX to hear so

# isort: split
import functools
from typing import Any

import jax
import numpy as np
from _work import CLIP, RATE, Work, first_weights, streams
from _worker import Job

wait: Any = jax.block_until_ready  # has no types


def about() -> str:
    return f"keras {keras.__version__}, jax {jax.__version__}"


def build(work: Work) -> Any:
    """Scores of `[B, T]` symbols; state goes in and out, as the windows of a stream follow one another."""
    weights = first_weights(work)
    inputs = keras.Input((work.window,), work.batch, dtype="int32")
    states = [[keras.Input((work.units,), work.batch) for _ in range(2)] for _ in range(work.layers)]
    x, after = keras.layers.Embedding(work.vocab, work.units)(inputs), []
    for state in states:
        x, *end = keras.layers.LSTM(work.units, return_sequences=True, return_state=True)(x, initial_state=state)
        after.append(end)
    net = keras.Model([inputs, states], [keras.layers.Dense(work.vocab)(x), after])
    net.set_weights([weights["table"], *(part for layer in weights["layers"] for part in layer), *weights["head"]])
    return net


def train(work: Work) -> Job:
    net = build(work)
    optimizer = keras.optimizers.Adam(RATE, epsilon=1e-8, global_clipnorm=CLIP)
    optimizer.build(net.trainable_variables)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    fixed = [variable.value for variable in net.non_trainable_variables]

    def loss(weights: Any, states: Any, inputs: Any, targets: Any) -> Any:
        (scores, after), _ = net.stateless_call(weights, fixed, [inputs, states], training=True)
        return loss_of(targets, scores), after

    @functools.partial(jax.jit, donate_argnums=(0, 1))
    def step(weights: Any, moments: Any, states: Any, inputs: Any, targets: Any) -> Any:
        (nll, after), grads = jax.value_and_grad(loss, has_aux=True)(weights, states, inputs, targets)
        weights, moments = optimizer.stateless_apply(moments, grads, weights)
        return weights, moments, after, nll

    weights = [variable.value for variable in net.trainable_variables]
    moments = [variable.value for variable in optimizer.variables]
    blank = [[np.zeros((work.batch, work.units), np.float32)] * 2] * work.layers
    data, done, states = streams(work), 0, blank

    def run(count: int) -> list[float]:
        nonlocal weights, moments, states, done
        losses = []
        for _ in range(count):
            window = data[done]
            before = blank if window.fresh else states
            weights, moments, states, nll = step(weights, moments, before, window.inputs, window.targets)
            losses.append(nll)
            done += 1
        wait((weights, moments, states))
        return np.asarray(losses).tolist()  # type: ignore[no-any-return]

    return Job(run)


JOBS = {"train": train}
