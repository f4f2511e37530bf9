"""Fine-tuning: weights move with the symbol they stand for, and a model says of what it knew what it always said."""

from __future__ import annotations

import dataclasses
import importlib
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from seqgen.batching import Inputs
from seqgen.domain import Splits
from seqgen.domains.text.codec import BYTES, Characters, match
from seqgen.errors import UsageError
from seqgen.heads import Categorical, Mixture
from seqgen.models import pretrained
from seqgen.models.finetuning import adapt
from seqgen.models.model import Model
from seqgen.nn.network import Network
from seqgen.spec import Continuous, Discrete
from seqgen.training import run

OLD, NEW = Characters("abcdef"), Characters("@bcdfxyé")  # a and e go; b, c, d, f change their ids; four are new
OF_OLD = match(OLD, NEW)


def make(tied: int) -> tuple[Model, Any]:
    size = OLD.spec.size
    model = Model(Network(Discrete(size), layers=2, units=8, embedding=4, skip=True), Categorical(size, tied=tied))
    random = np.random.default_rng(0)
    shapes = jax.eval_shape(lambda: model.init(jax.random.key(0)))
    return model, jax.tree.map(lambda leaf: random.standard_normal(leaf.shape).astype(np.float32), shapes)


def logits(model: Model, params: Any, text: str, codec: Characters) -> jax.Array:
    """Of each next symbol of a text, `[T, size]`; the first without having read anything."""
    steps = np.append(codec.spec.size, codec.encode(text).steps)[None]
    _, features = jax.jit(model.network.unroll)(params["network"], model.start(params, 1), Inputs(steps))
    return model.head.logits(model.head_params(params), features)[0]


@pytest.mark.parametrize("tied", [0, 4])
def test_shared_symbols_keep_their_logits_whatever_their_new_ids(tied: int) -> None:
    model, params = make(tied)
    adapted, moved = adapt(model, params, OF_OLD)
    assert adapted.network.spec == adapted.head.spec == NEW.spec
    shapes = jax.eval_shape(lambda: adapted.init(jax.random.key(0)))
    jax.tree.map(lambda leaf, like: np.testing.assert_equal(leaf.shape, like.shape), moved, shapes)

    text = "bcdf" * 5 + "fdcb日"  # the last one in bytes, which all codecs share
    before, after = logits(model, params, text, OLD), logits(adapted, moved, text, NEW)
    shared = np.flatnonzero(OF_OLD >= 0)
    assert set(shared) > {BYTES + NEW.alphabet.index(letter) for letter in "bcdf"}
    assert (shared[BYTES:] != OF_OLD[shared][BYTES:]).any(), "no id changed: nothing is tested"
    np.testing.assert_allclose(after[:, shared], before[:, OF_OLD[shared]], rtol=0, atol=1e-5)
    # So probabilities among what both know are the same to the last: the loss on old text starts where it was.
    np.testing.assert_allclose(
        jax.nn.log_softmax(after[:, shared]), jax.nn.log_softmax(before[:, OF_OLD[shared]]), rtol=0, atol=1e-5
    )


@pytest.mark.parametrize("tied", [0, 4])
def test_new_symbols_begin_as_the_mean_of_the_shared(tied: int) -> None:
    model, params = make(tied)
    _, moved = adapt(model, params, OF_OLD)
    new, shared = OF_OLD < 0, OF_OLD[OF_OLD >= 0]
    assert new.sum() == 4
    table, bias = params["network"]["table0"], params["head"]["bias"]
    np.testing.assert_allclose(moved["network"]["table0"][:-1][new], [table[shared].mean(0)] * 4, atol=1e-6)
    np.testing.assert_allclose(moved["head"]["bias"][new], [bias[shared].mean()] * 4, atol=1e-6)
    np.testing.assert_array_equal(moved["network"]["table0"][-1], table[-1])  # the step that opens every sequence
    if not tied:
        kernel = params["head"]["kernel"]
        np.testing.assert_allclose(
            moved["head"]["kernel"][:, new], np.stack([kernel[:, shared].mean(1)] * 4, 1), atol=1e-6
        )


def test_everything_else_stays_and_nothing_is_changed_in_place() -> None:
    model, params = make(0)
    copy = jax.tree.map(np.array, params)
    adapted, moved = adapt(model, params, OF_OLD)
    jax.tree.map(np.testing.assert_array_equal, params, copy)
    assert adapted == dataclasses.replace(
        model, network=dataclasses.replace(model.network, spec=NEW.spec), head=Categorical(NEW.spec.size)
    )
    for name in ("layer0", "layer1"):
        jax.tree.map(np.testing.assert_array_equal, moved["network"][name], params["network"][name])


def test_the_same_alphabet_changes_nothing() -> None:
    model, params = make(0)
    same, moved = adapt(model, params, match(OLD, OLD))
    assert same == model
    jax.tree.map(np.testing.assert_array_equal, moved, params)


def test_models_that_cannot_move_are_refused() -> None:
    pen = Model(Network(Continuous(2), layers=1, units=4), Mixture(2))
    with pytest.raises(UsageError, match="only models of symbols can move to other symbols"):
        adapt(pen, {}, np.arange(3))
    model, params = make(0)
    with pytest.raises(UsageError, match=r"knows none of these symbols.* train a new one"):
        adapt(model, params, np.full(3, -1))
    assert jnp.isfinite(params["head"]["bias"]).all()


@pytest.mark.parametrize("domain", ["text", "music", "handwriting"])
def test_a_model_is_opened_once(domain: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []
    read = pretrained._read_weights

    def noted(folder: Path, *rest: Any) -> Any:
        opened.append(folder)
        return read(folder, *rest)

    def enough(*rest: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pretrained, "_read_weights", noted)
    monkeypatch.setattr(run, "encoded", enough)
    module = importlib.import_module(f"seqgen.domains.{domain}")
    shipped = min(path.parent for path in module.DOMAIN.shipped.glob("*/model.safetensors"))
    with pytest.raises(KeyboardInterrupt):
        examples = module.DOMAIN.examples
        module.train(Splits(examples, examples), tmp_path / "out", start_from=shipped.name, steps=1)
    assert opened == [shipped]
