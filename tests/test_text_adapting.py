"""Dynamic evaluation: a model learns from what it reads, after it was counted, and nothing of it stays."""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_text_api import CODEC, MODEL, parameters

from seqgen.batching import evaluation_windows, in_memory
from seqgen.domains import text
from seqgen.domains.text.compression import archive
from seqgen.models.pretrained import save_pretrained
from seqgen.shell import cli
from seqgen.training.adapting import Adapting, Rates, adapt, gradient_rms

READ = "the gods ask of the land\nId so. " * 30


@pytest.fixture(scope="module")
def letters() -> text.TextModel:
    return text.TextModel(CODEC, MODEL, parameters(), "letters")


def test_a_step_is_that_of_the_paper() -> None:
    """Krause and others 2018: theta - lr g / (RMS + eps) + decay (trained - theta) RMS / mean RMS."""
    params, spec = parameters(), CODEC.spec
    windows = evaluation_windows(in_memory(spec, [CODEC.encode(READ[:64])]), 1, 32)
    rms = gradient_rms(MODEL, params, windows)

    def loss(params: object, carry: object, number: int) -> object:
        likely, after = MODEL.log_prob(params, carry, windows[number])  # type: ignore[arg-type]
        return -likely.mean(), after

    grads, start = [], MODEL.start(params, 1)
    for number in (0, 1):
        grad, start = jax.grad(loss, has_aux=True)(params, start, number)
        grads.append(grad)
    jax.tree.map(
        lambda one, other, found: np.testing.assert_allclose(found, np.sqrt((one**2 + other**2) / 2), rtol=2e-3, atol=1e-6),
        *grads, rms,
    )  # fmt: skip
    trained = jax.tree.map(lambda leaf: leaf + 0.01, params)
    ((state, _), *_) = adapt(MODEL, Adapting(params, trained, rms), windows, Rates(0.02, 0.1, 1e-3))
    mean = sum(float(jnp.sum(leaf)) for leaf in jax.tree.leaves(rms)) / sum(leaf.size for leaf in jax.tree.leaves(rms))

    def expected(own: np.ndarray, grad: np.ndarray, size: np.ndarray) -> np.ndarray:
        return own - 0.02 * grad / (size + 1e-3) + 0.1 * np.minimum(size / mean, 10) * 0.01

    jax.tree.map(
        lambda own, grad, size, found: np.testing.assert_allclose(found, expected(own, grad, size), rtol=2e-3, atol=1e-5),
        params, grads[0], rms, state.params,
    )  # fmt: skip


def test_without_a_rate_it_is_the_static_score_and_with_one_it_is_better(letters: text.TextModel) -> None:
    spec = CODEC.spec
    windows = evaluation_windows(in_memory(spec, [CODEC.encode(READ)]), 1, 32)
    still = Adapting(letters.params, letters.params, gradient_rms(MODEL, letters.params, windows))
    nats = -sum(float(likely.sum()) for _, likely in adapt(MODEL, still, windows, Rates(0.0, 0.0)))
    static = letters.score(READ)
    assert nats == pytest.approx(static.nats, rel=1e-5)
    dynamic = letters.score(READ, adapt=True)
    assert dynamic.characters == static.characters and dynamic.nats < static.nats
    assert letters.score(READ) == static and letters.score(READ, adapt=True) == dynamic  # nothing stays


def test_an_adapted_model_is_another_one(letters: text.TextModel) -> None:
    reader = letters.adapted(READ)
    assert reader.score(READ).nats < letters.score(READ).nats
    assert isinstance(reader.sample(length=5, seed=1), str) and letters.params is not reader.params


def test_compression_may_adapt(letters: text.TextModel) -> None:
    static, dynamic = (letters.compress(READ.encode(), adapt=adapt) for adapt in (False, True))
    assert len(dynamic) < len(static) and dynamic[4] == archive.ADAPTED
    assert letters.decompress(dynamic) == READ.encode()


def test_the_verbs_take_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = save_pretrained(
        tmp_path / "letters", domain="text", codec=CODEC.to_dict(), model=MODEL, params=parameters()
    )
    file = tmp_path / "a.txt"
    file.write_text(READ)
    assert cli.main(["text", "score", str(file), "--model", str(folder), "--adapt"]) == 0
    assert "characters, adapting, one pass" in capsys.readouterr().out
    adapting = ["--adapt", str(file), "--length", "9", "--seed", "1"]
    assert cli.main(["text", "sample", "--model", str(folder), *adapting]) == 0
    assert len(capsys.readouterr().out) == 10
