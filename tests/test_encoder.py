"""What an encoder reads: padding is not seen, dropout needs a key, settings that do not fit are refused."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import jax
import numpy as np
import pytest

from seqgen import (
    Attending,
    Categorical,
    Discrete,
    Example,
    Inputs,
    Model,
    Network,
    PictureEncoder,
    SymbolEncoder,
    in_memory,
)
from seqgen.batching.items import Items
from seqgen.errors import DataError, ModelError, UsageError
from seqgen.nn.encoder.pictures import coordinates
from seqgen.nn.network import Network as Stack

ENCODER = SymbolEncoder(3, layers=2, embedding=2, dropout=0.5)
NETWORK = Network(Discrete(6), layers=1, units=5, embedding=4, source=7, encoder=ENCODER, attention=4)
SEEING = dataclasses.replace(NETWORK, source=256, encoder=PictureEncoder(9, 6, (4, 3), units=4))


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


READ = np.array([3, 0, 6]), np.array([1])
SEEN = tuple(np.random.default_rng(1).integers(0, 256, (2, 9, 6, 3), np.uint8))


@pytest.mark.parametrize(("network", "sources"), [(NETWORK, READ), (SEEING, SEEN)], ids=["symbols", "pictures"])
def test_gradients_reach_every_weight(network: Network, sources: Any) -> None:
    model = Model(network, Categorical(6))
    weights = model.init(jax.random.key(1))
    steps = np.array([1, 2, 5]), np.array([0, 5])
    examples = [Example(own, source=source) for own, source in zip(steps, sources, strict=True)]
    batch = Items(in_memory(Discrete(6), examples), 2).batch(0)
    carry = model.start(weights, 2, model.encode(weights, batch))
    slopes = jax.grad(lambda weights: model.loss(weights, carry, batch, None)[0])(weights)
    still = [jax.tree_util.keystr(path) for path, leaf in jax.tree_util.tree_leaves_with_path(slopes) if not leaf.any()]
    assert not still


def test_a_picture_of_fewer_rows_is_as_if_alone() -> None:
    params = SEEING.init(jax.random.key(0))
    pictures = np.random.default_rng(0).integers(0, 256, (2, 9, 6, 3), np.uint8)
    valid = np.arange(9) < np.array([[9], [5]])
    seen = SEEING.encode(params, pictures, None, valid)
    alone = SEEING.encode(params, pictures[1:, :5])
    assert seen.memory is not None and alone.memory is not None
    assert seen.memory.values.shape == (2, 6, 4) and alone.memory.values.shape == (1, 4, 4)
    np.testing.assert_array_equal(seen.memory.valid[1], [1, 1, 1, 1, 0, 0])
    np.testing.assert_allclose(seen.memory.values[1:, :4], alone.memory.values, atol=1e-6)
    assert not np.asarray(seen.memory.values)[1, 4:].any()
    assert seen.start is None


def test_a_layer_that_attends_says_where() -> None:
    network = Network(Discrete(6), (Attending(5),), embedding=4, source=7, encoder=SymbolEncoder(3))
    params = network.init(jax.random.key(0))
    context = network.encode(params, np.array([[3, 1, 5]]))
    start, inputs = network.start(params, 1, context), Inputs(np.array([[6, 2]]))
    weights = network.align(params, start, inputs, context=context)
    _, features = network.unroll(params, start, inputs, context=context)
    assert context.memory is not None
    np.testing.assert_allclose(weights[0] @ context.memory.values[0], features[0, :, 5:], atol=1e-6)


def test_a_model_of_pictures_takes_no_others() -> None:
    model = Model(SEEING, Categorical(6))

    def of(picture: Any) -> Any:
        return in_memory(Discrete(6), [Example(np.array([1, 5]), source=picture)])

    model.check(of(np.zeros((9, 6, 3), np.uint8)))
    with pytest.raises(DataError, match=r"is int32 \[U\]; this model reads pictures, uint8 \[U, 6, 3\]"):
        model.check(of(np.array([1, 2])))
    with pytest.raises(DataError, match="the picture of example 0 is 10 high; this model reads 9 at most"):
        model.check(of(np.zeros((10, 6, 3), np.uint8)))
    for sizes in (
        {"height": 0, "width": 4},
        {"height": 4, "width": 4, "waves": -1},
        {"height": 4, "width": 4, "whole": -1},
    ):
        with pytest.raises(UsageError, match=r"an encoder of pictures needs a height, .* waves and whole >= 0, not"):
            PictureEncoder(**sizes)


def test_a_view_of_the_whole_opens_what_is_said() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (2, 9, 6, 3), np.uint8)
    encoder = PictureEncoder(9, 6, (4, 3), units=4, whole=5)
    network = dataclasses.replace(NETWORK, source=256, encoder=encoder)
    params = network.init(jax.random.key(0))
    alone = network.encode(params, picture[1:])
    assert alone.start is not None
    both = network.encode(params, picture)
    jax.tree.map(lambda one, two: np.testing.assert_allclose(one, two[1:], atol=1e-6), alone.start, both.start)
    assert any(float(np.ptp(leaf, axis=0).max()) > 1e-3 for leaf in jax.tree.leaves(both.start))
    less = network.encode(params, picture[:, :5])  # what is not there is white
    white = np.concatenate([picture[:, :5], np.full((2, 4, 6, 3), 255, np.uint8)], axis=1)
    there = np.arange(9) < np.array([[5], [5]])
    jax.tree.map(
        lambda one, two: np.testing.assert_allclose(one, two, atol=1e-6),
        less.start,
        network.encode(params, white, None, there).start,
    )


def test_waves_find_a_place_again() -> None:
    """A query of a place's own coordinates is answered best there; by height and side alone only in the corners."""
    for waves, found in ((0, 4), (1, 25), (2, 25)):
        told = np.asarray(coordinates(5, waves))
        places = np.concatenate([np.repeat(told, 5, axis=0), np.tile(told, (5, 1))], axis=1)
        assert ((places @ places.T).argmax(axis=0) == np.arange(25)).sum() == found


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
    assert Stack.from_dict(json.loads(json.dumps(SEEING.to_dict()))) == SEEING
    with pytest.raises(ModelError, match="encoder kind 'hearing' is not one of symbols, pictures"):
        Stack.from_dict({**NETWORK.to_dict(), "encoder": {"kind": "hearing"}})
