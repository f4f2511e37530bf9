"""What an encoder reads: padding is not seen, dropout needs a key, settings that do not fit are refused."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import numpy as np
import pytest

from seqgen import Categorical, Discrete, Example, Model, Network, SymbolEncoder, in_memory
from seqgen.batching.items import Items
from seqgen.errors import ModelError, UsageError
from seqgen.nn.network import Network as Stack

ENCODER = SymbolEncoder(3, layers=2, embedding=2, dropout=0.5)
NETWORK = Network(Discrete(6), layers=1, units=5, embedding=4, source=7, encoder=ENCODER, attention=4)


@pytest.fixture(scope="module")
def params() -> Any:
    return NETWORK.init(jax.random.key(0))


def test_padding_of_a_source_is_not_seen(params: Any) -> None:
    source, valid = np.array([[3, 1, 5, 2], [4, 4, 0, 6]]), np.array([[True] * 4, [True, True, False, False]])
    seen = NETWORK.encode(params, source, None, valid)
    other = NETWORK.encode(params, np.where(valid, source, 5), None, valid)
    jax.tree.map(np.testing.assert_array_equal, seen, other)
    alone = NETWORK.encode(params, source[1:, :2])
    assert not np.asarray(seen.memory.values)[1, 2:].any()  # type: ignore[union-attr]
    for leaf, one in zip(jax.tree.leaves(seen.start), jax.tree.leaves(alone.start), strict=True):
        np.testing.assert_allclose(leaf[1:], one, atol=1e-6)


def test_dropout_wants_a_key(params: Any) -> None:
    source = np.array([[3, 1, 5, 2]])
    still = [NETWORK.encode(params, source, key=key).memory for key in (None, None)]
    dropped = [NETWORK.encode(params, source, key=jax.random.key(seed)).memory for seed in (0, 0, 1)]
    assert all(memory is not None for memory in (*still, *dropped))
    values: list[Any] = [np.asarray(memory.values) for memory in (*still, *dropped) if memory is not None]
    assert (values[0] == values[1]).all() and (values[2] == values[3]).all()
    assert (values[0] != values[2]).any() and (values[2] != values[4]).any()


def test_gradients_reach_every_weight(params: Any) -> None:
    model = Model(NETWORK, Categorical(6))
    weights = {"network": params, "head": model.head.init(jax.random.key(1), 4)}
    examples = [
        Example(np.array([1, 2, 5]), source=np.array([3, 0, 6])),
        Example(np.array([0, 5]), source=np.array([1])),
    ]
    batch = Items(in_memory(Discrete(6), examples), 2).batch(0)
    carry = model.start(weights, 2, model.encode(weights, batch))
    slopes = jax.grad(lambda weights: model.loss(weights, carry, batch, None)[0])(weights)
    still = [jax.tree_util.keystr(path) for path, leaf in jax.tree_util.tree_leaves_with_path(slopes) if not leaf.any()]
    assert not still


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"source": 0}, "give both `source` and `window`, or neither"),
        ({"bidirectional": True}, "a bidirectional network cannot have one"),
        ({"attention": -1}, "no number below 0"),
    ],
)
def test_what_does_not_fit(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        dataclasses.replace(NETWORK, **settings)
    with pytest.raises(UsageError, match="an encoder needs units, layers, embedding >= 1"):
        SymbolEncoder(0)
    plain = Network(Discrete(6), units=5)
    with pytest.raises(UsageError, match="this network has no attention"):
        plain.align(plain.init(jax.random.key(0)), None, None, context=plain.encode({}))  # type: ignore[arg-type]


def test_it_travels_as_json(params: Any) -> None:
    assert Stack.from_dict(NETWORK.to_dict()) == NETWORK
    with pytest.raises(ModelError, match="encoder kind 'hearing' is not one of symbols"):
        Stack.from_dict({**NETWORK.to_dict(), "encoder": {"kind": "hearing"}})
