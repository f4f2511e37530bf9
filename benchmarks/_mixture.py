"""The likelihood of ink under a handwriting model from SciPy in float64; only the features come from the network."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import log_softmax, logsumexp
from scipy.stats import multivariate_normal

from seqgen.batching import evaluation_windows, in_memory
from seqgen.domains.handwriting import HandwritingModel, Ink
from seqgen.heads import Joint, Mixture


def log_density(model: HandwritingModel, ink: Ink) -> float:
    """The sum over all points, nats; `ink` in x-heights."""
    example = model.codec.encode(ink)
    offsets, pens = np.asarray(example.steps[0], np.float64), example.steps[1]
    (batch,) = evaluation_windows(in_memory(model.codec.spec, [example]), 1, len(offsets))
    context = model.model.encode(model.params, batch)
    carry = model.model.start(model.params, 1, context)
    network = model.params["network"]
    _, features = model.model.network.unroll(
        network, carry, jax.tree.map(jnp.asarray, batch.inputs), reset=batch.reset, valid=batch.valid, context=context
    )
    head = model.model.head
    assert isinstance(head, Joint) and isinstance(head.heads[0], Mixture)
    x = np.asarray(features, np.float64)[0]
    move, pen = (jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), model.params["head"][part]) for part in "01")
    raw = (x @ move["kernel"] + move["bias"]).reshape(len(x), 6, head.heads[0].components)
    sigmas, rho = np.exp(raw[:, 3:5]) + head.heads[0].sigma_floor, np.tanh(8 * np.tanh(raw[:, 5] / 8))
    total = 0.0
    for step, target in enumerate(offsets):
        parts = []
        for weight, mean, sigma, r in zip(
            log_softmax(raw[step, 0]), raw[step, 1:3].T, sigmas[step].T, rho[step], strict=True
        ):
            covariance = np.array([[1, r], [r, 1]]) * np.outer(sigma, sigma)
            parts.append(weight + multivariate_normal(mean, covariance, allow_singular=True).logpdf(target))
        total += float(logsumexp(parts))
    chances = log_softmax(x @ pen["kernel"] + pen["bias"], axis=1)
    return total + float(chances[np.arange(len(pens)), pens].sum())
