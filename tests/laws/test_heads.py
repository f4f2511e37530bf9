"""Laws every head obeys. The heads are those of seqgen.heads.HEADS; a file there that is not under the laws fails."""

from __future__ import annotations

import collections
import functools
import itertools
import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from strangers.logistic import Logistic

import seqgen.heads
from seqgen.errors import ModelError
from seqgen.heads import (
    HEADS,
    Bernoulli,
    Categorical,
    Gaussian,
    Head,
    Joint,
    Mixture,
    Nade,
    Options,
    Relative,
    head_from_dict,
)
from seqgen.spec import Binary, Continuous, Discrete, Product, Spec, null_step

WIDTH = 6
COUNT = 20_000  # samples
CASES: dict[str, list[Head]] = {
    "categorical": [Categorical(7), Categorical(7, tied=3)],
    "mixture": [Mixture(3, sigma_floor=0.2)],
    "gaussian": [Gaussian(2, floor=0.2)],
    "bernoulli": [Bernoulli(4)],
    "nade": [Nade(4, units=3)],
    "relative": [Relative(11, values=4, period=3)],
    "joint": [Joint((Bernoulli(1), Bernoulli(1), Mixture(2, sigma_floor=0.2)))],
}
FOREIGN = [Logistic(2)]  # of a package that seqgen has never seen
NOT_HEADS = {"__init__", "head"}
every_head = pytest.mark.parametrize("head", [*itertools.chain(*CASES.values()), *FOREIGN], ids=str)


def check_all_are_under_the_laws(files: set[str]) -> None:
    assert set(CASES) == set(HEADS), "a head of HEADS has no case here"
    assert {kind.__module__.rpartition(".")[2] for kind in HEADS.values()} == files, "a file's head is not in HEADS"
    assert all(type(head) is HEADS[kind] for kind, heads in CASES.items() for head in heads)


def head_files() -> set[str]:
    return {path.stem for path in Path(seqgen.heads.__file__).parent.glob("*.py")} - NOT_HEADS


def test_every_head_is_under_the_laws() -> None:
    check_all_are_under_the_laws(head_files())


def test_an_unlisted_head_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssertionError, match="not in HEADS"):
        check_all_are_under_the_laws(head_files() | {"newcomer"})
    monkeypatch.setitem(HEADS, "newcomer", Categorical)
    with pytest.raises(AssertionError, match="no case here"):
        check_all_are_under_the_laws(head_files())


@functools.cache
def make(head: Head) -> tuple[Any, jax.Array]:
    """Parameters with some life in them, and features `[5, WIDTH]`."""
    random = np.random.default_rng(1)
    params = jax.tree.map(
        lambda leaf: jnp.asarray(leaf + random.normal(0, 0.3, leaf.shape), jnp.float32),
        head.init(jax.random.key(1), WIDTH),
    )
    if getattr(head, "tied", 0):
        params["table"] = jnp.asarray(random.normal(size=(head.size + 1, head.tied)), jnp.float32)
    return params, jnp.asarray(random.normal(size=(5, WIDTH)), jnp.float32)


TRACES: collections.Counter[Head] = collections.Counter()


@functools.partial(jax.jit, static_argnums=0)
def sample(head: Head, params: Any, key: jax.Array, features: jax.Array, options: Options) -> Any:
    TRACES[head] += 1
    return head.sample(params, key, features, options)


@functools.partial(jax.jit, static_argnums=0)
def log_prob(head: Head, params: Any, features: jax.Array, target: Any) -> jax.Array:
    return head.log_prob(params, features, target)


def keys(seed: int, rows: int = COUNT) -> jax.Array:
    return jax.random.split(jax.random.key(seed), rows)


def every_row(options: Options) -> Options:
    """The same options for each of COUNT rows, as arrays: one compilation then serves several tests."""
    return jax.tree.map(lambda v: np.full(COUNT, v, np.int32 if isinstance(v, int) else np.float32), options)


def support(spec: Spec) -> tuple[Any, np.ndarray]:
    """Every step of a spec, or a fine grid of them, with the volume each stands for: sums over it are integrals."""
    match spec:
        case Discrete(size):
            return np.arange(size, dtype=np.int32), np.ones(size)
        case Binary(dim):
            values = np.array(list(itertools.product([0, 1], repeat=dim)), np.float32)
            return values, np.ones(len(values))
        case Continuous(2):
            axis = np.arange(-20, 20, 0.2, dtype=np.float32)
            grid = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
            return grid, np.full(len(grid), 0.04)
        case Product(parts):
            values, volumes = zip(*map(support, parts), strict=True)
            index = [i.ravel() for i in np.indices([len(volume) for volume in volumes])]
            chosen = [volume[i] for volume, i in zip(volumes, index, strict=True)]
            return tuple(value[i] for value, i in zip(values, index, strict=True)), np.prod(chosen, axis=0)
    raise NotImplementedError(spec)


def statistics(spec: Spec, steps: Any) -> np.ndarray:
    """What is averaged over steps, `[N, S]`: each symbol's indicator; values and their products; products of parts."""
    match spec:
        case Discrete(size):
            return np.eye(size)[np.asarray(steps)]
        case Binary() | Continuous():
            steps = np.asarray(steps, np.float64)
            return np.concatenate([steps, (steps[:, :, None] * steps[:, None, :]).reshape(len(steps), -1)], axis=1)
        case Product(parts):
            columns = np.column_stack([statistics(part, step) for part, step in zip(parts, steps, strict=True)])
            return np.column_stack([columns, *(columns * column[:, None] for column in columns.T)])


@every_head
def test_probabilities_sum_to_one_and_samples_follow_them(head: Head) -> None:
    """Frequencies, moments and the mean log-probability of samples, against sums over the whole support."""
    params, features = make(head)
    steps, volume = support(head.spec)
    drawn = sample(head, params, keys(5), jnp.tile(features[:1], (COUNT, 1)), every_row(Options()))
    both = jax.tree.map(lambda *parts: np.concatenate(parts), steps, drawn)
    log_p = np.asarray(log_prob(head, params, jnp.tile(features[:1], (len(volume) + COUNT, 1)), both), np.float64)
    values = np.column_stack([log_p, statistics(head.spec, both)])
    wanted, found = np.split(values, [len(volume)])

    p = volume * np.exp(wanted[:, 0])
    np.testing.assert_allclose(p.sum(), 1, atol=1e-5)
    mean = p @ wanted  # of which the first is minus the entropy
    deviation = np.sqrt(p @ (wanted - mean) ** 2 / COUNT)
    assert np.all(np.abs(found.mean(axis=0) - mean) < 4.5 * deviation + 1e-5)


@every_head
def test_shapes_and_types_are_those_of_the_spec(head: Head) -> None:
    params, features = make(head)
    drawn = jax.eval_shape(head.sample, params, keys(0, 5), features, Options())
    for value, like in zip(jax.tree.leaves(drawn), jax.tree.leaves(null_step(head.spec)), strict=True):
        assert (value.shape, value.dtype) == ((5, *np.shape(like)), np.asarray(like).dtype)
    windows = jax.tree.map(lambda leaf: jnp.zeros((3, *leaf.shape), leaf.dtype), (features, drawn))
    log_p = jax.eval_shape(head.log_prob, params, *windows)
    assert (log_p.shape, log_p.dtype) == ((3, 5), jnp.float32)


@every_head
def test_a_row_is_the_same_alone_or_in_a_batch(head: Head) -> None:
    params, features = make(head)
    options = Options(
        temperature=jnp.array([1.0, 0.0, 0.7, 1.3, 1.0]),
        top_k=jnp.array([0, 0, 2, 0, 0]),
        top_p=jnp.array([1.0, 1.0, 1.0, 0.8, 1.0]),
        min_p=jnp.array([0.0, 0.0, 0.0, 0.0, 0.3]),
        bias=jnp.array([0.0, 0.0, 1.0, 0.0, 0.5]),
    )
    batch, settings = jax.tree.map(lambda rows: np.concatenate([rows] * (COUNT // 5)), (features, options))
    together = sample(head, params, keys(7), batch, settings)
    for row in range(5):
        here = slice(row, row + 1)
        alone = sample(
            head, params, keys(7)[here], features[here], jax.tree.map(lambda value, here=here: value[here], options)
        )
        for one, many in zip(jax.tree.leaves(alone), jax.tree.leaves(together), strict=True):
            np.testing.assert_allclose(one[0], many[row], rtol=1e-5, atol=1e-6)


@every_head
def test_changing_options_compiles_nothing_and_temperature_0_ignores_the_key(head: Head) -> None:
    params, features = make(head)
    features = jnp.tile(features[:1], (COUNT, 1))
    sample(head, params, keys(0), features, every_row(Options()))
    traces = TRACES[head]
    some = Options(temperature=0.5, top_k=3, top_p=0.9, min_p=0.1, bias=1.0)
    sample(head, params, keys(0), features, every_row(some))
    one, other = (sample(head, params, keys(seed), features, every_row(Options(temperature=0.0))) for seed in (0, 1))
    assert TRACES[head] == traces
    jax.tree.map(np.testing.assert_array_equal, one, other)


@every_head
def test_gradients_are_finite_everywhere(head: Head) -> None:
    params, features = make(head)
    steps, _ = support(head.spec)
    some = np.random.default_rng(0).integers(len(jax.tree.leaves(steps)[0]), size=50)
    steps = jax.tree.map(lambda values: jnp.asarray(values[some]), steps)
    gradient = jax.jit(jax.value_and_grad(lambda *at: head.log_prob(*at, steps).sum(), argnums=(0, 1)))
    for scale in (0.0, 1.0, 10.0):
        for value in jax.tree.leaves(gradient(params, scale * jnp.tile(features, (10, 1)))):
            assert np.all(np.isfinite(value)), scale


@every_head
def test_settings_come_back_from_json(head: Head) -> None:
    again = head_from_dict(json.loads(json.dumps(head.to_dict())))
    assert again == head
    assert hash(again) == hash(head)


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        ModelError, match=r"'sofmax' is not one of categorical, mixture, gaussian, bernoulli, joint, .*; .*newer"
    ):
        head_from_dict({"kind": "sofmax"})
    with pytest.raises(ModelError, match="head kind None"):
        head_from_dict({})
    with pytest.raises(ModelError, match="head kind 'sofmax'"):
        head_from_dict({"kind": "joint", "heads": [{"kind": "sofmax"}]})


@every_head
def test_an_unknown_or_missing_setting_is_refused_by_name(head: Head) -> None:
    kind = head.to_dict()["kind"]
    with pytest.raises(ModelError, match=rf"the {kind} head's settings .*'colour'.*damaged"):
        head_from_dict({**head.to_dict(), "colour": 1})
    with pytest.raises(ModelError, match=rf"the {kind} head's settings {{}} do not fit"):
        head_from_dict({"kind": kind})
