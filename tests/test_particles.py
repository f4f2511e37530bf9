"""Sequential Monte Carlo: what is free is drawn as it should be, given what stands later; checked by enumeration."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from seqgen.batching import evaluation_windows, in_memory
from seqgen.domain import Example
from seqgen.errors import UsageError
from seqgen.heads import Categorical, Mixture, Options
from seqgen.models.model import Model
from seqgen.nn.network import Network
from seqgen.sampling import Automaton, Penalties, fill, sample
from seqgen.sampling.particles import CHUNK, Particles, systematic
from seqgen.spec import Continuous, Discrete
from seqgen.training.scoring import log_probs, nats

SIZE = 4
MODEL = Model(Network(Discrete(SIZE), layers=1, units=8), Categorical(SIZE))
KEY = jax.random.key(4)


GIVEN = Model(Network(Discrete(SIZE), layers=1, units=8, controls=2, ahead=3, given=True), Categorical(SIZE))


@functools.cache
def parameters(model: Model = MODEL) -> Any:
    random = np.random.default_rng(1)
    shapes = jax.eval_shape(lambda: model.init(jax.random.key(0)))
    return jax.tree.map(lambda leaf: random.normal(0, 1.2, leaf.shape).astype(np.float32), shapes)


def log_prob(steps: Any) -> float:
    return -nats(MODEL, parameters(), Example(np.asarray(steps, np.int32)))


@functools.cache
def every(given: tuple[int, ...], prompt: tuple[int, ...] = ()) -> dict[tuple[int, ...], float]:
    """All ways to fill what is free, with the probability of each after the prompt."""
    ways = itertools.product(*([step] if step >= 0 else range(SIZE) for step in given))
    before = log_prob(prompt) if prompt else 0.0
    return {way: float(np.exp(log_prob([*prompt, *way]) - before)) for way in ways}


def shares(found: Particles) -> dict[tuple[int, ...], float]:
    weights = np.exp(found.log_weight - found.log_weight.max())
    told: dict[tuple[int, ...], float] = {}
    for steps, weight in zip(found.steps.tolist(), weights / weights.sum(), strict=True):
        told[tuple(steps)] = told.get(tuple(steps), 0.0) + float(weight)
    return told


@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_where_nothing_is_given_it_is_plain_sampling(temperature: float) -> None:
    length, options = CHUNK + 9, Options(temperature)  # more than one piece of the loop
    rows = sample(MODEL, parameters(), KEY, [[1, 2]] * 5, length=length, options=options)
    found = fill(MODEL, parameters(), KEY, [-1] * length, prompt=[1, 2], particles=5, options=options)
    np.testing.assert_array_equal(found.steps, rows)
    np.testing.assert_allclose(found.log_weight, 0, atol=1e-4)
    expected = [log_prob([1, 2, *row]) - log_prob([1, 2]) for row in rows]
    np.testing.assert_allclose(found.log_prob, expected, rtol=1e-4)


def test_where_all_is_given_the_weight_is_the_score() -> None:
    steps = np.random.default_rng(0).integers(0, SIZE, CHUNK + 9)
    found = fill(MODEL, parameters(), KEY, steps, particles=3)
    np.testing.assert_array_equal(found.steps, [steps] * 3)
    np.testing.assert_allclose(found.log_weight, log_prob(steps), rtol=1e-5)
    np.testing.assert_allclose(found.log_prob, log_prob(steps), rtol=1e-5)
    assert found.log_evidence == pytest.approx(log_prob(steps), rel=1e-5)


@pytest.mark.parametrize("prompt", [(), (2, 0, 1)])
@pytest.mark.parametrize("given", [(-1, 3, -1, 0), (1, -1, -1, 2)])
def test_what_is_drawn_follows_the_exact_posterior(given: tuple[int, ...], prompt: tuple[int, ...]) -> None:
    exact = every(given, prompt)
    whole = sum(exact.values())
    found = fill(MODEL, parameters(), KEY, given, prompt=prompt, particles=8192)
    told = shares(found)
    assert set(told) <= set(exact)
    assert sum(abs(told.get(way, 0.0) - chance / whole) for way, chance in exact.items()) < 0.1
    assert found.log_evidence == pytest.approx(np.log(whole), abs=0.05)
    for steps, likely in list(zip(found.steps.tolist(), found.log_prob, strict=True))[:40]:
        assert likely == pytest.approx(np.log(exact[tuple(steps)]), abs=1e-4)


def test_the_mean_weight_is_right_however_often_particles_are_drawn_anew() -> None:
    given = (-1, 3, 0, -1, 3)
    whole = sum(every(given).values())
    for turns in (None, np.zeros(5, bool)):
        found = [
            fill(MODEL, parameters(), jax.random.fold_in(KEY, seed), given, particles=8, turns=turns).log_evidence
            for seed in range(200)
        ]
        mean = np.exp(found).mean()
        assert mean == pytest.approx(whole, rel=0.2)


def test_drawing_anew_keeps_more_of_the_particles_alive() -> None:
    given = [-1, 0, -1, 0, -1, 3, -1, 3, -1, 1, -1, 2]
    alive = []
    for turns in (None, np.zeros(12, bool)):
        weight = fill(MODEL, parameters(), KEY, given, particles=256, turns=turns).log_weight.astype(float)
        share = np.exp(weight - weight.max())
        alive.append(share.sum() ** 2 / (share**2).sum())
    assert alive[0] > 2 * alive[1]


def test_biases_and_rules_count_in_the_weight_drawn_or_given() -> None:
    given = (-1, 3, -1)
    bias = np.zeros((3, SIZE), np.float32)
    bias[0, 0], bias[1, 3], bias[2, 1] = 1.0, -0.5, -np.inf
    wanted = {
        way: chance * float(np.exp(sum(bias[at, symbol] for at, symbol in enumerate(way))))
        for way, chance in every(given).items()
    }
    whole = sum(wanted.values())
    told = fill(MODEL, parameters(), KEY, given, particles=8192, bias=bias)
    assert told.log_evidence == pytest.approx(np.log(whole), abs=0.05)
    assert sum(abs(shares(told).get(way, 0.0) - chance / whole) for way, chance in wanted.items()) < 0.1
    presence = Penalties(presence=2.0)
    once = fill(MODEL, parameters(), KEY, (3, 3, -1), particles=4096, rules=(presence,))
    exact = {way: chance * np.exp(-2.0 - 2.0 * (way[2] == 3)) for way, chance in every((3, 3, -1)).items()}
    assert once.log_evidence == pytest.approx(np.log(sum(exact.values())), abs=0.05)


def told(length: int, given: Any = 0.0) -> Any:
    return np.stack(np.broadcast_arrays(np.float32(given), np.sin(np.arange(length, dtype=np.float32))), axis=1)


def test_controls_come_with_their_steps_and_what_follows_is_looked_at() -> None:
    length, params = CHUNK + 9, parameters(GIVEN)
    controls = told(2 + length + 3)  # of three steps more, which are not drawn
    rows = sample(GIVEN, params, KEY, [[1, 2]] * 3, length=length, controls=[controls] * 3)
    found = fill(GIVEN, params, KEY, [-1] * length, prompt=[1, 2], particles=3, controls=controls)
    np.testing.assert_array_equal(found.steps, rows)
    shorter = fill(GIVEN, params, KEY, [-1] * length, prompt=[1, 2], particles=3, controls=controls[:-3])
    assert (shorter.log_prob != found.log_prob).all()
    with pytest.raises(UsageError, match="the controls of row 0 end after 5 of 6 steps; give all of them"):
        fill(GIVEN, params, KEY, [-1] * 4, prompt=[1, 2], particles=3, controls=controls[:5])
    with pytest.raises(UsageError, match="this network reads 2 controls with every step"):
        fill(GIVEN, params, KEY, [-1] * 4, particles=3)


def test_what_controls_give_has_no_weight_and_the_rest_is_scored_exactly() -> None:
    given, params = np.array([-1, 3, -1, 0, -1]), parameters(GIVEN)
    controls = told(5, given >= 0)
    found = fill(GIVEN, params, KEY, given, particles=64, controls=controls)
    np.testing.assert_array_equal(found.steps[:, given >= 0], [[3, 0]] * 64)
    np.testing.assert_allclose(found.log_weight, 0, atol=1e-5)
    for steps, likely in list(zip(found.steps, found.log_prob, strict=True))[:8]:
        assert likely == pytest.approx(-nats(GIVEN, params, Example(steps, controls=controls)), abs=1e-5)
    bias = np.zeros((5, SIZE), np.float32)
    bias[1, 3] = -0.5  # what is wished counts, also of what is given
    wished = fill(GIVEN, params, KEY, given, particles=4, controls=controls, bias=bias)
    np.testing.assert_allclose(wished.log_weight, -0.5, atol=1e-5)


def test_a_score_sees_all_that_is_ahead() -> None:
    """However long a piece is."""
    length, params = 600, parameters(GIVEN)
    steps, controls = np.random.default_rng(0).integers(0, SIZE, length), told(length)
    batches = evaluation_windows(in_memory(GIVEN.network.spec, [Example(steps, controls=controls)]), 1, length)
    exact = -sum(likely.sum() for likely, _ in log_probs(GIVEN, params, batches))
    assert nats(GIVEN, params, Example(steps, controls=controls)) == pytest.approx(exact, rel=1e-5)


def test_what_cannot_be_has_no_weight() -> None:
    never = Automaton(np.array([[0, 0, 0, -1]], np.int32), np.zeros(1, bool))
    found = fill(MODEL, parameters(), KEY, [-1, 3, -1], particles=4, rules=(never,))
    assert found.log_evidence == -np.inf and (found.steps[:, 1] == 3).all()
    mixed = fill(MODEL, parameters(), KEY, [0, -1, -1], particles=4, rules=(never,))
    assert np.isfinite(mixed.log_evidence) and (mixed.steps != 3).all()


def test_the_same_key_makes_the_same() -> None:
    one, again, other = (
        fill(MODEL, parameters(), key, [-1, 3] * 8, particles=16) for key in (KEY, KEY, jax.random.key(5))
    )
    np.testing.assert_array_equal(one.steps, again.steps)
    assert (one.steps != other.steps).any() and one.drawn(KEY) == again.drawn(KEY) in range(16)


def test_everybody_has_as_many_heirs_as_its_weight_says() -> None:
    weight = np.random.default_rng(0).exponential(size=50).astype(np.float32)
    expected = 50 * weight / weight.sum()
    for seed in range(20):
        heirs = np.bincount(np.asarray(systematic(jax.random.key(seed), jnp.log(weight))), minlength=50)
        assert (abs(heirs - expected) < 1).all()
    alone = systematic(KEY, jnp.array([-jnp.inf, 0.0, -jnp.inf]))
    assert alone.tolist() == [1, 1, 1]


def test_what_does_not_fit_is_refused() -> None:
    pen = Model(Network(Continuous(2), layers=1, units=4), Mixture(2))
    with pytest.raises(UsageError, match=r"what is filled in are symbols, and this model draws .*; sample from it"):
        fill(pen, {}, KEY, [-1])
    for settings, message in (
        ({"given": [-1, 4]}, r"`given` has .*; give symbols of this model, and -1 where it shall draw"),
        ({"given": [-1], "particles": 0}, "0 particles cannot be; give 1 or more"),
        ({"given": [-1], "options": Options(-1.0)}, "temperature is -1"),
        ({"given": [-1], "bias": np.zeros(4)}, r"`bias` is \[4\] and `turns` \[1\].*must be \[1, 4\] and \[1\]"),
        ({"given": [-1], "prompt": [9]}, "prompt 0 has"),
    ):
        with pytest.raises(UsageError, match=message):
            fill(MODEL, parameters(), KEY, settings.pop("given"), **settings)
    assert fill(MODEL, parameters(), KEY, [], particles=2).log_evidence == 0.0
