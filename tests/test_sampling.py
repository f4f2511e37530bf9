"""Sampling: what is drawn is what a plain loop over the network and its head draws, however it is cut up or batched."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from seqgen.batching import Inputs, evaluation_windows, in_memory
from seqgen.domain import Example
from seqgen.errors import UsageError
from seqgen.heads import Bernoulli, Categorical, Joint, Mixture, Options
from seqgen.models.model import Model
from seqgen.nn.context import Context
from seqgen.nn.network import Network
from seqgen.sampling import LONGEST_PRIME, Grammar, advance, prime, sample, stream
from seqgen.spec import Binary, Continuous, Discrete, Product, empty_steps, null_step

SYMBOLS = Model(Network(Discrete(11), layers=1, units=12, embedding=6, learned_start=True), Categorical(11))
PEN = Model(
    Network(
        Product((Continuous(2), Binary(1))),
        layers=1,
        units=8,
        source=7,
        source_width=4,
        window=2,
        static=3,
        static_width=2,
    ),
    Joint((Mixture(3), Bernoulli(1))),
)
GUIDED = Model(Network(Discrete(11), layers=1, units=12, embedding=6, controls=2), Categorical(11))
AHEAD = Model(Network(Discrete(11), layers=1, units=12, embedding=6, controls=2, ahead=3), Categorical(11))
KEY = jax.random.key(3)
# As the model is; the likeliest only; and all the rest. Few tests compile: they share these shapes, and chunk=8.
OPTIONS = Options(
    temperature=np.array([1.0, 0.0, 0.6]),
    top_k=np.array([0, 0, 5]),
    top_p=np.array([1.0, 1.0, 0.9]),
    min_p=np.array([0.0, 0.0, 0.05]),
    bias=np.array([0.0, 0.0, 0.3]),
)
both = pytest.mark.parametrize("model", [SYMBOLS, PEN], ids=["symbols", "pen"])


@functools.cache
def parameters(model: Model) -> Any:
    """Random everywhere, and large enough that what comes next depends on what came before."""
    random = np.random.default_rng(1)
    shapes = jax.eval_shape(lambda: model.init(jax.random.key(0)))
    return jax.tree.map(lambda leaf: random.normal(0, 0.6, leaf.shape).astype(np.float32), shapes)


@functools.cache
def context(rows: int) -> Context:
    """The conditions of the first `rows` of five lines of writing."""
    source = np.array([[1, 2, 3, 4], [5, 6, 1, 0], [2, 2, 0, 0], [6, 5, 4, 3], [1, 0, 0, 0]])[:rows]
    return encode(source, [0, 1, 2, 0, 1][:rows])


def encode(source: np.ndarray, writers: list[int]) -> Context:
    return PEN.network.encode(parameters(PEN)["network"], source, np.array(writers), source > 0)


def prompts_of(model: Model, lengths: Sequence[int]) -> list[Any]:
    random = np.random.default_rng(5)
    if model is SYMBOLS:
        return [random.integers(0, 11, length) for length in lengths]
    return [(random.normal(size=(n, 2)), random.integers(0, 2, (n, 1))) for n in lengths]


def given(model: Model, rows: int) -> Context:
    return context(rows) if model is PEN else Context()


WIDTH = 32  # of what `by_hand` reads


@functools.cache
def draw(model: Model) -> Any:
    """One step after `last` positions of one row, all of them read from the start."""

    def run(params: Any, steps: Any, last: Any, key: jax.Array, context: Context, options: Options) -> Any:
        rows = jax.tree.map(lambda leaf: leaf[None], steps)
        start = model.start(params, 1, context)
        _, features = model.network.unroll(params["network"], start, Inputs(rows), context=context)
        return model.head.sample(model.head_params(params), key[None], features[:, last], options)

    return jax.jit(run)


def by_hand(model: Model, prompts: list[Any], length: int) -> list[Any]:
    """What `sample` is to draw: everything so far is read anew for each step, one row at a time, no state kept."""
    made, blank = [], empty_steps(model.network.spec, WIDTH)
    for row, prompt in enumerate(prompts):
        own_context = jax.tree.map(lambda leaf, row=row: leaf[row : row + 1], given(model, len(prompts)))
        own = jax.tree.map(lambda value, row=row: np.float32(value[row]), OPTIONS)
        steps = opened(model, prompt)
        for position in range(length):
            padded = jax.tree.map(lambda x, z: np.concatenate([x, z[len(x) :]]), steps, blank)
            key = jax.random.fold_in(jax.random.fold_in(KEY, row), position)
            last = len(jax.tree.leaves(steps)[0]) - 1
            step = draw(model)(parameters(model), padded, last, key, own_context, own)
            steps = jax.tree.map(lambda x, s: np.concatenate([x, np.asarray(s)]), steps, step)
        made.append(jax.tree.map(lambda leaf: leaf[-length:], steps))
    return made


def opened(model: Model, prompt: Any) -> Any:
    """The prompt behind the step that opens every sequence."""
    null = jax.tree.map(np.asarray, null_step(model.network.spec))
    return jax.tree.map(lambda null, p: np.concatenate([null[None], np.asarray(p, null.dtype)]), null, prompt)


def check_equal(found: Any, wanted: Any, exact: bool = True) -> None:
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        assert (np.shape(one), np.asarray(one).dtype) == (np.shape(other), np.asarray(other).dtype)
        np.testing.assert_allclose(one, other, rtol=0, atol=0 if exact else 1e-4)


@both
def test_a_sample_is_what_a_plain_loop_draws(model: Model) -> None:
    prompts = prompts_of(model, [0, 1, 9])
    settings: dict[str, Any] = {"options": OPTIONS, "chunk": 8, "context": given(model, 3)}
    made = sample(model, parameters(model), KEY, prompts, length=21, **settings)
    check_equal(made, by_hand(model, prompts, 21), exact=model is SYMBOLS)
    # The same seed gives the same bytes; another does not, but for the row that takes the likeliest each time.
    again = sample(model, parameters(model), KEY, prompts, length=21, **settings)
    other = sample(model, parameters(model), jax.random.key(9), prompts, length=21, **settings)
    flat = [
        [b"".join(leaf.tobytes() for leaf in jax.tree.leaves(row)) for row in rows] for rows in (made, again, other)
    ]
    assert flat[0] == flat[1] and [one == two for one, two in zip(flat[0], flat[2], strict=True)] == [
        False,
        True,
        False,
    ]


@both
def test_prompts_of_any_length_give_the_state_of_feeding_them_step_by_step(model: Model) -> None:
    lengths = np.array([0, 1, LONGEST_PRIME, LONGEST_PRIME + 1, 2 * LONGEST_PRIME])
    prompts, params = prompts_of(model, lengths.tolist()), parameters(model)
    state = prime(model, params, KEY, prompts, given(model, 5))

    @jax.jit
    def feed(carry: Any, steps: Any, counts: jax.Array) -> Any:
        fed, _ = model.network.step(params["network"], carry, Inputs(steps), context=given(model, 5))
        return jax.tree.map(lambda a, b: jnp.where(counts.reshape(-1, *[1] * (a.ndim - 1)), a, b), fed, carry)

    carry = model.start(params, 5, given(model, 5))
    rows = [opened(model, prompt) for prompt in prompts]
    for t in range(int(lengths.max())):  # all but the last step, which waits in `inputs`
        at_t = jax.tree.map(lambda *leaves, t=t: np.stack([leaf[min(t, len(leaf) - 1)] for leaf in leaves]), *rows)
        carry = feed(carry, at_t, t < lengths)
    for found, wanted in zip(jax.tree.leaves(state.carry), jax.tree.leaves(carry), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
    check_equal(state.inputs, jax.tree.map(lambda *leaves: np.stack([leaf[-1] for leaf in leaves]), *rows))
    assert int(state.position) == 0 and not state.done.any()


def test_a_row_is_the_same_alone_or_in_a_batch() -> None:
    params, prompts = parameters(SYMBOLS), prompts_of(SYMBOLS, [5, 40, 0])
    together = sample(SYMBOLS, params, KEY, prompts, length=20, options=OPTIONS, chunk=8)
    check_equal(sample(SYMBOLS, params, KEY, prompts[:1], length=20, chunk=8), together[:1])
    state = prime(SYMBOLS, params, KEY, prompts)
    for row in range(3):  # its key is part of its state
        alone = jax.tree.map(lambda leaf, row=row: leaf[row : row + 1] if leaf.ndim else leaf, state)
        own = jax.tree.map(lambda value, row=row: value[row], OPTIONS)
        _, steps, counts = advance(SYMBOLS, params, alone, own, chunk=8)
        assert counts.tolist() == [8]
        check_equal(steps[0], together[row][:8])


class Compilations(logging.Handler):
    """Counts what JAX compiles, operations outside of any `jit` included."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().startswith("Compiling"):
            self.names.append(record.getMessage().split(" ")[1])


@pytest.fixture
def compilations() -> Iterator[Compilations]:
    counter, logger = Compilations(), logging.getLogger("jax")
    handlers, logger.handlers = logger.handlers, [counter]
    with jax.log_compiles():
        yield counter
    logger.handlers = handlers


def test_options_seeds_and_prompts_of_like_length_compile_nothing(compilations: Compilations) -> None:
    params = parameters(SYMBOLS)
    sample(SYMBOLS, params, jax.random.key(0), prompts_of(SYMBOLS, [40]), length=16, chunk=8)
    assert compilations.names, "nothing was counted: JAX reports otherwise now"
    compilations.names.clear()
    tried = [(1, 33, Options()), (2, 64, Options(0.5, 3, 0.9, 0.1)), (3, 50, Options(0, min_p=0.2))]
    for seed, length, options in tried:
        prompts = prompts_of(SYMBOLS, [length])
        sample(SYMBOLS, params, jax.random.key(seed), prompts, length=30, options=options, chunk=8)
    assert compilations.names == []


def test_the_pieces_of_a_stream_are_the_sample() -> None:
    params, prompts = parameters(SYMBOLS), prompts_of(SYMBOLS, [3])
    pieces = [piece for (piece,) in stream(SYMBOLS, params, KEY, prompts, length=21, chunk=8)]
    assert list(map(len, pieces)) == [8, 8, 5]
    check_equal([np.concatenate(pieces)], sample(SYMBOLS, params, KEY, prompts, length=21, chunk=8))


def at_symbol(carry: Any, step: jax.Array, context: Context) -> jax.Array:
    del carry, context
    return step == 4


def test_the_step_that_stops_a_row_is_its_last() -> None:
    settings: dict[str, Any] = {"options": OPTIONS._replace(temperature=np.ones(3)), "chunk": 8}
    params, prompts = parameters(SYMBOLS), prompts_of(SYMBOLS, [0, 3, 6])
    free = [row.tolist() for row in sample(SYMBOLS, params, KEY, prompts, length=100, **settings)]
    wanted = [row[: row.index(4) + 1] for row in free]
    assert len({len(row) for row in wanted}) == 3, "rows must end at different times for this test to say anything"
    # A stream without end ends when every row has.
    pieces = list(stream(SYMBOLS, params, KEY, prompts, length=10**9, stop=at_symbol, **settings))
    assert [np.concatenate(rows).tolist() for rows in zip(*pieces, strict=True)] == wanted
    stopped = sample(SYMBOLS, params, KEY, prompts, length=5, stop=at_symbol, **settings)
    assert [row.tolist() for row in stopped] == [row[:5] for row in wanted]


def past_the_text(carry: Any, step: Any, context: Context) -> jax.Array:
    """In the manner of Graves' rule for the end of a line: the window has come so far."""
    del step, context
    return jnp.max(carry[0].position, axis=-1) > 6


def test_stop_reads_the_carry_and_the_context_is_looked_at() -> None:
    def write(context: Context, **settings: Any) -> list[Any]:
        settings |= {"options": OPTIONS, "chunk": 8, "context": context}
        return sample(PEN, parameters(PEN), KEY, prompts, length=24, **settings)

    prompts = [empty_steps(PEN.network.spec)] * 3
    free, stopped = write(context(3)), write(context(3), stop=past_the_text)
    lengths = [len(pen) for _, pen in stopped]
    assert max(lengths) < 24 and len(set(lengths)) > 1
    for length, row, whole in zip(lengths, stopped, free, strict=True):
        check_equal(row, jax.tree.map(lambda leaf, n=length: leaf[:n], whole))
    # The same key with another source, then with another writer, writes something else.
    source = np.array([[1, 2, 3, 4], [5, 6, 1, 0], [2, 2, 0, 0]])
    for other in (encode(source[::-1], [0, 1, 2]), encode(source, [1, 1, 1])):
        changed = write(other)
        assert np.abs(changed[0][0] - free[0][0]).max() > 0.01


def test_a_start_that_is_given_is_where_it_starts() -> None:
    before = prime(SYMBOLS, parameters(SYMBOLS), KEY, prompts_of(SYMBOLS, [5])).carry
    check_equal(prime(SYMBOLS, parameters(SYMBOLS), KEY, [[]], Context(start=before)).carry, before)


def test_an_old_state_is_a_way_back() -> None:
    params = parameters(SYMBOLS)
    state = prime(SYMBOLS, params, KEY, prompts_of(SYMBOLS, [3]))
    after, first, _ = advance(SYMBOLS, params, state, chunk=8)
    advance(SYMBOLS, params, after, chunk=8)
    _, again, _ = advance(SYMBOLS, params, state, chunk=8)
    check_equal(again, first)
    assert int(after.position) == 8


def guides(lengths: Sequence[int]) -> list[np.ndarray]:
    random = np.random.default_rng(8)
    return [random.normal(0, 2, (length, 2)).astype(np.float32) for length in lengths]


@pytest.mark.parametrize("model", [GUIDED, AHEAD], ids=["here", "and ahead"])
def test_controls_come_with_the_steps_that_they_belong_to(model: Model) -> None:
    """Drawn at temperature 0, in pieces, is what stepping by hand draws, and what training finds as likely."""
    # More than there are steps, where what is ahead is not looked at.
    params, prompts, controls = (
        parameters(model),
        prompts_of(SYMBOLS, [0, 1, 9]),
        guides([12, 13, 21 + 19 * (model is GUIDED)]),
    )
    settings: dict[str, Any] = {"length": 12, "options": Options(temperature=0.0), "chunk": 8}
    made = sample(model, params, KEY, prompts, controls=controls, **settings)
    step = jax.jit(model.network.step)
    for prompt, own, row in zip(prompts, controls, made, strict=True):
        carry, steps, likely = model.start(params, 1), opened(model, prompt).tolist(), []
        read = own if model is GUIDED else np.asarray(model.network.look(params["network"], own[None]))[0]  # type: ignore[attr-defined]
        whole = [*steps[1:], *row.tolist()]
        for t in range(len(prompt) + 12):
            inputs = Inputs(np.array(steps[t : t + 1], np.int32), read[t : t + 1])
            carry, features = step(params["network"], carry, inputs)
            scores = np.asarray(model.head.logits(params["head"], features)[0], np.float64)  # type: ignore[attr-defined]
            likely.append(scores[whole[t]] - np.logaddexp.reduce(scores))
            if t >= len(prompt):
                steps.append(int(scores.argmax()))
        assert steps[1:] == whole
        example = Example(np.array(whole), controls=own[: len(whole)])
        (batch,) = evaluation_windows(in_memory(Discrete(11), [example]), 1, 64)
        log_prob, _ = model.log_prob(params, model.start(params, 1), batch)
        np.testing.assert_allclose(np.asarray(log_prob)[batch.valid], likely, atol=1e-5)
    other = sample(model, params, KEY, prompts, controls=[-own for own in controls], **settings)
    assert not all(np.array_equal(one, two) for one, two in zip(made, other, strict=True))


@pytest.mark.parametrize(
    ("model", "controls", "message"),
    [
        (AHEAD, guides([5, 7]), "the controls of row 1 end after 7 of 8 steps; give all of them"),
        (GUIDED, None, r"reads 2 controls with every step: give `controls`, float32 \[length, 2\] a row, of"),
        (SYMBOLS, guides([9, 9]), "`controls` came, and this network reads none; leave them out"),
        (GUIDED, guides([9]), "`controls` has 1 rows, not 2; give one array a row"),
        (GUIDED, guides([5, 7]), "the controls of row 1 end after 7 of 8 steps; give all of them"),
        (GUIDED, [np.zeros((9, 2)), np.zeros((9, 3))], r"row 1 are \[9, 3\]; this network reads \[length, 2\]"),
        (GUIDED, [np.zeros(9), np.zeros(9)], r"row 0 are \[9\]; this network reads \[length, 2\]"),
    ],
)
def test_controls_that_do_not_fit_are_refused(model: Model, controls: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        sample(model, parameters(model), KEY, prompts_of(SYMBOLS, [0, 3]), length=5, controls=controls)


def test_prime_and_advance_refuse_controls_that_end_too_early() -> None:
    params, prompts = parameters(GUIDED), prompts_of(SYMBOLS, [0, 3])
    with pytest.raises(UsageError, match="row 1 end after 2 of 3 steps"):
        prime(GUIDED, params, KEY, prompts, controls=guides([0, 2]))
    state = prime(GUIDED, params, KEY, prompts, controls=guides([0, 3]))
    with pytest.raises(UsageError, match="row 0 end after 7 of 8 steps"):
        advance(GUIDED, params, state, chunk=8, controls=guides([7, 7]))


def test_advance_wants_controls_with_what_is_ahead() -> None:
    params, controls = parameters(AHEAD), guides([8, 8])
    state = prime(AHEAD, params, KEY, prompts_of(SYMBOLS, [0, 3]), controls=controls)
    with pytest.raises(UsageError, match=r"row 0 are \[8, 2\]; this network reads \[length, 5\], with what is ahead"):
        advance(AHEAD, params, state, chunk=8, controls=controls)


@both
def test_what_was_drawn_comes_with_how_likely_the_model_finds_it(model: Model) -> None:
    """Under the model itself, whatever was asked for: log_prob as training has it; steps and state as without."""
    params, prompts = parameters(model), prompts_of(model, [0, 1, 9])
    context, source = given(model, 3), np.array([[1, 2, 3, 4], [5, 6, 1, 0], [2, 2, 0, 0]])
    settings: dict[str, Any] = {"options": OPTIONS, "chunk": 8, "context": context}
    count = 3 if model is SYMBOLS else 0
    made = sample(model, params, KEY, prompts, length=13, alternatives=count, **settings)
    check_equal([drawn.steps for drawn in made], sample(model, params, KEY, prompts, length=13, **settings))
    for row, (prompt, (steps, log_prob, top)) in enumerate(zip(prompts, made, strict=True)):
        n = len(jax.tree.leaves(prompt)[0])
        whole = jax.tree.map(lambda p, s: np.concatenate([np.asarray(p, s.dtype), s]), prompt, steps)
        condition = {} if model is SYMBOLS else {"source": source[row][source[row] > 0], "static": row}
        (batch,) = evaluation_windows(in_memory(model.network.spec, [Example(whole, **condition)]), 1, 64)
        start = model.start(params, 1, model.encode(params, batch))
        wanted, _ = model.log_prob(params, start, batch)
        assert log_prob.dtype == np.float32
        np.testing.assert_allclose(log_prob, np.asarray(wanted)[0, n:], rtol=1e-4, atol=1e-4)
        if model is SYMBOLS:
            assert top.symbols.shape == top.log_prob.shape == (13, 3) and top.symbols.dtype == np.int32
            assert (np.diff(top.log_prob) <= 0).all()
            at, place = np.nonzero(top.symbols == steps[:, None])
            np.testing.assert_allclose(top.log_prob[at, place], log_prob[at], atol=1e-6)
            assert (top.log_prob[:, -1:].min(axis=1) >= log_prob)[np.setdiff1d(np.arange(13), at)].all()
        else:
            assert top is None
    state = prime(model, params, KEY, prompts, context)
    after, drawn, counts = advance(model, params, state, OPTIONS, context, chunk=8, alternatives=count)
    check_equal((after, drawn.steps, counts), advance(model, params, state, OPTIONS, context, chunk=8))
    (none, *_) = sample(model, params, KEY, prompts, length=0, alternatives=count, **settings)
    check_equal(none, jax.tree.map(lambda leaf: leaf[:0], made[0]))


def test_all_symbols_as_alternatives_are_the_whole_distribution() -> None:
    (drawn,) = sample(SYMBOLS, parameters(SYMBOLS), KEY, [[]], length=8, chunk=8, alternatives=11)
    np.testing.assert_allclose(np.exp(drawn.top.log_prob).sum(axis=1), 1, atol=1e-5)
    assert (np.sort(drawn.top.symbols) == np.arange(11)).all()


@pytest.mark.parametrize(
    ("model", "count", "message"),
    [
        (SYMBOLS, 12, "alternatives is 12; give 0 to 11, as many symbols as there are"),
        (SYMBOLS, -1, "alternatives is -1; give 0 to 11"),
        (PEN, 2, r"alternatives are symbols, and this model draws Product\(.*; give 0, for how likely each step was"),
    ],
)
def test_alternatives_that_there_are_not_are_refused(model: Model, count: int, message: str) -> None:
    params, prompts = parameters(model), prompts_of(model, [2])
    with pytest.raises(UsageError, match=message):
        sample(model, params, KEY, prompts, length=8, context=given(model, 1), alternatives=count)
    with pytest.raises(UsageError, match=message):
        state = prime(model, params, KEY, prompts, given(model, 1))
        advance(model, params, state, context=given(model, 1), chunk=8, alternatives=count)


def test_nothing_asked_for_is_nothing_made() -> None:
    params = parameters(SYMBOLS)
    assert [row.tolist() for row in sample(SYMBOLS, params, KEY, [[]] * 3, length=0)] == [[]] * 3
    assert sample(SYMBOLS, params, KEY, [], length=5) == []


NEEDS: dict[str, tuple[Callable[[], Network], str]] = {
    "bidirectional": (lambda: Network(Discrete(3), 1, 4, 2, bidirectional=True), r"bidirectional .* no samples"),
    "source": (lambda: Network(Discrete(3), 1, 4, 2, source=3, window=2), r"conditioned.* give `context`"),
    "static": (lambda: Network(Discrete(3), 1, 4, 2, static=2), r"conditioned.* give `context`"),
    "controls": (lambda: Network(Discrete(3), 1, 4, 2, controls=2), r"reads 2 controls with every step"),
}


@pytest.mark.parametrize("need", NEEDS)
def test_a_network_that_cannot_be_sampled_like_this_is_refused(need: str) -> None:
    network, message = NEEDS[need]
    model = Model(network(), Categorical(3))
    with pytest.raises(UsageError, match=message):
        sample(model, parameters(model), KEY, [[]], length=1)


def test_a_grammar_says_what_may_come_where_in_each_row() -> None:
    allowed = np.zeros((3, 11), bool)  # a vowel, a consonant or two, one end
    allowed[0, :4], allowed[1, 4:10], allowed[2, 10] = True, True, True
    grammar, prompts = Grammar(allowed, np.array([0, 2], np.int32)), prompts_of(SYMBOLS, [0, 5])
    rows = sample(SYMBOLS, parameters(SYMBOLS), KEY, prompts, length=40, chunk=8, grammar=grammar)
    for row, phase in zip(rows, (0, 2), strict=True):
        turns = (np.arange(40) + phase) % 3
        assert allowed[turns, row].all()
        assert len(set(row[turns == 0])) > 1 and len(set(row[turns == 1])) > 1
    everything = Grammar(np.ones((3, 11), bool), np.zeros(2, np.int32))
    free = sample(SYMBOLS, parameters(SYMBOLS), KEY, prompts, length=40, chunk=8)
    for one, other in zip(
        free, sample(SYMBOLS, parameters(SYMBOLS), KEY, prompts, length=40, chunk=8, grammar=everything), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_a_primed_state_lies_where_the_next_ones_will() -> None:
    """Arrays bound to a device and others are different arguments to JAX: the second chunk would be lowered anew."""
    state = prime(SYMBOLS, parameters(SYMBOLS), KEY, prompts_of(SYMBOLS, [0, 1, 9]))
    assert all(leaf.committed for leaf in jax.tree.leaves(state))


def test_a_symbol_must_be_in_the_grammar_and_among_the_allowed() -> None:
    turns = np.arange(11) // 4 == np.array([[0], [1]])
    grammar, prompts = Grammar(turns, np.array([0, 1, 0], np.int32)), prompts_of(SYMBOLS, [0, 5, 2])
    even = np.arange(11) % 2 == 0
    settings: dict[str, Any] = {"length": 16, "chunk": 8, "grammar": grammar}
    for allowed in (even, np.stack([even, ~even, even])):
        options = Options(allowed=allowed)
        rows = sample(SYMBOLS, parameters(SYMBOLS), KEY, prompts, options=options, **settings)
        for row, phase, own in zip(rows, (0, 1, 0), np.broadcast_to(allowed, (3, 11)), strict=True):
            assert (turns[(np.arange(16) + phase) % 2] & own)[np.arange(16), row].all()
    low = np.stack([even, even, np.arange(11) < 4])
    with pytest.raises(
        UsageError, match="no symbol is left to draw in row 2 and turn 1 by both together; allow at least"
    ):
        sample(SYMBOLS, parameters(SYMBOLS), KEY, prompts, options=Options(allowed=low), **settings)


@pytest.mark.parametrize(
    ("options", "grammar", "message"),
    [
        (Options(temperature=-1), None, "temperature is -1; give 0 "),
        (Options(temperature=np.array([1.0, np.nan])), None, "temperature is nan; give 0 "),
        (Options(top_k=jnp.array([0, -3])), None, "top-k is -3; give 0 "),
        (Options(top_p=0), None, "top-p is 0; give more than 0"),
        (Options(min_p=[0.5, 1.5]), None, "min-p is 1.5; give 0 "),
        (Options(bias=np.inf), None, "bias is inf; give 0 "),
        (Options(allowed=np.zeros(11, bool)), None, "no symbol is left to draw by `options.allowed`; allow"),
        (
            Options(),
            Grammar(np.eye(2, 11) < 0, np.zeros(2, np.int32)),
            "no symbol is left to draw in turn 0 by the grammar",
        ),
    ],
)
def test_options_that_mean_nothing_are_refused(options: Options, grammar: Grammar | None, message: str) -> None:
    params, prompts = parameters(SYMBOLS), prompts_of(SYMBOLS, [0, 3])
    settings: dict[str, Any] = {"options": options, "grammar": grammar, "chunk": 8}
    with pytest.raises(UsageError, match=message):
        sample(SYMBOLS, params, KEY, prompts, length=8, **settings)
    with pytest.raises(UsageError, match=message):
        next(stream(SYMBOLS, params, KEY, prompts, length=8, **settings))
    with pytest.raises(UsageError, match=message):
        advance(SYMBOLS, params, prime(SYMBOLS, params, KEY, prompts), **settings)


NOTES = Model(Network(Product((Continuous(2), Discrete(4))), layers=1, units=4), Joint((Mixture(2), Categorical(4))))


@pytest.mark.parametrize(
    ("model", "prompts", "message"),
    [
        (SYMBOLS, [[], [0, 77]], "prompt 1 has symbol 77 at position 1; this model knows 0 to 10; encode it"),
        (SYMBOLS, [[11]], "prompt 0 has symbol 11 at position 0"),
        (SYMBOLS, [np.array([0, 0, -1])], "prompt 0 has symbol -1 at position 2"),
        (SYMBOLS, [[2**40]], "prompt 0 has symbol 1099511627776 at position 0"),
        (NOTES, [(np.zeros((3, 2)), [0, 3, 4])], "prompt 0 has symbol 4 at position 2; this model knows 0 to 3"),
    ],
)
def test_a_symbol_that_the_network_does_not_know_is_refused(model: Model, prompts: list[Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        sample(model, parameters(model), KEY, prompts, length=4)


def test_a_condition_that_the_network_does_not_know_is_refused() -> None:
    source = np.array([[1, 2], [3, 7]])
    with pytest.raises(UsageError, match="`source` has 7 in row 1; this network knows 0 to 6; give one of these"):
        encode(source, [0, 1])
    with pytest.raises(UsageError, match="`static` has -1 in row 1; this network knows 0 to 2; give one of these"):
        encode(source % 7, [0, -1])
