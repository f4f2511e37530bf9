"""Heads side by side: the sum of their log-probabilities, draws that know nothing of each other."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from seqgen.errors import UsageError
from seqgen.heads import Bernoulli, Categorical, Joint, Options
from seqgen.spec import Binary, Discrete, Product

HEAD = Joint((Categorical(3), Categorical(3), Bernoulli(2)))


def test_log_prob_is_the_sum_of_the_parts() -> None:
    params = HEAD.init(jax.random.key(0), 4)
    assert HEAD.spec == Product((Discrete(3), Discrete(3), Binary(2)))
    assert not np.array_equal(params["0"]["kernel"], params["1"]["kernel"])
    features = jax.random.normal(jax.random.key(1), (2, 4))
    step = (jnp.array([0, 2]), jnp.array([1, 1]), jnp.array([[0.0, 1.0], [1.0, 1.0]]))
    each = [part.log_prob(params[str(i)], features, step[i]) for i, part in enumerate(HEAD.heads)]
    np.testing.assert_allclose(HEAD.log_prob(params, features, step), np.sum(each, axis=0), rtol=1e-6)


def test_equal_heads_draw_independently() -> None:
    params = {str(i): {"kernel": jnp.zeros((1, 3)), "bias": jnp.zeros(3)} for i in range(2)}
    twins = Joint((Categorical(3), Categorical(3)))
    draws = 9000
    one, other = twins.sample(params, jax.random.split(jax.random.key(0), draws), jnp.zeros((draws, 1)), Options())
    counts = np.histogram2d(one, other, bins=3)[0]
    assert np.all(np.abs(counts - 1000) < 4 * np.sqrt(1000))


def test_no_heads_and_nested_heads_are_refused() -> None:
    for heads in ((), (Bernoulli(1), Joint((Bernoulli(1),)))):
        with pytest.raises(UsageError, match="a joint head takes one or more plain heads side by side, not"):
            Joint(heads)
