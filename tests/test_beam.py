"""Beam search against every sequence there is, of models so small that all can be listed."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from seqgen import Categorical, Discrete, Model, Network, Product, SymbolEncoder, sample
from seqgen.errors import UsageError
from seqgen.heads import Joint, Options
from seqgen.sampling import Hypothesis, beam_search
from seqgen.spec import Inputs

SIZE, LENGTH, END = 4, 4, 3
PLAIN = Model(Network(Discrete(SIZE), layers=1, units=6, embedding=3), Categorical(SIZE))
SEEING = Model(
    Network(Discrete(SIZE), layers=1, units=6, embedding=3, source=7, encoder=SymbolEncoder(3, 1, 2), attention=5),
    Categorical(SIZE),
)


def weights(model: Model) -> Any:
    random = np.random.default_rng(3)
    shapes = jax.eval_shape(model.init, jax.random.key(0))
    return jax.tree.map(lambda leaf: jnp.asarray(random.normal(0, 1.0, leaf.shape), jnp.float32), shapes)


def likelihoods(
    model: Model, params: Any, context: Any, prompt: list[int], every: list[tuple[int, ...]]
) -> list[float]:
    """Of steps after a prompt, all read side by side."""
    width = len(prompt) + LENGTH
    steps = np.array([[*prompt, *one, *[0] * LENGTH][:width] for one in every])
    context = jax.tree.map(lambda leaf: jnp.repeat(leaf, len(every), axis=0), context)
    inputs = Inputs(jnp.concatenate([np.full((len(every), 1), SIZE), steps[:, :-1]], axis=1))
    carry = model.start(params, len(every), context)
    _, features = model.network.unroll(params["network"], carry, inputs, context=context)
    nats = np.asarray(model.head.log_prob(model.head_params(params), features, steps))[:, len(prompt) :]
    return [float(row[: len(one)].sum()) for row, one in zip(nats, every, strict=True)]


def every(end: int | None) -> set[tuple[int, ...]]:
    whole = itertools.product(range(SIZE), repeat=LENGTH)
    return {steps[: steps.index(end) + 1] if end in steps else steps for steps in whole}


@pytest.mark.parametrize("end", [None, END])
@pytest.mark.parametrize("penalty", [0.0, 1.0])
@pytest.mark.parametrize("model", [PLAIN, SEEING], ids=["plain", "encoder"])
def test_a_wide_beam_finds_the_likeliest(model: Model, end: int | None, penalty: float) -> None:
    params = weights(model)
    contexts: list[Any] = [
        model.network.encode(params["network"], *[np.array([row])] * (model is SEEING)) for row in ([4, 1], [0, 6])
    ]
    context = jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *contexts)
    prompts = [[2], [0]]
    found = beam_search(
        model,
        params,
        [np.array(p) for p in prompts],
        length=LENGTH,
        end=end,
        beam=SIZE**LENGTH,
        penalty=penalty,
        context=context,
    )
    for row, (prompt, own) in enumerate(zip(prompts, contexts, strict=True)):
        sequences = sorted(every(end))
        likely = dict(zip(sequences, likelihoods(model, params, own, prompt, sequences), strict=True))
        ranks = {steps: nats / ((5 + len(steps)) / 6) ** penalty for steps, nats in likely.items()}
        best = sorted(ranks, key=lambda steps: -ranks[steps])[:5]
        for one, wanted in zip(found[row], best, strict=False):
            bare = wanted[:-1] if end is not None and wanted[-1] == end else wanted
            assert one.steps.tolist() == [*bare]
            assert (one.log_prob, one.score) == pytest.approx((likely[wanted], ranks[wanted]), rel=1e-4)


def test_rows_do_not_see_each_other_and_a_beam_of_one_is_greedy() -> None:
    params = weights(PLAIN)
    prompts = [np.array([1]), np.array([], int), np.array([2, 2, 0])]
    together = beam_search(PLAIN, params, prompts, length=9, beam=3)
    for prompt, found in zip(prompts, together, strict=True):
        (alone,) = beam_search(PLAIN, params, [prompt], length=9, beam=3)
        assert [one.steps.tolist() for one in alone] == [one.steps.tolist() for one in found]
        assert len({tuple(one.steps) for one in found}) == 3
    greedy = beam_search(PLAIN, params, prompts, length=9, beam=1)
    drawn = sample(PLAIN, params, jax.random.key(0), prompts, length=9, options=Options(temperature=0))
    assert [found[0].steps.tolist() for found in greedy] == [row.tolist() for row in drawn]


def test_what_is_not_allowed_does_not_come() -> None:
    params = weights(PLAIN)
    allowed = np.array([[True, False, False, True], [False, True, True, True]])
    first, second = beam_search(PLAIN, params, [[], []], length=5, end=END, beam=4, allowed=allowed)
    assert {s for one in first for s in one.steps.tolist()} <= {0}
    assert {s for one in second for s in one.steps.tolist()} <= {1, 2}


def test_what_cannot_be() -> None:
    params = weights(PLAIN)
    pen = Network(Product((Discrete(2),)), layers=1, units=4)
    assert beam_search(PLAIN, params, [], length=3) == []
    assert isinstance(beam_search(PLAIN, params, [[]], length=1)[0][0], Hypothesis)
    for bad, said in (({"length": 0}, "a beam of 5 over 0 steps"), ({"beam": 0, "length": 2}, "a beam of 0"),
                      ({"length": 2, "end": 9}, "the end is symbol 9; this model has 0 to 3"),
                      ({"length": 2, "allowed": np.zeros(SIZE, bool)}, "no symbol is left")):  # fmt: skip
        with pytest.raises(UsageError, match=said):
            beam_search(PLAIN, params, [[]], **bad)  # type: ignore[arg-type]
    other = Model(pen, Joint((Categorical(2),)))
    with pytest.raises(UsageError, match="a beam is of symbols"):
        beam_search(other, {}, [[]], length=2)
