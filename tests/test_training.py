"""Training: what is learned, what is compiled, what is counted, what is kept."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from seqgen.batching import Batch, Inputs, Windows, evaluation_windows, in_memory
from seqgen.config import TrainingConfig
from seqgen.domain import Example
from seqgen.heads import Categorical
from seqgen.models.model import Model
from seqgen.nn.network import Network
from seqgen.spec import Discrete
from seqgen.training import TrainState, evaluate, init_state, keep, log_probs, make_train_step, train
from seqgen.training.optimizer import Schedule, make_optimizer, warmup_cosine, with_total

MODEL = Model(Network(Discrete(3), layers=1, units=8, embedding=4, dropout=0.1), Categorical(3))
CONFIG = TrainingConfig(learning_rate=0.02, warmup=10, ema=0.9)
TOTAL = 150
ABAB = in_memory(Discrete(3), [Example(np.tile(np.int32([0, 1]), 400))])
WINDOWS = Windows(ABAB, rows=4, window=16)


@pytest.fixture(autouse=True)
def optax_mixes_integers_and_floats() -> Iterator[None]:
    with jax.numpy_dtype_promotion("standard"):
        yield


TRACES: list[str] = []


@functools.cache
def compiled() -> Any:
    """The optimiser and one compiled step for the whole file."""

    def loss(*arguments: Any) -> Any:
        TRACES.append("once more")
        return MODEL.loss(*arguments)

    optimizer = make_optimizer(CONFIG, TOTAL)
    return optimizer, make_train_step(loss, optimizer, ema=CONFIG.ema)


def new_state(seed: int = 0) -> TrainState:
    return init_state(MODEL, compiled()[0], jax.random.key(seed), WINDOWS.shape[0])


def run(state: TrainState, steps: int) -> TrainState:
    """The state after `steps` more steps, a copy."""
    begin = int(state.step)
    batches = (WINDOWS.batch(step) for step in range(begin, begin + steps))
    *_, last = (keep(after) for after, _ in train(state, batches, compiled()[1]))
    return last


def digest(tree: Any) -> str:
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return hashlib.sha256(
        b"".join(jax.tree_util.keystr(path).encode() + np.asarray(leaf).tobytes() for path, leaf in leaves)
    ).hexdigest()


def test_a_tiny_model_learns_abab() -> None:
    state = run(new_state(), TOTAL)
    batches = evaluation_windows(ABAB, 1, 100)
    assert evaluate(MODEL, state.params, batches) < 0.05
    assert evaluate(MODEL, state.ema, batches) < 0.05
    assert evaluate(MODEL, keep(new_state()).params, batches) > 0.9


def test_one_program_for_every_step_and_every_total() -> None:
    _, step = compiled()
    state = new_state()
    for number in range(3):
        state, _ = step(state, WINDOWS.batch(number))
    state = state._replace(opt_state=with_total(state.opt_state, 7 * TOTAL))
    state, _ = step(state, WINDOWS.batch(3))
    state, _ = step(jax.tree.map(jnp.asarray, keep(state)), WINDOWS.batch(4))  # as after a resume
    assert len(TRACES) == step._cache_size() == 1


def test_the_same_seed_gives_the_same_bytes() -> None:
    once, again, other = run(new_state(1), 5), run(new_state(1), 5), run(new_state(2), 5)
    assert digest(once) == digest(again) != digest(other)
    # Neither does it matter whether a run was stopped and taken up again.
    stopped = run(jax.tree.map(jnp.asarray, run(new_state(1), 3)), 2)
    assert digest(stopped) == digest(once)


def test_the_state_handed_in_is_used_up_and_a_copy_is_not() -> None:
    state = new_state()
    mine = keep(state)
    before = digest(mine)
    after, metrics = compiled()[1](state, WINDOWS.batch(0))  # warnings are errors: every buffer found its use
    assert all(leaf.is_deleted() for leaf in jax.tree.leaves((state.params, state.opt_state, state.ema)))
    assert digest(mine) == before != digest(after.params)
    assert int(after.step) == 1 and float(metrics.count) == WINDOWS.batch(0).valid.sum()


def test_every_step_has_a_key_of_its_own() -> None:
    """A function of the run's key and the step, so that a resumed run draws the same dropout."""

    def loss(params: Any, carry: Any, batch: Batch, key: jax.Array) -> Any:
        return params.sum(), (jnp.int32(1), jax.random.key_data(key))

    optimizer = optax.sgd(0.0)
    step = make_train_step(loss, optimizer)
    state = new_state(seed=8)
    key = keep(state.key)
    params = jnp.zeros(1)
    state = state._replace(params=params, ema=jnp.zeros(1), carry=jnp.copy(state.key), opt_state=optimizer.init(params))
    for number in range(3):
        state, _ = step(state, WINDOWS.batch(number))
        expected = jax.random.fold_in(jax.random.wrap_key_data(jnp.asarray(key)), number)
        np.testing.assert_array_equal(state.carry, jax.random.key_data(expected))


def test_fine_tuning_leaves_the_given_parameters_alone() -> None:
    params = MODEL.init(jax.random.key(5))
    before = digest(params)
    state = init_state(MODEL, compiled()[0], jax.random.key(0), WINDOWS.shape[0], params)
    assert digest(state.params) == digest(state.ema) == before
    run(state, 1)
    assert digest(params) == before


def test_the_loss_is_a_mean_over_what_counts() -> None:
    random, optimizer = np.random.default_rng(0), optax.sgd(1.0)
    valid = np.arange(6) < np.array([[6], [4], [0]])
    steps = np.where(valid, random.integers(0, 3, valid.shape), 0).astype(np.int32)
    params = MODEL.init(jax.random.key(3))
    train_step = make_train_step(lambda *arguments: MODEL.loss(*arguments[:3], None), optimizer)  # no dropout

    def gradient(rows: list[int]) -> Any:
        """Of the mean over some rows: what plain descent at rate 1 takes away."""
        state = init_state(MODEL, optimizer, jax.random.key(0), 3, params)
        counted = valid & np.isin(np.arange(3), rows)[:, None]
        after, metrics = train_step(state, Batch(Inputs(steps), steps, np.zeros_like(valid), counted))
        return jax.tree.map(lambda old, new: np.asarray(old - new), params, after.params), metrics, after.carry

    whole, metrics, carry = gradient([0, 1, 2])
    batch = Batch(Inputs(steps), steps, np.zeros_like(valid), valid)
    log_prob, handed_on = jax.jit(MODEL.log_prob)(params, MODEL.start(params, 3), batch)
    jax.tree.map(functools.partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6), carry, handed_on)
    assert not np.asarray(log_prob)[~valid].any() and (np.asarray(log_prob)[valid] < 0).all()
    assert float(metrics.count) == 10
    assert float(metrics.nll) == pytest.approx(-float(log_prob.sum()) / 10, rel=1e-6)
    norm = sum(float((leaf**2).sum()) for leaf in jax.tree.leaves(whole)) ** 0.5
    assert float(metrics.grad_norm) == pytest.approx(norm, rel=1e-4)
    # A row weighs what it holds: the mean of the rows' means would be another.
    (long, of_long, _), (short, of_short, _), (empty, of_empty, _) = gradient([0]), gradient([1]), gradient([2])
    assert (float(of_long.count), float(of_short.count), float(of_empty.nll)) == (6, 4, 0)
    jax.tree.map(
        lambda both, six, four: np.testing.assert_allclose(both, (6 * six + 4 * four) / 10, rtol=0, atol=2e-6),
        whole,
        long,
        short,
    )
    assert not any(leaf.any() for leaf in jax.tree.leaves(empty))


@functools.partial(jax.jit, static_argnums=0)
def updated(config: TrainingConfig, params: Any, gradients: list[Any]) -> Any:
    optimizer = make_optimizer(config, 100)
    state = optimizer.init(params)
    for gradient in gradients:
        updates, state = optimizer.update(gradient, state, params)
        params = optax.apply_updates(params, updates)
    return params


PARAMS = {"kernel": jnp.full((2, 3), 0.5), "bias": jnp.full(3, 0.5)}
BARE = TrainingConfig(learning_rate=0.1, warmup=0, final=1.0, weight_decay=0.0, clip=1.0)


def test_gradients_are_clipped_by_their_common_norm() -> None:
    """Adam forgets the scale of the first gradient, so the second one tells: against Adam by hand."""
    first = {"kernel": jnp.full((2, 3), 3.0), "bias": jnp.full(3, -4.0)}
    second = {"kernel": jnp.full((2, 3), 0.1), "bias": jnp.full(3, 0.2)}
    norm = np.sqrt(6 * 3.0**2 + 3 * 4.0**2)
    got = updated(BARE, PARAMS, [first, second])
    for name, (one, two) in {"kernel": (3.0 / norm, 0.1), "bias": (-4.0 / norm, 0.2)}.items():
        value, mean, square = 0.5, 0.0, 0.0
        for count, gradient in enumerate((one, two), 1):
            mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
            value -= 0.1 * (mean / (1 - 0.9**count)) / (np.sqrt(square / (1 - 0.999**count)) + 1e-8)
        np.testing.assert_allclose(got[name], value, rtol=1e-5)


def test_weight_decay_is_on_matrices_only() -> None:
    still = jax.tree.map(jnp.zeros_like, PARAMS)
    got = updated(dataclasses.replace(BARE, weight_decay=0.2), PARAMS, [still])
    np.testing.assert_allclose(got["kernel"], 0.5 * (1 - 0.1 * 0.2), rtol=1e-6)
    np.testing.assert_array_equal(got["bias"], PARAMS["bias"])


def test_the_schedule_rises_and_falls() -> None:
    def share(step: int, total: int = 1000, warmup: int = 100, final: float = 0.1) -> float:
        return float(warmup_cosine(jnp.int32(step), jnp.int32(total), warmup=warmup, final=final))

    assert share(0) == pytest.approx(0.01)
    assert share(49) == pytest.approx(0.5)
    assert share(99) == share(100) == 1
    assert share(325) == pytest.approx(0.1 + 0.9 * (1 + np.sqrt(0.5)) / 2)
    assert share(550) == pytest.approx(0.55)
    assert share(1000) == share(5000) == pytest.approx(0.1)
    assert share(0, total=90) == pytest.approx(1 / 9)  # a short run warms up for a tenth of it
    assert share(0, total=1) == 1
    assert share(0, warmup=0) == 1
    falling = [share(step, total=40) for step in range(4, 41)]
    assert falling == sorted(falling, reverse=True)


def test_the_schedule_is_state() -> None:
    state = make_optimizer(CONFIG, 100).init(PARAMS)
    stretched = with_total(state, 900)
    assert jax.tree.structure(stretched) == jax.tree.structure(state)
    totals = [int(node.total) for node in jax.tree.leaves(stretched, is_leaf=lambda node: isinstance(node, Schedule))
              if isinstance(node, Schedule)]  # fmt: skip
    assert totals == [900]


def test_the_average_follows_the_weights() -> None:
    """Against the recurrence by hand: quick at first, then at the decay asked for."""
    state = new_state()
    average = np.asarray(state.ema["head"]["kernel"])
    for number in range(4):
        state, _ = compiled()[1](state, WINDOWS.batch(number))
        decay = min(CONFIG.ema, (1 + number) / (10 + number))
        average = decay * average + (1 - decay) * np.asarray(state.params["head"]["kernel"])
        np.testing.assert_allclose(state.ema["head"]["kernel"], average, rtol=1e-5, atol=1e-7)
    assert not np.allclose(average, state.params["head"]["kernel"], atol=1e-4)


def test_evaluation_counts_every_step_once() -> None:
    """Whatever the window: the state is carried, so cutting a sequence changes nothing."""
    random = np.random.default_rng(4)
    examples = [Example(random.integers(0, 3, length, np.int32)) for length in (37, 0, 5, 90, 1)]
    source = in_memory(Discrete(3), examples)
    params = new_state(seed=6).params
    params = jax.tree.map(lambda leaf: leaf * 2, params)
    by_hand = []
    for example in examples:
        carry, before = MODEL.network.start(params["network"], 1), np.int32([3])
        for step in example.steps:
            carry, features = one_step(params["network"], carry, before)
            scores = np.asarray(MODEL.head.logits(params["head"], features), np.float64)[0]
            by_hand.append(np.log(np.exp(scores).sum()) - scores[step])
            before = np.int32([step])
    assert len(by_hand) == 133
    batches = evaluation_windows(source, 1, 7)
    assert evaluate(MODEL, params, batches) == pytest.approx(np.mean(by_hand), rel=1e-5)
    one_by_one = np.concatenate([log_prob[valid] for log_prob, valid in log_probs(MODEL, params, batches)])
    np.testing.assert_allclose(one_by_one, -np.array(by_hand), rtol=1e-4)
    rows = [evaluate(MODEL, params, evaluation_windows(source, 3, window)) for window in (7, 20)]
    assert rows[0] == pytest.approx(rows[1], rel=1e-5)


@jax.jit
def one_step(params: Any, carry: Any, before: Any) -> Any:
    return MODEL.network.step(params, carry, Inputs(before))
