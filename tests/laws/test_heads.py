"""Laws every head obeys. The heads are those of seqgen.heads.HEADS; a file there that is not under the laws fails."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import seqgen.heads
from seqgen.errors import ModelError
from seqgen.heads import HEADS, Bernoulli, Categorical, Head, Joint, Mixture, Options, head_from_dict
from seqgen.spec import Binary, Continuous, Discrete, Spec, null_step
from seqgen.spec import Joint as JointSpec

WIDTH = 6
CASES: dict[str, list[Head]] = {
    "categorical": [Categorical(7), Categorical(7, tied=3)],
    "mixture": [Mixture(1), Mixture(3, sigma_floor=0.2)],
    "bernoulli": [Bernoulli(1), Bernoulli(4)],
    "joint": [
        Joint((Mixture(2, sigma_floor=0.2), Bernoulli(1))),
        Joint((Categorical(4), Categorical(3), Bernoulli(2))),
    ],
}
NOT_HEADS = {"__init__", "head"}
every_head = pytest.mark.parametrize("head", [head for heads in CASES.values() for head in heads], ids=str)


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


def make(head: Head) -> tuple[Any, jax.Array]:
    """Parameters with some life in them, and features `[5, WIDTH]`."""
    params = head.init(jax.random.key(1), WIDTH)
    leaves, tree = jax.tree.flatten(params)
    params = tree.unflatten([x + 0.3 * jax.random.normal(jax.random.key(i), x.shape) for i, x in enumerate(leaves)])
    if getattr(head, "tied", 0):
        params["table"] = jax.random.normal(jax.random.key(2), (head.size + 1, head.tied))
    return params, jax.random.normal(jax.random.key(3), (5, WIDTH))


def support(spec: Spec) -> tuple[Any, np.ndarray]:
    """Every step of a spec, or a fine grid of them, with the volume each stands for: sums over it are integrals."""
    match spec:
        case Discrete(size):
            return np.arange(size, dtype=np.int32), np.ones(size)
        case Binary(dim):
            values = np.array(list(itertools.product([0, 1], repeat=dim)), np.float32)
            return values, np.ones(len(values))
        case Continuous(2):
            axis = np.arange(-14, 14, 0.1, dtype=np.float32)
            grid = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
            return grid, np.full(len(grid), 0.01)
        case JointSpec(parts):
            values, volumes = zip(*map(support, parts), strict=True)
            index = [i.ravel() for i in np.indices([len(volume) for volume in volumes])]
            chosen = [volume[i] for volume, i in zip(volumes, index, strict=True)]
            return tuple(value[i] for value, i in zip(values, index, strict=True)), np.prod(chosen, axis=0)
    raise NotImplementedError(spec)


def statistics(spec: Spec, steps: Any) -> np.ndarray:
    """What is averaged over steps, `[N, S]`: each symbol's indicator; values, their squares and products."""
    match spec:
        case Discrete(size):
            return np.eye(size)[np.asarray(steps)]
        case Binary() | Continuous():
            steps = np.asarray(steps, np.float64)
            return np.concatenate([steps, (steps[:, :, None] * steps[:, None, :]).reshape(len(steps), -1)], axis=1)
        case JointSpec(parts):
            return np.concatenate([statistics(part, step) for part, step in zip(parts, steps, strict=True)], axis=1)


@every_head
def test_probabilities_sum_to_one_and_samples_follow_them(head: Head) -> None:
    """Frequencies, moments and the mean log-probability of samples, against sums over the whole support."""
    params, features = make(head)
    steps, volume = support(head.spec)
    count = 20_000
    log_prob = jax.jit(head.log_prob)
    log_p = np.asarray(log_prob(params, jnp.tile(features[:1], (len(volume), 1)), steps), np.float64)
    p = volume * np.exp(log_p)
    np.testing.assert_allclose(p.sum(), 1, atol=1e-5)

    here = jnp.tile(features[:1], (count, 1))
    drawn = jax.jit(head.sample)(params, jax.random.split(jax.random.key(5), count), here, Options())
    found = np.column_stack([log_prob(params, here, drawn), statistics(head.spec, drawn)])
    wanted = np.column_stack([log_p, statistics(head.spec, steps)])
    mean = p @ wanted  # of which the first is minus the entropy
    deviation = np.sqrt(p @ (wanted - mean) ** 2 / count)
    assert np.all(np.abs(found.mean(axis=0) - mean) < 4.5 * deviation + 1e-5)


@every_head
def test_shapes_and_types_are_those_of_the_spec(head: Head) -> None:
    params, features = make(head)
    drawn = head.sample(params, jax.random.split(jax.random.key(0), 5), features, Options())
    for value, like in zip(jax.tree.leaves(drawn), jax.tree.leaves(null_step(head.spec)), strict=True):
        assert (value.shape, value.dtype) == ((5, *np.shape(like)), np.asarray(like).dtype)
    assert head.log_prob(params, features, drawn).shape == (5,)
    windows = jax.tree.map(lambda value: jnp.stack([value] * 3), (features, drawn))
    assert head.log_prob(params, *windows).shape == (3, 5)


@every_head
def test_a_row_is_the_same_alone_or_in_a_batch(head: Head) -> None:
    params, features = make(head)
    keys = jax.random.split(jax.random.key(7), 5)
    options = Options(
        temperature=jnp.array([1.0, 0.0, 0.7, 1.3, 1.0]),
        top_k=jnp.array([0, 0, 2, 0, 0]),
        top_p=jnp.array([1.0, 1.0, 1.0, 0.8, 1.0]),
        min_p=jnp.array([0.0, 0.0, 0.0, 0.0, 0.3]),
        bias=jnp.array([0.0, 0.0, 1.0, 0.0, 0.5]),
    )
    together = head.sample(params, keys, features, options)
    for row in range(5):
        here = slice(row, row + 1)
        alone = head.sample(params, keys[here], features[here], Options(*(value[here] for value in options)))
        for one, many in zip(jax.tree.leaves(alone), jax.tree.leaves(together), strict=True):
            np.testing.assert_allclose(one[0], many[row], rtol=1e-5, atol=1e-6)


@every_head
def test_temperature_0_takes_no_notice_of_the_key(head: Head) -> None:
    params, features = make(head)
    one, other = (
        head.sample(params, jax.random.split(jax.random.key(seed), 5), features, Options(temperature=0.0))
        for seed in (0, 1)
    )
    jax.tree.map(np.testing.assert_array_equal, one, other)


@every_head
def test_changing_options_compiles_nothing(head: Head) -> None:
    params, features = make(head)
    keys = jax.random.split(jax.random.key(0), 5)
    traces = 0

    @jax.jit
    def draw(options: Options) -> Any:
        nonlocal traces
        traces += 1
        return head.sample(params, keys, features, options)

    draw(Options())
    draw(Options(temperature=0.5, top_k=3, top_p=0.9, min_p=0.1, bias=1.0))
    draw(Options(temperature=0.0, top_k=1))
    assert traces == 1


@every_head
@pytest.mark.parametrize("scale", [0.0, 1.0, 10.0])
def test_gradients_are_finite_everywhere(head: Head, scale: float) -> None:
    params, features = make(head)
    steps, _ = support(head.spec)
    some = np.random.default_rng(0).integers(len(jax.tree.leaves(steps)[0]), size=50)
    steps = jax.tree.map(lambda values: jnp.asarray(values[some]), steps)
    features = scale * jnp.tile(features, (10, 1))
    losses, gradients = jax.value_and_grad(lambda *at: head.log_prob(*at, steps).sum(), argnums=(0, 1))(
        params, features
    )
    assert np.isfinite(losses)
    for gradient in jax.tree.leaves(gradients):
        assert np.all(np.isfinite(gradient))


@every_head
def test_settings_come_back_from_json(head: Head) -> None:
    again = head_from_dict(json.loads(json.dumps(head.to_dict())))
    assert again == head
    assert hash(again) == hash(head)


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ModelError, match=r"'sofmax' is not one of categorical, mixture, bernoulli, joint; .*newer"):
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
