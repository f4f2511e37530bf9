"""A model is a network and a head that fit; its likelihood is the head's of the network's features."""

from __future__ import annotations

import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from seqgen.batching import Batch, Inputs
from seqgen.errors import ModelError, UsageError
from seqgen.heads import Bernoulli, Categorical, Joint, Mixture
from seqgen.model import Model
from seqgen.network import Network
from seqgen.spec import Continuous, Discrete

SMALL: dict[str, Any] = {"layers": 1, "units": 5, "embedding": 4}
PEN = Joint((Mixture(2), Bernoulli(1)))
TIED = Model(Network(Discrete(6), **SMALL), Categorical(6, tied=4))


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


def test_a_tied_head_scores_with_the_table() -> None:
    params = jax.tree.map(lambda leaf: leaf + 0.1, TIED.init(jax.random.key(0)))
    assert sorted(params) == ["head", "network"] and sorted(params["head"]) == ["bias", "kernel"]
    table = params["network"]["table0"]
    assert table.shape == (7, 4)  # the null step is read, never predicted
    steps = jnp.array([[6, 1, 2], [6, 0, 0]])
    targets = jnp.array([[1, 2, 5], [0, 0, 3]])
    batch = Batch(Inputs(steps), targets, steps == 6, jnp.ones((2, 3), bool))

    @jax.jit
    def log_prob(params: Any) -> Any:
        return TIED.log_prob(params, TIED.start(params, 2), batch)[0]

    _, features = TIED.network.unroll(params["network"], TIED.start(params, 2), Inputs(steps))
    scores = np.asarray(features @ params["head"]["kernel"], np.float64) @ np.asarray(table, np.float64)[:6].T
    scores += np.asarray(params["head"]["bias"])
    by_hand = np.take_along_axis(scores, np.asarray(targets)[..., None], 2)[..., 0] - np.log(np.exp(scores).sum(-1))
    np.testing.assert_allclose(log_prob(params), by_hand, rtol=1e-5)

    # Symbol 4 is neither read nor right anywhere: only the head's scores can move its row. Row 6 is read only.
    gradient = jax.grad(lambda params: log_prob(params).sum())(params)["network"]["table0"]
    assert (np.abs(gradient).max(axis=1) > 0).all()
    untied = Model(TIED.network, Categorical(6))
    own = {**params, "head": untied.init(jax.random.key(1))["head"]}
    gradient = jax.grad(lambda params: untied.log_prob(params, untied.start(params, 2), batch)[0].sum())(own)
    assert (np.abs(gradient["network"]["table0"]).max(axis=1) > 0).tolist() == [
        True,
        True,
        True,
        False,
        False,
        False,
        True,
    ]


def test_the_loss_is_the_sum_over_what_counts() -> None:
    params = TIED.init(jax.random.key(0))
    steps = jnp.array([[6, 1, 0], [6, 0, 0]])
    valid = jnp.array([[True, True, False], [True, False, False]])
    batch = Batch(Inputs(steps), steps % 6, steps == 6, valid)
    log_prob, carry = TIED.log_prob(params, TIED.start(params, 2), batch)
    nll, (count, after) = TIED.loss(params, TIED.start(params, 2), batch, None)
    assert log_prob.shape == (2, 3) and not log_prob[~valid].any() and (log_prob[valid] < 0).all()
    assert int(count) == 3 and float(nll) == pytest.approx(-float(log_prob.sum()))
    jax.tree.map(np.testing.assert_array_equal, carry, after)
