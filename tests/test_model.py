"""A model is a network and a head that fit; its likelihood is the head's of the network's features."""

from __future__ import annotations

import functools
import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from seqgen.batching import Batch, Inputs
from seqgen.errors import ModelError, UsageError
from seqgen.heads import Bernoulli, Categorical, Joint, Mixture
from seqgen.models.model import Model
from seqgen.nn.network import Network
from seqgen.spec import Continuous, Discrete

SMALL: dict[str, Any] = {"layers": 1, "units": 5, "embedding": 4}
PEN = Joint((Mixture(2), Bernoulli(1)))
TIED = Model(Network(Discrete(6), **SMALL), Categorical(6, tied=4))


def numbers(model: Model) -> Any:
    """Parameters with life in them."""
    random = np.random.default_rng(0)
    shapes = jax.eval_shape(model.init, jax.random.key(0))
    return jax.tree.map(lambda leaf: jnp.asarray(random.normal(0, 0.5, leaf.shape), jnp.float32), shapes)


def test_a_head_of_other_steps_is_refused() -> None:
    with pytest.raises(
        UsageError, match=r"the network reads Discrete\(size=6\) but the head predicts Discrete\(size=7\)"
    ):
        Model(Network(Discrete(6), **SMALL), Categorical(7))
    with pytest.raises(UsageError, match=r"Continuous\(dim=3\) but the head predicts .* so both must be the same"):
        Model(Network(Continuous(3), **SMALL), Mixture(2))
    with pytest.raises(UsageError, match="a tied head needs the embedding's width 4, not 5"):
        Model(Network(Discrete(6), **SMALL), Categorical(6, tied=5))


@pytest.mark.parametrize("model", [TIED, Model(Network(PEN.spec, **SMALL), PEN)], ids=["symbols", "pen"])
def test_settings_survive_json(model: Model) -> None:
    data = json.loads(json.dumps(model.to_dict()))
    assert Model.from_dict(data) == model
    with pytest.raises(ModelError, match="settings do not fit"):
        Model.from_dict({**data, "network": {**data["network"], "units": 0}})
    with pytest.raises(ModelError, match="do not fit together: 'head'; the model is damaged"):
        Model.from_dict({"network": data["network"]})
    with pytest.raises(ModelError, match=r"do not fit together: the network reads .*; the model is damaged"):
        Model.from_dict({**data, "head": Categorical(9).to_dict()})


def test_steps_that_controls_give_cost_nothing_and_teach_nothing() -> None:
    model = Model(Network(Discrete(6), **SMALL, controls=2, given=True), Categorical(6))
    assert Model.from_dict(json.loads(json.dumps(model.to_dict()))) == model
    params, random = numbers(model), np.random.default_rng(1)
    given = np.array([[1, 0, 0, 1], [0, 1, 1, 0]], np.float32)
    controls = np.stack([given, random.normal(size=given.shape)], axis=-1).astype(np.float32)
    steps, valid = np.array([[6, 1, 2, 0], [6, 3, 0, 5]]), np.array([[1, 1, 1, 1], [1, 1, 1, 0]], bool)

    def loss(params: Any, targets: Any) -> Any:
        batch = Batch(Inputs(steps, controls), targets, steps == 6, valid)
        nll, counts, _ = model.nll(params, model.start(params, 2), batch)
        total, (count, _) = model.loss(params, model.start(params, 2), batch, None)
        return total, (nll, counts, count)

    compiled = jax.jit(jax.value_and_grad(loss, has_aux=True))
    targets = np.array([[1, 2, 0, 5], [3, 0, 5, 1]])
    (total, (nll, counts, count)), gradient = compiled(params, targets)
    free = valid & (given == 0)
    np.testing.assert_array_equal(counts, free)
    assert count == 3 and (nll[free] > 0).all() and not nll[~free].any() and total == pytest.approx(nll.sum())
    other, again = compiled(params, np.where(free, targets, 4))
    assert other[0] == total
    jax.tree.map(np.testing.assert_array_equal, gradient, again)
    with pytest.raises(UsageError, match="what is given is said in the controls: give `controls`, or leave `given`"):
        Network(Discrete(6), **SMALL, given=True)


def test_a_tied_head_scores_with_the_table() -> None:
    params = numbers(TIED)
    assert sorted(params) == ["head", "network"] and sorted(params["head"]) == ["bias", "kernel"]
    table = params["network"]["table0"]
    assert table.shape == (7, 4)  # the null step is read, never predicted
    steps = jnp.array([[6, 1, 2], [6, 0, 0]])
    targets = jnp.array([[1, 2, 5], [0, 0, 3]])
    batch = Batch(Inputs(steps), targets, steps == 6, jnp.ones((2, 3), bool))

    @functools.partial(jax.jit, static_argnums=0)
    def scores_and_slope(model: Model, params: Any) -> Any:
        def total(params: Any) -> Any:
            log_prob = model.log_prob(params, model.start(params, 2), batch)[0]
            return log_prob.sum(), log_prob

        features = model.network.unroll(params["network"], model.start(params, 2), batch.inputs)[1]
        return features, *jax.grad(total, has_aux=True)(params)

    features, gradient, log_prob = scores_and_slope(TIED, params)
    scores = np.asarray(features @ params["head"]["kernel"], np.float64) @ np.asarray(table, np.float64)[:6].T
    scores += np.asarray(params["head"]["bias"])
    by_hand = np.take_along_axis(scores, np.asarray(targets)[..., None], 2)[..., 0] - np.log(np.exp(scores).sum(-1))
    np.testing.assert_allclose(log_prob, by_hand, rtol=1e-5)

    def moved(gradient: Any) -> list[bool]:
        return (np.abs(gradient["network"]["table0"]).max(axis=1) > 0).tolist()

    # Symbols 3, 4 and 5 are never read: only the head's scores can move their rows.
    assert moved(gradient) == [True] * 7
    untied = Model(TIED.network, Categorical(6))
    _, gradient, _ = scores_and_slope(untied, numbers(untied))
    assert moved(gradient) == [True, True, True, False, False, False, True]


def test_the_loss_is_the_sum_over_what_counts() -> None:
    params = numbers(TIED)
    steps = jnp.array([[6, 1, 0], [6, 0, 0]])
    valid = jnp.array([[True, True, False], [True, False, False]])
    batch = Batch(Inputs(steps), steps % 6, steps == 6, valid)
    start = TIED.start(params, 2)
    (log_prob, carry), (nll, (count, after)) = jax.jit(
        lambda *arguments: (TIED.log_prob(*arguments), TIED.loss(*arguments, None))
    )(params, start, batch)
    assert log_prob.shape == (2, 3) and not log_prob[~valid].any() and (log_prob[valid] < 0).all()
    assert int(count) == 3 and float(nll) == pytest.approx(-float(log_prob.sum()))
    jax.tree.map(np.testing.assert_array_equal, carry, after)
