"""Laws every network obeys. A setting of `Network` that no case turns on fails."""

from __future__ import annotations

import dataclasses
import functools
import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from law_networks import (
    AHEAD,
    ALL,
    BIDIRECTIONAL,
    CAUSAL,
    DROPOUT,
    DROPPING,
    SMALL,
    B,
    T,
    assert_close,
    assert_same,
    at,
    case,
    every_causal,
    every_network,
    first,
    mixed,
    unrolled,
)

from seqgen.batching import Inputs
from seqgen.errors import ModelError, UsageError
from seqgen.machine import native
from seqgen.nn.context import Context
from seqgen.nn.dropping import dropped
from seqgen.nn.network import Network
from seqgen.nn.networks import network_from_dict
from seqgen.spec import Continuous, Discrete

# For programs that run a few times: XLA's own rewriting is done all the same, machine code is not polished.
ONCE = {"xla_backend_optimization_level": 0}


def test_every_setting_is_under_the_laws() -> None:
    plain = {field.name: field.default for field in dataclasses.fields(Network)}
    ours = [network for network in ALL.values() if isinstance(network, Network)]
    untried = {name for name, value in plain.items() if all(getattr(n, name) == value for n in ours)}
    assert not untried


@every_causal
def test_unroll_is_step_by_step(network: Network) -> None:
    """Over two windows, the carry handed on: so a window cut in two is the same window."""
    params, context, carry, inputs, reset, valid = case(network)
    run = functools.partial(unrolled(network), params)
    middle, before = run(carry, at(inputs, np.s_[:, :T]), reset[:, :T], valid[:, :T], context)
    end, after = run(middle, at(inputs, np.s_[:, T:]), reset[:, T:], valid[:, T:], context)
    features = np.concatenate([before, after], axis=1)
    assert features.shape == (B, 2 * T, network.width) and features.dtype == np.float32
    assert not features[~valid].any() and (np.abs(features[valid]).max(axis=-1) > 0).all()

    step = jax.jit(functools.partial(network.step, context=context))
    start = network.start(params, B, context)
    tolerance = 2e-2 if network.precision == "bf16" else 1e-5
    for t in range(2 * T):
        carry = mixed(reset[:, t], start, carry)
        stepped, one = step(params, carry, at(inputs, np.s_[:, t]))
        carry = mixed(valid[:, t], stepped, carry)
        assert_close(features[valid[:, t], t], np.asarray(one)[valid[:, t]], tolerance)
        if t == T - 1:
            assert_close(middle, carry, tolerance)
    assert_close(end, carry, tolerance)


def test_what_is_ahead_is_seen_up_to_the_next_reset() -> None:
    """A window is the steps with what `look` says of it; nothing is seen past where another sequence begins."""
    params, carry, inputs, reset, valid, context = first(AHEAD)
    end, features = unrolled(AHEAD)(params, carry, inputs, reset, valid, context)
    looked = AHEAD.look(params, inputs.controls, reset=jnp.asarray(reset), valid=jnp.asarray(valid))
    assert looked.shape == (B, T, 2 + 3)
    step, start = jax.jit(AHEAD.step), AHEAD.start(params, B)
    for t in range(T):
        carry = mixed(reset[:, t], start, carry)
        stepped, one = step(params, carry, Inputs(inputs.steps[:, t], looked[:, t]))
        carry = mixed(valid[:, t], stepped, carry)
        assert_close(features[valid[:, t], t], np.asarray(one)[valid[:, t]], 1e-5)
    assert_close(end, carry, 1e-5)

    everywhere, opens = jnp.ones((1, T), bool), jnp.zeros((1, T), bool).at[0, 20].set(True)
    given = inputs.controls[:1]
    seen = AHEAD.look(params, given, reset=opens, valid=everywhere)
    for changed, differs in ((19, True), (20, False)):
        other = AHEAD.look(params, jnp.asarray(given).at[0, changed].add(1.0), reset=opens, valid=everywhere)
        assert bool(jnp.any(seen[0, 5] != other[0, 5])) == differs


@pytest.mark.parametrize("network", [*CAUSAL.values(), AHEAD, BIDIRECTIONAL], ids=[*CAUSAL, "ahead", "both ways"])
def test_padding_is_nowhere_seen(network: Network) -> None:
    params, carry, inputs, reset, valid, context = first(network)
    run = unrolled(network)
    end, features = run(params, carry, inputs, reset, valid, context)
    assert not np.asarray(features)[~valid].any()

    def spoil(leaf: Any) -> Any:  # NaN, and for symbols one that does not exist
        mask = valid.reshape(*valid.shape, *[1] * (leaf.ndim - 2))
        return np.where(mask, leaf, np.array(np.nan if leaf.dtype == np.float32 else 10**6, leaf.dtype))

    assert_same(run(params, carry, jax.tree.map(spoil, inputs), reset, valid, context), (end, features))

    nothing = np.zeros_like(valid)
    passed, blank = run(params, carry, inputs, nothing, nothing, context)
    assert not np.asarray(blank).any()
    if not network.causal:  # the way back begins anew in every window
        passed, carry = [[forward for forward, _ in layers] for layers in (passed, carry)]
    assert_same(passed, carry)


@every_causal
def test_a_reset_forgets(network: Network) -> None:
    """What was before a reset is nowhere seen after it, and the state is then what `start` gives."""
    params, carry, inputs, _, _, context = first(network)
    everywhere, reset = np.ones((B, T), bool), np.zeros((B, T), bool)
    reset[:, 20] = True
    run = unrolled(network)
    end, features = run(params, carry, inputs, reset, everywhere, context)
    other_inputs = jax.tree.map(lambda leaf: np.concatenate([leaf[:, 40:60], leaf[:, 20:]], axis=1), inputs)
    other_carry = jax.tree.map(lambda leaf: leaf + 1, carry)
    other_end, other = run(params, other_carry, other_inputs, reset, everywhere, context)
    assert_same((end, features[:, 20:]), (other_end, other[:, 20:]))
    assert not np.allclose(features[:, :20], other[:, :20])
    fresh = jax.tree.map(lambda leaf: np.concatenate([leaf[:, 20:], leaf[:, :20]], axis=1), inputs)
    _, opened = run(params, network.start(params, B, context), fresh, np.zeros_like(reset), everywhere, context)
    if getattr(network, "remat", 0):  # other positions are in the shorter piece at the end, a program of its own
        assert_close(features[:, 20:], opened[:, : T - 20], 1e-5)
    else:
        assert_same(features[:, 20:], opened[:, : T - 20])


@every_network
def test_every_leaf_of_the_carry_leads_with_rows(network: Network) -> None:
    params, carry, inputs, reset, valid, context = first(network)
    start = network.start(params, B, context)
    end, _ = jax.eval_shape(unrolled(network), params, carry, inputs, reset, valid, context)
    assert all(leaf.shape[0] == B and leaf.dtype == np.float32 for leaf in jax.tree.leaves(start))
    assert jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), start) == jax.tree.map(
        lambda leaf: (leaf.shape, leaf.dtype), end
    )


@every_network
def test_settings_survive_json(network: Network) -> None:
    assert network_from_dict(json.loads(json.dumps(network.to_dict()))) == network


def test_other_settings_are_refused() -> None:
    data = CAUSAL["one layer"].to_dict()
    with pytest.raises(ModelError, match=r"settings do not fit: .*'peephole'; the model is damaged or newer"):
        Network.from_dict({**data, "peephole": True})
    with pytest.raises(ModelError, match="settings do not fit: 'spec'"):
        Network.from_dict({name: value for name, value in data.items() if name != "spec"})
    with pytest.raises(ModelError, match="settings do not fit: precision is 'f32' or 'bf16', not 'f8'"):
        Network.from_dict({**data, "precision": "f8"})
    with pytest.raises(ModelError, match="settings do not fit"):
        Network.from_dict({**data, "layers": "two"})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"layers": 0}, "layers, units, embedding >= 1"),
        ({"source": 5, "window": 2, "source_width": 0}, "widths >= 1"),
        ({"static": -1}, "no number below 0"),
        ({"static_read": True}, "the vector of `static`"),
        ({"dropout": 1.0}, "0 <= dropout < 1"),
        ({"weight_drop": 1.0}, "0 <= dropout < 1, of weights and symbols, too"),
        ({"embedding_drop": -0.1}, "0 <= dropout < 1, of weights and symbols, too"),
        ({"precision": "f16"}, "'f32' or 'bf16', not 'f16'"),
        ({"source": 5}, "give both `source` and `window`, or neither"),
        ({"source": 5, "window": 2, "bidirectional": True}, "a window moves forward only"),
    ],
)
def test_what_cannot_be_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Network(Discrete(6), **settings)


def test_a_condition_that_is_missing_is_asked_for() -> None:
    with pytest.raises(UsageError, match=r"give `source`, int32 \[B, U\]"):
        ALL["window, one layer"].encode(case(ALL["window, one layer"]).params)
    with pytest.raises(UsageError, match=r"3 writers: give `static`, int32 \[B\]"):
        ALL["static, controls"].encode(case(ALL["static, controls"]).params)


def test_init_is_a_function_of_the_key() -> None:
    network = dataclasses.replace(ALL["window, one layer"], spec=Discrete(6), static=3)
    once, again, other = (network.init(jax.random.key(seed)) for seed in (1, 1, 2))
    assert_same(once, again)
    assert all(leaf.dtype == np.float32 for leaf in jax.tree.leaves(once))
    matrices = [name for name, leaf in jax.tree_util.tree_leaves_with_path(once) if leaf.ndim > 1 and leaf.any()]
    mine, others = (dict(jax.tree_util.tree_leaves_with_path(params)) for params in (once, other))
    assert matrices and not any(np.array_equal(mine[name], others[name]) for name in matrices)
    values = [np.asarray(mine[name]).tobytes() for name in matrices]
    assert len(set(values)) == len(values)  # no two layers alike


def test_no_masks_are_masks_that_hide_nothing() -> None:
    for network in (ALL["window, one layer"], BIDIRECTIONAL):
        params, carry, inputs, reset, valid, context = first(network)
        masked = unrolled(network)(params, carry, inputs, np.zeros_like(reset), np.ones_like(valid), context)
        assert_close(unrolled(network)(params, carry, inputs, None, None, context), masked, 1e-5)


@pytest.mark.parametrize("name", ["two layers", "window, skip"])
def test_bf16_rounds_and_no_more(name: str) -> None:
    full, half = ALL[name], ALL[f"{name}, bf16"]
    assert_same(first(half), first(full))
    _, exact = unrolled(full)(*first(full))
    _, rounded = unrolled(half)(*first(half))
    error = np.abs(rounded - exact).max() / np.abs(exact).max()
    assert 1e-4 < error < 5e-2


def slope(network: Network) -> Any:
    """Gradients of every parameter and of the carry, of features summed with weights."""
    params, carry, inputs, reset, valid, context = first(network)
    weights = jnp.asarray(np.random.default_rng(1).normal(size=(B, T, network.width)), jnp.float32)

    def loss(params: Any, carry: Any) -> Any:
        given = {"reset": jnp.asarray(reset), "valid": jnp.asarray(valid), "context": context}
        return (network.unroll(params, carry, inputs, **given)[1] * weights).sum()

    return jax.jit(jax.grad(loss, argnums=(0, 1)), compiler_options=ONCE)(params, carry)


@pytest.mark.parametrize("name", ["two layers", "everything"])
def test_several_positions_a_turn_mean_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop that a GPU runs, here on a CPU."""
    one = slope(ALL[name])
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert_close(slope(ALL[name]), one, 1e-3)  # sums over hundreds of positions


@pytest.mark.parametrize("kernel", [pytest.param("native", marks=pytest.mark.native), "xla"])
@pytest.mark.parametrize("name", ["two layers", "window, skip"])
def test_gradients_in_bf16_are_rounded_and_no_more(name: str, kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By either kernel, of every parameter and of the carry."""
    if kernel == "xla":
        monkeypatch.setattr(native, "usable", lambda *_: False)

    exact, rounded = jax.tree.leaves(slope(ALL[name])), jax.tree.leaves(slope(ALL[f"{name}, bf16"]))
    apart = sum(float(((a - b) ** 2).sum()) for a, b in zip(exact, rounded, strict=True))
    whole = sum(float((a**2).sum()) for a in exact)
    assert 1e-4 < (apart / whole) ** 0.5 < 3e-2


@pytest.fixture(scope="module")
def gradient() -> Any:
    """Of a random weighing of features and final carry, by everything that can be learned or handed in."""
    network = ALL["everything"]
    params, carry, inputs, reset, valid, context = first(network)
    reset[:, 0] = [True, False, False]
    weights = np.random.default_rng(1).normal(size=(B, T, network.width)).astype(np.float32)
    source, static = jnp.array([[1, 2, 3], [4, 5, 0], [6, 0, 0]]), jnp.array([2, 0, 2])
    source_valid = jnp.array([[1, 1, 1], [1, 1, 0], [1, 0, 0]], bool)

    def loss(given: Any, inputs: Inputs) -> Any:
        own = network.encode(given["params"], source, static, source_valid)
        added = given["context"]
        memory = own.memory._replace(values=own.memory.values + added.memory)  # type: ignore[union-attr]
        whole = Context(added.start, memory, own.static + added.static)
        end, features = network.unroll(
            given["params"], carry, inputs, reset=jnp.asarray(reset), valid=jnp.asarray(valid), context=whole
        )
        return (features * weights).sum() + sum(leaf.sum() for leaf in jax.tree.leaves(end))

    start = network.start(params, B, context)
    given = {"params": params, "context": Context(start, jnp.zeros((B, 3, 3)), jnp.zeros((B, 2)))}
    return jax.jit(jax.grad(loss), compiler_options=ONCE), given, inputs, valid


def test_gradients_go_through_the_context_door(gradient: Any) -> None:
    slope, given, inputs, _ = gradient
    found = slope(given, inputs)
    context = found["context"]
    # Row 1 and row 2 may stand at a reset inside the window or not; row 0 opens with one.
    for path, leaf in jax.tree_util.tree_leaves_with_path(context.start):
        # A carry holds the window's heights and widths for who looks at it, no step reads them.
        read = not jax.tree_util.keystr(path).endswith((".alpha", ".beta"))
        assert bool(np.abs(leaf[0]).max() > 0) == read, path
    assert np.abs(context.memory).max(axis=-1).astype(bool).tolist() == [[1, 1, 1], [1, 1, 0], [1, 0, 0]]
    assert np.abs(context.static).min() > 0
    assert (np.abs(found["params"]["static_table"]).max(axis=-1) > 0).tolist() == [True, False, True]
    assert (np.abs(found["params"]["source_table"]).max(axis=-1) > 0).tolist() == [False, *[True] * 6]
    learned = {jax.tree_util.keystr(name) for name, leaf in jax.tree_util.tree_leaves_with_path(found["params"])
               if not np.any(leaf)}  # fmt: skip
    # A start that is handed in takes the place of the learned one; all else has a gradient.
    assert {name.rsplit("'")[-2] for name in learned} == {"first"}


def test_nan_in_padding_reaches_no_gradient(gradient: Any) -> None:
    slope, given, inputs, valid = gradient

    def spoil(leaf: Any) -> Any:
        mask = valid.reshape(*valid.shape, *[1] * (leaf.ndim - 2))
        return np.where(mask, leaf, np.array(np.nan if leaf.dtype == np.float32 else 10**6, leaf.dtype))

    assert_same(slope(given, jax.tree.map(spoil, inputs)), slope(given, inputs))
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(slope(given, inputs)))


def test_a_start_that_is_handed_in_is_where_sequences_begin() -> None:
    network = ALL["everything"]
    params, carry, inputs, reset, valid, context = first(network)
    given = context._replace(start=carry)
    assert network.start(params, B, given) is carry
    other = jax.tree.map(lambda leaf: leaf + 1, carry)
    opening = np.zeros_like(reset)
    opening[:, 0] = True
    run = unrolled(network)
    assert_same(
        run(params, other, inputs, opening, valid, given), run(params, carry, inputs, reset & False, valid, given)
    )


@pytest.mark.parametrize("kind", DROPOUT)
def test_dropout(kind: str, key: jax.Array) -> None:
    network, units = DROPOUT[kind], SMALL["units"]
    params, carry, inputs, reset, _, context = first(network)
    given = params, carry, inputs, reset, np.ones((B, T), bool), context
    without = dataclasses.replace(network, dropout=0.0, variational=True)
    programs = unrolled(network).lower(*given), unrolled(without).lower(*given, key)
    assert programs[0].as_text() == programs[1].as_text()  # no key, no dropout
    _, dry = unrolled(without)(*given)
    draw = jax.jit(jax.vmap(functools.partial(unrolled(network), *given)))
    wet = np.asarray(draw(jax.random.split(key, 40))[1])  # [40, B, T, 2 units]
    assert_same(draw(jax.random.split(key, 40))[1], wet)
    lower, upper, kept = wet[..., :units], wet[..., units:], wet != 0
    # What stays is 1 / (1 - rate) as large, and 1 - rate of it stays: the mean is what it was.
    scaled = np.broadcast_to(dry / np.float32(0.6), wet.shape)
    np.testing.assert_allclose(lower[lower != 0], scaled[..., :units][lower != 0], rtol=1e-5, atol=1e-6)
    masks = kept if kind == "fresh" else kept[:, :, 0]
    assert masks.mean() == pytest.approx(0.6, abs=4 * (0.24 / masks.size) ** 0.5)
    # Each layer has a mask of its own, and layer 1 sees what is left of layer 0.
    assert (kept[..., :units] != kept[..., units:]).any()
    assert not np.allclose(upper[upper != 0], scaled[..., units:][upper != 0], rtol=1e-3)
    assert (kept == kept[:, :, :1]).all() == (kind == "variational")
    assert (kept != kept[:1]).any() and (kept != kept[:, :1]).any()  # other keys, other rows


@pytest.mark.parametrize("kind", DROPPING)
def test_weights_and_symbols_are_dropped_for_a_whole_window(kind: str, key: jax.Array) -> None:
    network = DROPPING[kind]
    params, *given = first(network)
    plain = dataclasses.replace(network, weight_drop=0.0, embedding_drop=0.0)
    thin = dropped(params, key, network.weight_drop, network.embedding_drop)
    assert_same(unrolled(network)(params, *given, key), unrolled(plain)(thin, *given))
    assert_same(unrolled(network)(params, *given), unrolled(plain)(params, *given))  # no key, nothing dropped


def test_what_is_dropped_of_weights_and_symbols(key: jax.Array) -> None:
    kernel, table = np.full((30, 120), 2.0, np.float32), np.full((400, 8), 3.0, np.float32)
    cell = {"hidden_kernel": kernel, "input_kernel": kernel}
    params = {"layer0": {"cell": cell}, "layer1": {"forward": {"cell": cell}}, "table0": table, "source_table": table}
    thin = dropped(params, key, 0.5, 0.2)
    recurrent = np.stack([thin["layer0"]["cell"]["hidden_kernel"], thin["layer1"]["forward"]["cell"]["hidden_kernel"]])
    assert {*recurrent.ravel().tolist()} == {0.0, 4.0} and (recurrent[0] != recurrent[1]).any()
    assert recurrent.mean() == pytest.approx(2.0, abs=0.1)
    rows = np.asarray(thin["table0"])
    assert (rows == rows[:, :1]).all() and {*rows.ravel().tolist()} == {0.0, 3.75}
    assert rows.mean() == pytest.approx(3.0, abs=0.3)
    assert thin["layer0"]["cell"]["input_kernel"] is kernel and thin["source_table"] is table
    assert (np.asarray(dropped(params, jax.random.fold_in(key, 1), 0.5, 0.2)["table0"]) != rows).any()
    assert dropped(params, key, 0.0, 0.0) is params and dropped(params, None, 0.5, 0.2) is params


@pytest.mark.parametrize("name", ["everything, in pieces", "variational", "fresh"])
def test_pieces_change_no_gradient(name: str, key: jax.Array) -> None:
    pieces = dataclasses.replace(ALL[name], remat=24)
    whole = dataclasses.replace(pieces, remat=0)

    def slope(network: Network) -> Any:
        params, *given = first(whole)

        def loss(params: Any) -> Any:
            _, features = network.unroll(
                params, given[0], given[1], reset=given[2], valid=given[3], context=given[4], key=key
            )
            return (features**2).sum(), features

        return jax.jit(jax.grad(loss, has_aux=True), compiler_options=ONCE)(params)

    (ours, mine), (theirs, other) = slope(pieces), slope(whole)
    if name == "fresh":  # other masks, and none that comes again in the next piece
        units = pieces.units
        kept = np.asarray(mine)[..., : 2 * units] != 0
        assert (kept[:, :24] != kept[:, 24:48]).any()
    else:
        assert_close(mine, other, 1e-5)
        assert_close(ours, theirs, 1e-4)


@pytest.mark.parametrize("running", [(3,), (-1,), (0, 7), (0.5,), ("0",)])
def test_sums_are_of_values_that_steps_have(running: Any) -> None:
    with pytest.raises(UsageError, match=r"running is .*; the steps have 3 values, give numbers below that"):
        Network(Continuous(3), running=running)
    huge = Network(Continuous(10**15), running=(10**14,))  # a stranger's settings: nothing is counted out
    assert huge.running == (10**14,)
