"""Laws every domain obeys, those of other packages included: the list is the registry's."""

from __future__ import annotations

import functools
import itertools
import json
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from seqgen import registry
from seqgen.batching import Windows, in_memory
from seqgen.batching.items import Items
from seqgen.config import TrainingConfig
from seqgen.domain import Codec, Domain, Splits
from seqgen.errors import ModelError, UnknownName
from seqgen.models.kinds import model_from_dict
from seqgen.sampling import sample
from seqgen.spec import Binary, Continuous, Discrete, Product, Spec, empty_steps
from seqgen.training import init_state, make_train_step, run
from seqgen.training.optimizer import make_optimizer

DOMAINS = [registry.domain(name) for name in registry.domains()]
every_domain = pytest.mark.parametrize("domain", DOMAINS, ids=registry.domains())


@functools.cache
def codec_of(domain: Domain[Any]) -> Codec[Any]:
    return domain.fit_codec(domain.examples)


def random_steps(spec: Spec, length: int, random: np.random.Generator) -> Any:
    """What a sampler could emit, sense or nonsense."""
    match spec:
        case Discrete(size):
            return random.integers(0, size, length).astype(np.int32)
        case Continuous(dim):
            return (random.standard_cauchy((length, dim)) * 10.0 ** random.integers(-3, 4)).astype(np.float32)
        case Binary(dim):
            return random.integers(0, 2, (length, dim)).astype(np.float32)
        case Product(parts):
            return tuple(random_steps(part, length, random) for part in parts)


def test_there_are_domains_and_they_go_by_their_names() -> None:
    assert DOMAINS
    for name, domain in zip(registry.domains(), DOMAINS, strict=True):
        assert domain.name == name


@every_domain
def test_items_come_back_from_steps(domain: Domain[Any]) -> None:
    assert domain.examples, "a domain brings examples for these laws"
    codec = codec_of(domain)
    for item in domain.examples:
        example = codec.encode(item)
        assert codec.decode(example.steps) == codec.canonical(item)
        assert codec.canonical(codec.canonical(item)) == codec.canonical(item)
        for leaf, like in zip(jax.tree.leaves(example.steps), jax.tree.leaves(empty_steps(codec.spec, 1)), strict=True):
            assert leaf.dtype == like.dtype and leaf.shape[1:] == like.shape[1:] and len(leaf)


@every_domain
def test_any_steps_can_be_decoded(domain: Domain[Any]) -> None:
    codec, random = codec_of(domain), np.random.default_rng(1)
    kind = type(codec.canonical(domain.examples[0]))
    for length in (0, 1, 2, 3, 50, 50, 50, 2000):
        item = codec.decode(random_steps(codec.spec, length, random))
        assert type(item) is kind
    assert type(codec.decode(empty_steps(codec.spec, 20))) is kind


@every_domain
def test_a_codec_travels_as_json(domain: Domain[Any]) -> None:
    codec = codec_of(domain)
    again = domain.load_codec(json.loads(json.dumps(codec.to_dict())))
    assert again.spec == codec.spec and again.to_dict() == codec.to_dict()
    for item in domain.examples:
        one, other = codec.encode(item), again.encode(item)
        jax.tree.map(np.testing.assert_array_equal, one, other)
        assert again.decode(other.steps) == codec.decode(one.steps)
    with pytest.raises(ModelError):
        domain.load_codec({"kind": "unheard of"})


@every_domain
def test_every_size_makes_a_model_of_the_codec(domain: Domain[Any]) -> None:
    codec, parameters = codec_of(domain), []
    for size in domain.sizes.values():
        model = size.model(codec)
        assert model.network.spec == codec.spec
        assert model_from_dict(json.loads(json.dumps(model.to_dict()))) == model
        shapes = jax.eval_shape(functools.partial(model.init, jax.random.key(0)))
        parameters.append(sum(leaf.size for leaf in jax.tree.leaves(shapes)))
        assert isinstance(size.training, TrainingConfig)
    assert parameters and all(small < large for small, large in itertools.pairwise(parameters)), "smallest first"


@every_domain
def test_a_size_that_there_is_not_leaves_no_folder(domain: Domain[Any], tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="no size named 'vast'"):
        run.begin(tmp_path / "run", domain, Splits(domain.examples, domain.examples), size="vast", steps=1)
    assert not (tmp_path / "run").exists()


@every_domain
def test_the_codec_takes_the_settings_of_reading(domain: Domain[Any]) -> None:
    codec, usual = codec_of(domain), domain.reading.settings
    assert domain.fit_codec(domain.examples, **usual).to_dict() == codec.to_dict()
    assert domain.reading.settled(codec).keys() <= usual.keys()


@every_domain
def test_the_smallest_model_learns_and_is_sampled_or_scores(domain: Domain[Any]) -> None:
    codec, (make, training) = codec_of(domain), next(iter(domain.sizes.values()))
    model = make(codec)
    source = in_memory(codec.spec, [codec.encode(item) for item in domain.examples])
    model.check(source)
    windows = Items(source, rows=2) if model.whole else Windows(source, rows=2, window=16)
    optimizer = make_optimizer(training, 4)
    state = init_state(model, optimizer, jax.random.key(0), windows.shape[0])
    train_step, losses = make_train_step(model.loss, optimizer, ema=training.ema), []
    with jax.numpy_dtype_promotion("standard"):  # optax mixes integers and floats
        for step in range(3):
            state, metrics = train_step(state, windows.batch(step))
            losses.append(float(metrics.nll))
    assert np.isfinite(losses).all() and int(state.step) == 3
    assert train_step._cache_size() == 1, "a later step compiled again"

    batch = windows.batch(0)
    if model.whole:  # it reads, and says what it is
        nll, count, _ = model.nll(state.params, state.carry, batch)
        assert nll.shape == count.shape and np.isfinite(nll).all()
        return
    context = jax.tree.map(lambda leaf: leaf[:1], model.encode(state.params, batch))
    nothing = empty_steps(codec.spec)
    (made,) = sample(model, state.params, jax.random.key(0), [nothing], length=8, chunk=8, context=context)
    assert {len(leaf) for leaf in jax.tree.leaves(made)} == {8}
    codec.decode(made)


# The others keep the codec of the model they start from.
@pytest.mark.parametrize("domain", [domain for domain in DOMAINS if domain.match], ids=lambda domain: domain.name)
def test_fine_tuning_knows_what_both_codecs_know(domain: Domain[Any]) -> None:
    assert domain.match is not None
    old, new = domain.fit_codec(domain.examples[:1]), codec_of(domain)
    ids = domain.match(old, new)
    ids = ids[0] if isinstance(ids, tuple) else ids  # and those of a source
    assert len(ids) == new.spec.size
    assert ids.min() >= -1 and ids.max() < old.spec.size
    assert np.unique(ids[ids >= 0]).size == (ids >= 0).sum() > 0, "two symbols stand for one"
    same = domain.match(new, new)
    np.testing.assert_array_equal(same[0] if isinstance(same, tuple) else same, np.arange(new.spec.size))
